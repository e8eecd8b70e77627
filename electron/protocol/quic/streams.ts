/** All streams of a connection, and the credit of both sides (RFC 9000 2, 4). */
import type { Micros } from '../../../shared/units.ts'
import type { Frame, StreamDirection, StreamFrame } from '../wire/quic/frames.ts'
import type { TransportParameters } from '../wire/quic/transport-parameters.ts'
import { CreditWindow } from './credit.ts'
import type { StreamChange } from './observer.ts'
import { ReceiveStream } from './receive-stream.ts'
import { SendStream } from './send-stream.ts'
import { violation, type Violation } from './violation.ts'

/** RFC 9000 2.1: the two lowest bits of an id. */
export const isOpenedByServer = (id: number): boolean => id % 2 === 1
export const directionOf = (id: number): StreamDirection => (id % 4 >= 2 ? 'unidirectional' : 'bidirectional')

export interface Stream {
  readonly id: number
  readonly send: SendStream | undefined
  readonly receive: ReceiveStream | undefined
}

/** Our limits: what we declare, and how far windows may grow by themselves. */
export type OwnLimits = Pick<
  TransportParameters,
  | 'initialMaxData'
  | 'initialMaxStreamDataBidiLocal'
  | 'initialMaxStreamDataBidiRemote'
  | 'initialMaxStreamDataUni'
  | 'initialMaxStreamsBidi'
  | 'initialMaxStreamsUni'
>

/** What became of a frame of streams: the stream that has news for the application, a violation, or nothing. */
export type StreamOutcome = Stream | Violation | undefined

/** A limit on the number of streams, in one direction. */
class StreamCount {
  opened = 0
  limit: number
  /** The limit at which the peer was told that we are blocked. */
  blockedAt: number | undefined
  constructor(limit: number) {
    this.limit = limit
  }
}

type ByDirection = Record<StreamDirection, StreamCount>

export class Streams {
  private readonly isServer: boolean
  private readonly own: OwnLimits
  private readonly growth: number
  private readonly all = new Map<number, Stream>()
  /** Streams that we open, under the peer's limit. */
  readonly local: ByDirection
  /** Streams that the peer opens, under ours. */
  readonly remote: ByDirection
  /** How many of the peer's streams are over and may be made up for (RFC 9000 4.6). */
  private readonly closedRemote: Record<StreamDirection, number> = { bidirectional: 0, unidirectional: 0 }

  /** Credit that the peer has given us, and what we have used of it. */
  sendLimit = 0
  sent = 0
  blockedAt: number | undefined
  /** Credit that we have given the peer, and what it has used. */
  receiveLimit: number
  received = 0
  private consumed = 0
  private readonly window: CreditWindow
  private peer: TransportParameters | undefined
  private readonly opened: number[] = []
  private readonly report: ((change: StreamChange) => void) | undefined

  /** `growth`: how many times its first size each window may reach. */
  constructor(isServer: boolean, own: OwnLimits, growth: number, report?: (change: StreamChange) => void) {
    this.isServer = isServer
    this.own = own
    this.report = report
    this.growth = growth
    this.receiveLimit = own.initialMaxData
    this.window = new CreditWindow(own.initialMaxData, growth)
    this.local = { bidirectional: new StreamCount(0), unidirectional: new StreamCount(0) }
    this.remote = {
      bidirectional: new StreamCount(own.initialMaxStreamsBidi),
      unidirectional: new StreamCount(own.initialMaxStreamsUni),
    }
  }

  /** The peer's transport parameters: in 0-RTT the remembered ones, later the real ones, which only raise (RFC 9000 7.4.1). */
  setPeer(parameters: TransportParameters): void {
    this.peer = parameters
    this.sendLimit = Math.max(this.sendLimit, parameters.initialMaxData)
    this.raise('bidirectional', parameters.initialMaxStreamsBidi)
    this.raise('unidirectional', parameters.initialMaxStreamsUni)
    for (const { id, send } of this.all.values())
      if (send !== undefined) send.limit = Math.max(send.limit, this.initialSendLimit(id))
  }

