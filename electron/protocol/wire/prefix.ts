/** Networks of IPv4 addresses by their leading bits (RFC 4632 3.1), such as 10.77.3.0/24. */
import { formatAddress, parseAddress, type Ipv4Address } from './address.ts'

export interface Prefix {
  /** The bits after `length` are zero. */
  readonly address: Ipv4Address
  /** How many leading bits count, 0 to 32. */
  readonly length: number
}

/** Ones where the prefix counts. A shift by 32 would do nothing at all. */
const maskOf = (length: number): number => (length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0)

/** The first bits of an address, the others zero. */
export const leadingBits = (address: Ipv4Address, length: number): Ipv4Address =>
  (address & maskOf(length)) >>> 0

/** The network of this length in which an address is. */
export const networkOf = (address: Ipv4Address, length: number): Prefix => ({
  address: leadingBits(address, length),
  length,
})

export const isWithin = (address: Ipv4Address, prefix: Prefix): boolean =>
  leadingBits(address, prefix.length) === prefix.address

/** All hosts of a network (RFC 919 7, RFC 922 7): its last address. Networks of one or two addresses have none (RFC 3021 2.1). */
export const isBroadcastOf = (address: Ipv4Address, prefix: Prefix): boolean =>
  prefix.length <= 30 && address === (prefix.address | ~maskOf(prefix.length)) >>> 0

export const formatPrefix = ({ address, length }: Prefix): string => `${formatAddress(address)}/${length}`

/** Reads `a.b.c.d/length`; undefined when the text is anything else, or has bits beyond its length. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([0-9.]+)\/(0|[1-9][0-9]?)$/.exec(text)
  const address = match ? parseAddress(match[1]) : undefined
  const length = Number(match?.[2])
  if (address === undefined || length > 32) return undefined
  return leadingBits(address, length) === address ? { address, length } : undefined
}
