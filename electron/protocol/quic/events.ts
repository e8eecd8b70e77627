/** What a connection tells its owner, and what it is told and gives by way of datagrams. */
import type { Negotiated, Session } from '../tls13/handshake.ts'
import type { Endpoint } from '../wire/address.ts'
import type { Ecn } from './received.ts'

export interface IncomingDatagram {
  readonly localPort: number
  readonly remote: Endpoint
  readonly payload: Uint8Array
  readonly ecn: Ecn
  /** Number of the IP packet in the trace; 0: unknown. */
  readonly pkt: number
}

export interface OutgoingDatagram {
  readonly localPort: number
  readonly remote: Endpoint
  readonly payload: Uint8Array
  /** Of its IP packet. */
  readonly ecn: 'not-ect' | 'ect0'
}

/** Why a connection is gone. */
export interface CloseReason {
  /** Who closed it; `timeout`: nobody, it was silent for too long; `reset`: the peer has forgotten it (RFC 9000 10.3). */
  readonly by: 'local' | 'peer' | 'timeout' | 'reset' | 'version_negotiation'
  readonly layer: 'transport' | 'application'
  readonly code: number
  readonly reason: string
}

export type QuicEvent =
  | { readonly type: 'connected'; readonly negotiated: Negotiated }
  /** The handshake is confirmed (RFC 9001 4.1.2): nothing of it can go wrong any more. */
  | { readonly type: 'confirmed' }
  /** Data may be written before the handshake is complete: a client's as 0-RTT, a server's as 0.5-RTT (RFC 9001 4.1.1, 5.7). */
  | { readonly type: 'early' }
  /** The server has not taken the 0-RTT data: the streams are to be opened anew (RFC 9001 4.6.2). */
  | { readonly type: 'early_refused' }
  | { readonly type: 'stream_opened'; readonly id: number }
  | { readonly type: 'readable'; readonly id: number }
  /** All that was written on the stream has been acknowledged, or there is room to write again. */
  | { readonly type: 'writable'; readonly id: number }
  | { readonly type: 'stream_reset'; readonly id: number; readonly code: number }
  | { readonly type: 'stop_sending'; readonly id: number; readonly code: number }
  /** More streams may be opened. */
  | { readonly type: 'streams_available' }
  | { readonly type: 'datagram'; readonly data: Uint8Array }
  | { readonly type: 'datagram_lost'; readonly number: number }
  | { readonly type: 'session'; readonly session: Session }
  | { readonly type: 'new_token'; readonly token: Uint8Array }
  | { readonly type: 'migrated'; readonly remote: Endpoint; readonly localPort: number }
  /** All that a datagram brought has been told. */
  | { readonly type: 'settled' }
  | { readonly type: 'closed'; readonly reason: CloseReason }
