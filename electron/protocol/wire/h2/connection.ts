/** The onlooker of an HTTP/2 connection (RFC 9113). */
import type { TableSnapshot } from '../hpack/dynamic-table.ts'
import { bySide, type BySide, type Side } from '../side.ts'
import { Direction } from './direction.ts'
import type { Http2Sink } from './events.ts'
import type { Priority } from './priority.ts'
import type { StreamState } from './stream.ts'
import { HTTP2_LIMITS, Watch, type Http2Limits } from './watch.ts'

export interface Http2Options {
  readonly limits?: Partial<Http2Limits>
  /** The connection began as HTTP/1.1 with `Upgrade: h2c`; its request, with this method, is stream 1 (RFC 7540 3.2). */
  readonly upgradedMethod?: string
}

/** What is known of a stream at this moment. */
export interface StreamView {
  readonly state: StreamState
  /** What each side has sent of its body, and what it may send yet. */
  readonly body: BySide<number>
  readonly window: BySide<number>
  readonly priority: Priority | undefined
  readonly method: string | undefined
}

/**
 * Fed with the octets that each side sends, in order and in any pieces, it tells the sink what they are. The two
 * directions are to be fed in the order in which they passed one point, so that what answers comes after what it
 * answers. Total: no octets make it throw, and what it keeps is bounded by its limits.
 */
export class Http2Connection {
  private readonly watch: Watch
  private readonly directions: BySide<Direction>

  constructor(sink: Http2Sink, { limits, upgradedMethod }: Http2Options = {}) {
    this.watch = new Watch(sink, { ...HTTP2_LIMITS, ...limits })
    this.directions = bySide((from) => new Direction(this.watch, from))
    if (upgradedMethod !== undefined) this.takeUpgraded(upgradedMethod)
  }

  /** Takes in the next octets that `from` sends. */
  push(from: Side, bytes: Uint8Array): void {
    this.directions[from].reader.push(bytes)
  }

  /** The direction ends (FIN, or nothing more was recorded); what is not whole by then is a problem. */
  end(from: Side): void {
    this.directions[from].end()
  }

  /** The dynamic table that `encoder`'s header blocks are read with. */
  table(encoder: Side): TableSnapshot {
    return this.watch.decoders[encoder].table.snapshot()
  }

  /** What `sender` may send on the connection, in octets. */
  window(sender: Side): number {
    return this.watch.window[sender]
  }

  /** Which window keeps `sender` from sending what is left of its bodies; undefined: none, as far as can be told. */
  blockedBy(sender: Side): 'connection' | 'stream' | undefined {
    return this.watch.blockedBy(sender)
  }

  /** A setting of `side` that the other has acknowledged; Infinity where it has no bound. */
  setting(side: Side, identifier: number): number {
    return this.watch.settings[side].get(identifier)
  }

  /** Undefined for streams that were never there, and for those closed long ago. */
  stream(id: number): StreamView | undefined {
    const stream = this.watch.streams.get(id)
    if (stream === undefined) return undefined
    return {
      state: stream.state('client'),
      body: bySide((side) => stream.sending[side].body),
      window: bySide((side) => this.watch.streamWindow(stream, side)),
      priority: stream.priority,
      method: stream.method,
    }
  }

  /** Streams that are kept in mind. */
  get tracked(): number {
    return this.watch.streams.size
  }

  private takeUpgraded(method: string): void {
    const stream = this.watch.streams.add(1)
    if (stream === undefined) return
    this.watch.change(stream, 'client', 0, () => {
      stream.opened = true
      stream.method = method
      Object.assign(stream.sending.client, { ended: true, headed: true })
    })
  }
}
