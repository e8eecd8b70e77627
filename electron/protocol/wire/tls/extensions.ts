/**
 * Extensions (RFC 8446 4.2, RFC 6066, RFC 5746, RFC 5077, RFC 7301, RFC 7627, RFC 8449, RFC 9001). Those that are not read here, and those
 * whose bytes are not what they should be, keep their bytes all the same.
 */
import { asciiText, bytesText, type FieldReader } from './field-reader.ts'
import {
  compressionName,
  extensionName,
  groupName,
  pointFormatName,
  pskModeName,
  signatureSchemeName,
  versionName,
} from './names.ts'
import { readQuicParameters, type QuicParameter } from './quic-parameters.ts'

export interface KeyShare {
  readonly group: number
  readonly keyExchange: Uint8Array
}

export interface PskIdentity {
  readonly identity: Uint8Array
  readonly obfuscatedTicketAge: number
}

/** What an extension says. */
export type ExtensionContent =
  | { readonly kind: 'server_name'; readonly hostNames: readonly string[] }
  | { readonly kind: 'alpn'; readonly protocols: readonly string[] }
  | { readonly kind: 'supported_groups'; readonly groups: readonly number[] }
  | { readonly kind: 'signature_algorithms'; readonly schemes: readonly number[] }
  | { readonly kind: 'supported_versions'; readonly versions: readonly number[] }
  | { readonly kind: 'key_share'; readonly shares: readonly KeyShare[] }
  /** In a HelloRetryRequest: the group that the client shall send a share of. */
  | { readonly kind: 'key_share_request'; readonly group: number }
  | { readonly kind: 'psk_key_exchange_modes'; readonly modes: readonly number[] }
  | {
      readonly kind: 'pre_shared_key'
      readonly identities: readonly PskIdentity[]
      readonly binders: readonly Uint8Array[]
    }
  /** In a ServerHello: which of the client's identities was taken. */
  | { readonly kind: 'pre_shared_key_selected'; readonly identity: number }
  | { readonly kind: 'early_data'; readonly maxSize?: number }
  | { readonly kind: 'cookie'; readonly cookie: Uint8Array }
  | { readonly kind: 'session_ticket'; readonly ticket: Uint8Array }
  | { readonly kind: 'renegotiation_info'; readonly renegotiated: Uint8Array }
  | { readonly kind: 'ec_point_formats'; readonly formats: readonly number[] }
  | { readonly kind: 'record_size_limit'; readonly limit: number }
  | { readonly kind: 'status_request'; readonly statusType: number }
  | { readonly kind: 'compress_certificate'; readonly algorithms: readonly number[] }
  | { readonly kind: 'certificate_authorities'; readonly authorities: readonly Uint8Array[] }
  | { readonly kind: 'quic_transport_parameters'; readonly parameters: readonly QuicParameter[] }
  /** Its presence says all. */
  | { readonly kind: 'flag' }
  | { readonly kind: 'opaque' }

export interface Extension {
  readonly type: number
  readonly name: string
  /** As it came; a view. */
  readonly data: Uint8Array
  readonly content: ExtensionContent
}

/** The message an extension stands in decides on its form (RFC 8446 4.2, the table). */
export type ExtensionPlace = 'client_hello' | 'server_hello' | 'hello_retry_request' | 'ticket' | 'other'

type Read = (inner: FieldReader, place: ExtensionPlace) => ExtensionContent

const named = (nameOf: (value: number) => string) => (values: readonly number[]) =>
  values.map(nameOf).join(', ')

/** A list of two-byte numbers with names. */
const numbers16 = (
  inner: FieldReader,
  name: string,
  item: string,
  nameOf: (value: number) => string,
): number[] => inner.list(name, 2, (one) => one.number(item, 2, nameOf), named(nameOf))

const numbers8 = (
  inner: FieldReader,
  name: string,
  item: string,
  nameOf: (value: number) => string,
): number[] => inner.list(name, 1, (one) => one.number(item, 1, nameOf), named(nameOf))

const flag: Read = () => ({ kind: 'flag' })

function readServerName(inner: FieldReader): ExtensionContent {
  // A server that took the name answers with nothing (RFC 6066 3).
  if (inner.left === 0) return { kind: 'flag' }
  const readName = (list: FieldReader) => {
    list.number('Name type', 1, (type) => (type === 0 ? 'host_name' : String(type)))
    return asciiText(list.vector('Host name', 2, asciiText))
  }
  return { kind: 'server_name', hostNames: inner.list('Server names', 2, readName, (all) => all.join(', ')) }
}

function readAlpn(inner: FieldReader): ExtensionContent {
  const readOne = (list: FieldReader) => asciiText(list.vector('Protocol', 1, asciiText))
  return { kind: 'alpn', protocols: inner.list('Protocols', 2, readOne, (all) => all.join(', ')) }
}

function readSupportedVersions(inner: FieldReader, place: ExtensionPlace): ExtensionContent {
  const versions =
    place === 'client_hello'
      ? inner.list('Versions', 1, (one) => one.number('Version', 2, versionName), named(versionName))
      : [inner.number('Selected version', 2, versionName)]
  return { kind: 'supported_versions', versions }
}

function readShare(inner: FieldReader): KeyShare {
  const group = inner.number('Group', 2, groupName)
  return { group, keyExchange: inner.vector('Key exchange', 2) }
}

