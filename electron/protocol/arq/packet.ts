/**
 * The packets of our reliable transfer over UDP, one a datagram. README.md has the format field by field. UDP's checksum (RFC 768)
 * covers them, so they have none of their own.
 */
import { read16, read32, write16, write32 } from '../wire/bytes.ts'
import { decoded, malformed, type Decoded } from '../wire/result.ts'

/** `RQ`: what is not ours is told apart at once. */
const MAGIC = 0x5251
const VERSION = 1
const DATA = 1
const ACK = 2
const LAST = 0x01

/** Length of the header that both kinds begin with, and of an acknowledgment without ranges. */
export const ARQ_HEADER = 12
const ACK_HEADER = ARQ_HEADER + 4
const RANGE = 8

/** The most ranges of an acknowledgment. */
export const MOST_RANGES = 32

export interface ArqData {
  readonly kind: 'data'
  /** Chosen at random by the sender, so that nothing of an earlier transfer is taken for a part of this one. */
  readonly transfer: number
  /** Numbers begin at 0 and never wrap: a transfer is over long before 2^32 packets. */
  readonly number: number
  /** No packet comes after it. */
  readonly last: boolean
  /** One byte at least. */
  readonly payload: Uint8Array
}

export interface ArqAck {
  readonly kind: 'ack'
  readonly transfer: number
  /** All before it have arrived: the cumulative acknowledgment. */
  readonly number: number
  /** The packet of data that it answers. */
  readonly echo: number
  /** What has arrived beyond, as [from, to) pairs in ascending order, flat. */
  readonly ranges: readonly number[]
}

export type ArqPacket = ArqData | ArqAck

function writeHeader(bytes: Uint8Array, kind: number, flags: number, transfer: number, number: number): void {
  write16(bytes, 0, MAGIC)
  bytes[2] = (VERSION << 4) | kind
  bytes[3] = flags
  write32(bytes, 4, transfer)
  write32(bytes, 8, number)
}

/** The bytes of a packet. */
export function encodeArq(packet: ArqPacket): Uint8Array {
  const { transfer, number } = packet
  if (packet.kind === 'data') {
    const bytes = new Uint8Array(ARQ_HEADER + packet.payload.length)
    writeHeader(bytes, DATA, packet.last ? LAST : 0, transfer, number)
    bytes.set(packet.payload, ARQ_HEADER)
    return bytes
  }
  const bytes = new Uint8Array(ACK_HEADER + packet.ranges.length * 4)
  writeHeader(bytes, ACK, 0, transfer, number)
  write32(bytes, ARQ_HEADER, packet.echo)
  packet.ranges.forEach((edge, i) => write32(bytes, ACK_HEADER + i * 4, edge))
  return bytes
}

/** Reads a datagram; `payload` is a view of it. Total: anything else than a packet is an error with its offset. */
export function decodeArq(bytes: Uint8Array): Decoded<ArqPacket> {
  if (bytes.length < ARQ_HEADER) return malformed('arq', 'truncated', bytes.length)
  if (read16(bytes, 0) !== MAGIC) return malformed('arq', 'bad_magic', 0)
  if (bytes[2] >>> 4 !== VERSION) return malformed('arq', 'unknown_version', 2)
  const kind = bytes[2] & 0x0f
  if (kind !== DATA && kind !== ACK) return malformed('arq', 'unknown_kind', 2)
  if (bytes[3] & ~(kind === DATA ? LAST : 0)) return malformed('arq', 'unknown_flags', 3)
  return kind === DATA ? decodeData(bytes) : decodeAck(bytes)
}

function decodeData(bytes: Uint8Array): Decoded<ArqData> {
  if (bytes.length === ARQ_HEADER) return malformed('arq', 'no_payload', ARQ_HEADER)
  return decoded({
    kind: 'data',
    transfer: read32(bytes, 4),
    number: read32(bytes, 8),
    last: (bytes[3] & LAST) !== 0,
    payload: bytes.subarray(ARQ_HEADER),
  })
}

function decodeAck(bytes: Uint8Array): Decoded<ArqAck> {
  if (bytes.length < ACK_HEADER) return malformed('arq', 'truncated', bytes.length)
  const length = bytes.length - ACK_HEADER
  if (length % RANGE !== 0) return malformed('arq', 'bad_length', bytes.length)
  if (length / RANGE > MOST_RANGES) return malformed('arq', 'too_many_ranges', ACK_HEADER)
  const number = read32(bytes, 8)
  const ranges: number[] = []
  // The packet `number` itself is missing, so each edge lies beyond the one before it.
  for (let at = ACK_HEADER, before = number; at < bytes.length; at += 4) {
    const edge = read32(bytes, at)
    if (edge <= before) return malformed('arq', 'bad_range', at)
    ranges.push(edge)
    before = edge
  }
  return decoded({
    kind: 'ack',
    transfer: read32(bytes, 4),
    number,
    echo: read32(bytes, ARQ_HEADER),
    ranges,
  })
}
