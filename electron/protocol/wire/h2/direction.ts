/** One direction of a connection: each frame judged, told, and taken into what is known of streams and windows. */
import { otherSide, type Side } from '../side.ts'
import type { FrameHeader, Windows } from './events.ts'
import { FrameReader, type FrameHandler } from './frame-reader.ts'
import { checkHeader, checkState, type Breach } from './frame-rules.ts'
import { HeaderAssembly, type BlockStart } from './header-block.ts'
import { Messages } from './messages.ts'
import * as h2 from './names.ts'
import { readPayload, type Payload } from './payload.ts'
import { settingBreach } from './settings.ts'
import type { Http2Stream } from './stream.ts'
import { MAX_WINDOW, type Watch } from './watch.ts'

/** Octets of a frame before its payload. */
const HEADER = 9

type Of<Kind extends Payload['kind']> = Extract<Payload, { kind: Kind }>

export class Direction implements FrameHandler {
  readonly reader: FrameReader
  readonly messages: Messages
  private readonly watch: Watch
  private readonly from: Side
  private readonly to: Side
  private readonly assembly: HeaderAssembly
  private started = false
  private breach: Breach | undefined
  /** The last stream of this side's last GOAWAY. */
  private lastStreamId = Infinity

  constructor(watch: Watch, from: Side) {
    this.watch = watch
    this.from = from
    this.to = otherSide(from)
    this.messages = new Messages(watch, from)
    this.assembly = new HeaderAssembly(watch.limits.headerBlock)
    this.reader = new FrameReader(this, from === 'client', watch.limits.frame)
  }

  /** The direction ends. */
  end(): void {
    this.reader.end()
    if (!this.reader.between || this.assembly.start)
      this.fail('truncated', this.reader.offset, 'PROTOCOL_ERROR')
  }

  onPreface(offset: number): void {
    this.watch.sink({ type: 'preface', from: this.from, offset, length: 24 })
  }

  onBadPreface(offset: number): void {
    this.fail('bad_preface', offset, 'PROTOCOL_ERROR')
  }

  onSkipped(offset: number, length: number): void {
    this.watch.sink({ type: 'skipped', from: this.from, offset, length })
  }

  onHeader(frame: FrameHeader): void {
    this.breach = this.check(frame)
    this.started = true
    const { breach } = this
    if (breach !== undefined) this.tell(breach, frame)
    if (frame.type !== h2.DATA || breach) return
    const stream = this.watch.streams.get(frame.streamId)
    if (stream) this.messages.onBody(stream, frame.offset)
  }

  onData(frame: FrameHeader, offset: number, bytes: Uint8Array): void {
    const { streamId } = frame
    const sending = this.watch.streams.get(streamId)?.sending[this.from]
    if (sending === undefined) return
    const bodyOffset = sending.body
    sending.body += bytes.length
    this.watch.sink({ type: 'data', from: this.from, streamId, bodyOffset, offset, bytes })
  }

  onDataEnd(frame: FrameHeader, dataLength: number, padLength: number): void {
    const { watch, from } = this
    const stream = watch.streams.get(frame.streamId)
    this.useWindows(frame, stream)
    if (padLength < 0) this.fail('bad_padding', frame.offset + HEADER, 'PROTOCOL_ERROR')
    const payload: Payload | undefined = padLength < 0 ? undefined : { kind: 'data', dataLength, padLength }
    watch.sink({ type: 'frame', from, frame, payload, windows: watch.windows(from, stream) })
    const ends = (frame.flags & h2.FLAG_END_STREAM) !== 0
    if (ends && stream && !this.breach) this.messages.onEnd(stream, frame.offset)
  }

  onFrame(frame: FrameHeader, bytes: Uint8Array | undefined): void {
    const payload = this.readPayload(frame, bytes)
    const windows = payload && !this.breach ? this.applyCredit(frame, payload) : undefined
    this.watch.sink({
      type: 'frame',
      from: this.from,
      frame,
      payload,
      ...(windows === undefined ? {} : { windows }),
    })
    if (payload !== undefined) this.apply(frame, payload)
    else if (isBlockPart(frame.type)) this.loseBlock()
  }

  private readPayload(frame: FrameHeader, bytes: Uint8Array | undefined): Payload | undefined {
    if (bytes === undefined) {
      this.watch.sink({ type: 'limit', from: this.from, limit: 'frame_length', offset: frame.offset })
      return undefined
    }
    if (this.breach?.reason === 'bad_length') return undefined
    const payload = readPayload(frame, bytes)
    if (typeof payload !== 'string') return payload
    const code = payload === 'bad_length' ? 'FRAME_SIZE_ERROR' : 'PROTOCOL_ERROR'
    this.fail(payload, frame.offset + HEADER, code)
    return undefined
  }

  // What is wrong with a frame before its payload is read.

