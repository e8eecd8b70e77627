/** A handshake message (RFC 8446 4), header and all, from its bytes: what it says, and each field with its place. */
import type { DissectedField } from '../../../../shared/dissection.ts'
import type { WireError } from '../result.ts'
import {
  readCertificate,
  readCertificateRequest,
  readCertificateStatus,
  readCertificateVerify,
  readFinished,
} from './authentication.ts'
import { readExtensions } from './extensions.ts'
import { FieldReader } from './field-reader.ts'
import { readClientHello, readServerHello } from './hello.ts'
import { readClientKeyExchange, readServerKeyExchange } from './key-exchange.ts'
import type { HandshakeContext, HandshakeMessage } from './messages.ts'
import { handshakeTypeName, TLS13 } from './names.ts'

/** Type (1) and length (3). */
export const HANDSHAKE_HEADER = 4

export interface DecodedHandshake {
  readonly message: HandshakeMessage
  /** Offsets count from the message's first byte. */
  readonly fields: readonly DissectedField[]
  /** The first thing that was wrong; the rest is read all the same where its place is known. */
  readonly error?: WireError
}

type Read = (reader: FieldReader, context: HandshakeContext) => HandshakeMessage

/** RFC 8446 4.6.1; RFC 5077 3.3 for TLS 1.2. */
function readNewSessionTicket(reader: FieldReader, { version }: HandshakeContext): HandshakeMessage {
  const type = 'new_session_ticket'
  const lifetime = reader.number('Lifetime', 4, (seconds) => `${seconds} s`)
  if (version < TLS13) {
    const ticket = reader.vector('Ticket', 2)
    return { type, lifetime, ageAdd: 0, nonce: new Uint8Array(0), ticket, extensions: [] }
  }
  const ageAdd = reader.number('Age add', 4)
  const nonce = reader.vector('Nonce', 1)
  const ticket = reader.vector('Ticket', 2)
  return { type, lifetime, ageAdd, nonce, ticket, extensions: readExtensions(reader, 'ticket') }
}

/** RFC 8446 4.6.3. */
function readKeyUpdate(reader: FieldReader): HandshakeMessage {
  const request = reader.number('Request update', 1, (value) =>
    value === 1 ? 'update_requested' : value === 0 ? 'update_not_requested' : String(value),
  )
  if (request > 1) reader.reject('bad_key_update', 'neither 0 nor 1')
  return { type: 'key_update', updateRequested: request === 1 }
}

const readers: Readonly<Record<number, Read>> = {
  0: () => ({ type: 'hello_request' }),
  1: readClientHello,
  2: readServerHello,
  4: readNewSessionTicket,
  5: () => ({ type: 'end_of_early_data' }),
  8: (reader) => ({ type: 'encrypted_extensions', extensions: readExtensions(reader, 'other') }),
  11: readCertificate,
  12: readServerKeyExchange,
  13: readCertificateRequest,
  14: () => ({ type: 'server_hello_done' }),
  15: readCertificateVerify,
  16: readClientKeyExchange,
  20: readFinished,
  22: readCertificateStatus,
  24: readKeyUpdate,
}

/**
 * Decodes the message in `bytes`, which hold it whole. Errors: `truncated`, `trailing_bytes`, `bad_curve_type`,
 * `bad_key_update`; an unknown type is none.
 */
export function decodeHandshake(bytes: Uint8Array, context: HandshakeContext): DecodedHandshake {
  const reader = new FieldReader(bytes, 0, bytes.length)
  const code = reader.number('Handshake type', 1, handshakeTypeName)
  reader.number('Length', 3, (length) => `${length} bytes`)
  const read = readers[code]
  const message: HandshakeMessage =
    read === undefined ? { type: 'unknown', code, data: reader.rest('Bytes') } : read(reader, context)
  reader.finish()
  const { fields, error } = reader
  return error === undefined ? { message, fields } : { message, fields, error }
}
