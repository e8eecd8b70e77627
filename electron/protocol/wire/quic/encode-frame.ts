/** Writing frames (RFC 9000 19). The caller has seen to it that there is room: `frameLength` says how much. */
import {
  FRAME,
  STREAM_FIN,
  STREAM_LENGTH,
  STREAM_OFFSET,
  type AckFrame,
  type Frame,
  type StreamFrame,
} from './frames.ts'
import { varintLength, writeVarint } from './varint.ts'

const write = writeVarint

function writeBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  into.set(bytes, at)
  return at + bytes.length
}

const writeVector = (into: Uint8Array, at: number, bytes: Uint8Array): number =>
  writeBytes(into, write(into, at, bytes.length), bytes)

/** Type, id, offset and length of a STREAM frame with `length` bytes of data. */
export const streamOverhead = (id: number, offset: number, length: number): number =>
  1 + varintLength(id) + (offset > 0 ? varintLength(offset) : 0) + varintLength(length)

/** Type, offset and length of a CRYPTO frame with `length` bytes of data. */
export const cryptoOverhead = (offset: number, length: number): number =>
  1 + varintLength(offset) + varintLength(length)

/** Writes `frame` at `at` and returns the offset behind it. */
export function encodeFrame(frame: Frame, into: Uint8Array, at: number): number {
  switch (frame.type) {
    case 'padding':
      into.fill(0, at, at + frame.length)
      return at + frame.length
    case 'ping':
      return write(into, at, FRAME.ping)
    case 'ack':
      return encodeAck(frame, into, at)
    case 'stream':
      return encodeStream(frame, into, at)
    case 'crypto':
      return writeVector(into, write(into, write(into, at, FRAME.crypto), frame.offset), frame.data)
    case 'new_token':
      return writeVector(into, write(into, at, FRAME.newToken), frame.token)
    case 'path_challenge':
      return writeBytes(into, write(into, at, FRAME.pathChallenge), frame.data)
    case 'path_response':
      return writeBytes(into, write(into, at, FRAME.pathResponse), frame.data)
    case 'datagram':
      return writeVector(into, write(into, at, FRAME.datagramWithLength), frame.data)
    case 'new_connection_id':
      return encodeNewConnectionId(frame, into, at)
    case 'connection_close':
      return encodeClose(frame, into, at)
    default:
      return writeNumbers(into, at, numbersOf(frame))
  }
}

/** Bytes that `frame` takes on the wire. */
export function frameLength(frame: Frame): number {
  switch (frame.type) {
    case 'padding':
      return frame.length
    case 'ping':
      return 1
    case 'ack':
      return ackLength(frame)
    case 'stream':
      return streamOverhead(frame.id, frame.offset, frame.data.length) + frame.data.length
    case 'crypto':
      return cryptoOverhead(frame.offset, frame.data.length) + frame.data.length
    case 'new_token':
      return 1 + vectorLength(frame.token)
    case 'path_challenge':
    case 'path_response':
      return 1 + frame.data.length
    case 'datagram':
      return 1 + vectorLength(frame.data)
    case 'new_connection_id': {
      const { number, retirePriorTo, id, resetToken } = frame
      return 2 + varintLength(number) + varintLength(retirePriorTo) + id.length + resetToken.length
    }
    case 'connection_close': {
      const type = frame.by === 'transport' ? varintLength(frame.frameType) : 0
      return 1 + varintLength(frame.code) + type + vectorLength(frame.reason)
    }
    default:
      return numbersOf(frame).reduce<number>((sum, number) => sum + varintLength(number), 0)
  }
}

const vectorLength = (bytes: Uint8Array): number => varintLength(bytes.length) + bytes.length

function writeNumbers(into: Uint8Array, at: number, numbers: readonly number[]): number {
  let next = at
  for (const number of numbers) next = write(into, next, number)
  return next
}

