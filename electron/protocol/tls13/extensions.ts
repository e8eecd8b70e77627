/** Extensions as a table from number to bytes (RFC 8446 4.2), and the contents of those that we speak. */
import { alertOf, EXTENSION, isAlert, type Alert } from './codes.ts'
import { Reader } from './reader.ts'
import { ascii, asciiText, concat, number, vector } from './writer.ts'

export type Extensions = ReadonlyMap<number, Uint8Array>

/** Reads the block of extensions; the same one twice is illegal (RFC 8446 4.2). */
export function readExtensions(reader: Reader): Extensions | Alert {
  const extensions = new Map<number, Uint8Array>()
  let twice: number | undefined
  reader.list(2, (inner) => {
    const type = inner.number(2)
    if (extensions.has(type)) twice = type
    extensions.set(type, inner.vector(2))
  })
  return twice === undefined
    ? extensions
    : alertOf('illegal_parameter', `extension ${twice} stands there twice`)
}

export const writeExtensions = (extensions: Extensions): Uint8Array =>
  vector(2, ...[...extensions].map(([type, data]) => concat(number(type, 2), vector(2, data))))

/** Reads one extension by `read`, which must take all its bytes; undefined: it is not there. */
export function extension<T>(
  extensions: Extensions,
  type: number,
  read: (reader: Reader) => T,
): T | Alert | undefined {
  const bytes = extensions.get(type)
  if (bytes === undefined) return undefined
  const reader = new Reader(bytes)
  const value = read(reader)
  return reader.isWhole ? value : alertOf('decode_error', `extension ${type} is malformed`)
}

export interface KeyShareEntry {
  readonly group: number
  readonly key: Uint8Array
}

export const readKeyShare = (reader: Reader): KeyShareEntry => ({
  group: reader.number(2),
  key: reader.vector(2),
})
export const writeKeyShare = ({ group, key }: KeyShareEntry): Uint8Array =>
  concat(number(group, 2), vector(2, key))

export const numbers = (size: number) => (reader: Reader) => reader.list(size, (inner) => inner.number(2))

/** RFC 7301 3.1. */
export const readProtocols = (reader: Reader): string[] =>
  reader.list(2, (inner) => asciiText(inner.vector(1)))
export const writeProtocols = (names: readonly string[]): Uint8Array =>
  vector(2, ...names.map((name) => vector(1, ascii(name))))

/** RFC 6066 3: the host name of the list; other kinds are passed over. */
export const readServerName = (reader: Reader): string | undefined =>
  reader
    .list(2, (inner) => ({ type: inner.number(1), name: inner.vector(2) }))
    .filter(({ type }) => type === 0)
    .map(({ name }) => asciiText(name))[0]
export const writeServerName = (name: string): Uint8Array =>
  vector(2, Uint8Array.of(0), vector(2, ascii(name)))

export interface OfferedPsk {
  readonly identity: Uint8Array
  /** Milliseconds since the ticket came, plus what the server had added (RFC 8446 4.2.11.1). */
  readonly obfuscatedAge: number
}

export interface OfferedPsks {
  readonly identities: readonly OfferedPsk[]
  readonly binders: readonly Uint8Array[]
}

export const readOfferedPsks = (reader: Reader): OfferedPsks => ({
  identities: reader.list(2, (inner) => ({ identity: inner.vector(2), obfuscatedAge: inner.number(4) })),
  binders: reader.list(2, (inner) => inner.vector(1)),
})

export const writeOfferedPsk = ({ identity, obfuscatedAge }: OfferedPsk, binder: Uint8Array): Uint8Array =>
  concat(vector(2, vector(2, identity), number(obfuscatedAge, 4)), vector(2, vector(1, binder)))

/** The peer's transport parameters; in QUIC their absence is an error of its own (RFC 9001 8.2). */
export function transportParameters(extensions: Extensions, isQuic: boolean): Uint8Array | Alert {
  const bytes = extensions.get(EXTENSION.quicTransportParameters)
  if (bytes === undefined && isQuic) return alertOf('missing_extension', 'no quic_transport_parameters')
  return bytes ?? new Uint8Array(0)
}

/** The first alert among some values, if any. */
export const firstAlert = (
  ...values: readonly (object | string | number | undefined | boolean)[]
): Alert | undefined => values.find((value): value is Alert => typeof value === 'object' && isAlert(value))
