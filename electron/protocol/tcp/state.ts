/** The states of a connection (RFC 9293 3.3.2), each with the data that only it has. */
import type { TcpState } from '../../../shared/tcp.ts'

/** A SYN is on its way: when it was sent first, if anybody remembers (SYN cookies do not), and how often again. */
interface Handshake {
  readonly firstSentAt: number | undefined
  readonly resent: number
}

export type ConnectionState =
  | { readonly name: 'CLOSED' }
  | ({ readonly name: 'SYN-SENT' } & Handshake)
  /** `passive`: it came from LISTEN, to which it returns when it fails. */
  | ({ readonly name: 'SYN-RECEIVED'; readonly passive: boolean } & Handshake)
  | { readonly name: 'ESTABLISHED' }
  | { readonly name: 'FIN-WAIT-1' }
  | { readonly name: 'FIN-WAIT-2' }
  | { readonly name: 'CLOSE-WAIT' }
  | { readonly name: 'CLOSING' }
  | { readonly name: 'LAST-ACK' }
  | { readonly name: 'TIME-WAIT' }

/** Both ends know each other's sequence numbers (RFC 9293 3.5.2, group 3, and more narrowly RFC 5961). */
export const isSynchronized = (state: TcpState): boolean =>
  state !== 'CLOSED' && state !== 'LISTEN' && state !== 'SYN-SENT' && state !== 'SYN-RECEIVED'

/** The peer may still send text. */
export const mayReceive = (state: TcpState): boolean =>
  state === 'ESTABLISHED' || state === 'FIN-WAIT-1' || state === 'FIN-WAIT-2'
