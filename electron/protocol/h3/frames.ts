/** Frames of HTTP/3 (RFC 9114 7, RFC 9218 7.2): plain records, and their octets. */
import { octetText } from '../wire/octets.ts'
import { Cursor } from '../wire/quic/cursor.ts'
import { varintLength, writeVarint } from '../wire/quic/varint.ts'
import { violation, type Http3Violation } from './errors.ts'
import { decodeSettings, type Setting } from './settings.ts'

export type Http3Frame =
  /** Its content is told apart from it. */
  | { readonly type: 'data'; readonly length: number }
  | { readonly type: 'headers'; readonly section: Uint8Array }
  | { readonly type: 'cancel_push'; readonly id: number }
  | { readonly type: 'settings'; readonly settings: readonly Setting[] }
  | { readonly type: 'push_promise'; readonly id: number; readonly section: Uint8Array }
  | { readonly type: 'goaway'; readonly id: number }
  | { readonly type: 'max_push_id'; readonly id: number }
  /** `value` is a Priority field's (RFC 9218 7.2). */
  | { readonly type: 'priority_update'; readonly id: number; readonly value: string }
  | { readonly type: 'priority_update_push'; readonly id: number; readonly value: string }
  /** One of those that HTTP/2 has and HTTP/3 has not; only their arrival is told (RFC 9114 7.2.8). */
  | { readonly type: 'http2'; readonly code: number; readonly length: number }
  /** Of a type that we do not know, or that is reserved for being ignored. */
  | { readonly type: 'unknown'; readonly code: number; readonly length: number }

export type FrameType = Http3Frame['type']
/** Those that have one code. */
export type KnownType = Exclude<FrameType, 'http2' | 'unknown'>

const CODES: Record<KnownType, number> = {
  data: 0x00,
  headers: 0x01,
  cancel_push: 0x03,
  settings: 0x04,
  push_promise: 0x05,
  goaway: 0x07,
  max_push_id: 0x0d,
  priority_update: 0xf0700,
  priority_update_push: 0xf0701,
}
const TYPES = new Map<number, FrameType>([
  ...Object.entries(CODES).map(([type, code]): [number, FrameType] => [code, type as KnownType]),
  ...[0x02, 0x06, 0x08, 0x09].map((code): [number, FrameType] => [code, 'http2']),
])

export const frameType = (code: number): FrameType => TYPES.get(code) ?? 'unknown'

/** Type and length of a frame (RFC 9114 7.1). */
export function encodeFrameHeader(code: number, length: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(code) + varintLength(length))
  writeVarint(bytes, writeVarint(bytes, 0, code), length)
  return bytes
}

/** Header of the DATA frame before `length` octets of content. */
export const encodeDataHeader = (length: number): Uint8Array => encodeFrameHeader(CODES.data, length)

/** A whole frame of any type that has all of its content in it. */
export function encodeFrame(frame: Exclude<Http3Frame, { type: 'data' | 'http2' }>): Uint8Array {
  const code = frame.type === 'unknown' ? frame.code : CODES[frame.type]
  const payload = payloadOf(frame)
  const header = encodeFrameHeader(code, payload.length)
  const bytes = new Uint8Array(header.length + payload.length)
  bytes.set(header)
  bytes.set(payload, header.length)
  return bytes
}

function payloadOf(frame: Exclude<Http3Frame, { type: 'data' | 'http2' }>): Uint8Array {
  switch (frame.type) {
    case 'headers':
      return frame.section
    case 'settings':
      return concat(frame.settings.flatMap(({ id, value }) => [varint(id), varint(value)]))
    case 'push_promise':
      return concat([varint(frame.id), frame.section])
    case 'priority_update':
    case 'priority_update_push':
      return concat([varint(frame.id), Uint8Array.from(frame.value, (char) => char.charCodeAt(0))])
    case 'unknown':
      return new Uint8Array(frame.length)
    default:
      return varint(frame.id)
  }
}

/** The frame of a payload that is all there; it must hold exactly the fields of its type (RFC 9114 7.1). */
export function decodePayload(
  type: Exclude<KnownType, 'data'>,
  payload: Uint8Array,
): Http3Frame | Http3Violation {
  if (type === 'headers') return { type, section: payload }
  if (type === 'settings') {
    const settings = decodeSettings(payload)
    return 'code' in settings ? settings : { type, settings }
  }
  const cursor = new Cursor(payload)
  const id = cursor.varint()
  const rest =
    type === 'cancel_push' || type === 'goaway' || type === 'max_push_id' ? undefined : cursor.rest()
  if (cursor.failed || cursor.left > 0)
    return violation('H3_FRAME_ERROR', `9114 7.1: ${payload.length} octets are not a ${type.toUpperCase()}`)
  switch (type) {
    case 'push_promise':
      return { type, id, section: rest! }
    case 'priority_update':
    case 'priority_update_push':
      return { type, id, value: octetText(rest!) }
    default:
      return { type, id }
  }
}

export function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(varintLength(value))
  writeVarint(bytes, 0, value)
  return bytes
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
