/** Which QUIC packet carried a message of the handshake (RFC 9001 4.1.3): the event has the datagram, which may hold several. */
import type { TraceStore } from '../trace/store.ts'
import { QuicPackets, type QuicPacket } from './quic-packets.ts'
import type { TlsStep } from './tls.ts'

/** NewSessionTicket comes with 1-RTT keys; everything else is over with the Handshake keys (RFC 8446 4.6). */
const AFTER_THE_HANDSHAKE = 'new_session_ticket'

/** The packet with the last byte of the message; undefined: it went by TCP. */
export function carrierOf(
  store: TraceStore,
  { kind, name, pkt, from, offset, length, protected: isProtected }: TlsStep,
): QuicPacket | undefined {
  if (kind !== 'handshake') return undefined
  const level = name === AFTER_THE_HANDSHAKE ? '1rtt' : isProtected ? 'handshake' : 'initial'
  const last = offset + length - 1
  return QuicPackets.of(store)
    .ofPkt(pkt)
    .find(
      (packet) =>
        packet.end.side === from &&
        packet.level === level &&
        packet.frames.some(
          (frame) => frame.type === 'crypto' && frame.offset <= last && last < frame.offset + frame.length,
        ),
    )
}
