/** One direction of a WebSocket: frames, cut anywhere, and the messages that they make up (RFC 6455 5). */
import { Gather } from '../octets.ts'
import type { Side } from '../side.ts'
import { Utf8Check } from '../utf8.ts'
import { headerSize, payloadSize, readFrame, type WsBreach, type WsFrame } from './frame.ts'
import { CLOSE, CONTINUATION, INVALID_PAYLOAD, isControl, PROTOCOL_ERROR, TEXT } from './names.ts'

/** As much is kept of a frame. */
const MOST_KEPT = 65_536
const LONGEST_HEADER = 14

/** What the reader tells. `bytes` are a view, good during the call: the frame as it was sent, or what was kept of it. */
export type WsItem =
  | {
      readonly type: 'frame'
      readonly from: Side
      readonly offset: number
      readonly bytes: Uint8Array
      readonly frame: WsFrame
    }
  /** A frame breaks a rule: its receiver is to fail the connection (RFC 6455 7.1.7). */
  | {
      readonly type: 'problem'
      readonly from: Side
      readonly offset: number
      readonly bytes: Uint8Array
      /** Of the byte at which it shows, in what this side sends. */
      readonly at: number
      readonly rule: string
      readonly reason: string
      /** With which the receiver closes. */
      readonly code: number
    }

export type WsSink = (item: WsItem) => void

export class WsReader {
  private readonly from: Side
  private readonly sink: WsSink
  private readonly compressed: boolean
  /** A frame that is not whole, as far as it is kept. */
  private readonly held = new Gather()
  /** Bytes taken: the offset of the next one. */
  private position = 0
  private start = 0
  /** Length of the frame that is held; 0: not known yet. */
  private length = 0
  private readonly message = new Message()
  private closed = false

  /** `compressed`: permessage-deflate was agreed on. */
  constructor(from: Side, sink: WsSink, compressed: boolean) {
    this.from = from
    this.sink = sink
    this.compressed = compressed
  }

  /** Takes in the next bytes of this side, in any pieces. Total. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const taken = this.length === 0 ? this.takeHeader(bytes, at) : this.takeRest(bytes, at)
      at += taken
      this.position += taken
      if (this.length > 0 && this.position - this.start === this.length) this.finish()
    }
  }

  /** The header, and nothing behind it. */
  private takeHeader(bytes: Uint8Array, at: number): number {
    const { held } = this
    if (held.length === 0) this.start = this.position
    const wanted = headerSize(held.bytes) || 2
    const taken = Math.min(wanted - held.length, bytes.length - at)
    held.add(bytes, at, at + taken)
    const size = headerSize(held.bytes)
    if (size > 0 && held.length === size) this.length = size + payloadSize(held.bytes)
    return taken
  }

  private takeRest(bytes: Uint8Array, at: number): number {
    const taken = Math.min(this.length - (this.position - this.start), bytes.length - at)
    const kept = Math.min(taken, MOST_KEPT + LONGEST_HEADER - this.held.length)
    if (kept > 0) this.held.add(bytes, at, at + kept)
    return taken
  }

  private finish(): void {
    const { from, held, start: offset } = this
    const { bytes } = held
    const { frame, breach } = readFrame(bytes, this.compressed)
    const found = this.misplaced(frame) ?? breach ?? this.message.take(frame)
    this.closed ||= frame.opcode === CLOSE
    if (found === undefined) this.sink({ type: 'frame', from, offset, bytes, frame })
    else {
      const { rule, reason, code } = found
      this.sink({ type: 'problem', from, offset, bytes, at: offset + found.offset, rule, reason, code })
    }
    held.clear()
    this.length = 0
  }

  /** What every frame of this side has to be like, and that none comes behind a close. */
  private misplaced({ key, opcode }: WsFrame): WsBreach | undefined {
    const masked = key !== undefined
    if (masked !== (this.from === 'client')) {
      const reason = masked ? 'a server does not mask' : 'a frame of a client that is not masked'
      return { rule: 'RFC 6455 5.1', reason, offset: 1, code: PROTOCOL_ERROR }
    }
    if (!this.closed || isControl(opcode)) return undefined
    return { rule: 'RFC 6455 5.5.1', reason: 'data behind a close', offset: 0, code: PROTOCOL_ERROR }
  }
}

/** A message in the frames that it comes in (RFC 6455 5.4). */
class Message {
  private open = false
  /** Follows its text; undefined: it is none, or not all of it can be followed. */
  private check: Utf8Check | undefined

  /** Takes in a frame; what is wrong with it here. */
  take({ opcode, fin, rsv, header, payload, length }: WsFrame): WsBreach | undefined {
    if (isControl(opcode)) return undefined
    const breach = (reason: string): WsBreach => ({
      rule: 'RFC 6455 5.4',
      reason,
      offset: 0,
      code: PROTOCOL_ERROR,
    })
    if (opcode === CONTINUATION && !this.open) return breach('a continuation of nothing')
    if (opcode !== CONTINUATION && this.open) return breach('a message within another')
    this.open = !fin
    if (opcode !== CONTINUATION) this.check = opcode === TEXT && rsv === 0 ? new Utf8Check() : undefined
    if (payload.length < length) this.check = undefined
    const bad = this.check?.push(payload) ?? -1
    if (bad < 0 && !(fin && this.check?.whole === false)) return undefined
    this.check = undefined
    const offset = header + (bad < 0 ? payload.length : bad)
    return { rule: 'RFC 6455 8.1', reason: 'text that is no UTF-8', offset, code: INVALID_PAYLOAD }
  }
}
