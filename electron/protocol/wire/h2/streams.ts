/** The streams of a connection: those that live, and the last that closed, within a limit. */
import { Fifo } from '../../fifo.ts'
import { bySide, type Side } from '../side.ts'
import { Http2Stream } from './stream.ts'

/** Closed streams that are remembered, so that late frames on them are judged. */
const CLOSED_KEPT = 256

export class Streams {
  /** Highest identifier that each side has used (RFC 9113 5.1.1). */
  readonly highest = bySide(() => 0)
  /** Streams that count against SETTINGS_MAX_CONCURRENT_STREAMS, by who opened them (RFC 9113 5.1.2). */
  readonly active = bySide(() => 0)
  /** A stream was let go of: of lower identifiers it can no longer be said what they are. */
  forgetful = false
  private readonly limit: number
  private readonly byId = new Map<number, Http2Stream>()
  private readonly closed = new Fifo<number>()

  constructor(limit: number) {
    this.limit = limit
  }

  get(id: number): Http2Stream | undefined {
    return this.byId.get(id)
  }

  get size(): number {
    return this.byId.size
  }

  /** Whether this identifier is still to be used by `side`. */
  isNew(id: number, side: Side): boolean {
    return (id % 2 === 1) === (side === 'client') && id > this.highest[side]
  }

  /** Takes up a new stream; undefined when there are as many as the limit allows. */
  add(id: number): Http2Stream | undefined {
    const stream = new Http2Stream(id)
    this.highest[stream.initiator] = Math.max(this.highest[stream.initiator], id)
    if (this.byId.size >= this.limit && !this.forgetOldest()) {
      this.forgetful = true
      return undefined
    }
    this.byId.set(id, stream)
    return stream
  }

  /** A stream has closed: it is kept a while. */
  retire(id: number): void {
    this.closed.push(id)
    if (this.closed.length > CLOSED_KEPT) this.forgetOldest()
  }

  private forgetOldest(): boolean {
    const id = this.closed.shift()
    if (id === undefined) return false
    this.byId.delete(id)
    this.forgetful = true
    return true
  }
}
