/** What a peer did that closes the connection: the code that RFC 9000 names, the frame, and the rule in words. */
import type { TransportErrorName } from '../wire/quic/errors.ts'

export interface Violation {
  readonly code: TransportErrorName
  /** With the clause, such as `9000 4.1: more data than the connection has credit for`. */
  readonly reason: string
}

export const violation = (code: TransportErrorName, reason: string): Violation => ({ code, reason })