function readKeyShare(inner: FieldReader, place: ExtensionPlace): ExtensionContent {
  if (place === 'hello_retry_request')
    return { kind: 'key_share_request', group: inner.number('Selected group', 2, groupName) }
  if (place === 'server_hello') return { kind: 'key_share', shares: [readShare(inner)] }
  const shares = inner.list('Client shares', 2, readShare, (all) =>
    all.map(({ group }) => groupName(group)).join(', '),
  )
  return { kind: 'key_share', shares }
}

function readPreSharedKey(inner: FieldReader, place: ExtensionPlace): ExtensionContent {
  if (place === 'server_hello')
    return { kind: 'pre_shared_key_selected', identity: inner.number('Selected identity', 2) }
  const identities = inner.list('Identities', 2, (list) => {
    const identity = list.vector('Identity', 2)
    return { identity, obfuscatedTicketAge: list.number('Obfuscated ticket age', 4) }
  })
  const binders = inner.list('Binders', 2, (list) => list.vector('Binder', 1))
  return { kind: 'pre_shared_key', identities, binders }
}

function readEarlyData(inner: FieldReader, place: ExtensionPlace): ExtensionContent {
  if (place !== 'ticket') return { kind: 'early_data' }
  return { kind: 'early_data', maxSize: inner.number('Maximum size', 4, (size) => `${size} bytes`) }
}

function readStatusRequest(inner: FieldReader, place: ExtensionPlace): ExtensionContent {
  if (inner.left === 0) return { kind: 'flag' }
  const statusType = inner.number('Status type', 1, (type) => (type === 1 ? 'ocsp' : String(type)))
  if (place === 'client_hello') {
    inner.vector('Responder identities', 2)
    inner.vector('Request extensions', 2)
  } else inner.vector('Response', 3)
  return { kind: 'status_request', statusType }
}

const readers: Readonly<Record<number, Read>> = {
  0: readServerName,
  5: readStatusRequest,
  10: (r) => ({ kind: 'supported_groups', groups: numbers16(r, 'Groups', 'Group', groupName) }),
  11: (r) => ({ kind: 'ec_point_formats', formats: numbers8(r, 'Formats', 'Format', pointFormatName) }),
  13: (r) => ({ kind: 'signature_algorithms', schemes: readSignatureSchemes(r) }),
  16: readAlpn,
  22: flag,
  23: flag,
  27: (r) => ({
    kind: 'compress_certificate',
    algorithms: r.list(
      'Algorithms',
      1,
      (one) => one.number('Algorithm', 2, compressionName),
      named(compressionName),
    ),
  }),
  28: (r) => ({ kind: 'record_size_limit', limit: r.number('Limit', 2, (size) => `${size} bytes`) }),
  35: (r) => ({ kind: 'session_ticket', ticket: r.rest('Ticket') }),
  41: readPreSharedKey,
  42: readEarlyData,
  43: readSupportedVersions,
  44: (r) => ({ kind: 'cookie', cookie: r.vector('Cookie', 2) }),
  45: (r) => ({ kind: 'psk_key_exchange_modes', modes: numbers8(r, 'Modes', 'Mode', pskModeName) }),
  47: (r) => ({ kind: 'certificate_authorities', authorities: readAuthorities(r) }),
  49: flag,
  50: (r) => ({ kind: 'signature_algorithms', schemes: readSignatureSchemes(r) }),
  51: readKeyShare,
  57: (r) => ({ kind: 'quic_transport_parameters', parameters: readQuicParameters(r) }),
  65281: (r) => ({ kind: 'renegotiation_info', renegotiated: r.vector('Renegotiated connection', 1) }),
}

export const readSignatureSchemes = (reader: FieldReader): number[] =>
  numbers16(reader, 'Signature schemes', 'Scheme', signatureSchemeName)

/** Distinguished names (RFC 8446 4.2.4, RFC 5246 7.4.4). */
export const readAuthorities = (reader: FieldReader): Uint8Array[] =>
  reader.list('Authorities', 2, (list) => list.vector('Distinguished name (DER)', 2))

function readExtension(reader: FieldReader, place: ExtensionPlace): Extension {
  const type = reader.number('Type', 2, extensionName)
  let data = new Uint8Array(0) as Uint8Array
  const content = reader.block(
    'Data',
    2,
    (inner): ExtensionContent => {
      data = inner.remaining()
      const read = readers[type]
      if (read !== undefined) return read(inner, place)
      if (inner.left > 0) inner.rest('Bytes')
      return { kind: 'opaque' }
    },
    () => bytesText(data),
  )
  return { type, name: extensionName(type), data, content }
}

/** An extension block; one that is not there at all is empty (RFC 5246 7.4.1.2). */
export function readExtensions(reader: FieldReader, place: ExtensionPlace): Extension[] {
  if (reader.left === 0) return []
  return reader.list('Extensions', 2, (list) =>
    list.group(
      (one) => readExtension(one, place),
      ({ name }) => `Extension ${name}`,
    ),
  )
}

/** The content of the first extension of this kind. */
export function findExtension<K extends ExtensionContent['kind']>(
  extensions: readonly Extension[],
  kind: K,
): Extract<ExtensionContent, { kind: K }> | undefined {
  const found = extensions.find(({ content }) => content.kind === kind)
  return found?.content as Extract<ExtensionContent, { kind: K }> | undefined
}
