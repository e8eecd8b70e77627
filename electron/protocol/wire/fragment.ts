/** Cutting an IPv4 packet into fragments: RFC 791 2.3 and 3.2 (the example procedure). */
import {
  decodeIpv4,
  decodeIpv4Options,
  encodeIpv4,
  IPV4_MAX_OPTIONS,
  IPV4_MAX_PACKET,
  IPV4_MIN_HEADER,
  ipv4HeaderLength,
  type Ipv4Packet,
} from './ipv4.ts'
import { decoded, malformed, type Decoded } from './result.ts'

/** The options that every fragment carries: those with the copied bit (RFC 791 3.1). */
function copiedOptions(options: Uint8Array): Decoded<Uint8Array> {
  const read = decodeIpv4Options(options)
  if (!read.ok) return read
  const copied = new Uint8Array(IPV4_MAX_OPTIONS)
  let length = 0
  for (const option of read.value) {
    if (!option.copied) continue
    const size = option.data.length + 2
    copied.set(options.subarray(option.offset, option.offset + size), length)
    length += size
  }
  return decoded(copied.subarray(0, length))
}

/** One fragment: `length` bytes of the payload from `start` on. */
function cut(
  bytes: Uint8Array,
  packet: Ipv4Packet,
  options: Uint8Array,
  start: number,
  length: number,
): Uint8Array {
  const last = packet.headerLength + start + length === packet.totalLength
  const header = {
    ...packet,
    options,
    fragmentOffset: packet.fragmentOffset + start,
    moreFragments: packet.moreFragments || !last,
  }
  const fragment = new Uint8Array(ipv4HeaderLength(options) + length)
  const headerLength = encodeIpv4(header, length, fragment)
  const from = packet.headerLength + start
  fragment.set(bytes.subarray(from, from + length), headerLength)
  return fragment
}

/**
 * Cuts the packet in `bytes` so that no piece is longer than `mtu`; a packet that fits comes back as it is. A
 * fragment may be cut again. Errors, besides those of `decodeIpv4`: `fragmentation_needed` when Don't Fragment
 * is set, `mtu_too_small` when not even eight bytes fit behind the header, `too_long` for a fragment that lies
 * beyond the longest datagram.
 */
export function fragmentIpv4(bytes: Uint8Array, mtu: number): Decoded<readonly Uint8Array[]> {
  const read = decodeIpv4(bytes)
  if (!read.ok) return read
  const packet = read.value
  if (packet.totalLength <= mtu) return decoded([bytes])
  if (packet.dontFragment) return malformed('ipv4', 'fragmentation_needed', 6)
  const payloadLength = packet.totalLength - packet.headerLength
  if (IPV4_MIN_HEADER + packet.fragmentOffset + payloadLength > IPV4_MAX_PACKET) {
    return malformed('ipv4', 'too_long', 6)
  }
  const copied = copiedOptions(packet.options)
  if (!copied.ok) return copied

  const fragments: Uint8Array[] = []
  let options = packet.options
  let start = 0
  while (start < payloadLength) {
    const room = mtu - ipv4HeaderLength(options)
    const left = payloadLength - start
    const length = left <= room ? left : room & ~7
    if (length <= 0) return malformed('ipv4', 'mtu_too_small', 0)
    fragments.push(cut(bytes, packet, options, start, length))
    start += length
    options = copied.value
  }
  return decoded(fragments)
}
