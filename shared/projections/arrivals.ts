/** Which bytes of a stream have arrived, when each came for the first time, and with which packet. */
import { Column } from '../trace/columns.ts'
import { upperBound } from './series.ts'
import type { Chunk } from './held.ts'
import { insert, type Span } from './spans.ts'

/** A segment, or data of a QUIC packet, that reached its receiver. */
export interface Arrival {
  readonly t: number
  /** When the link began and ended to transmit it, had it come straight from the wire: the end is at most `t`. */
  readonly begin: number
  readonly finish: number
  /** When it could be read: at `t`, unless it came before its keys. */
  readonly ready: number
  readonly pkt: number
}

/** Disjoint pieces in the order of their offsets; each came with one segment or packet. */
export class Arrivals {
  readonly from = new Column('f64', 16)
  readonly to = new Column('f64', 16)
  readonly t = new Column('f64', 16)
  readonly begin = new Column('f64', 16)
  readonly finish = new Column('f64', 16)
  readonly ready = new Column('f64', 16)
  readonly pkt = new Column('u32', 16)
  /** All bytes before this offset have arrived. */
  frontier = 0
  /** The piece that the frontier stands before. */
  private next = 0

  get length(): number {
    return this.from.length
  }

  /** Offset after the last byte that has arrived. */
  get end(): number {
    return this.length === 0 ? 0 : this.to.data[this.length - 1]
  }

  /** Takes in what is new of a segment, `most` bytes at most: the receiver may have had no room for all. */
  add(span: Span, most: number, arrival: Arrival): void {
    let at = Math.max(0, span.from)
    let left = most
    for (let piece = upperBound(this.to, at); at < span.to && left > 0; piece++) {
      const known = piece < this.length ? this.from.data[piece] : Infinity
      if (at < known) {
        const end = Math.min(span.to, known, at + left)
        this.insert(piece, { from: at, to: end }, arrival)
        left -= end - at
      }
      at = this.to.data[piece]
    }
    this.advance()
  }

  /** The part of a piece that lies between two offsets; its bytes came off the wire one after another. */
  chunk(piece: number, from: number, to: number): Chunk {
    const start = this.from.data[piece]
    const begin = this.begin.data[piece]
    const pace = (this.finish.data[piece] - begin) / (this.to.data[piece] - start)
    const momentOf = (offset: number): number => begin + (offset - start) * pace
    return { bytes: to - from, t: this.t.data[piece], begin: momentOf(from), finish: momentOf(to) }
  }

  private insert(at: number, { from, to }: Span, { t, begin, finish, ready, pkt }: Arrival): void {
    insert(this.from, at, from)
    insert(this.to, at, to)
    insert(this.t, at, t)
    insert(this.begin, at, begin)
    insert(this.finish, at, finish)
    insert(this.ready, at, ready)
    insert(this.pkt, at, pkt)
  }

  private advance(): void {
    while (this.next < this.length && this.from.data[this.next] <= this.frontier)
      this.frontier = this.to.data[this.next++]
  }
}
