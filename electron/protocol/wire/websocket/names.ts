/** Names of WebSocket's opcodes and close codes. */

export const CONTINUATION = 0
export const TEXT = 1
export const BINARY = 2
export const CLOSE = 8
export const PING = 9
export const PONG = 10

const OPCODES: Readonly<Record<number, string>> = {
  [CONTINUATION]: 'continuation',
  [TEXT]: 'text',
  [BINARY]: 'binary',
  [CLOSE]: 'close',
  [PING]: 'ping',
  [PONG]: 'pong',
}

/** RFC 6455 11.8. */
export const opcodeName = (opcode: number): string => OPCODES[opcode] ?? 'reserved'

export const isControl = (opcode: number): boolean => opcode >= CLOSE

/** Close codes (RFC 6455 7.4.1 and the IANA registry of 11.7). */
const CODES: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1007: 'invalid payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
}

export const codeName = (code: number): string =>
  CODES[code] ?? (code >= 4000 ? 'private' : code >= 3000 ? 'registered' : 'reserved')

/** What stands for a close without a code, a broken connection, a failed TLS handshake, and one that has no meaning. */
const NEVER_SENT = [1004, 1005, 1006, 1015]

/** The rule that a close code breaks; undefined: none. */
export function closeCodeRule(code: number): string | undefined {
  if (NEVER_SENT.includes(code)) return 'RFC 6455 7.4.1'
  if (CODES[code] !== undefined || (code >= 3000 && code < 5000)) return undefined
  return 'RFC 6455 7.4.2'
}

export const PROTOCOL_ERROR = 1002
export const INVALID_PAYLOAD = 1007
