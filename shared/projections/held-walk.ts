/**
 * The walk through a stream of bytes in TCP's order that finds out until when each byte waited: a, o, f and d in the words of
 * `blocking.ts`. In this order o and f are the latest arrivals so far, of one stream and of all.
 */
import type { Arrivals } from './arrivals.ts'
import type { ByteStream } from './byte-stream.ts'
import type { Chunk, Moment, Wait } from './held.ts'

const BEGINNING: Moment = { t: -Infinity, pkt: 0, offset: -1, owner: 0 }

/** Told of each run of bytes that came and belongs to a stream, in TCP's order. */
export type Visit = (stream: number, chunk: Chunk, ...waits: readonly Wait[]) => void

/** A run of bytes that one stream owns, or none (0), up to before `to`. */
interface Owned {
  readonly to: number
  readonly owner: number
}

export class HeldWalk {
  private readonly stream: ByteStream
  private readonly arrivals: Arrivals
  /** TCP offset that the walk has come to. */
  private at = 0
  /** Where the walk stands among pieces, records and owners. */
  private piece = 0
  private record = 0
  private owner = 0
  /** The latest arrival up to here: of all bytes, of each stream's, and of those of the record. */
  private all = BEGINNING
  private readonly own: Map<number, Moment>
  private whole = { record: -1, moment: BEGINNING }

  /** Begins at the start, or where another walk stands. */
  constructor(stream: ByteStream, arrivals: Arrivals, before?: HeldWalk) {
    this.stream = stream
    this.arrivals = arrivals
    this.own = new Map(before?.own)
    if (before === undefined) return
    this.at = before.at
    this.piece = before.piece
    this.record = before.record
    this.owner = before.owner
    this.all = before.all
    this.whole = before.whole
  }

  /**
   * Goes on over all bytes of which everything is known for good: they have been given to the application, and it is known
   * whose they are.
   */
  settle(visit: Visit): void {
    const { frontier } = this.arrivals
    while (this.at < frontier) {
      const owned = this.ownedHere()
      if (owned === undefined || this.isInside(frontier)) return
      this.step(Math.min(frontier, owned.to), owned.owner, visit)
    }
  }

  /** Goes on over all that has arrived. What is missing comes at an infinite time; what is not known belongs to none. */
  finish(visit: Visit): void {
    const { end } = this.arrivals
    while (this.at < end) {
      const { to, owner } = this.ownedHere() ?? { to: end, owner: 0 }
      this.step(Math.min(end, to), owner, visit)
    }
  }

  /** Whether the record here is not whole when all bytes before `frontier` have come. */
  private isInside(frontier: number): boolean {
    const { from, to } = this.stream.layout
    const { record } = this
    return record < from.length && this.at >= from.data[record] && to.data[record] > frontier
  }

  /** Whose the next bytes are; undefined as long as this is not known. */
  private ownedHere(): Owned | undefined {
    const { isProtected, layout } = this.stream
    const { at } = this
    if (!isProtected) return this.ownedPlain(at, 0, Infinity)
    while (this.record < layout.from.length && layout.to.data[this.record] <= at) this.record++
    const { record } = this
    if (record >= layout.from.length) return undefined
    if (at < layout.from.data[record]) return { to: layout.from.data[record], owner: 0 }
    const shift = layout.plain.data[record] - layout.body.data[record]
    const bodyEnd = layout.plainEnd.data[record] - shift
    if (at < layout.body.data[record]) return { to: layout.body.data[record], owner: 0 }
    if (at < bodyEnd) return this.ownedPlain(at, shift, bodyEnd)
    return { to: layout.to.data[record], owner: 0 }
  }

  /** The same for application data: plain offsets are TCP offsets and `shift`, up to before `end`. */
  private ownedPlain(at: number, shift: number, end: number): Owned | undefined {
    const { from, to, stream } = this.stream.owners
    while (this.owner < from.length && to.data[this.owner] <= at + shift) this.owner++
    const { owner } = this
    if (owner >= from.length) return undefined
    const start = from.data[owner] - shift
    if (at < start) return { to: Math.min(end, start), owner: 0 }
    return { to: Math.min(end, to.data[owner] - shift), owner: stream.data[owner] }
  }

  /** Over the next bytes of one owner that came together, or did not come, up to `to` at most. */
  private step(to: number, owner: number, visit: Visit): void {
    const { at, arrivals } = this
    while (this.piece < arrivals.length && arrivals.to.data[this.piece] <= at) this.piece++
    const { piece } = this
    const begins = piece < arrivals.length ? arrivals.from.data[piece] : Infinity
    const isHere = begins <= at
    const end = Math.min(to, isHere ? arrivals.to.data[piece] : begins)
    const t = isHere ? arrivals.t.data[piece] : Infinity
    const moment = { t, pkt: isHere ? arrivals.pkt.data[piece] : 0, offset: at, owner }
    if (t > this.all.t) this.all = moment
    this.at = end
    if (owner === 0) return
    let own = this.own.get(owner)
    if (own === undefined || t > own.t) this.own.set(owner, (own = moment))
    if (!isHere) return
    const waits: Wait[] = [
      ['self', own],
      ['cross', this.all],
      ['record', this.wholeRecord()],
    ]
    visit(owner, arrivals.chunk(piece, at, end), ...waits)
  }

  /** The latest arrival up to the end of the record that the walk has just gone through a part of. */
  private wholeRecord(): Moment {
    if (!this.stream.isProtected) return this.all
    if (this.whole.record !== this.record) {
      const end = this.stream.layout.to.data[this.record]
      this.whole = { record: this.record, moment: this.latestBefore(end) }
    }
    // A record is whole no earlier than all before it.
    return this.whole.moment.t > this.all.t ? this.whole.moment : this.all
  }

  /** The latest arrival of the bytes from here to `end`. */
  private latestBefore(end: number): Moment {
    const { arrivals } = this
    let latest = this.all
    let at = this.at
    for (let piece = this.piece; at < end; piece++) {
      const begins = piece < arrivals.length ? arrivals.from.data[piece] : Infinity
      if (begins > at) return { t: Infinity, pkt: 0, offset: at, owner: 0 }
      const t = arrivals.t.data[piece]
      if (t > latest.t) latest = { t, pkt: arrivals.pkt.data[piece], offset: Math.max(at, begins), owner: 0 }
      at = Math.max(at, arrivals.to.data[piece])
    }
    return latest
  }
}
