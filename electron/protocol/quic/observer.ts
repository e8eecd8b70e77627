/** Whoever looks on: what happens inside a connection, for the trace. Told in passing; nothing depends on it. */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeEvent, Level } from '../tls13/handshake.ts'
import type { Endpoint } from '../wire/address.ts'
import type { Frame } from '../wire/quic/frames.ts'
import type { TransportParameters } from '../wire/quic/transport-parameters.ts'
import type { AckOutcome, LostPacket } from './recovery.ts'
import type { PathState } from './path.ts'
import type { ReceiveState } from './receive-stream.ts'
import type { SendState } from './send-stream.ts'
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

/** A half of a stream has another state (RFC 9000 3). */
export type StreamChange =
  | {
      readonly type: 'stream'
      readonly id: number
      readonly side: 'sending'
      readonly from: SendState
      readonly to: SendState
    }
  | {
      readonly type: 'stream'
      readonly id: number
      readonly side: 'receiving'
      readonly from: ReceiveState
      readonly to: ReceiveState
    }

/** What changes of the sender by acknowledgments, losses and timers (RFC 9002). */
export type RecoveryChange =
  | {
      readonly type: 'congestion'
      readonly from: string
      readonly to: string
      readonly trigger: 'packet_lost' | 'ecn' | 'persistent_congestion' | 'acknowledged'
    }
  /** `count`: probe timeouts in a row, this one included. */
  | {
      readonly type: 'timer'
      readonly timer: 'loss' | 'pto'
      readonly space: SpaceName
      readonly count: number
    }

/** A state that is another now. */
export type QuicChange =
  | StreamChange
  | RecoveryChange
  | {
      readonly type: 'parameters'
      readonly owner: 'local' | 'remote'
      readonly parameters: TransportParameters
    }
  | {
      readonly type: 'path'
      readonly number: number
      readonly localPort: number
      readonly remote: Endpoint
      readonly state: PathState
    }

export interface QuicObserver {
  /** `destination`: the connection id that it went to. */
  onSent(
    now: Micros,
    packet: SentPacket,
    level: Level,
    frames: readonly Frame[],
    destination: Uint8Array,
  ): void
  onReceived(
    now: Micros,
    level: Level,
    number: number,
    size: number,
    pkt: number,
    frames: readonly Frame[],
  ): void
  onDropped(now: Micros, reason: DropReason, size: number, pkt: number): void
  /** It waits for its keys, those of `level`: its number is behind header protection as long. */
  onBuffered(now: Micros, level: Level, size: number, pkt: number): void
  onAcked(now: Micros, space: SpaceName, outcome: AckOutcome): void
  onLost(now: Micros, lost: LostPacket): void
  onChange?(change: QuicChange): void
  onKeyUpdate(now: Micros, generation: number, byPeer: boolean): void
  onHandshake(now: Micros, event: Extract<HandshakeEvent, { type: 'key_log' | 'certificates' }>): void
}
