/** Address resolution messages for IPv4 over Ethernet: RFC 826. */
import { read16, read32, write16, write32 } from './bytes.ts'
import type { Ipv4Address } from './address.ts'
import { ETHERTYPE_IPV4, readMac, writeMac, type MacAddress } from './ethernet.ts'
import { decoded, malformed, type Decoded } from './result.ts'

/** With two addresses of six bytes and two of four. */
export const ARP_LENGTH = 28
export const ARP_REQUEST = 1
export const ARP_REPLY = 2
/** Hardware type (ar$hrd) of Ethernet. */
export const HARDWARE_ETHERNET = 1

/** Fields in the terms of RFC 826: ar$op, ar$sha, ar$spa, ar$tha, ar$tpa. */
export interface ArpMessage {
  readonly operation: typeof ARP_REQUEST | typeof ARP_REPLY
  readonly senderMac: MacAddress
  readonly senderAddress: Ipv4Address
  readonly targetMac: MacAddress
  readonly targetAddress: Ipv4Address
}

const fail = (reason: string, offset: number): Decoded<never> => malformed('arp', reason, offset)

/**
 * Reads the message that starts at `offset`; what follows it is padding. Errors: `truncated`, `bad_hardware`, `bad_protocol`,
 * `bad_length` (of an address), `bad_operation`.
 */
export function decodeArp(bytes: Uint8Array, offset = 0): Decoded<ArpMessage> {
  if (bytes.length - offset < ARP_LENGTH) return fail('truncated', bytes.length)
  if (read16(bytes, offset) !== HARDWARE_ETHERNET) return fail('bad_hardware', offset)
  if (read16(bytes, offset + 2) !== ETHERTYPE_IPV4) return fail('bad_protocol', offset + 2)
  if (bytes[offset + 4] !== 6) return fail('bad_length', offset + 4)
  if (bytes[offset + 5] !== 4) return fail('bad_length', offset + 5)
  const operation = read16(bytes, offset + 6)
  if (operation !== ARP_REQUEST && operation !== ARP_REPLY) return fail('bad_operation', offset + 6)
  return decoded({
    operation,
    senderMac: readMac(bytes, offset + 8),
    senderAddress: read32(bytes, offset + 14),
    targetMac: readMac(bytes, offset + 18),
    targetAddress: read32(bytes, offset + 24),
  })
}

/** Writes a message at `offset` of `into` and returns its length. */
export function encodeArp(message: ArpMessage, into: Uint8Array, offset = 0): number {
  write16(into, offset, HARDWARE_ETHERNET)
  write16(into, offset + 2, ETHERTYPE_IPV4)
  into[offset + 4] = 6
  into[offset + 5] = 4
  write16(into, offset + 6, message.operation)
  writeMac(into, offset + 8, message.senderMac)
  write32(into, offset + 14, message.senderAddress)
  writeMac(into, offset + 18, message.targetMac)
  write32(into, offset + 24, message.targetAddress)
  return ARP_LENGTH
}

/** The operation in words. */
export const arpOperation = (operation: ArpMessage['operation']): 'request' | 'reply' =>
  operation === ARP_REQUEST ? 'request' : 'reply'
