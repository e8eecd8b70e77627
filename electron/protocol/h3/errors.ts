/** What goes wrong in HTTP/3, as the code that is sent (RFC 9114 8.1, RFC 9204 6) and the rule that was broken. */
import { QPACK_ERROR, type QpackErrorName } from '../qpack/errors.ts'

const H3_ERROR = {
  H3_NO_ERROR: 0x100,
  H3_GENERAL_PROTOCOL_ERROR: 0x101,
  H3_INTERNAL_ERROR: 0x102,
  H3_STREAM_CREATION_ERROR: 0x103,
  H3_CLOSED_CRITICAL_STREAM: 0x104,
  H3_FRAME_UNEXPECTED: 0x105,
  H3_FRAME_ERROR: 0x106,
  H3_EXCESSIVE_LOAD: 0x107,
  H3_ID_ERROR: 0x108,
  H3_SETTINGS_ERROR: 0x109,
  H3_MISSING_SETTINGS: 0x10a,
  H3_REQUEST_REJECTED: 0x10b,
  H3_REQUEST_CANCELLED: 0x10c,
  H3_REQUEST_INCOMPLETE: 0x10d,
  H3_MESSAGE_ERROR: 0x10e,
  H3_CONNECT_ERROR: 0x10f,
  H3_VERSION_FALLBACK: 0x110,
} as const

export const HTTP3_ERROR = { ...H3_ERROR, ...QPACK_ERROR } as const
export type Http3ErrorName = keyof typeof H3_ERROR | QpackErrorName

/** A rule that the peer broke. */
export interface Http3Violation {
  readonly code: Http3ErrorName
  /** With the clause, such as `9114 7.2.4: a second SETTINGS frame`. */
  readonly reason: string
}

export const violation = (code: Http3ErrorName, reason: string): Http3Violation => ({ code, reason })

/** The name of a code, such as `H3_FRAME_ERROR`; those that nobody knows in hexadecimal. */
export function http3ErrorName(code: number): string {
  const name = Object.entries(HTTP3_ERROR).find(([, number]) => number === code)?.[0]
  return name ?? `0x${code.toString(16)}`
}
