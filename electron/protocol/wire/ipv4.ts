/** IPv4 packets: RFC 791 3.1; DSCP of RFC 2474, ECN of RFC 3168 5. */
import { read16, read32, write16, write32 } from './bytes.ts'
import { checksum, updateChecksum } from './checksum.ts'
import type { Ipv4Address } from './address.ts'
import { decoded, malformed, type Decoded } from './result.ts'

/** Protocol numbers (RFC 790 and successors). */
export const PROTOCOL_ICMP = 1
export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17

/** Header without options. */
export const IPV4_MIN_HEADER = 20
export const IPV4_MAX_OPTIONS = 40
export const IPV4_MAX_PACKET = 65_535
/** What every link must carry unfragmented: the longest header and one fragment of 8 bytes (RFC 791 3.2). */
export const IPV4_MIN_MTU = 68

/** ECN codepoints (RFC 3168 5). */
export const NOT_ECT = 0
export const ECT_1 = 1
export const ECT_0 = 2
export const CE = 3

export const NO_OPTIONS = new Uint8Array(0)

export interface Ipv4Header {
  readonly dscp: number
  /** NOT_ECT, ECT_1, ECT_0 or CE. */
  readonly ecn: number
  readonly identification: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  /** Where the payload belongs in the whole datagram's, in bytes (on the wire it counts in eights). */
  readonly fragmentOffset: number
  readonly ttl: number
  readonly protocol: number
  readonly source: Ipv4Address
  readonly destination: Ipv4Address
  /** As on the wire, padding included; `decodeIpv4Options` reads them. */
  readonly options: Uint8Array
}

/** A header that was read, and the place of what it heads: payload is `headerLength` to `totalLength`. */
export interface Ipv4Packet extends Ipv4Header {
  readonly headerLength: number
  readonly totalLength: number
}

export interface Ipv4Option {
  /** The whole type octet: copied flag, class and number (RFC 791 3.1). */
  readonly type: number
  /** Goes into every fragment. */
  readonly copied: boolean
  /** Where it starts in the options. */
  readonly offset: number
  /** Without type and length. */
  readonly data: Uint8Array
}

const OPTION_END = 0
const OPTION_NO_OPERATION = 1

const fail = (reason: string, offset: number): Decoded<never> => malformed('ipv4', reason, offset)

/**
 * Reads the IPv4 packet that starts at `offset`. Errors: `truncated`, `bad_version`, `bad_header_length`,
 * `bad_total_length` (shorter than the header), `bad_checksum`. Bytes after the total length are not part of it
 * (a link layer may pad). Options are kept as they are: a receiver that knows none ignores them all
 * (RFC 1122 3.2.1.8).
 */
