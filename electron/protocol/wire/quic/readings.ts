/** What whoever reads QUIC from its datagrams is told. */
import type { Endpoint } from '../address.ts'
import type { Side } from '../side.ts'
import type { CryptoMessage, CryptoOverflow } from './crypto-messages.ts'
import type { Frame } from './frames.ts'

/** A UDP datagram as a capture has it. */
export interface CapturedDatagram {
  readonly from: Endpoint
  readonly to: Endpoint
  readonly payload: Uint8Array
  /** Of the owner's choice: readings name the datagram by it. */
  readonly tag: number
}

export type PacketLevel = 'initial' | '0rtt' | 'handshake' | '1rtt'

/** Why a packet stays closed. */
export type ClosedReason =
  /** Nobody told the secret, or the handshake was not seen. */
  | 'no_keys'
  /** There are keys, and it is not authentic under them. */
  | 'not_authentic'
  /** Too short to be one (RFC 9001 5.4.2). */
  | 'too_short'

/** Which connection, counted from 1 in the order in which they were seen, and the datagram. */
interface Place {
  readonly connection: number
  readonly tag: number
}

/** A packet that could be opened, in the order in which it could. */
export interface PacketReading extends Place {
  readonly type: 'packet'
  readonly from: Side
  readonly level: PacketLevel
  readonly number: number
  /** Of the QUIC packet, and where it begins in its datagram. */
  readonly size: number
  readonly offset: number
  /** How often the keys were updated; 0 below 1-RTT. */
  readonly generation: number
  /** A packet with this number was there before. */
  readonly duplicate: boolean
  /** What was sealed. */
  readonly payload: Uint8Array
  /** Their bytes are parts of it. */
  readonly frames: readonly Frame[]
  /** Why what comes after these frames could not be read; undefined: it all could. */
  readonly problem: string | undefined
}

export type QuicReading =
  | PacketReading
  | (Place & { readonly type: 'retry'; readonly source: Uint8Array; readonly token: Uint8Array })
  | (Place & {
      readonly type: 'closed'
      readonly from: Side
      readonly level: PacketLevel
      readonly size: number
      readonly reason: ClosedReason
    })
  /** After the packet that had its last byte, as all that follows. */
  | (Place & {
      readonly type: 'handshake'
      readonly from: Side
      readonly message: CryptoMessage | CryptoOverflow
    })
  /** The next bytes of a stream; good during the call. */
  | (Place & {
      readonly type: 'stream'
      readonly from: Side
      readonly id: number
      readonly offset: number
      readonly bytes: Uint8Array
      readonly fin: boolean
    })
  | (Place & { readonly type: 'reset'; readonly from: Side; readonly id: number })
  /** The server takes none of the client's 0-RTT: the client's streams begin anew (RFC 9001 4.6.2). */
  | (Place & { readonly type: 'early_refused' })
  /** One side sends from another address than before (RFC 9000 9). */
  | (Place & { readonly type: 'moved'; readonly from: Side; readonly to: Endpoint })
  /** Nothing more is told of a connection: others were begun since. */
  | (Place & { readonly type: 'forgotten' })
  /** What belongs to no connection that is known. */
  | { readonly type: 'version_negotiation'; readonly tag: number; readonly versions: readonly number[] }
  | { readonly type: 'unknown_version'; readonly tag: number; readonly version: number }
  /** Bytes that are no packet, or one of nobody's: a reset may look like this (RFC 9000 10.3). */
  | { readonly type: 'garbage'; readonly tag: number; readonly size: number; readonly reason: string }

export type TellQuic = (reading: QuicReading) => void
