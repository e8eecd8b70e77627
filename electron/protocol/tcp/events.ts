/** What a stack gives out: segments for the wire and events for whoever uses its connections. */
import type { Ipv4Address } from '../wire/address.ts'
import type { TcpSegment } from '../wire/tcp.ts'
import type { TcpConnection } from './connection.ts'
import type { TcpListener } from './listener.ts'
import type { Tap } from './tap.ts'

/** A segment that is to be put on the wire. */
export interface OutgoingSegment {
  readonly destination: Ipv4Address
  readonly segment: TcpSegment
  /** Why it is sent (again): the `cause` of the trace's `tcp:segment_sent`. */
  readonly cause: string
  /** Name of the flow. */
  readonly flow: string
  /** The receive window that it advertises in bytes. */
  readonly scaledWindow: number
  /** Routers may cut its packet: the path's MTU is not to be found out. */
  readonly mayBeCut?: boolean
  /** The ECN field of its IP packet (RFC 3168 5). */
  ecn: number
  /** What of it has never left before; whoever puts it on the wire tells the tap. */
  fresh: Fresh | undefined
}

/** Bytes, and the FIN behind them, that leave for the first time. */
export interface Fresh {
  readonly tap: Tap
  readonly bytes: Uint8Array
  readonly fin: boolean
}

/**
 * - `connected`: an active open succeeded.
 * - `accepted`: a connection waits in the listener's accept queue.
 * - `readable`: bytes in order can be read. Said again only after a `read`.
 * - `writable`: there is room in the send buffer again after a `write` took less than it was given.
 * - `peer_closed`: the peer's FIN was reached; what can be read is the last of it.
 * - `closed`: the connection is gone; `error` says why unless both sides closed in order.
 */
export interface TcpEvent {
  readonly type: 'connected' | 'accepted' | 'readable' | 'writable' | 'peer_closed' | 'closed'
  readonly connection: TcpConnection
  readonly listener?: TcpListener
  readonly error?: TcpError
}

/** Why a connection ended out of order: the peer's RST, its answer to our SYN, silence, our own abort, or the host went off. */
export type TcpError = 'reset' | 'refused' | 'timed_out' | 'aborted' | 'power_off'
