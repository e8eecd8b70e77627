/**
 * Where a frame is legal and what the receiver says to one that is not: RFC 9113 6 and 5.1, a row a frame type. Unknown
 * types have no row: they are legal everywhere but inside a header block (RFC 9113 5.5).
 */
import type { Side } from '../side.ts'
import type { FrameHeader, Http2Error } from './events.ts'
import * as h2 from './names.ts'
import type { StreamState } from './stream.ts'

export interface Breach extends Pick<Http2Error, 'reason' | 'code' | 'scope'> {
  /** Octets from the start of the frame to what is wrong. */
  readonly at: number
}

interface FrameRule {
  /** Stream 0, a stream, or either (RFC 9113 6.x, first paragraphs). */
  readonly on: 'connection' | 'stream' | 'either'
  readonly from?: Side
  readonly least: number
  readonly most?: number
  readonly multipleOf?: number
  /** What a wrong length is an error of; PRIORITY alone spares the connection (RFC 9113 6.3). */
  readonly lengthScope?: 'stream'
  /** States of the stream, as the sender sees it, in which it may be sent; without: any. */
  readonly states?: readonly StreamState[]
}

/** RFC 9113 5.1: who has not ended the stream may send on it. */
const SENDING = ['open', 'half_closed_remote'] as const

const RULES: Readonly<Record<number, FrameRule>> = {
  [h2.DATA]: { on: 'stream', least: 0, states: SENDING },
  [h2.HEADERS]: { on: 'stream', least: 0, states: ['idle', 'reserved_local', ...SENDING] },
  [h2.PRIORITY]: { on: 'stream', least: 5, most: 5, lengthScope: 'stream' },
  [h2.RST_STREAM]: {
    on: 'stream',
    least: 4,
    most: 4,
    states: ['reserved_local', 'reserved_remote', ...SENDING, 'half_closed_local', 'closed'],
  },
  [h2.SETTINGS]: { on: 'connection', least: 0, multipleOf: 6 },
  [h2.PUSH_PROMISE]: { on: 'stream', from: 'server', least: 4, states: SENDING },
  [h2.PING]: { on: 'connection', least: 8, most: 8 },
  [h2.GOAWAY]: { on: 'connection', least: 8 },
  [h2.WINDOW_UPDATE]: {
    on: 'either',
    least: 4,
    most: 4,
    states: ['reserved_remote', ...SENDING, 'half_closed_local', 'closed'],
  },
  [h2.CONTINUATION]: { on: 'stream', least: 0 },
  [h2.PRIORITY_UPDATE]: { on: 'connection', from: 'client', least: 4 },
}

const breach = (
  reason: string,
  code: Breach['code'],
  at: number,
  scope: Breach['scope'] = 'connection',
): Breach => ({ reason, code, at, scope })

/** Octets of the frame header's fields from its start (RFC 9113 4.1). */
const AT_LENGTH = 0
const AT_TYPE = 3
const AT_FLAGS = 4
const AT_STREAM = 5

/** What is wrong with a frame header by itself, whatever came before it. */
export function checkHeader(frame: FrameHeader, from: Side, maxFrameSize: number): Breach | undefined {
  const { type, length, streamId, flags } = frame
  // RFC 9113 4.2: for the whole connection where the frame may change its state.
  if (length > maxFrameSize)
    return breach('frame_too_long', 'FRAME_SIZE_ERROR', AT_LENGTH, type === h2.DATA ? 'stream' : 'connection')
  const rule = RULES[type]
  if (rule === undefined) return undefined
  if (rule.on === 'connection' && streamId !== 0)
    return breach('stream_not_zero', 'PROTOCOL_ERROR', AT_STREAM)
  if (rule.on === 'stream' && streamId === 0) return breach('stream_zero', 'PROTOCOL_ERROR', AT_STREAM)
  if (rule.from !== undefined && rule.from !== from) return breach('wrong_sender', 'PROTOCOL_ERROR', AT_TYPE)
  const { least, most = Infinity, multipleOf = 1, lengthScope } = rule
  if (length < least || length > most || length % multipleOf !== 0)
    return breach('bad_length', 'FRAME_SIZE_ERROR', AT_LENGTH, lengthScope)
  if (type === h2.SETTINGS && (flags & h2.FLAG_ACK) !== 0 && length > 0)
    return breach('ack_with_payload', 'FRAME_SIZE_ERROR', AT_FLAGS)
  return undefined
}

/** What is wrong with a frame in this state of its stream, as its sender sees it. */
export function checkState(type: number, state: StreamState): Breach | undefined {
  const states = RULES[type]?.states
  if (states === undefined || states.includes(state)) return undefined
  if (type === h2.PUSH_PROMISE) return breach('illegal_in_' + state, 'PROTOCOL_ERROR', AT_STREAM)
  const ended = state === 'closed' || state === 'half_closed_local'
  if (!ended) return breach('illegal_in_' + state, 'PROTOCOL_ERROR', AT_STREAM)
  return breach('illegal_in_' + state, 'STREAM_CLOSED', AT_STREAM, 'stream')
}
