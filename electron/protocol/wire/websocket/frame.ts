/** One frame of a WebSocket (RFC 6455 5.2). */
import type { Dissection } from '../../../../shared/dissection.ts'
import { hexOfBytes } from '../../../../shared/hex.ts'
import { bits } from '../dissect/reader.ts'
import { bytesText, RuleReader, shownText, type Breach } from '../rule-reader.ts'
import { decodeUtf8 } from '../utf8.ts'
import {
  CLOSE,
  closeCodeRule,
  codeName,
  CONTINUATION,
  INVALID_PAYLOAD,
  isControl,
  opcodeName,
  PROTOCOL_ERROR,
  TEXT,
} from './names.ts'

const FRAMING = 'RFC 6455 5.2'
const CONTROL = 'RFC 6455 5.5'
const MOST_CONTROL = 125
const RSV1 = 4

export interface WsFrame {
  readonly opcode: number
  readonly fin: boolean
  /** The three reserved bits: RSV1 is 4. */
  readonly rsv: number
  /** Masking key; undefined: not masked. */
  readonly key: Uint8Array | undefined
  /** Bytes before the payload, and of the payload. */
  readonly header: number
  readonly length: number
  /** Without its mask, as much as was kept of it. */
  readonly payload: Uint8Array
  /** Of a close that says so. */
  readonly code?: number
  readonly reason?: string
}

export interface WsBreach extends Breach {
  /** With which the receiver closes (RFC 6455 7.4.1). */
  readonly code: number
}

export interface WsReading {
  readonly frame: WsFrame
  readonly breach: WsBreach | undefined
}

/** Bytes of a frame's header (2 to 14), told by its second; 0 when that is not there. */
export const headerSize = (bytes: Uint8Array): number => {
  if (bytes.length < 2) return 0
  const length = bytes[1] & 0x7f
  return 2 + (length === 127 ? 8 : length === 126 ? 2 : 0) + (bytes[1] & 0x80 ? 4 : 0)
}

/** Bytes of a frame's payload by its whole header; beyond 2^53 not exactly, which no frame reaches. */
export function payloadSize(header: Uint8Array): number {
  const short = header[1] & 0x7f
  if (short < 126) return short
  let length = 0
  for (let i = 2; i < (short === 126 ? 4 : 10); i++) length = length * 256 + header[i]
  return length
}

/**
 * Reads the frame in `bytes`. Of its payload the end may not be there. `compressed`: permessage-deflate was agreed
 * on (RFC 7692), so that RSV1 has a meaning. What its place among other frames breaks is for `reader.ts`.
 */
export function readFrame(bytes: Uint8Array, compressed: boolean): WsReading {
  const reader = new FrameFields(bytes, compressed, false)
  const frame = reader.read()
  const { breach, code } = reader
  return { frame, breach: breach && { ...breach, code } }
}

/** The fields of the bytes of a frame, its payload without the mask. RSV1 is taken for compression (RFC 7692 6). Total. */
export function dissectWebSocket(bytes: Uint8Array): Dissection {
  const reader = new FrameFields(bytes, true, true)
  const { opcode, fin, length } = reader.read()
  const { breach } = reader
  const wrong = breach === undefined ? '' : ` (${breach.reason}: ${breach.rule})`
  const last = fin ? '' : ', not the last of its message'
  return {
    summary: `WebSocket ${opcodeName(opcode)}, ${length} bytes${last}${wrong}`,
    layers: reader.fields,
  }
}

class FrameFields extends RuleReader {
  /** With which the receiver closes. */
  code = PROTOCOL_ERROR
  private readonly compressed: boolean

  constructor(bytes: Uint8Array, compressed: boolean, noting: boolean) {
    super(bytes, FRAMING, { noting })
    this.compressed = compressed
  }

  /** Of the payload the end may not be there. */
  read(): WsFrame {
    const header = this.group('Header', () => this.readHeader())
    const size = this.at
    const masked = this.bytes.subarray(size, Math.min(size + header.length, this.end))
    const payload = header.key === undefined ? masked : unmask(masked, header.key)
    const frame = { ...header, header: size, payload }
    if (this.stopped) return frame
    const isWhole = payload.length === header.length
    const close =
      header.opcode === CLOSE && isWhole
        ? this.group('Payload', () => this.readClose(payload))
        : this.readPayload(frame)
    this.finish('Trailing bytes')
    return { ...frame, ...close }
  }

