/** Packet headers (RFC 9000 17, RFC 8999): what can be read without keys, and the writing of them. */
import { write32 } from '../bytes.ts'
import { decoded, malformed, type Decoded } from '../result.ts'
import { Cursor } from './cursor.ts'
import type { PacketNumberLength } from './packet-number.ts'
import { varintLength, writeVarint, type VarintLength } from './varint.ts'
import { LONG_TYPES, versionOf, type LongType, type QuicVersion } from './version.ts'

/** RFC 9000 17.2; versions yet to come may have longer ones (RFC 8999 5.1). */
export const MAX_CONNECTION_ID = 20
export const RETRY_TAG = 16

const LONG = 0x80
const FIXED = 0x40

interface Place {
  /** Where in the datagram it begins and ends; coalesced packets follow each other (RFC 9000 12.2). */
  readonly start: number
  readonly end: number
}

/** A packet that carries frames, still protected. */
export interface ProtectedPacket extends Place {
  readonly kind: 'initial' | '0rtt' | 'handshake'
  readonly version: QuicVersion
  readonly destination: Uint8Array
  readonly source: Uint8Array
  /** Of an Initial packet; empty otherwise. */
  readonly token: Uint8Array
  /** Where the packet number begins. */
  readonly numberAt: number
}

export interface ShortPacket extends Place {
  readonly kind: '1rtt'
  readonly destination: Uint8Array
  readonly numberAt: number
}

export interface RetryPacket extends Place {
  readonly kind: 'retry'
  readonly version: QuicVersion
  readonly destination: Uint8Array
  readonly source: Uint8Array
  readonly token: Uint8Array
  readonly tag: Uint8Array
}

export interface VersionNegotiation extends Place {
  readonly kind: 'version_negotiation'
  readonly destination: Uint8Array
  readonly source: Uint8Array
  readonly versions: readonly number[]
}

/** A long header of a version that we don't speak: what RFC 8999 promises of it, and no more. */
export interface UnknownVersion extends Place {
  readonly kind: 'unknown_version'
  readonly number: number
  readonly destination: Uint8Array
  readonly source: Uint8Array
}

export type Packet = ProtectedPacket | ShortPacket | RetryPacket | VersionNegotiation | UnknownVersion

const fail = (reason: string, offset: number): Decoded<never> => malformed('quic', reason, offset)

/**
 * The packet that begins at `start` of a datagram; `shortIdLength` is how long our own connection ids are, which a short
 * header does not say. Views, no copies. Errors: `truncated`, `fixed_bit`, `connection_id_length`, `no_versions`.
 */
export function decodePacket(bytes: Uint8Array, start: number, shortIdLength: number): Decoded<Packet> {
  const cursor = new Cursor(bytes, start)
  const first = cursor.octet()
  if (cursor.failed) return fail('truncated', start)
  if (!(first & LONG)) return decodeShort(cursor, first, start, shortIdLength)
  const number = cursor.uint32()
  const destination = cursor.take(cursor.octet())
  const source = cursor.take(cursor.octet())
  if (cursor.failed) return fail('truncated', cursor.at)
  const place = { start, end: bytes.length, destination, source }
  if (number === 0) return decodeVersions(cursor, place)
  const version = versionOf(number)
  if (version === undefined) return decoded({ kind: 'unknown_version', number, ...place })
  if (!(first & FIXED)) return fail('fixed_bit', start)
  if (destination.length > MAX_CONNECTION_ID || source.length > MAX_CONNECTION_ID)
    return fail('connection_id_length', start + 5)
  const bits = (first >> 4) & 3
  const kind = LONG_TYPES.find((type) => version.typeBits[type] === bits)!
  if (kind === 'retry') return decodeRetry(cursor, version, place)
  const token = kind === 'initial' ? cursor.vector() : new Uint8Array(0)
  const length = cursor.varint()
  if (cursor.failed || length > cursor.left) return fail('truncated', cursor.at)
  const numberAt = cursor.at
  return decoded({ kind, version, ...place, token, numberAt, end: numberAt + length })
}

function decodeShort(
  cursor: Cursor,
  first: number,
  start: number,
  idLength: number,
): Decoded<ShortPacket | never> {
  if (!(first & FIXED)) return fail('fixed_bit', start)
  const destination = cursor.take(idLength)
  if (cursor.failed) return fail('truncated', cursor.at)
  return decoded({ kind: '1rtt', start, end: cursor.end, destination, numberAt: cursor.at })
}

type LongPlace = Place & { readonly destination: Uint8Array; readonly source: Uint8Array }

