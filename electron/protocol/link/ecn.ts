/** Explicit congestion notification by the link (RFC 3168 5). */
import { CE, NOT_ECT, rewriteEcn } from '../wire/ipv4.ts'
import { isIpv4, type PacketStart } from './peek.ts'

/** A copy of the packet with congestion experienced set; undefined when its sender does not know ECN. */
export function markCongestion(bytes: Uint8Array, ip: PacketStart): Uint8Array | undefined {
  if (!isIpv4(bytes, ip) || (bytes[ip + 1] & 3) === NOT_ECT) return undefined
  if ((bytes[ip + 1] & 3) === CE) return bytes
  const marked = bytes.slice()
  rewriteEcn(marked, CE, ip)
  return marked
}
