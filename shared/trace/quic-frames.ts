/**
 * The frames of a QUIC packet as `transport:packet_sent` tells of them: JSON, data by their length, connection ids and tokens
 * in hexadecimal (RFC 9000 19). A recording is untrusted: frames that are not as they should be are left out.
 */

/** Received packet numbers `from` to `to`, both included. */
export interface TracedAckRange {
  readonly from: number
  readonly to: number
}

/** Fields of each type of frame, and what they hold. */
const FIELDS = {
  padding: { length: 'number' },
  ping: {},
  /** `delay` as sent: to be multiplied by 2 to the power of its sender's `ack_delay_exponent`, in microseconds. */
  ack: { delay: 'number', ranges: 'ranges' },
  reset_stream: { id: 'number', code: 'number', finalSize: 'number' },
  stop_sending: { id: 'number', code: 'number' },
  crypto: { offset: 'number', length: 'number' },
  new_token: { token: 'text' },
  stream: { id: 'number', offset: 'number', length: 'number', fin: 'flag' },
  max_data: { maximum: 'number' },
  max_stream_data: { id: 'number', maximum: 'number' },
  max_streams: { direction: 'text', maximum: 'number' },
  data_blocked: { limit: 'number' },
  stream_data_blocked: { id: 'number', limit: 'number' },
  streams_blocked: { direction: 'text', limit: 'number' },
  new_connection_id: { number: 'number', retirePriorTo: 'number', id: 'text', resetToken: 'text' },
  retire_connection_id: { number: 'number' },
  path_challenge: { length: 'number' },
  path_response: { length: 'number' },
  connection_close: { by: 'text', code: 'number', frameType: 'number', reason: 'text' },
  handshake_done: {},
  datagram: { length: 'number' },
  ack_frequency: { number: 'number', threshold: 'number', maxDelay: 'number', reordering: 'number' },
  immediate_ack: {},
} as const satisfies Record<string, Readonly<Record<string, keyof Kinds>>>

interface Kinds {
  readonly number: number
  readonly text: string
  readonly flag: boolean
  readonly ranges: readonly TracedAckRange[]
}

type Fields = typeof FIELDS
export type TracedFrameType = keyof Fields

type FrameOf<T extends TracedFrameType> = { readonly type: T } & {
  readonly [F in keyof Fields[T]]: Fields[T][F] extends keyof Kinds ? Kinds[Fields[T][F]] : never
}

interface EcnCounts {
  readonly ect0: number
  readonly ect1: number
  readonly ce: number
}

export type TracedFrame =
  | { readonly [T in TracedFrameType]: FrameOf<T> }[Exclude<TracedFrameType, 'ack'>]
  | (FrameOf<'ack'> & { readonly ecn?: EcnCounts })

export type TracedFrameOf<T extends TracedFrameType> = Extract<TracedFrame, { readonly type: T }>

type Json = Readonly<Record<string, unknown>>

const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Infinity
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

const IS: Readonly<Record<keyof Kinds, (value: unknown) => boolean>> = {
  number: isNumber,
  text: (value) => typeof value === 'string',
  flag: (value) => typeof value === 'boolean',
  ranges: (value) =>
    Array.isArray(value) &&
    value.every(
      (range) => isObject(range) && isNumber(range.from) && isNumber(range.to) && range.from <= range.to,
    ),
}

function isFrame(value: unknown): value is TracedFrame {
  if (!isObject(value) || typeof value.type !== 'string' || !Object.hasOwn(FIELDS, value.type)) return false
  if (value.ecn !== undefined && !isCounts(value.ecn)) return false
  const fields: Readonly<Record<string, keyof Kinds>> = FIELDS[value.type as TracedFrameType]
  return Object.entries(fields).every(([field, kind]) => IS[kind](value[field]))
}

const isCounts = (value: unknown): boolean =>
  isObject(value) && isNumber(value.ect0) && isNumber(value.ect1) && isNumber(value.ce)

/** The frames in the `frames` of `transport:packet_sent`, in their order; empty when the text is no JSON array. Never throws. */
export function parseFrames(text: string): readonly TracedFrame[] {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list.filter(isFrame) : []
  } catch {
    return []
  }
}
