/** The frames in the payload of a QUIC packet that was opened, field by field (RFC 9000 19, RFC 9221, QUIC ACK frequency). */
import type { DissectedField, Dissection } from '../../../../shared/dissection.ts'
import { hexOfBytes } from '../../../../shared/hex.ts'
import { decodeFrame, type PlacedFrame } from '../quic/decode-frame.ts'
import { FRAME, STREAM_FIN, STREAM_LENGTH, STREAM_OFFSET } from '../quic/frames.ts'
import { octetText } from '../octets.ts'
import { varintLengthOf } from '../quic/varint.ts'

/**
 * A field of a frame, by its name in RFC 9000: an integer of variable length, one byte, bytes in hexadecimal, or text. `bytes` and
 * `text` go on to the end of the frame, less what the fields after them take (`after`, a number of bytes).
 */
type Part = readonly [name: string, kind: 'varint' | 'byte' | 'bytes' | 'text', after?: number]

const v = (name: string): Part => [name, 'varint']
const ID = v('Stream ID')
const ERROR = v('Error Code')
const REASON: readonly Part[] = [v('Reason Phrase Length'), ['Reason Phrase', 'text']]
const MAX_STREAMS = [v('Maximum Streams')]
const PATH_DATA: readonly Part[] = [['Data', 'bytes']]
const RESET_TOKEN = 16

const LAYOUTS: ReadonlyMap<number, readonly Part[]> = new Map<number, readonly Part[]>([
  [FRAME.resetStream, [ID, v('Application Protocol Error Code'), v('Final Size')]],
  [FRAME.stopSending, [ID, v('Application Protocol Error Code')]],
  [FRAME.crypto, [v('Offset'), v('Length'), ['Crypto Data', 'bytes']]],
  [FRAME.newToken, [v('Token Length'), ['Token', 'bytes']]],
  [FRAME.maxData, [v('Maximum Data')]],
  [FRAME.maxStreamData, [ID, v('Maximum Stream Data')]],
  [FRAME.maxStreamsBidirectional, MAX_STREAMS],
  [FRAME.maxStreamsUnidirectional, MAX_STREAMS],
  [FRAME.dataBlocked, [v('Maximum Data')]],
  [FRAME.streamDataBlocked, [ID, v('Maximum Stream Data')]],
  [FRAME.streamsBlockedBidirectional, MAX_STREAMS],
  [FRAME.streamsBlockedUnidirectional, MAX_STREAMS],
  [
    FRAME.newConnectionId,
    [
      ...[v('Sequence Number'), v('Retire Prior To')],
      ['Length', 'byte'],
      ['Connection ID', 'bytes', RESET_TOKEN],
      ['Stateless Reset Token', 'bytes'],
    ],
  ],
  [FRAME.retireConnectionId, [v('Sequence Number')]],
  [FRAME.pathChallenge, PATH_DATA],
  [FRAME.pathResponse, PATH_DATA],
  [FRAME.connectionClose, [ERROR, v('Frame Type'), ...REASON]],
  [FRAME.connectionCloseApplication, [ERROR, ...REASON]],
  [FRAME.datagram, [['Datagram Data', 'bytes']]],
  [FRAME.datagramWithLength, [v('Length'), ['Datagram Data', 'bytes']]],
  [
    FRAME.ackFrequency,
    [
      ...[v('Sequence Number'), v('Ack-Eliciting Threshold')],
      ...[v('Requested Max Ack Delay'), v('Reordering Threshold')],
    ],
  ],
])

/** RFC 9000 19.8: which fields there are stands in the type. */
const streamParts = (type: number): readonly Part[] => [
  ID,
  ...(type & STREAM_OFFSET ? [v('Offset')] : []),
  ...(type & STREAM_LENGTH ? [v('Length')] : []),
  ['Stream Data', 'bytes'],
]

