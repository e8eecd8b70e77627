/**
 * Frames of QUIC as qlog has them (draft-ietf-quic-qlog-quic-events, "QuicFrame"), from what `transport:packet_sent` says of them.
 * Version 0.3, which qvis reads, has the same words but for lengths, which the draft puts into `raw`, and for error codes.
 */
import type { QlogVersion } from './qlog-line.ts'

type Frame = Readonly<Record<string, unknown>>
type Shown = Record<string, unknown>

const isFrame = (value: unknown): value is Frame =>
  typeof value === 'object' && value !== null && typeof (value as Frame).type === 'string'

/** Ranges of packet numbers, the lowest first; one number alone stands alone. */
function ackedRanges(ranges: unknown): number[][] {
  if (!Array.isArray(ranges)) return []
  return ranges
    .map(({ from, to }: { from: number; to: number }) => (from === to ? [from] : [from, to]))
    .sort(([a], [b]) => a - b)
}

const text = (hex: unknown): string =>
  typeof hex === 'string' ? Buffer.from(hex, 'hex').toString('utf8') : ''

/** What the draft keeps in `raw`, which is all that is known of it: lengths. */
const sized = (version: QlogVersion, length: unknown): Shown =>
  version === 'draft' ? { raw: { payload_length: length } } : { length }

/** A code that has no name here; the draft has names, and the number beside one that it does not know. */
const failed = (version: QlogVersion, code: unknown): Shown =>
  version === 'draft' ? { error: 'unknown', error_code: code } : { error_code: code }

/** Fields of each type of frame. `exponent`: of the sender's acknowledgment delays (RFC 9000 18.2). */
type Telling = (frame: Frame, version: QlogVersion, exponent: number) => Shown

const TELLING: Readonly<Record<string, Telling>> = {
  padding: ({ length }, version) =>
    version === 'draft' ? { raw: { length, payload_length: 0 } } : { payload_length: length },
  ack: ({ delay, ranges, ecn }, version, exponent) => ({
    ack_delay: (Number(delay) * 2 ** exponent) / 1000,
    acked_ranges:
      version === 'draft'
        ? ackedRanges(ranges)
        : ackedRanges(ranges).map((range) => [range[0], range.at(-1)]),
    ...(isRecord(ecn) ? { ect0: ecn.ect0, ect1: ecn.ect1, ce: ecn.ce } : {}),
  }),
  reset_stream: ({ id, code, finalSize }, version) => ({
    stream_id: id,
    ...failed(version, code),
    final_size: finalSize,
  }),
  stop_sending: ({ id, code }, version) => ({ stream_id: id, ...failed(version, code) }),
  crypto: ({ offset, length }, version) => ({ offset, ...sized(version, length) }),
  new_token: ({ token }) => ({ token: { raw: { data: token } } }),
  stream: ({ id, offset, fin, length }, version) => ({
    stream_id: id,
    offset,
    fin,
    ...sized(version, length),
  }),
  max_data: ({ maximum }) => ({ maximum }),
  max_stream_data: ({ id, maximum }) => ({ stream_id: id, maximum }),
  max_streams: ({ direction, maximum }) => ({ stream_type: direction, maximum }),
  data_blocked: ({ limit }) => ({ limit }),
  stream_data_blocked: ({ id, limit }) => ({ stream_id: id, limit }),
  streams_blocked: ({ direction, limit }) => ({ stream_type: direction, limit }),
  new_connection_id: ({ number, retirePriorTo, id, resetToken }) => ({
    sequence_number: number,
    retire_prior_to: retirePriorTo,
    connection_id_length: typeof id === 'string' ? id.length / 2 : 0,
    connection_id: id,
    stateless_reset_token: resetToken,
  }),
  retire_connection_id: ({ number }) => ({ sequence_number: number }),
  path_challenge: dataOf,
  path_response: dataOf,
  connection_close: ({ by, code, frameType, reason }, version) => ({
    error_space: by,
    ...failed(version, code),
    reason: text(reason),
    ...(by === 'transport' ? { trigger_frame_type: frameType } : {}),
  }),
  datagram: ({ length }, version) => sized(version, length),
}

/** Frames that are ours to have and not the draft's, by their type on the wire (draft-ietf-quic-ack-frequency 10). */
const BEYOND: Readonly<Record<string, number>> = { ack_frequency: 0xaf, immediate_ack: 0x1f }

const isRecord = (value: unknown): value is Frame => typeof value === 'object' && value !== null

/** Eight bytes that a path has to give back. The tracer names the bytes of a frame by their length, if it does not show them. */
function dataOf({ data }: Frame): Shown {
  return typeof data === 'string' ? { data } : {}
}

function frameOf(frame: Frame, version: QlogVersion, exponent: number): Shown {
  const type = String(frame.type)
  const beyond = BEYOND[type]
  if (beyond !== undefined) return { frame_type: 'unknown', frame_type_bytes: beyond }
  return { frame_type: type, ...TELLING[type]?.(frame, version, exponent) }
}

/** The frames of a packet. What is no frame is left out; a recording may hold anything. */
export function qlogFrames(json: string, version: QlogVersion, exponent = 3): Shown[] {
  try {
    const frames: unknown = JSON.parse(json)
    return Array.isArray(frames)
      ? frames.filter(isFrame).map((frame) => frameOf(frame, version, exponent))
      : []
  } catch {
    return []
  }
}