function decodeVersions(cursor: Cursor, place: LongPlace): Decoded<VersionNegotiation> {
  if (cursor.left === 0 || cursor.left % 4 !== 0) return fail('no_versions', cursor.at)
  const versions: number[] = []
  while (cursor.left > 0) versions.push(cursor.uint32())
  return decoded({ kind: 'version_negotiation', ...place, versions })
}

function decodeRetry(cursor: Cursor, version: QuicVersion, place: LongPlace): Decoded<RetryPacket> {
  const token = cursor.take(cursor.left - RETRY_TAG)
  const tag = cursor.take(RETRY_TAG)
  // An empty token is of no use to anyone (RFC 9000 17.2.5.2).
  if (cursor.failed || token.length === 0) return fail('truncated', cursor.at)
  return decoded({ kind: 'retry', version, ...place, token, tag })
}

export interface LongHeader {
  readonly type: Exclude<LongType, 'retry'>
  readonly version: QuicVersion
  readonly destination: Uint8Array
  readonly source: Uint8Array
  /** Of an Initial packet. */
  readonly token?: Uint8Array
}

/** The length field has two bytes, so that it can be written once the payload is known: up to 16,383. */
const LENGTH_FIELD: VarintLength = 2

/** Bytes of a long header up to the packet number. */
export function longHeaderLength({ type, destination, source, token }: LongHeader): number {
  const tokenLength = token?.length ?? 0
  const tokenField = type === 'initial' ? varintLength(tokenLength) + tokenLength : 0
  return 7 + destination.length + source.length + tokenField + LENGTH_FIELD
}

function writeIds(into: Uint8Array, at: number, destination: Uint8Array, source: Uint8Array): number {
  into[at] = destination.length
  into.set(destination, at + 1)
  const next = at + 1 + destination.length
  into[next] = source.length
  into.set(source, next + 1)
  return next + 1 + source.length
}

/** Writes a long header at `at` and returns where the packet number goes; `finishLongHeader` fills in the length. */
export function writeLongHeader(
  header: LongHeader,
  numberLength: PacketNumberLength,
  into: Uint8Array,
  at: number,
): number {
  const { type, version, destination, source, token } = header
  into[at] = LONG | FIXED | (version.typeBits[type] << 4) | (numberLength - 1)
  write32(into, at + 1, version.number)
  let next = writeIds(into, at + 5, destination, source)
  if (type === 'initial') {
    next = writeVarint(into, next, token?.length ?? 0)
    if (token !== undefined) into.set(token, next)
    next += token?.length ?? 0
  }
  return next + LENGTH_FIELD
}

/** The length of a long header whose packet number stands at `numberAt`: all from there on, the AEAD's tag included. */
export function finishLongHeader(into: Uint8Array, numberAt: number, end: number): void {
  writeVarint(into, numberAt - LENGTH_FIELD, end - numberAt, LENGTH_FIELD)
}

/** Writes a short header (RFC 9000 17.3.1) and returns where the packet number goes. */
export function writeShortHeader(
  destination: Uint8Array,
  bits: { readonly spin: boolean; readonly keyPhase: boolean; readonly numberLength: PacketNumberLength },
  into: Uint8Array,
  at: number,
): number {
  into[at] = FIXED | (bits.spin ? 0x20 : 0) | (bits.keyPhase ? 0x04 : 0) | (bits.numberLength - 1)
  into.set(destination, at + 1)
  return at + 1 + destination.length
}

/** A Version Negotiation packet (RFC 9000 17.2.1); `unused` fills the bits that say nothing. */
export function encodeVersionNegotiation(
  { destination, source, versions }: Pick<VersionNegotiation, 'destination' | 'source' | 'versions'>,
  unused: number,
): Uint8Array {
  const bytes = new Uint8Array(7 + destination.length + source.length + 4 * versions.length)
  // The fixed bit set, so that it can share a port with other protocols (RFC 9000 17.2.1).
  bytes[0] = LONG | FIXED | (unused & 0x3f)
  let at = writeIds(bytes, 5, destination, source)
  for (const version of versions) {
    write32(bytes, at, version)
    at += 4
  }
  return bytes
}

/** A Retry packet without its tag, which is made over it (RFC 9001 5.8). */
export function encodeRetry(
  { version, destination, source, token }: Pick<RetryPacket, 'version' | 'destination' | 'source' | 'token'>,
  unused: number,
): Uint8Array {
  const bytes = new Uint8Array(7 + destination.length + source.length + token.length)
  bytes[0] = LONG | FIXED | (version.typeBits.retry << 4) | (unused & 0x0f)
  write32(bytes, 1, version.number)
  bytes.set(token, writeIds(bytes, 5, destination, source))
  return bytes
}
