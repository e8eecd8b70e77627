/**
 * Ethernet frames as programs see them: IEEE 802.3 3.1.1 with an EtherType (3.2.6), from the destination's address to the end of
 * the data. Preamble and frame check sequence are the hardware's and stand in no capture.
 */
import { read16, read32, write16, write32 } from './bytes.ts'
import type { Ipv4Address } from './address.ts'
import { decoded, malformed, type Decoded } from './result.ts'

/** A 48-bit address as an unsigned number, 02:00:0a:4d:00:01 being 0x02000a4d0001: exact in a double. */
export type MacAddress = number

/** All stations of the network (IEEE 802.3 3.2.3). */
export const BROADCAST_MAC: MacAddress = 0xffff_ffff_ffff
/** What stands where no address is known yet, as for the target of an ARP request. */
export const UNKNOWN_MAC: MacAddress = 0

/** Destination, source and EtherType. */
export const ETHERNET_HEADER = 14
/** 64 bytes without the frame check sequence: shorter data are padded (IEEE 802.3 3.2.8). */
export const ETHERNET_MIN_FRAME = 60
/** Below it the field is a length of IEEE 802.2 data, which nobody here speaks (RFC 894, RFC 1122 2.3.3). */
const FIRST_ETHERTYPE = 0x0600

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806

const HIGH = 2 ** 32

export interface EthernetHeader {
  readonly destination: MacAddress
  readonly source: MacAddress
  readonly etherType: number
}

const octetsOf = (mac: MacAddress): number[] =>
  [40, 32, 24, 16, 8, 0].map((shift) => Math.floor(mac / 2 ** shift) & 0xff)

/** `02:00:0a:4d:00:01`. */
export const formatMac = (mac: MacAddress): string =>
  octetsOf(mac)
    .map((octet) => octet.toString(16).padStart(2, '0'))
    .join(':')

/** Reads six pairs of hexadecimal digits with colons between; undefined when the text is anything else. */
export const parseMac = (text: string): MacAddress | undefined =>
  /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text) ? parseInt(text.replaceAll(':', ''), 16) : undefined

/** Whether an address means many stations: broadcast or multicast, the first bit on the wire (IEEE 802.3 3.2.3 b). */
export const isGroupMac = (mac: MacAddress): boolean => (Math.floor(mac / 2 ** 40) & 1) === 1

/** A locally administered address (IEEE 802 8.4.2) that one can read: 02:00 and the four bytes of an IPv4 address. */
export const macOf = (address: Ipv4Address): MacAddress => 0x0200 * HIGH + address

export const readMac = (bytes: Uint8Array, at: number): MacAddress =>
  read16(bytes, at) * HIGH + read32(bytes, at + 2)

export function writeMac(bytes: Uint8Array, at: number, mac: MacAddress): void {
  write16(bytes, at, Math.floor(mac / HIGH))
  write32(bytes, at + 2, mac % HIGH)
}

/**
 * Reads the header of a frame; its data follow and may be padded. Errors: `truncated`, `bad_source` (one of many stations can't
 * have sent it), `not_an_ethertype`.
 */
export function decodeEthernet(bytes: Uint8Array): Decoded<EthernetHeader> {
  if (bytes.length < ETHERNET_HEADER) return malformed('ethernet', 'truncated', bytes.length)
  const source = readMac(bytes, 6)
  if (isGroupMac(source)) return malformed('ethernet', 'bad_source', 6)
  const etherType = read16(bytes, 12)
  if (etherType < FIRST_ETHERTYPE) return malformed('ethernet', 'not_an_ethertype', 12)
  return decoded({ destination: readMac(bytes, 0), source, etherType })
}

/** Length of the frame that carries so many bytes. */
export const frameLength = (payload: number): number =>
  Math.max(ETHERNET_HEADER + payload, ETHERNET_MIN_FRAME)

/** Writes a header at the start of `into`. */
export function encodeEthernet({ destination, source, etherType }: EthernetHeader, into: Uint8Array): number {
  writeMac(into, 0, destination)
  writeMac(into, 6, source)
  write16(into, 12, etherType)
  return ETHERNET_HEADER
}

/** A frame with these data, padded with zeros to the least length. */
export function ethernetFrame(header: EthernetHeader, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameLength(payload.length))
  frame.set(payload, encodeEthernet(header, frame))
  return frame
}
