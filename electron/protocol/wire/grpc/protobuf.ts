/**
 * The wire format of protobuf, without the description of the message: field numbers, wire types and values. What bytes with a
 * length are, text or a message or neither, is guessed.
 */
import { bytesText, shownText, type RuleReader } from '../rule-reader.ts'
import { decodeUtf8 } from '../utf8.ts'

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5
const NAMES: Readonly<Record<number, string>> = {
  [VARINT]: 'VARINT',
  [FIXED64]: 'I64',
  [LENGTH]: 'LEN',
  [FIXED32]: 'I32',
}
/** A varint has no more bytes: 64 bits by seven. */
const MOST_VARINT = 10
/** Messages within messages; each level reads its bytes once more. */
const MOST_DEPTH = 12
const RULE = 'protobuf encoding'

/** Reads what is left as one message. */
export function readProtobuf(reader: RuleReader, title: string, depth = 0): void {
  reader.group(title, () => {
    while (reader.left > 0) readField(reader, depth)
  })
}

function readField(reader: RuleReader, depth: number): void {
  let tag = 0
  reader.group(
    () => `Field ${Math.floor(tag / 8)}`,
    () => {
      tag = readVarint(
        reader,
        'Tag',
        (value) => `field ${value / 8n}, ${NAMES[Number(value & 7n)] ?? 'unknown'}`,
      )
      const type = tag % 8
      if (type === VARINT) readVarint(reader, 'Value', varintText)
      else if (type === FIXED64) reader.octets('Value', 8, fixedText)
      else if (type === FIXED32) reader.octets('Value', 4, fixedText)
      else if (type === LENGTH) readBytes(reader, depth)
      else if (!reader.stopped) {
        reader.breaks(RULE, `wire type ${type}`)
        reader.rest('Not read')
      }
    },
    () => NAMES[tag % 8] ?? 'unknown',
  )
}

function readBytes(reader: RuleReader, depth: number): void {
  const length = readVarint(reader, 'Length', (value) => `${value} bytes`)
  if (reader.stopped) return
  if (length > reader.left) {
    if (!reader.partial) reader.breaks(RULE, 'is longer than what it is part of')
    reader.rest('Value')
    return
  }
  const { at, bytes } = reader
  const text = decodeUtf8(bytes, at, at + length)
  if (text !== undefined && !/\p{Cc}/u.test(text))
    reader.octets('Value', length, () => `"${shownText(text)}"`)
  else if (depth < MOST_DEPTH && isMessage(bytes, at, at + length))
    reader.within(length, () => readProtobuf(reader, 'Message', depth + 1))
  else reader.octets('Value', length)
}

/** Whether the bytes fall into fields without a rest. */
function isMessage(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to) {
    const tagSize = varintSize(bytes, at, to)
    if (tagSize === 0) return false
    const tag = Number(varintValue(bytes, at, tagSize))
    if (tag < 8 || tag > 0xffff_ffff) return false
    at += tagSize
    const type = tag % 8
    const size = type === FIXED64 ? 8 : type === FIXED32 ? 4 : varintSize(bytes, at, to)
    if (size === 0 || (type !== VARINT && NAMES[type] === undefined)) return false
    const content = type === LENGTH ? Number(varintValue(bytes, at, size)) : 0
    at += size + content
  }
  return at === to
}

const varintText = (value: bigint): string => {
  // sint32 and sint64 are written so (ZigZag): small numbers, negative ones too, in few bytes.
  const signed = value & 1n ? -((value + 1n) / 2n) : value / 2n
  return value < 2n ? String(value) : `${value} (as sint ${signed})`
}

function fixedText(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  if (octets.length === 8) return `${view.getBigUint64(0, true)} (as double ${view.getFloat64(0, true)})`
  return `${view.getUint32(0, true)} (as float ${view.getFloat32(0, true)})`
}

/** Bytes of the varint at `at`; 0: it does not end in time. */
function varintSize(bytes: Uint8Array, at: number, end: number): number {
  for (let size = 1; size <= MOST_VARINT && at + size <= end; size++)
    if (bytes[at + size - 1] < 0x80) return size
  return 0
}

function varintValue(bytes: Uint8Array, at: number, size: number): bigint {
  let value = 0n
  for (let i = size - 1; i >= 0; i--) value = (value << 7n) | BigInt(bytes[at + i] & 0x7f)
  return value & 0xffff_ffff_ffff_ffffn
}

/** Reads a varint; as a number, which is exact as far as tags and lengths go. */
function readVarint(reader: RuleReader, name: string, describe: (value: bigint) => string): number {
  if (reader.stopped) return 0
  const { at, bytes } = reader
  const size = varintSize(bytes, at, reader.end)
  if (size === 0) {
    reader.octets(name, reader.left, bytesText)
    if (!reader.partial) reader.breaks(RULE, 'a varint without an end')
    reader.stopped = true
    return 0
  }
  const value = varintValue(bytes, at, size)
  reader.octets(name, size, () => describe(value))
  return Number(value)
}
