/** Whoever looks on: what happens inside a connection, for the trace. Told in passing; nothing depends on it. */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeEvent, Level } from '../tls13/handshake.ts'
import type { Frame } from '../wire/quic/frames.ts'
import type { AckOutcome, LostPacket } from './recovery.ts'
import type { SentPacket } from './sent.ts'
import type { SpaceName } from './space.ts'

/** Why a packet was not taken in (qlog's words). */
export type DropReason =
  | 'header_parse_error'
  | 'unknown_connection_id'
  | 'unsupported_version'
  | 'key_unavailable'
  | 'decryption_failure'
  | 'duplicate'
  | 'unexpected_packet'
  | 'unknown_path'
  | 'connection_closed'

export interface QuicObserver {
  onSent(now: Micros, packet: SentPacket, level: Level, frames: readonly Frame[]): void
  onReceived(
    now: Micros,
    level: Level,
    number: number,
    size: number,
    pkt: number,
    frames: readonly Frame[],
  ): void
  onDropped(now: Micros, reason: DropReason, size: number, pkt: number): void
  /** It waits for its keys. */
  onBuffered(now: Micros, size: number, pkt: number): void
  onAcked(now: Micros, space: SpaceName, outcome: AckOutcome): void
  onLost(now: Micros, lost: LostPacket): void
  onKeyUpdate(now: Micros, generation: number, byPeer: boolean): void
  onHandshake(now: Micros, event: Extract<HandshakeEvent, { type: 'key_log' | 'certificates' }>): void
}