  get(id: number): Stream | undefined {
    return this.all.get(id)
  }

  get size(): number {
    return this.all.size
  }

  values(): Iterable<Stream> {
    return this.all.values()
  }

  /** Opens a stream; undefined: the peer allows no more just now (RFC 9000 4.6). */
  open(direction: StreamDirection): Stream | undefined {
    const count = this.local[direction]
    if (count.opened >= count.limit) return undefined
    const id = count.opened++ * 4 + (direction === 'unidirectional' ? 2 : 0) + (this.isServer ? 1 : 0)
    return this.create(id)
  }

  // --- frames ---------------------------------------------------------------------------------------------

  onStream({ id, offset, data, fin }: StreamFrame): StreamOutcome {
    const stream = this.receiving(id)
    if (stream === undefined || 'code' in stream) return stream
    return this.charge(stream, stream.receive!.receive(offset, data, fin))
  }

  onReset({ id, code, finalSize }: Extract<Frame, { type: 'reset_stream' }>): StreamOutcome {
    const stream = this.receiving(id)
    if (stream === undefined || 'code' in stream) return stream
    return this.charge(stream, stream.receive!.reset(code, finalSize))
  }

  /** RFC 9000 3.5: answered with a reset that carries the same code. */
  onStopSending({ id, code }: Extract<Frame, { type: 'stop_sending' }>): StreamOutcome {
    const stream = this.sending(id)
    if (stream === undefined || 'code' in stream) return stream
    stream.send!.reset(code)
    return stream
  }

  onMaxData({ maximum }: Extract<Frame, { type: 'max_data' }>): void {
    this.sendLimit = Math.max(this.sendLimit, maximum)
  }

  onMaxStreamData({ id, maximum }: Extract<Frame, { type: 'max_stream_data' }>): StreamOutcome {
    const stream = this.sending(id)
    if (stream === undefined || 'code' in stream) return stream
    stream.send!.limit = Math.max(stream.send!.limit, maximum)
    return undefined
  }

  onMaxStreams({ direction, maximum }: Extract<Frame, { type: 'max_streams' }>): void {
    this.raise(direction, maximum)
  }

  /** A STREAM_DATA_BLOCKED is news only when the stream can't be there (RFC 9000 19.13). */
  onStreamDataBlocked({ id }: Extract<Frame, { type: 'stream_data_blocked' }>): Violation | undefined {
    const stream = this.receiving(id)
    return stream !== undefined && 'code' in stream ? stream : undefined
  }

  // --- credit ---------------------------------------------------------------------------------------------

  /** Bytes never sent before that the connection may send. */
  get credit(): number {
    return this.sendLimit - this.sent
  }

  /** The application has read so much. */
  onConsumed(now: Micros, bytes: number, roundTrip: number): void {
    this.consumed += bytes
    this.window.onConsumed(now, bytes, roundTrip)
  }

  /** The connection's new limit, when half of the window has been used (RFC 9000 4.2). */
  updateLimit(): number | undefined {
    if (this.consumed + this.window.size / 2 < this.receiveLimit) return undefined
    this.receiveLimit = this.consumed + this.window.size
    return this.receiveLimit
  }

  /** The new limit on the peer's streams of a direction, when half of them are over (RFC 9000 4.6). */
  updateStreamLimit(direction: StreamDirection): number | undefined {
    const count = this.remote[direction]
    const initial =
      direction === 'bidirectional' ? this.own.initialMaxStreamsBidi : this.own.initialMaxStreamsUni
    const wanted = initial + this.closedRemote[direction]
    if (wanted - count.limit < Math.max(1, initial / 2)) return undefined
    count.limit = wanted
    return wanted
  }

  /** Lets go of a stream that is over in both directions; returns whether it was. */
  release(stream: Stream): boolean {
    const { id, send, receive } = stream
    if ((send !== undefined && !send.isClosed) || (receive !== undefined && !receive.isClosed)) return false
    if (!this.all.delete(id)) return false
    if (!this.isLocal(id)) this.closedRemote[directionOf(id)]++
    return true
  }