  private readHeader() {
    const { at } = this
    const first = this.number(
      'FIN, reserved bits and opcode',
      1,
      (byte) => `0x${byte.toString(16).padStart(2, '0')}`,
    )
    const [fin, rsv, opcode] = [(first & 0x80) !== 0, (first >>> 4) & 7, first & 15]
    if (this.noting && !this.stopped)
      this.annotate([
        ...bits(first >>> 4, ['FIN', 'RSV1', 'RSV2', 'RSV3'], at, 1),
        { name: 'Opcode', text: `${opcode}: ${opcodeName(opcode)}`, offset: at, length: 1 },
      ])
    this.judgeFirst(fin, rsv, opcode)
    const second = this.number('Payload length', 1, (byte) => lengthText(byte & 0x7f))
    const masked = (second & 0x80) !== 0
    if (this.noting && !this.stopped)
      this.annotate([
        { name: 'MASK', text: masked ? 'set' : 'not set', offset: at + 1, length: 1 },
        { name: 'Payload length', text: String(second & 0x7f), offset: at + 1, length: 1 },
      ])
    const length = this.readLength(second & 0x7f)
    if (isControl(opcode) && length > MOST_CONTROL)
      this.breaks(CONTROL, 'a control frame of more than 125 bytes')
    const key = masked ? this.octets('Masking key', 4, hexOfBytes) : undefined
    return { fin, rsv, opcode, length, key: this.stopped ? undefined : key }
  }

  private judgeFirst(fin: boolean, rsv: number, opcode: number): void {
    if (this.stopped) return
    if ((opcode > 2 && opcode < CLOSE) || opcode > 10) this.breaks(FRAMING, `opcode ${opcode} is reserved`)
    if ((rsv & ~RSV1) !== 0 || (rsv !== 0 && !this.compressed))
      this.breaks(FRAMING, 'a reserved bit that no extension has a use for')
    else if (rsv !== 0 && (opcode === CONTINUATION || isControl(opcode)))
      this.breaks('RFC 7692 6', 'RSV1 on what is not the first frame of a message')
    if (!fin && isControl(opcode)) this.breaks(CONTROL, 'a control frame in fragments')
  }

  private readLength(short: number): number {
    if (short < 126) return short
    if (short === 126) {
      const length = this.number('Extended payload length', 2)
      if (length < 126) this.breaks(FRAMING, 'a length in more bytes than it needs')
      return length
    }
    const octets = this.octets('Extended payload length', 8, (bytes) => String(numberOf(bytes)))
    const length = numberOf(octets)
    if (octets[0] >= 0x80) this.breaks(FRAMING, 'the highest bit of the length is set')
    else if (length < 65_536) this.breaks(FRAMING, 'a length in more bytes than it needs')
    return length
  }

  /** RFC 6455 5.5.1. */
  private readClose(payload: Uint8Array): Pick<WsFrame, 'code' | 'reason'> {
    if (payload.length === 0) return {}
    const start = this.at
    if (payload.length === 1) {
      this.octets('Status code', 1, () => hexOfBytes(payload))
      this.breaks('RFC 6455 5.5.1', 'a close of one byte')
      return {}
    }
    const code = (payload[0] << 8) | payload[1]
    this.octets('Status code', 2, () => `${code}: ${codeName(code)}`)
    const rule = closeCodeRule(code)
    if (rule !== undefined) this.breaks(rule, `close code ${code}`)
    const text = decodeUtf8(payload, 2)
    this.octets('Reason', payload.length - 2, () =>
      text === undefined ? bytesText(payload.subarray(2)) : shownText(text),
    )
    if (text === undefined) this.breakText('a close reason that is no UTF-8', start + 2)
    return { code, reason: text ?? '' }
  }

  private readPayload({ payload, opcode, rsv, fin, length }: WsFrame): object {
    if (this.left === 0) return {}
    const isText = opcode === TEXT && rsv === 0
    const text = isText ? decodeUtf8(payload) : undefined
    const shown = text === undefined ? bytesText(payload) : shownText(text)
    const name = rsv === 0 ? 'Payload' : 'Payload (compressed)'
    const start = this.at
    this.octets(name, payload.length, () => shown)
    // A frame in the middle of a message may end within a character; `reader.ts` follows those.
    if (isText && fin && text === undefined && payload.length === length)
      this.breakText('text that is no UTF-8', start)
    return {}
  }

  /** RFC 6455 8.1. */
  private breakText(reason: string, offset: number): void {
    if (this.breach === undefined) this.code = INVALID_PAYLOAD
    this.breakAt(offset, 'RFC 6455 8.1', reason)
  }
}

const lengthText = (length: number): string =>
  length < 126 ? `${length} bytes` : `${length}: in the next ${length === 126 ? 2 : 8} bytes`

const numberOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0)

/** RFC 6455 5.3. */
export function unmask(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => byte ^ key[i & 3])
}