/** Frames that are nothing but a type and some numbers. */
type NumbersOnly = Exclude<
  Frame,
  {
    readonly type:
      | 'padding'
      | 'ping'
      | 'ack'
      | 'stream'
      | 'crypto'
      | 'new_token'
      | 'path_challenge'
      | 'path_response'
      | 'datagram'
      | 'new_connection_id'
      | 'connection_close'
  }
>

function numbersOf(frame: NumbersOnly): readonly number[] {
  switch (frame.type) {
    case 'reset_stream':
      return [FRAME.resetStream, frame.id, frame.code, frame.finalSize]
    case 'stop_sending':
      return [FRAME.stopSending, frame.id, frame.code]
    case 'max_data':
      return [FRAME.maxData, frame.maximum]
    case 'max_stream_data':
      return [FRAME.maxStreamData, frame.id, frame.maximum]
    case 'max_streams':
      return [FRAME.maxStreamsBidirectional + Number(frame.direction === 'unidirectional'), frame.maximum]
    case 'data_blocked':
      return [FRAME.dataBlocked, frame.limit]
    case 'stream_data_blocked':
      return [FRAME.streamDataBlocked, frame.id, frame.limit]
    case 'streams_blocked':
      return [FRAME.streamsBlockedBidirectional + Number(frame.direction === 'unidirectional'), frame.limit]
    case 'retire_connection_id':
      return [FRAME.retireConnectionId, frame.number]
    case 'handshake_done':
      return [FRAME.handshakeDone]
    case 'immediate_ack':
      return [FRAME.immediateAck]
    case 'ack_frequency':
      return [FRAME.ackFrequency, frame.number, frame.threshold, frame.maxDelay, frame.reordering]
  }
}

/** RFC 9000 19.3, with the gap and the length of a range each less than they are. */
function ackNumbers({ delay, ranges, ecn }: AckFrame): number[] {
  const [first] = ranges
  const numbers = [
    ecn === undefined ? FRAME.ack : FRAME.ackEcn,
    first.to,
    delay,
    ranges.length - 1,
    first.to - first.from,
  ]
  for (let i = 1; i < ranges.length; i++) {
    const { from, to } = ranges[i]
    numbers.push(ranges[i - 1].from - to - 2, to - from)
  }
  if (ecn !== undefined) numbers.push(ecn.ect0, ecn.ect1, ecn.ce)
  return numbers
}

const encodeAck = (frame: AckFrame, into: Uint8Array, at: number): number =>
  writeNumbers(into, at, ackNumbers(frame))

function ackLength(frame: AckFrame): number {
  let length = 0
  for (const number of ackNumbers(frame)) length += varintLength(number)
  return length
}

/** With a length always: another frame may follow. */
function encodeStream({ id, offset, fin, data }: StreamFrame, into: Uint8Array, at: number): number {
  const flags = STREAM_LENGTH | (offset > 0 ? STREAM_OFFSET : 0) | (fin ? STREAM_FIN : 0)
  let next = write(into, write(into, at, FRAME.stream | flags), id)
  if (offset > 0) next = write(into, next, offset)
  return writeVector(into, next, data)
}

function encodeNewConnectionId(
  frame: Extract<Frame, { type: 'new_connection_id' }>,
  into: Uint8Array,
  at: number,
): number {
  const { number, retirePriorTo, id, resetToken } = frame
  const next = writeNumbers(into, at, [FRAME.newConnectionId, number, retirePriorTo])
  into[next] = id.length
  return writeBytes(into, writeBytes(into, next + 1, id), resetToken)
}

function encodeClose(
  frame: Extract<Frame, { type: 'connection_close' }>,
  into: Uint8Array,
  at: number,
): number {
  const { by, code, frameType, reason } = frame
  const numbers =
    by === 'transport' ? [FRAME.connectionClose, code, frameType] : [FRAME.connectionCloseApplication, code]
  return writeVector(into, writeNumbers(into, at, numbers), reason)
}
