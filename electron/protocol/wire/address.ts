/** IPv4 addresses and endpoints: numbers inside the cores, text only at the edges. */

/** An IPv4 address as an unsigned 32-bit number, 10.77.0.1 being 0x0a4d0001. */
export type Ipv4Address = number

/** 255.255.255.255, all hosts on this link (RFC 919 7). */
export const LIMITED_BROADCAST: Ipv4Address = 0xffff_ffff

export interface Endpoint {
  readonly address: Ipv4Address
  readonly port: number
}

/** One decimal number without leading zeros: `010` is 8 to some programs and 10 to others (RFC 6943 3.1.1). */
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/
const PORT = /^(?:0|[1-9][0-9]{0,4})$/

/** Reads a strict dotted quad; undefined when the text is anything else. */
export function parseAddress(text: string): Ipv4Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4) return undefined
  let address = 0
  for (const part of parts) {
    const octet = OCTET.test(part) ? Number(part) : 256
    if (octet > 255) return undefined
    address = address * 256 + octet
  }
  return address
}

/** The dotted quad of an address. */
export const formatAddress = (address: Ipv4Address): string =>
  `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`

/** Reads `a.b.c.d:port`; undefined when the text is anything else. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const address = parseAddress(text.slice(0, colon))
  const portText = text.slice(colon + 1)
  const port = PORT.test(portText) ? Number(portText) : 65_536
  return address === undefined || port > 65_535 ? undefined : { address, port }
}

/** `a.b.c.d:port`. */
export const formatEndpoint = (address: Ipv4Address, port: number): string =>
  `${formatAddress(address)}:${port}`

/** The name of a flow, the same seen from either end: the lower address, then the lower port, stands first. */
export function flowName(addressA: Ipv4Address, portA: number, addressB: Ipv4Address, portB: number): string {
  const aFirst = addressA < addressB || (addressA === addressB && portA <= portB)
  const a = formatEndpoint(addressA, portA)
  const b = formatEndpoint(addressB, portB)
  return aFirst ? `${a}-${b}` : `${b}-${a}`
}

/**
 * Whether an address names one host, so that it may be a source and be answered (RFC 1122 3.2.1.3 and 3.2.2):
 * not network 0, not loopback, not multicast (class D), not reserved (class E) or broadcast.
 */
export function isSingleHost(address: Ipv4Address): boolean {
  const network = address >>> 24
  return network !== 0 && network !== 127 && network < 224
}