/** RFC 9000 19.3: so many gaps and ranges as it says itself. */
function ackParts(type: number, ranges: number): readonly Part[] {
  const more = Array.from({ length: ranges - 1 }, () => [v('Gap'), v('ACK Range Length')]).flat()
  const ecn = type === FRAME.ackEcn ? [v('ECT0 Count'), v('ECT1 Count'), v('ECN-CE Count')] : []
  const head = [v('Largest Acknowledged'), v('ACK Delay'), v('ACK Range Count'), v('First ACK Range')]
  return [...head, ...more, ...ecn]
}

function partsOf({ frame, number }: PlacedFrame): readonly Part[] {
  if (frame.type === 'stream') return streamParts(number)
  if (frame.type === 'ack') return ackParts(number, frame.ranges.length)
  return LAYOUTS.get(number) ?? []
}

/**
 * All frames of `payload`, each a layer, with the places of their fields in it; `title` says whose payload it is. Total: from the
 * first frame that can't be read on, the rest is one field that says why.
 */
export function dissectFrames(payload: Uint8Array, title: string): Dissection {
  const layers: DissectedField[] = []
  for (let at = 0; at < payload.length;) {
    const decoded = decodeFrame(payload, at)
    if (!decoded.ok) {
      const { reason: problem } = decoded.error
      layers.push({ name: 'Rest', text: '', offset: at, length: payload.length - at, problem })
      break
    }
    layers.push(layerOf(payload, decoded.value))
    at = decoded.value.end
  }
  return { summary: `${title}: ${layers.map(({ name }) => name).join(', ')}`, layers }
}

function layerOf(bytes: Uint8Array, placed: PlacedFrame): DissectedField {
  const { frame, number, start, end } = placed
  const name = frame.type.toUpperCase()
  if (frame.type === 'padding')
    return { name, text: `${end - start} bytes`, offset: start, length: end - start }
  const children: DissectedField[] = []
  const typeLength = varintLengthOf(bytes[start])
  const flags = frame.type === 'stream' && number & STREAM_FIN ? ', FIN' : ''
  const type = `0x${number.toString(16).padStart(2, '0')}${flags}`
  children.push({ name: 'Type', text: type, offset: start, length: typeLength })
  let at = start + typeLength
  for (const part of partsOf(placed)) {
    const field = fieldOf(bytes, part, at, end)
    children.push(field)
    at += field.length
  }
  return { name, text: wordsOf(placed), offset: start, length: end - start, children }
}

function fieldOf(
  bytes: Uint8Array,
  [name, kind, after = 0]: Part,
  offset: number,
  end: number,
): DissectedField {
  if (kind === 'byte') return { name, text: String(bytes[offset]), offset, length: 1 }
  if (kind === 'varint') {
    const length = varintLengthOf(bytes[offset])
    return { name, text: String(varintAt(bytes, offset, length)), offset, length }
  }
  const length = end - after - offset
  const data = bytes.subarray(offset, offset + length)
  if (kind === 'text') return { name, text: octetText(data), offset, length }
  const isLong = length > MOST_SHOWN
  return { name, text: isLong ? `${length} bytes` : hexOfBytes(data) || 'empty', offset, length }
}

/** Longer data are told by their length. */
const MOST_SHOWN = 20

/** The value of an integer that the frame's decoder has read before (RFC 9000 16). */
function varintAt(bytes: Uint8Array, offset: number, length: number): number | bigint {
  let value = BigInt(bytes[offset] & 0x3f)
  for (let i = 1; i < length; i++) value = value * 256n + BigInt(bytes[offset + i])
  return value
}

/** What of a frame is worth reading without opening it. */
function wordsOf({ frame }: PlacedFrame): string {
  switch (frame.type) {
    case 'stream':
      return `${frame.id}, ${placeOf(frame.offset, frame.data.length)}${frame.fin ? ', FIN' : ''}`
    case 'crypto':
      return placeOf(frame.offset, frame.data.length)
    case 'ack':
      return frame.ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`)).join(' ')
    default:
      return ''
  }
}

const placeOf = (offset: number, length: number): string =>
  length === 0 ? `no bytes at ${offset}` : `bytes ${offset}–${offset + length - 1}`