export function decodeIpv4(bytes: Uint8Array, offset = 0): Decoded<Ipv4Packet> {
  const available = bytes.length - offset
  if (available < IPV4_MIN_HEADER) return fail('truncated', Math.min(offset, bytes.length))
  if (bytes[offset] >>> 4 !== 4) return fail('bad_version', offset)
  const headerLength = (bytes[offset] & 0x0f) * 4
  if (headerLength < IPV4_MIN_HEADER) return fail('bad_header_length', offset)
  const totalLength = read16(bytes, offset + 2)
  if (totalLength < headerLength) return fail('bad_total_length', offset + 2)
  if (totalLength > available) return fail('truncated', bytes.length)
  if (checksum(bytes, offset, headerLength) !== 0) return fail('bad_checksum', offset + 10)
  const fragment = read16(bytes, offset + 6)
  return decoded({
    dscp: bytes[offset + 1] >>> 2,
    ecn: bytes[offset + 1] & 3,
    identification: read16(bytes, offset + 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    ttl: bytes[offset + 8],
    protocol: bytes[offset + 9],
    source: read32(bytes, offset + 12),
    destination: read32(bytes, offset + 16),
    options:
      headerLength === IPV4_MIN_HEADER
        ? NO_OPTIONS
        : bytes.subarray(offset + IPV4_MIN_HEADER, offset + headerLength),
    headerLength,
    totalLength,
  })
}

/** Whether a packet is a piece of a larger one. */
export const isFragment = (header: Ipv4Header): boolean => header.moreFragments || header.fragmentOffset > 0

/** Length of the header in bytes, options padded to a multiple of four. */
export const ipv4HeaderLength = (options: Uint8Array): number => IPV4_MIN_HEADER + ((options.length + 3) & ~3)

/**
 * Writes a header for `payloadLength` bytes that follow it, checksum included, at `offset` of `into`, and
 * returns its length. Options are padded with End of Option List. Throws when the header cannot be written:
 * options over 40 bytes, a packet over 65,535, a fragment offset that is no multiple of eight.
 */
export function encodeIpv4(header: Ipv4Header, payloadLength: number, into: Uint8Array, offset = 0): number {
  const { options } = header
  const headerLength = ipv4HeaderLength(options)
  const totalLength = headerLength + payloadLength
  if (options.length > IPV4_MAX_OPTIONS) throw new RangeError(`IPv4 options of ${options.length} bytes`)
  if (totalLength > IPV4_MAX_PACKET) throw new RangeError(`IPv4 packet of ${totalLength} bytes`)
  if (header.fragmentOffset % 8 !== 0 || header.fragmentOffset > 0xffff) {
    throw new RangeError(`IPv4 fragment offset ${header.fragmentOffset}`)
  }
  into[offset] = 0x40 | (headerLength >>> 2)
  into[offset + 1] = (header.dscp << 2) | header.ecn
  write16(into, offset + 2, totalLength)
  write16(into, offset + 4, header.identification)
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0)
  write16(into, offset + 6, flags | (header.fragmentOffset >>> 3))
  into[offset + 8] = header.ttl
  into[offset + 9] = header.protocol
  write16(into, offset + 10, 0)
  write32(into, offset + 12, header.source)
  write32(into, offset + 16, header.destination)
  if (headerLength > IPV4_MIN_HEADER) {
    into.set(options, offset + IPV4_MIN_HEADER)
    into.fill(OPTION_END, offset + IPV4_MIN_HEADER + options.length, offset + headerLength)
  }
  write16(into, offset + 10, checksum(into, offset, headerLength))
  return headerLength
}

/**
 * The options of a header one by one, without No Operation and padding. Errors: `truncated_option`,
 * `bad_option_length`; offsets count from the start of the options.
 */
export function decodeIpv4Options(options: Uint8Array): Decoded<readonly Ipv4Option[]> {
  const found: Ipv4Option[] = []
  let at = 0
  while (at < options.length && options[at] !== OPTION_END) {
    const type = options[at]
    if (type === OPTION_NO_OPERATION) {
      at++
      continue
    }
    if (at + 1 >= options.length) return fail('truncated_option', at)
    const length = options[at + 1]
    if (length < 2 || at + length > options.length) return fail('bad_option_length', at + 1)
    found.push({ type, copied: type >= 0x80, offset: at, data: options.subarray(at + 2, at + length) })
    at += length
  }
  return decoded(found)
}

/**
 * Changes the ECN codepoint of the packet at `offset` in place, its checksum with it (RFC 1624). The caller
 * owns the bytes and knows that they are a whole header.
 */
export function rewriteEcn(bytes: Uint8Array, ecn: number, offset = 0): void {
  const before = read16(bytes, offset)
  bytes[offset + 1] = (bytes[offset + 1] & 0xfc) | ecn
  write16(bytes, offset + 10, updateChecksum(read16(bytes, offset + 10), before, read16(bytes, offset)))
}

/** Counts the time to live of the packet in `bytes` down by one in place, its checksum with it (RFC 1812 5.3.1, RFC 1624 3). */
export function decrementTtl(bytes: Uint8Array): void {
  const before = read16(bytes, 8)
  bytes[8]--
  write16(bytes, 10, updateChecksum(read16(bytes, 10), before, read16(bytes, 8)))
}
