/** The frames of QUIC as records (RFC 9000 19, RFC 9221, draft-ietf-quic-ack-frequency). Bytes are views into the packet. */

/** Received packet numbers `from` to `to`, both included. */
export interface AckRange {
  readonly from: number
  readonly to: number
}

export interface EcnCounts {
  readonly ect0: number
  readonly ect1: number
  readonly ce: number
}

export interface AckFrame {
  readonly type: 'ack'
  /** As sent: to be multiplied by 2 to the power of the peer's `ack_delay_exponent`, in microseconds. */
  readonly delay: number
  /** The highest first; never empty, never touching. */
  readonly ranges: readonly AckRange[]
  readonly ecn?: EcnCounts
}

export interface StreamFrame {
  readonly type: 'stream'
  readonly id: number
  readonly offset: number
  readonly fin: boolean
  readonly data: Uint8Array
}

export type StreamDirection = 'bidirectional' | 'unidirectional'

export type Frame =
  /** A run of PADDING, however long. */
  | { readonly type: 'padding'; readonly length: number }
  | { readonly type: 'ping' }
  | AckFrame
  | {
      readonly type: 'reset_stream'
      readonly id: number
      readonly code: number
      readonly finalSize: number
    }
  | { readonly type: 'stop_sending'; readonly id: number; readonly code: number }
  | { readonly type: 'crypto'; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: 'new_token'; readonly token: Uint8Array }
  | StreamFrame
  | { readonly type: 'max_data'; readonly maximum: number }
  | { readonly type: 'max_stream_data'; readonly id: number; readonly maximum: number }
  | { readonly type: 'max_streams'; readonly direction: StreamDirection; readonly maximum: number }
  | { readonly type: 'data_blocked'; readonly limit: number }
  | { readonly type: 'stream_data_blocked'; readonly id: number; readonly limit: number }
  | { readonly type: 'streams_blocked'; readonly direction: StreamDirection; readonly limit: number }
  | {
      readonly type: 'new_connection_id'
      readonly number: number
      readonly retirePriorTo: number
      readonly id: Uint8Array
      readonly resetToken: Uint8Array
    }
  | { readonly type: 'retire_connection_id'; readonly number: number }
  | { readonly type: 'path_challenge'; readonly data: Uint8Array }
  | { readonly type: 'path_response'; readonly data: Uint8Array }
  | {
      readonly type: 'connection_close'
      /** Whose codes these are: the transport's or the application's. */
      readonly by: 'transport' | 'application'
      readonly code: number
      /** The type of the frame that caused it, for the transport; 0: unknown. */
      readonly frameType: number
      readonly reason: Uint8Array
    }
  | { readonly type: 'handshake_done' }
  | { readonly type: 'datagram'; readonly data: Uint8Array }
  | {
      readonly type: 'ack_frequency'
      readonly number: number
      readonly threshold: number
      readonly maxDelay: number
      readonly reordering: number
    }
  | { readonly type: 'immediate_ack' }

export type FrameType = Frame['type']

/** Numbers of the types on the wire; where bits of a type carry flags, its lowest. */
export const FRAME = {
  padding: 0x00,
  ping: 0x01,
  ack: 0x02,
  ackEcn: 0x03,
  resetStream: 0x04,
  stopSending: 0x05,
  crypto: 0x06,
  newToken: 0x07,
  stream: 0x08,
  maxData: 0x10,
  maxStreamData: 0x11,
  maxStreamsBidirectional: 0x12,
  maxStreamsUnidirectional: 0x13,
  dataBlocked: 0x14,
  streamDataBlocked: 0x15,
  streamsBlockedBidirectional: 0x16,
  streamsBlockedUnidirectional: 0x17,
  newConnectionId: 0x18,
  retireConnectionId: 0x19,
  pathChallenge: 0x1a,
  pathResponse: 0x1b,
  connectionClose: 0x1c,
  connectionCloseApplication: 0x1d,
  handshakeDone: 0x1e,
  immediateAck: 0x1f,
  datagram: 0x30,
  datagramWithLength: 0x31,
  ackFrequency: 0xaf,
} as const

/** Flags in the type of a STREAM frame (RFC 9000 19.8). */
export const STREAM_FIN = 0x01
export const STREAM_LENGTH = 0x02
export const STREAM_OFFSET = 0x04

/** Where a frame may stand, and what it means to recovery (RFC 9000 12.4, table 3). */
export interface FrameRule {
  /** Packets that may carry it. `i` and `h`: a CONNECTION_CLOSE of the transport only. */
  readonly packets: readonly ('initial' | 'handshake' | '0rtt' | '1rtt')[]
  readonly ackEliciting: boolean
  /** Counts toward bytes in flight. */
  readonly inFlight: boolean
  /** A packet with nothing else is a probing packet (RFC 9000 9.1). */
  readonly probing: boolean
}

type Where = FrameRule['packets']
const ANY: Where = ['initial', 'handshake', '0rtt', '1rtt']
const NOT_0RTT: Where = ['initial', 'handshake', '1rtt']
const DATA: Where = ['0rtt', '1rtt']
const ONLY_1RTT: Where = ['1rtt']

const rule = (packets: Where, marks = ''): FrameRule => ({
  packets,
  ackEliciting: !marks.includes('N'),
  inFlight: !marks.includes('C'),
  probing: marks.includes('P'),
})

export const FRAME_RULES: Readonly<Record<FrameType, FrameRule>> = {
  padding: rule(ANY, 'NP'),
  ping: rule(ANY),
  ack: rule(NOT_0RTT, 'NC'),
  reset_stream: rule(DATA),
  stop_sending: rule(DATA),
  crypto: rule(NOT_0RTT),
  new_token: rule(ONLY_1RTT),
  stream: rule(DATA),
  max_data: rule(DATA),
  max_stream_data: rule(DATA),
  max_streams: rule(DATA),
  data_blocked: rule(DATA),
  stream_data_blocked: rule(DATA),
  streams_blocked: rule(DATA),
  new_connection_id: rule(DATA, 'P'),
  // Table 3 allows it in 0-RTT, 12.5 has the server treat it as a violation there, since it can be no answer to anything.
  retire_connection_id: rule(ONLY_1RTT),
  path_challenge: rule(DATA, 'P'),
  path_response: rule(ONLY_1RTT, 'P'),
  connection_close: rule(ANY, 'N'),
  handshake_done: rule(ONLY_1RTT),
  datagram: rule(DATA),
  ack_frequency: rule(ONLY_1RTT),
  immediate_ack: rule(ONLY_1RTT),
}
