/** What both directions of a connection share: settings, windows, streams, and who is told. */
import { HpackDecoder } from '../hpack/decoder.ts'
import { bySide, otherSide, SIDES, type BySide, type Side } from '../side.ts'
import type { Http2Error, Http2Sink, Windows } from './events.ts'
import { INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS } from './names.ts'
import { Settings } from './settings.ts'
import type { Http2Stream } from './stream.ts'
import { Streams } from './streams.ts'

/** Each bounds what is kept; reaching one is a `limit` event. */
export interface Http2Limits {
  /** Octets of the payload of a frame other than DATA. */
  readonly frame: number
  /** Octets of an encoded header block, and of the list that comes out of it. */
  readonly headerBlock: number
  readonly headerList: number
  /** Octets of an HPACK table. */
  readonly table: number
  readonly streams: number
  /** Unacknowledged SETTINGS frames of a side. */
  readonly settings: number
}

export const HTTP2_LIMITS: Http2Limits = {
  frame: 1 << 20,
  headerBlock: 1 << 20,
  headerList: 1 << 20,
  table: 1 << 20,
  streams: 10_000,
  settings: 100,
}

/** RFC 9113 6.9.1: no window may grow larger. */
export const MAX_WINDOW = 0x7fff_ffff
/** RFC 9113 6.9.2: a connection's window at the start; SETTINGS do not change it. */
const CONNECTION_WINDOW = 65_535

export class Watch {
  readonly sink: Http2Sink
  readonly limits: Http2Limits
  readonly streams: Streams
  /** By who sent them. */
  readonly settings: BySide<Settings> = bySide(() => new Settings())
  /** What each side may send on the connection. */
  readonly window: BySide<number> = bySide(() => CONNECTION_WINDOW)
  /** The streams on which a side has sent its header list and not all of the body behind it. */
  readonly bodies: BySide<Set<Http2Stream>> = bySide(() => new Set())
  /** By who encodes. */
  readonly decoders: BySide<HpackDecoder>

  constructor(sink: Http2Sink, limits: Http2Limits) {
    this.sink = sink
    this.limits = limits
    this.streams = new Streams(limits.streams)
    const { table: tableSize, headerList: listSize } = limits
    this.decoders = bySide(() => new HpackDecoder({ tableSize, listSize }))
  }

  /** What `sender` may send on a stream; less than 0 after the initial size was lowered (RFC 9113 6.9.2). */
  streamWindow(stream: Http2Stream, sender: Side): number {
    return this.settings[otherSide(sender)].get(INITIAL_WINDOW_SIZE) + stream.sending[sender].credit
  }

  windows(sender: Side, stream?: Http2Stream): Windows {
    const connection = this.window[sender]
    return stream === undefined
      ? { sender, connection }
      : { sender, connection, stream: this.streamWindow(stream, sender) }
  }

  /** Does something to a stream and tells of the state that it comes to. */
  change(stream: Http2Stream, from: Side, offset: number, act: () => void): void {
    const before = stream.state('client')
    const wasActive = stream.opened && !stream.closed
    act()
    const after = stream.state('client')
    const isActive = stream.opened && !stream.closed
    this.streams.active[stream.initiator] += Number(isActive) - Number(wasActive)
    if (before === after) return
    for (const side of SIDES)
      if (after === 'closed' || stream.sending[side].ended) this.bodies[side].delete(stream)
    this.sink({ type: 'stream', streamId: stream.id, before, after, from, offset })
    if (after === 'closed') this.streams.retire(stream.id)
  }

  /**
   * Which window keeps `sender` from sending what is left of its bodies (RFC 9113 5.2): the connection's if it is used
   * up, else that of a stream; undefined: none does, as far as an onlooker can tell.
   */
  blockedBy(sender: Side): 'connection' | 'stream' | undefined {
    const used = this.window[sender] <= 0
    for (const stream of this.bodies[sender]) {
      const { contentLength, body } = stream.sending[sender]
      if (contentLength !== undefined && body >= contentLength) continue
      if (used) return 'connection'
      if (this.streamWindow(stream, sender) <= 0) return 'stream'
    }
    return undefined
  }

  /** Whether a side has more streams open than the other allows (RFC 9113 5.1.2). */
  tooMany(initiator: Side): boolean {
    return this.streams.active[initiator] > this.settings[otherSide(initiator)].get(MAX_CONCURRENT_STREAMS)
  }

  problem(from: Side, error: Omit<Http2Error, 'layer'>): void {
    this.sink({ type: 'problem', from, error: { layer: 'h2', ...error } })
  }
}