  /** Ids of the peer's streams that were opened since this was last asked. */
  takeOpened(): number[] {
    return this.opened.splice(0)
  }

  // --- inside ---------------------------------------------------------------------------------------------

  isLocal(id: number): boolean {
    return isOpenedByServer(id) === this.isServer
  }

  private raise(direction: StreamDirection, maximum: number): void {
    const count = this.local[direction]
    count.limit = Math.max(count.limit, maximum)
  }

  private charge(stream: Stream, used: number | Violation): StreamOutcome {
    if (typeof used !== 'number') return used
    this.received += used
    if (this.received > this.receiveLimit)
      return violation('FLOW_CONTROL_ERROR', `9000 4.1: the connection's limit is ${this.receiveLimit}`)
    // What a reset stream never delivers is consumed all the same (RFC 9000 4.5).
    return stream
  }

  /** The stream on which the peer sends; undefined: it was there and is over. */
  private receiving(id: number): Stream | Violation | undefined {
    if (this.isLocal(id) && directionOf(id) === 'unidirectional')
      return violation('STREAM_STATE_ERROR', `9000 19.8: stream ${id} is ours to send on`)
    return this.find(id)
  }

  /** The stream on which we send. */
  private sending(id: number): Stream | Violation | undefined {
    if (!this.isLocal(id) && directionOf(id) === 'unidirectional')
      return violation('STREAM_STATE_ERROR', `9000 19.5: stream ${id} is the peer's to send on`)
    return this.find(id)
  }

  private find(id: number): Stream | Violation | undefined {
    const stream = this.all.get(id)
    if (stream !== undefined) return stream
    const direction = directionOf(id)
    const index = Math.floor(id / 4)
    if (this.isLocal(id))
      return index < this.local[direction].opened
        ? undefined
        : violation('STREAM_STATE_ERROR', `9000 19.8: stream ${id} was never opened`)
    const count = this.remote[direction]
    if (index < count.opened) return undefined
    if (index >= count.limit)
      return violation('STREAM_LIMIT_ERROR', `9000 4.6: stream ${id} is beyond the limit of ${count.limit}`)
    // Opening one opens all below it (RFC 9000 2.1).
    for (; count.opened <= index; count.opened++) {
      const next = count.opened * 4 + (direction === 'unidirectional' ? 2 : 0) + (this.isServer ? 0 : 1)
      this.create(next)
      this.opened.push(next)
    }
    return this.all.get(id)
  }

  private create(id: number): Stream {
    const isLocal = this.isLocal(id)
    const both = directionOf(id) === 'bidirectional'
    const stream: Stream = {
      id,
      send: both || isLocal ? new SendStream(id, this.initialSendLimit(id), this.report) : undefined,
      receive: both || !isLocal ? new ReceiveStream(id, this.receiveWindow(id), this.report) : undefined,
    }
    this.all.set(id, stream)
    return stream
  }

  /** The peer's word for what we may send on a stream; `local` and `remote` are from its point of view (RFC 9000 18.2). */
  private initialSendLimit(id: number): number {
    if (this.peer === undefined) return 0
    if (directionOf(id) === 'unidirectional') return this.peer.initialMaxStreamDataUni
    return this.isLocal(id)
      ? this.peer.initialMaxStreamDataBidiRemote
      : this.peer.initialMaxStreamDataBidiLocal
  }

  private receiveWindow(id: number): CreditWindow {
    return new CreditWindow(this.initialReceiveLimit(id), this.growth)
  }

  private initialReceiveLimit(id: number): number {
    if (directionOf(id) === 'unidirectional') return this.own.initialMaxStreamDataUni
    return this.isLocal(id) ? this.own.initialMaxStreamDataBidiLocal : this.own.initialMaxStreamDataBidiRemote
  }
}