  private check(frame: FrameHeader): Breach | undefined {
    const { type, streamId } = frame
    // RFC 9113 3.4.
    if (!this.started && type !== h2.SETTINGS)
      return { reason: 'settings_not_first', code: 'PROTOCOL_ERROR', at: 3, scope: 'connection' }
    const order = this.checkOrder(frame)
    if (order !== undefined) return { reason: order, code: 'PROTOCOL_ERROR', at: 3, scope: 'connection' }
    const maxFrameSize = this.watch.settings[this.to].get(h2.MAX_FRAME_SIZE)
    const breach = checkHeader(frame, this.from, maxFrameSize)
    return breach ?? (streamId === 0 ? undefined : this.checkStream(type, streamId))
  }

  /** RFC 9113 4.3, 6.10: nothing comes between a header block's frames. */
  private checkOrder({ type, streamId }: FrameHeader): string | undefined {
    const open = this.assembly.start?.frame.streamId
    if (type === h2.CONTINUATION) return open === streamId ? undefined : 'continuation_unexpected'
    return open === undefined ? undefined : 'block_interrupted'
  }

  private checkStream(type: number, id: number): Breach | undefined {
    const { from, watch } = this
    const stream = watch.streams.get(id)
    if (stream !== undefined) {
      // What was on its way when the other side reset the stream (RFC 9113 5.1, closed).
      if (stream.resetBy === this.to && !stream.sending[from].ended) return undefined
      return checkState(type, stream.state(from))
    }
    const initiator = id % 2 === 1 ? 'client' : 'server'
    if (id <= watch.streams.highest[initiator]) {
      // RFC 9113 5.1.1: identifiers that were passed over are closed.
      return watch.streams.forgetful ? undefined : checkState(type, 'closed')
    }
    // Only the client opens streams with HEADERS, the server with a promise before.
    if (type === h2.HEADERS && (from === 'server' || initiator === 'server'))
      return { reason: 'illegal_in_idle', code: 'PROTOCOL_ERROR', at: 5, scope: 'connection' }
    return checkState(type, 'idle')
  }

  // Windows (RFC 9113 5.2, 6.9).

  private useWindows({ length, offset, streamId }: FrameHeader, stream: Http2Stream | undefined): void {
    const { watch, from } = this
    const code = 'FLOW_CONTROL_ERROR'
    if (length > 0 && length > watch.window[from]) this.fail('connection_window_exceeded', offset, code)
    watch.window[from] -= length
    if (stream === undefined) return
    if (length > 0 && length > watch.streamWindow(stream, from))
      watch.problem(from, { reason: 'stream_window_exceeded', offset, code, scope: 'stream', streamId })
    stream.sending[from].credit -= length
  }

  /** What changes windows is taken in before the frame is told of, so that it can tell them. */
  private applyCredit(frame: FrameHeader, payload: Payload): Windows | undefined {
    const { watch, from, to } = this
    if (payload.kind === 'settings' && payload.ack) {
      const tableSize = watch.settings[to].acknowledge()?.get(h2.HEADER_TABLE_SIZE)
      if (tableSize !== undefined) watch.decoders[from].allowTableSize(tableSize)
      return watch.windows(from)
    }
    if (payload.kind !== 'window_update') return undefined
    const stream = watch.streams.get(frame.streamId)
    if (payload.increment === 0) this.tellWindow('window_increment_zero', 'PROTOCOL_ERROR', frame)
    if (frame.streamId === 0) watch.window[to] += payload.increment
    else if (stream) stream.sending[to].credit += payload.increment
    const window = stream ? watch.streamWindow(stream, to) : watch.window[to]
    if (window > MAX_WINDOW) this.tellWindow('window_overflow', 'FLOW_CONTROL_ERROR', frame)
    return watch.windows(to, stream)
  }

  private tellWindow(reason: string, code: Breach['code'], frame: FrameHeader): void {
    this.tell({ reason, code, at: HEADER, scope: frame.streamId === 0 ? 'connection' : 'stream' }, frame)
  }

  // What a frame does beside that.

  private apply(frame: FrameHeader, payload: Payload): void {
    const legal = this.breach === undefined
    switch (payload.kind) {
      case 'headers':
        return this.beginBlock({ frame, legal }, payload)
      case 'push_promise':
        return this.beginPromise(frame, payload, legal)
      case 'continuation':
        return this.continueBlock(frame, payload)
      case 'rst_stream':
        return this.onReset(frame, legal)
      case 'settings':
        if (legal && !payload.ack) this.onSettings(frame, payload)
        return
      case 'goaway':
        if (legal) this.onGoaway(frame, payload)
        return
      case 'priority_update':
        if (legal) this.onPriorityUpdate(frame, payload)
        return
    }
  }

  private beginBlock(start: BlockStart, { fragment, fragmentAt }: Of<'headers' | 'push_promise'>): void {
    const { frame } = start
    if (this.assembly.start) this.loseBlock()
    this.assembly.begin(start)
    this.assembly.add(fragment, frame.offset + HEADER + fragmentAt)
    if ((frame.flags & h2.FLAG_END_HEADERS) !== 0) this.endBlock()
  }

