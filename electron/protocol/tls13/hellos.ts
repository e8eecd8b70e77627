/** ClientHello, ServerHello and HelloRetryRequest (RFC 8446 4.1). */
import { alertOf, HANDSHAKE_TYPE, isAlert, TLS_12, type Alert } from './codes.ts'
import { readExtensions, writeExtensions, type Extensions } from './extensions.ts'
import { Reader } from './reader.ts'
import { sameBytes } from '../wire/bytes.ts'
import { concat, message, number, vector } from './writer.ts'

export interface ClientHello {
  readonly random: Uint8Array
  /** Empty in QUIC (RFC 9001 8.4). */
  readonly sessionId: Uint8Array
  readonly suites: readonly number[]
  readonly extensions: Extensions
}

export interface ServerHello {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly suite: number
  readonly extensions: Extensions
}

/** The random that makes a ServerHello a HelloRetryRequest: SHA-256 of those words (RFC 8446 4.1.3). */
const RETRY_RANDOM = Uint8Array.from([
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2,
  0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
])

export const isRetry = ({ random }: ServerHello): boolean => sameBytes(random, RETRY_RANDOM)

/** Reads a ClientHello's body. */
export function readClientHello(body: Uint8Array): ClientHello | Alert {
  const reader = new Reader(body)
  const version = reader.number(2)
  const random = reader.take(32)
  const sessionId = reader.vector(1)
  const suites = reader.list(2, (inner) => inner.number(2))
  const compressions = reader.vector(1)
  const extensions = readExtensions(reader)
  if (!reader.isWhole) return alertOf('decode_error', 'ClientHello')
  if (isAlert(extensions)) return extensions
  if (version !== TLS_12) return alertOf('protocol_version', `legacy_version ${version}`)
  if (compressions.length !== 1 || compressions[0] !== 0)
    return alertOf('illegal_parameter', 'compression in TLS 1.3')
  return { random, sessionId, suites, extensions }
}

export const writeClientHello = ({ random, sessionId, suites, extensions }: ClientHello): Uint8Array =>
  message(
    HANDSHAKE_TYPE.clientHello,
    number(TLS_12, 2),
    random,
    vector(1, sessionId),
    vector(2, ...suites.map((suite) => number(suite, 2))),
    Uint8Array.of(1, 0),
    writeExtensions(extensions),
  )

/** Reads a ServerHello's body. */
export function readServerHello(body: Uint8Array): ServerHello | Alert {
  const reader = new Reader(body)
  const version = reader.number(2)
  const random = reader.take(32)
  const sessionId = reader.vector(1)
  const suite = reader.number(2)
  const compression = reader.number(1)
  const extensions = readExtensions(reader)
  if (!reader.isWhole) return alertOf('decode_error', 'ServerHello')
  if (isAlert(extensions)) return extensions
  if (version !== TLS_12) return alertOf('protocol_version', `legacy_version ${version}`)
  if (compression !== 0) return alertOf('illegal_parameter', 'compression in TLS 1.3')
  return { random, sessionId, suite, extensions }
}

export const writeServerHello = ({ random, sessionId, suite, extensions }: ServerHello): Uint8Array =>
  message(
    HANDSHAKE_TYPE.serverHello,
    concat(number(TLS_12, 2), random, vector(1, sessionId)),
    concat(number(suite, 2), Uint8Array.of(0)),
    writeExtensions(extensions),
  )

export const writeRetryRequest = (hello: Omit<ServerHello, 'random'>): Uint8Array =>
  writeServerHello({ ...hello, random: RETRY_RANDOM })
