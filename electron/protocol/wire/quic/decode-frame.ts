/** Reading the frames of a packet (RFC 9000 12.4 and 19). */
import { decoded, malformed, type Decoded } from '../result.ts'
import { Cursor } from './cursor.ts'
import { FRAME, STREAM_FIN, STREAM_LENGTH, STREAM_OFFSET, type AckRange, type Frame } from './frames.ts'
import { MAX_CONNECTION_ID } from './header.ts'
import { MAX_EXACT, varintLength } from './varint.ts'

/** A stream or CRYPTO offset can't exceed 2^62 - 1 (RFC 9000 19.6, 19.8); a number here is exact to 2^53, and no window is as large. */
const MAX_OFFSET = MAX_EXACT
/** RFC 9000 4.6: more streams could not be numbered. */
const MAX_STREAMS = 2 ** 60
const RESET_TOKEN = 16
const PATH_DATA = 8

/** A range takes two bytes at least, so a packet bounds them by itself; this keeps a huge one from costing much. */
const MAX_RANGES = 4_096

export interface PlacedFrame {
  readonly frame: Frame
  /** Its number on the wire, for CONNECTION_CLOSE. */
  readonly number: number
  /** Where it begins and ends in the bytes. */
  readonly start: number
  readonly end: number
}

/**
 * The frame at `start` of a packet's payload; views, no copies. Errors have the reasons `truncated`, `unknown_frame`, `bad_ack`,
 * `bad_length`, `bad_limit`, `not_shortest` (the type, RFC 9000 12.4), all of them FRAME_ENCODING_ERROR except the last, which may be
 * a PROTOCOL_VIOLATION.
 */
export function decodeFrame(bytes: Uint8Array, start: number, end = bytes.length): Decoded<PlacedFrame> {
  const cursor = new Cursor(bytes, start, end)
  const number = cursor.varint()
  if (cursor.failed) return malformed('quic', 'truncated', start)
  if (cursor.at - start !== varintLength(number)) return malformed('quic', 'not_shortest', start)
  const frame = readFrame(cursor, number, start)
  if (cursor.failed) return malformed('quic', 'truncated', start)
  if (typeof frame === 'string') return malformed('quic', frame, start)
  return decoded({ frame, number, start, end: cursor.at })
}

type Problem = 'unknown_frame' | 'bad_ack' | 'bad_length' | 'bad_limit'

function readFrame(cursor: Cursor, number: number, start: number): Frame | Problem {
  if (number >= FRAME.stream && number < FRAME.stream + 8) return readStream(cursor, number)
  switch (number) {
    case FRAME.padding:
      return readPadding(cursor, start)
    case FRAME.ping:
      return { type: 'ping' }
    case FRAME.ack:
    case FRAME.ackEcn:
      return readAck(cursor, number === FRAME.ackEcn)
    case FRAME.resetStream:
      return {
        type: 'reset_stream',
        id: cursor.varint(),
        code: cursor.varint(),
        finalSize: cursor.varint(),
      }
    case FRAME.stopSending:
      return { type: 'stop_sending', id: cursor.varint(), code: cursor.varint() }
    case FRAME.crypto:
      return readCrypto(cursor)
    case FRAME.newToken:
      return readNewToken(cursor)
    case FRAME.handshakeDone:
      return { type: 'handshake_done' }
    case FRAME.datagram:
      return { type: 'datagram', data: cursor.rest() }
    case FRAME.datagramWithLength:
      return { type: 'datagram', data: cursor.vector() }
    default:
      return readControl(cursor, number)
  }
}

function readControl(cursor: Cursor, number: number): Frame | Problem {
  switch (number) {
    case FRAME.maxData:
      return { type: 'max_data', maximum: cursor.varint() }
    case FRAME.maxStreamData:
      return { type: 'max_stream_data', id: cursor.varint(), maximum: cursor.varint() }
    case FRAME.maxStreamsBidirectional:
    case FRAME.maxStreamsUnidirectional:
      return readMaxStreams(cursor, number)
    case FRAME.dataBlocked:
      return { type: 'data_blocked', limit: cursor.varint() }
    case FRAME.streamDataBlocked:
      return { type: 'stream_data_blocked', id: cursor.varint(), limit: cursor.varint() }
    case FRAME.streamsBlockedBidirectional:
    case FRAME.streamsBlockedUnidirectional:
      return readStreamsBlocked(cursor, number)
    case FRAME.newConnectionId:
      return readNewConnectionId(cursor)
    case FRAME.retireConnectionId:
      return { type: 'retire_connection_id', number: cursor.varint() }
    case FRAME.pathChallenge:
      return { type: 'path_challenge', data: cursor.take(PATH_DATA) }
    case FRAME.pathResponse:
      return { type: 'path_response', data: cursor.take(PATH_DATA) }
    case FRAME.connectionClose:
    case FRAME.connectionCloseApplication:
      return readClose(cursor, number)
    case FRAME.immediateAck:
      return { type: 'immediate_ack' }
    case FRAME.ackFrequency:
      return readAckFrequency(cursor)
    default:
      return 'unknown_frame'
  }
}

