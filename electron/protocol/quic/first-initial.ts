/** Whether a client has really begun a connection: its first Initial packet opens under the keys that its own id gives (RFC 9001 5.2). */
import type { QuicCrypto } from '../crypto.ts'
import type { ProtectedPacket } from '../wire/quic/header.ts'
import { KeyRing } from './keys.ts'

/**
 * An Initial packet of nobody's that is not authentic was changed on the way, and is dropped (RFC 9000 5.2.2): a connection made for it
 * would hear nothing, since the client goes on with other ids, and would be kept until it has been idle for too long.
 */
export function isAuthentic(crypto: QuicCrypto, packet: ProtectedPacket, datagram: Uint8Array): boolean {
  const keys = new KeyRing(crypto, packet.version)
  keys.installInitial(packet.destination, true)
  const { header, packets } = keys.read('initial')!
  // Header protection is taken off in place, and the connection is to find the packet as it came.
  const bytes = datagram.slice(packet.start, packet.end)
  const unmasked = header.remove(bytes, 0, packet.numberAt - packet.start, bytes.length, -1)
  if (unmasked === undefined) return false
  const { number, payloadAt } = unmasked
  return packets.open(number, bytes.subarray(0, payloadAt), bytes.subarray(payloadAt)) !== undefined
}
