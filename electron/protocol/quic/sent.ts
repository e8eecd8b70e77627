/** What was sent and not yet acknowledged or given up (RFC 9002 A.1), and what of it is to be sent again when it is lost. */
import type { Micros } from '../../../shared/units.ts'
import type { SentMark } from '../congestion/delivery-rate.ts'
import type { StreamDirection } from '../wire/quic/frames.ts'
import type { SpaceName } from './space.ts'

/**
 * What a packet carried, in the terms in which it would be sent again (RFC 9000 13.3): data by place, limits and the like by
 * name, since only their newest value is of use.
 */
export type Carried =
  | { readonly type: 'crypto'; readonly from: number; readonly to: number }
  | {
      readonly type: 'stream'
      readonly id: number
      readonly from: number
      readonly to: number
      readonly fin: boolean
    }
  /** The largest number that the ACK told of. */
  | { readonly type: 'ack'; readonly largest: number }
  | {
      readonly type: 'reset_stream' | 'stop_sending' | 'max_stream_data' | 'stream_data_blocked'
      readonly id: number
    }
  | { readonly type: 'max_data' | 'data_blocked' | 'handshake_done' | 'ping' | 'ack_frequency' }
  | { readonly type: 'max_streams' | 'streams_blocked'; readonly direction: StreamDirection }
  | { readonly type: 'new_connection_id' | 'retire_connection_id'; readonly number: number }
  | { readonly type: 'new_token'; readonly token: Uint8Array }
  /** Never sent again (RFC 9221 5, RFC 9000 8.2.1); the application is told of a lost datagram. */
  | { readonly type: 'datagram'; readonly number: number }
  | { readonly type: 'path_challenge' | 'path_response' }
  /** With the size of its datagram. */
  | { readonly type: 'mtu_probe'; readonly size: number }

export interface SentPacket {
  readonly number: number
  readonly space: SpaceName
  readonly sentAt: Micros
  /** Bytes of the QUIC packet. */
  readonly size: number
  readonly ackEliciting: boolean
  /** Counts toward bytes in flight (RFC 9002 2) of the path that is used. */
  inFlight: boolean
  readonly carried: readonly Carried[]
  /** Number of the IP packet in the trace; 0 until it has left the host. */
  pkt: number
  /** Its datagram carried ECT(0). */
  readonly ect0: boolean
  /** The path that it went by. */
  readonly path: number
  /** Of a congestion control that measures the rate of delivery. */
  mark?: SentMark | undefined
}
