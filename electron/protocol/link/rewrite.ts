/** Changing a word of a packet and the checksums over it, without reading the rest (RFC 1624). */
import { read16, write16 } from '../wire/bytes.ts'
import { updateChecksum } from '../wire/checksum.ts'
import { PROTOCOL_UDP } from '../wire/ipv4.ts'
import type { Layout, PacketStart } from './peek.ts'

/** Brings the IPv4 header's checksum in line with a 16-bit word that changed. */
export function followInHeader(bytes: Uint8Array, ip: PacketStart, before: number, now: number): void {
  write16(bytes, ip + 10, updateChecksum(read16(bytes, ip + 10), before, now))
}

/**
 * Brings the transport checksum in line with a 16-bit word that changed, of the pseudo-header or below it. A
 * UDP checksum of 0 means none and stays so (RFC 768).
 */
export function followInTransport(bytes: Uint8Array, layout: Layout, before: number, now: number): void {
  const isUdp = layout.protocol === PROTOCOL_UDP
  const field = read16(bytes, layout.checksum)
  if (isUdp && field === 0) return
  const updated = updateChecksum(field, before, now)
  write16(bytes, layout.checksum, isUdp && updated === 0 ? 0xffff : updated)
}