/** A whole run at once: an Initial packet may have a thousand of them. */
function readPadding(cursor: Cursor, start: number): Frame {
  const { bytes, end } = cursor
  while (cursor.at < end && bytes[cursor.at] === 0) cursor.at++
  return { type: 'padding', length: cursor.at - start }
}

/** RFC 9000 19.3: the ranges go downward, each a gap and a length less one. */
function readAck(cursor: Cursor, hasEcn: boolean): Frame | Problem {
  const largest = cursor.varint()
  const delay = cursor.varint()
  const count = cursor.varint()
  const first = cursor.varint()
  if (first > largest || count > MAX_RANGES) return 'bad_ack'
  let from = largest - first
  const ranges: AckRange[] = [{ from, to: largest }]
  for (let i = 0; i < count && !cursor.failed; i++) {
    const to = from - cursor.varint() - 2
    from = to - cursor.varint()
    if (from < 0) return 'bad_ack'
    ranges.push({ from, to })
  }
  if (!hasEcn) return { type: 'ack', delay, ranges }
  return {
    type: 'ack',
    delay,
    ranges,
    ecn: { ect0: cursor.varint(), ect1: cursor.varint(), ce: cursor.varint() },
  }
}

function readStream(cursor: Cursor, number: number): Frame | Problem {
  const id = cursor.varint()
  const offset = number & STREAM_OFFSET ? cursor.varint() : 0
  const data = number & STREAM_LENGTH ? cursor.vector() : cursor.rest()
  if (offset + data.length > MAX_OFFSET) return 'bad_limit'
  return { type: 'stream', id, offset, fin: (number & STREAM_FIN) !== 0, data }
}

function readCrypto(cursor: Cursor): Frame | Problem {
  const offset = cursor.varint()
  const data = cursor.vector()
  return offset + data.length > MAX_OFFSET ? 'bad_limit' : { type: 'crypto', offset, data }
}

function readNewToken(cursor: Cursor): Frame | Problem {
  const token = cursor.vector()
  // RFC 9000 19.7: an empty token is a FRAME_ENCODING_ERROR.
  return token.length === 0 ? 'bad_length' : { type: 'new_token', token }
}

function readMaxStreams(cursor: Cursor, number: number): Frame | Problem {
  const direction = number === FRAME.maxStreamsBidirectional ? 'bidirectional' : 'unidirectional'
  const maximum = cursor.varint()
  return maximum > MAX_STREAMS ? 'bad_limit' : { type: 'max_streams', direction, maximum }
}

function readStreamsBlocked(cursor: Cursor, number: number): Frame | Problem {
  const direction = number === FRAME.streamsBlockedBidirectional ? 'bidirectional' : 'unidirectional'
  const limit = cursor.varint()
  return limit > MAX_STREAMS ? 'bad_limit' : { type: 'streams_blocked', direction, limit }
}

/** RFC 9000 19.15. */
function readNewConnectionId(cursor: Cursor): Frame | Problem {
  const number = cursor.varint()
  const retirePriorTo = cursor.varint()
  const length = cursor.octet()
  const id = cursor.take(length)
  const resetToken = cursor.take(RESET_TOKEN)
  if (cursor.failed) return 'bad_length'
  if (length < 1 || length > MAX_CONNECTION_ID) return 'bad_length'
  if (retirePriorTo > number) return 'bad_limit'
  return { type: 'new_connection_id', number, retirePriorTo, id, resetToken }
}

function readClose(cursor: Cursor, number: number): Frame {
  const byTransport = number === FRAME.connectionClose
  const code = cursor.varint()
  const frameType = byTransport ? cursor.varint() : 0
  const by = byTransport ? 'transport' : 'application'
  return { type: 'connection_close', by, code, frameType, reason: cursor.vector() }
}

function readAckFrequency(cursor: Cursor): Frame {
  return {
    type: 'ack_frequency',
    number: cursor.varint(),
    threshold: cursor.varint(),
    maxDelay: cursor.varint(),
    reordering: cursor.varint(),
  }
}
