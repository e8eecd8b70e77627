/** What the onlooker of an HTTP/1.1 connection tells. Offsets count in the stream of octets that `from` sent. */
import type { WireError } from '../result.ts'
import type { Side } from '../side.ts'
import type { Field } from './fields.ts'
import type { Framing } from './framing.ts'
import type { StartLine } from './start-line.ts'

export interface Message {
  readonly from: Side
  /** Number of its request on the connection, from 1; undefined: a response that no request asked for. */
  readonly exchange: number | undefined
  readonly startLine: StartLine
  readonly fields: readonly Field[]
  /** Where start line and fields lie, the empty line included. */
  readonly offset: number
  readonly headLength: number
  readonly framing: Framing
  /** A 1xx response: another one follows (RFC 9110 15.2). */
  readonly interim: boolean
  /** The sender would keep the connection open after it (RFC 9112 9.3). */
  readonly persistent: boolean
}

export interface Chunk {
  /** Where its header line lies. */
  readonly offset: number
  readonly length: number
  readonly size: number
  /** From the first semicolon on, as it came. */
  readonly extensions: string
}

/** Which limit was reached; what lies beyond it is passed over. */
export type Http1Limit = 'line' | 'head' | 'pending_requests' | 'held'

export type Http1Event =
  | { readonly type: 'message'; readonly from: Side; readonly message: Message }
  /** Octets of a body, codings of the transfer taken off; `bytes` is a view, good during the call. */
  | {
      readonly type: 'body'
      readonly from: Side
      readonly exchange: number | undefined
      readonly bodyOffset: number
      readonly offset: number
      readonly bytes: Uint8Array
    }
  | {
      readonly type: 'chunk'
      readonly from: Side
      readonly exchange: number | undefined
      readonly chunk: Chunk
    }
  | {
      readonly type: 'trailers'
      readonly from: Side
      readonly exchange: number | undefined
      readonly fields: readonly Field[]
    }
  /** The message is over. */
  | {
      readonly type: 'end'
      readonly from: Side
      readonly exchange: number | undefined
      readonly bodyLength: number
      /** Where the whole message lies. */
      readonly offset: number
      readonly length: number
      /** It ended where its framing says. */
      readonly complete: boolean
    }
  /** From `offset` on this side speaks another protocol: the upgrade's name, or `connect`. */
  | { readonly type: 'switch'; readonly from: Side; readonly protocol: string; readonly offset: number }
  /** Octets of that protocol. */
  | { readonly type: 'tunnel'; readonly from: Side; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'problem'; readonly from: Side; readonly error: WireError }
  /** Octets in which no message was found. */
  | { readonly type: 'skipped'; readonly from: Side; readonly offset: number; readonly length: number }
  | { readonly type: 'limit'; readonly from: Side; readonly limit: Http1Limit; readonly offset: number }

export type Http1Sink = (event: Http1Event) => void

/** Each bounds what is kept; reaching one is a `limit` event. */
export interface Http1Limits {
  /** Octets of a line. */
  readonly line: number
  /** Octets of all the fields of a message, or of its trailers. */
  readonly head: number
  /** Requests without an answer. */
  readonly pending: number
  /** Octets held until it is known whether an upgrade is accepted. */
  readonly held: number
}

export const HTTP1_LIMITS: Http1Limits = { line: 65_536, head: 262_144, pending: 1_000, held: 65_536 }
