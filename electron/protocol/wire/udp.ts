/** UDP datagrams (RFC 768; checksum rules of RFC 1122 4.1.3.4). */
import { read16, write16 } from './bytes.ts'
import { complementSum, pseudoHeaderSum, wordSum } from './checksum.ts'
import type { Ipv4Address } from './address.ts'
import { PROTOCOL_UDP } from './ipv4.ts'
import { decoded, malformed, type Decoded } from './result.ts'

export const UDP_HEADER = 8
/** What fits behind an IPv4 header without options. */
export const UDP_MAX_PAYLOAD = 65_507

export interface UdpDatagram {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly payload: Uint8Array
}

const fail = (reason: string, offset: number): Decoded<never> => malformed('udp', reason, offset)

/**
 * Reads the UDP datagram in `length` bytes at `offset`, the payload as a view. A checksum field of 0 means that the
 * sender made none, and is accepted (RFC 1122 4.1.3.4). Errors: `truncated`, `bad_length`, `bad_checksum`.
 */
export function decodeUdp(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): Decoded<UdpDatagram> {
  const end = Math.min(offset + length, bytes.length)
  if (end - offset < UDP_HEADER) return fail('truncated', Math.min(offset, bytes.length))
  const size = read16(bytes, offset + 4)
  if (size < UDP_HEADER || offset + size > end) return fail('bad_length', offset + 4)
  if (read16(bytes, offset + 6) !== 0) {
    const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, size)
    if (complementSum(pseudo + wordSum(bytes, offset, size)) !== 0) return fail('bad_checksum', offset + 6)
  }
  return decoded({
    sourcePort: read16(bytes, offset),
    destinationPort: read16(bytes, offset + 2),
    payload: bytes.subarray(offset + UDP_HEADER, offset + size),
  })
}

/** Length of the datagram on the wire, without the IP header. */
export const udpLength = (datagram: UdpDatagram): number => UDP_HEADER + datagram.payload.length

/** Writes a datagram with its checksum at `offset` of `into` and returns its length. Throws above 65,507 bytes. */
export function encodeUdp(
  datagram: UdpDatagram,
  into: Uint8Array,
  offset: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): number {
  const size = udpLength(datagram)
  if (datagram.payload.length > UDP_MAX_PAYLOAD) throw new RangeError(`UDP datagram of ${size} bytes`)
  write16(into, offset, datagram.sourcePort)
  write16(into, offset + 2, datagram.destinationPort)
  write16(into, offset + 4, size)
  write16(into, offset + 6, 0)
  into.set(datagram.payload, offset + UDP_HEADER)
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_UDP, size)
  const sum = complementSum(pseudo + wordSum(into, offset, size))
  // A checksum that comes out as 0 is sent as all ones, for 0 means that there is none (RFC 768).
  write16(into, offset + 6, sum === 0 ? 0xffff : sum)
  return size
}