  private beginPromise(frame: FrameHeader, payload: Of<'push_promise'>, legal: boolean): void {
    const { promisedStreamId } = payload
    const { streams, settings } = this.watch
    let reason: string | undefined
    // RFC 9113 6.6 and 8.4.
    if (settings[this.to].get(h2.ENABLE_PUSH) === 0) reason = 'push_disabled'
    else if (!streams.isNew(promisedStreamId, 'server')) reason = 'bad_promised_stream'
    if (legal && reason) this.fail(reason, frame.offset + HEADER + payload.fragmentAt - 4, 'PROTOCOL_ERROR')
    this.beginBlock({ frame, legal: legal && !reason, promisedStreamId }, payload)
  }

  private continueBlock(frame: FrameHeader, { fragment }: Of<'continuation'>): void {
    // One that belongs to no block, or to another's: whatever it holds is lost to the table.
    if (this.assembly.start?.frame.streamId !== frame.streamId)
      return this.watch.decoders[this.from].skipBlock()
    this.assembly.add(fragment, frame.offset + HEADER)
    if ((frame.flags & h2.FLAG_END_HEADERS) !== 0) this.endBlock()
  }

  private endBlock(): void {
    const { watch, from, assembly } = this
    const start = assembly.start!
    const { offset } = start.frame
    if (assembly.overflow) {
      watch.sink({ type: 'limit', from, limit: 'header_block', offset })
      return this.loseBlock()
    }
    const block = watch.decoders[from].decode(assembly.block)
    const { fragments } = assembly
    assembly.drop()
    if (block.omitted > 0) watch.sink({ type: 'limit', from, limit: 'header_list', offset })
    if (block.error)
      this.fail(block.error.reason, placeOf(block.error.offset, fragments), 'COMPRESSION_ERROR')
    this.messages.onBlock(start, block, fragments)
  }

  /** A header block cannot be read to its end: the table is no longer known (RFC 9113 4.3). */
  private loseBlock(): void {
    this.assembly.drop()
    this.watch.decoders[this.from].skipBlock()
  }

  private onReset(frame: FrameHeader, legal: boolean): void {
    const stream = this.watch.streams.get(frame.streamId)
    if (!legal || stream === undefined) return
    this.watch.change(stream, this.from, frame.offset, () => {
      stream.resetBy ??= this.from
    })
  }

  private onSettings(frame: FrameHeader, { values }: Of<'settings'>): void {
    const { watch, from } = this
    const fail = (reason: string, code: Breach['code'], at: number) =>
      this.fail(reason, frame.offset + HEADER + at, code)
    for (const [i, { identifier, value }] of values.entries()) {
      const breach = settingBreach(identifier, value)
      if (breach) fail(breach.reason, breach.code, i * 6)
      // RFC 9113 6.5.2.
      else if (identifier === h2.ENABLE_PUSH && value === 1 && from === 'server')
        fail('push_enabled_by_server', 'PROTOCOL_ERROR', i * 6)
    }
    if (watch.settings[from].unacknowledged < watch.limits.settings) watch.settings[from].announce(values)
    else watch.sink({ type: 'limit', from, limit: 'pending_settings', offset: frame.offset })
  }

  private onGoaway(frame: FrameHeader, { lastStreamId }: Of<'goaway'>): void {
    // RFC 9113 6.8.
    if (lastStreamId > this.lastStreamId)
      this.fail('last_stream_increased', frame.offset + HEADER, 'PROTOCOL_ERROR')
    this.lastStreamId = Math.min(this.lastStreamId, lastStreamId)
  }

  private onPriorityUpdate(frame: FrameHeader, { streamId, priority }: Of<'priority_update'>): void {
    // RFC 9218 7.1.
    if (streamId === 0) return this.fail('prioritized_stream_zero', frame.offset + HEADER, 'PROTOCOL_ERROR')
    const stream = this.watch.streams.get(streamId)
    if (stream) stream.priority = priority
  }

  private tell({ reason, code, at, scope }: Breach, { offset, streamId }: FrameHeader): void {
    this.watch.problem(this.from, { reason, offset: offset + at, code, scope, streamId })
  }

  /** An error of the whole connection. */
  private fail(reason: string, offset: number, code: Breach['code']): void {
    this.watch.problem(this.from, { reason, offset, code, scope: 'connection', streamId: 0 })
  }
}

const isBlockPart = (type: number): boolean =>
  type === h2.HEADERS || type === h2.PUSH_PROMISE || type === h2.CONTINUATION

/** The place in the direction of the octet `at` of a block; its end for one beyond. */
function placeOf(at: number, fragments: readonly { offset: number; length: number }[]): number {
  let start = 0
  for (const { offset, length } of fragments) {
    if (at < start + length) return offset + at - start
    start += length
  }
  const last = fragments.at(-1)
  return last ? last.offset + last.length : 0
}
