/** What becomes of packets that are too large for the link: RFC 791 3.2, RFC 1191, RFC 1812 4.3. */
import type { Ipv4Address } from '../wire/address.ts'
import { isSingleHost } from '../wire/address.ts'
import { decodeEthernet, ethernetFrame } from '../wire/ethernet.ts'
import { fragmentIpv4 } from '../wire/fragment.ts'
import {
  DESTINATION_UNREACHABLE,
  encodeIcmp,
  FRAGMENTATION_NEEDED,
  icmpLength,
  isIcmpError,
  quoteOf,
  type IcmpMessage,
} from '../wire/icmp.ts'
import {
  decodeIpv4,
  encodeIpv4,
  IPV4_MIN_HEADER,
  NO_OPTIONS,
  NOT_ECT,
  PROTOCOL_ICMP,
  type Ipv4Packet,
} from '../wire/ipv4.ts'
import type { PacketStart } from './peek.ts'

/** Who a link is when it has to speak: 10.77.255.254. */
export const LINK_ADDRESS: Ipv4Address = 0x0a4dfffe

export type TooLarge =
  /** It is only padded: the IP packet itself is short enough. */
  | { readonly kind: 'fits' }
  | { readonly kind: 'fragments'; readonly pieces: readonly Uint8Array[] }
  /** The packet dies; `error` is to be sent back to its source, when it may be told. */
  | { readonly kind: 'refused'; readonly error: Uint8Array | undefined }

/**
 * What a router does with a packet longer than `mtu` that begins at `ip`. Pieces have the header of the frame that they were in, an
 * error goes back to where the frame came from.
 */
export function handleTooLarge(bytes: Uint8Array, ip: PacketStart, mtu: number): TooLarge {
  const packet = bytes.subarray(ip)
  const cut = fragmentIpv4(packet, mtu)
  if (cut.ok && cut.value.length === 1) return { kind: 'fits' }
  const header = ip === 0 ? undefined : decodeEthernet(bytes)
  if (header?.ok === false) return { kind: 'refused', error: undefined }
  const framed = (piece: Uint8Array, back: boolean): Uint8Array => {
    if (header === undefined) return piece
    const { source, destination, etherType } = header.value
    const ends = back ? { source: destination, destination: source } : { source, destination }
    return ethernetFrame({ ...ends, etherType }, piece)
  }
  if (cut.ok) return { kind: 'fragments', pieces: cut.value.map((piece) => framed(piece, false)) }
  const tellable = cut.error.reason === 'fragmentation_needed'
  const error = tellable ? fragmentationNeeded(packet, mtu) : undefined
  return { kind: 'refused', error: error && framed(error, true) }
}

/** The ICMP message to the source of a packet; undefined when RFC 1812 4.3.2.7 forbids one. */
function fragmentationNeeded(bytes: Uint8Array, mtu: number): Uint8Array | undefined {
  const read = decodeIpv4(bytes)
  if (!read.ok || !mayBeTold(bytes, read.value)) return undefined
  const quoted = quoteOf(read.value, bytes)
  const message: IcmpMessage = {
    kind: 'destination_unreachable',
    code: FRAGMENTATION_NEEDED,
    nextHopMtu: mtu,
    quoted,
  }
  const error = new Uint8Array(IPV4_MIN_HEADER + icmpLength(message))
  const header = {
    dscp: 0,
    ecn: NOT_ECT,
    identification: 0,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: PROTOCOL_ICMP,
    source: LINK_ADDRESS,
    destination: read.value.source,
    options: NO_OPTIONS,
  }
  encodeIpv4(header, icmpLength(message), error)
  encodeIcmp(message, error, IPV4_MIN_HEADER)
  return error
}

function mayBeTold(bytes: Uint8Array, packet: Ipv4Packet): boolean {
  if (packet.fragmentOffset > 0 || !isSingleHost(packet.source) || !isSingleHost(packet.destination))
    return false
  const aboutError = packet.protocol === PROTOCOL_ICMP && isIcmpError(bytes[packet.headerLength])
  return !aboutError
}

/** Type and code of that message, for the trace. */
export const TOO_LARGE_ERROR = { type: DESTINATION_UNREACHABLE, code: FRAGMENTATION_NEEDED } as const
