/** Which bytes of a stream have arrived, when each came for the first time, and with which packet. */
import { Column } from '../trace/columns.ts'
import { upperBound } from './series.ts'
import { insert, type Span } from './spans.ts'

/** A segment that reached its receiver. */
export interface Arrival {
  readonly t: number
  /** When its transmission would have begun, had it come straight from the wire: `t` less the time that it takes. */
  readonly begin: number
  readonly pkt: number
}

/** Disjoint pieces in the order of their offsets; each came with one segment. */
export class Arrivals {
  readonly from = new Column('f64', 16)
  readonly to = new Column('f64', 16)
  readonly t = new Column('f64', 16)
  readonly begin = new Column('f64', 16)
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

  private insert(at: number, { from, to }: Span, { t, begin, pkt }: Arrival): void {
    insert(this.from, at, from)
    insert(this.to, at, to)
    insert(this.t, at, t)
    insert(this.begin, at, begin)
    insert(this.pkt, at, pkt)
  }

  private advance(): void {
    while (this.next < this.length && this.from.data[this.next] <= this.frontier)
      this.frontier = this.to.data[this.next++]
  }
}
