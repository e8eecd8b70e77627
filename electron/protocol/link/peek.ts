/**
 * Looks into packets as they pass, without decoding and without trusting them: a link carries whatever bytes
 * it is given. All functions are total.
 */
import { read16 } from '../wire/bytes.ts'
import { type ETHERNET_HEADER, ETHERTYPE_IPV4 } from '../wire/ethernet.ts'
import { IPV4_MIN_HEADER, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'

/**
 * Where IPv4 packets begin in what a link carries: at once, or behind the header of an Ethernet frame. Not all frames hold one.
 */
export type PacketStart = 0 | typeof ETHERNET_HEADER

/** Length of the IPv4 header; undefined when these bytes hold none. */
function headerLength(bytes: Uint8Array, ip: PacketStart): number | undefined {
  if (bytes.length < ip + IPV4_MIN_HEADER || bytes[ip] >>> 4 !== 4) return undefined
  if (ip > 0 && read16(bytes, ip - 2) !== ETHERTYPE_IPV4) return undefined
  const length = (bytes[ip] & 0x0f) * 4
  return length < IPV4_MIN_HEADER || ip + length > bytes.length ? undefined : length
}

export const isIpv4 = (bytes: Uint8Array, ip: PacketStart): boolean => headerLength(bytes, ip) !== undefined

export const isUdp = (bytes: Uint8Array, ip: PacketStart): boolean =>
  isIpv4(bytes, ip) && bytes[ip + 9] === PROTOCOL_UDP

/** Where the parts of a transport packet lie. */
export interface Layout {
  readonly protocol: number
  /** Where the transport header begins. */
  readonly transport: number
  /** Where its payload begins, and ends. */
  readonly payload: number
  readonly end: number
  /** Where its checksum stands. */
  readonly checksum: number
}

/** Places of the checksum field and length of the fixed header. */
const TRANSPORTS: Readonly<Record<number, { checksum: number; header: number }>> = {
  [PROTOCOL_ICMP]: { checksum: 2, header: 8 },
  [PROTOCOL_TCP]: { checksum: 16, header: 20 },
  [PROTOCOL_UDP]: { checksum: 6, header: 8 },
}

/** The layout of an unfragmented TCP, UDP or ICMP packet, or of a first fragment; undefined for all else. */
export function transportLayout(bytes: Uint8Array, ip: PacketStart): Layout | undefined {
  const length = headerLength(bytes, ip)
  if (length === undefined || (read16(bytes, ip + 6) & 0x1fff) !== 0) return undefined
  const transport = ip + length
  const protocol = bytes[ip + 9]
  const known = TRANSPORTS[protocol]
  const end = Math.min(bytes.length, ip + read16(bytes, ip + 2))
  if (known === undefined || end < transport + known.header) return undefined
  const header = protocol === PROTOCOL_TCP ? (bytes[transport + 12] >>> 4) * 4 : known.header
  if (header < known.header || transport + header > end) return undefined
  return { protocol, transport, payload: transport + header, end, checksum: transport + known.checksum }
}
