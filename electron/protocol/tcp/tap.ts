/**
 * Someone who looks on at one end of a connection, as a packet capture on that host would: told of every byte of both
 * directions once and in order, and asked why the layers above give TCP no more to send (DESIGN 6.2).
 */
import type { TcpConnection } from './connection.ts'

export interface Tap {
  /** Bytes that left for the first time, in the packet `pkt`; `fin`: they are the last of this side. */
  handleSent(bytes: Uint8Array, fin: boolean, pkt: number): void
  /** Bytes that came in, no earlier one missing. They may be kept: nobody changes them. */
  handleReceived(bytes: Uint8Array): void
  /** The peer's FIN was reached. */
  handleReceivedEnd(): void
  /** The connection is gone: nothing more is sent or comes in. */
  handleClosed(): void
  /** A handshake above TCP has begun and is not finished, as far as this end knows. */
  readonly handshaking: boolean
  /** Which credit the content waits for that the layer above has and may not send; undefined: it has none that waits. */
  credit(): Credit | undefined
}

export type Credit = 'connection_credit' | 'stream_credit'

/** Puts a tap on a connection when it is established; `active`: this end opened it. undefined: nobody looks on. */
export type TapFactory = (connection: TcpConnection, active: boolean) => Tap | undefined
