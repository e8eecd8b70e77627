/** The messages after the hellos (RFC 8446 4.3 to 4.6). */
import { alertOf, HANDSHAKE_TYPE, isAlert, type Alert } from './codes.ts'
import { readExtensions, writeExtensions, type Extensions } from './extensions.ts'
import { Reader } from './reader.ts'
import { ascii, concat, message, number, vector } from './writer.ts'

export function readEncryptedExtensions(body: Uint8Array): Extensions | Alert {
  const reader = new Reader(body)
  const extensions = readExtensions(reader)
  return reader.isWhole ? extensions : alertOf('decode_error', 'EncryptedExtensions')
}

export const writeEncryptedExtensions = (extensions: Extensions): Uint8Array =>
  message(HANDSHAKE_TYPE.encryptedExtensions, writeExtensions(extensions))

/** The certificates in DER, the leaf first. */
export function readCertificate(body: Uint8Array): readonly Uint8Array[] | Alert {
  const reader = new Reader(body)
  const context = reader.vector(1)
  const chain = reader.list(3, (inner) => {
    const certificate = inner.vector(3)
    inner.vector(2)
    return certificate
  })
  if (!reader.isWhole) return alertOf('decode_error', 'Certificate')
  // Only a certificate that was asked for after the handshake has one (RFC 8446 4.4.2).
  if (context.length > 0) return alertOf('illegal_parameter', 'certificate_request_context')
  if (chain.length === 0) return alertOf('decode_error', 'a server without a certificate')
  return chain
}

export const writeCertificate = (chain: readonly Uint8Array[]): Uint8Array =>
  message(
    HANDSHAKE_TYPE.certificate,
    Uint8Array.of(0),
    vector(3, ...chain.map((certificate) => concat(vector(3, certificate), number(0, 2)))),
  )

export interface CertificateVerify {
  readonly scheme: number
  readonly signature: Uint8Array
}

export function readCertificateVerify(body: Uint8Array): CertificateVerify | Alert {
  const reader = new Reader(body)
  const verify = { scheme: reader.number(2), signature: reader.vector(2) }
  return reader.isWhole ? verify : alertOf('decode_error', 'CertificateVerify')
}

export const writeCertificateVerify = ({ scheme, signature }: CertificateVerify): Uint8Array =>
  message(HANDSHAKE_TYPE.certificateVerify, number(scheme, 2), vector(2, signature))

/** What a server's CertificateVerify signs (RFC 8446 4.4.3). */
export const signedContent = (transcriptHash: Uint8Array): Uint8Array =>
  concat(
    new Uint8Array(64).fill(0x20),
    ascii('TLS 1.3, server CertificateVerify'),
    Uint8Array.of(0),
    transcriptHash,
  )

export const writeFinished = (verifyData: Uint8Array): Uint8Array =>
  message(HANDSHAKE_TYPE.finished, verifyData)

export interface NewSessionTicket {
  /** Seconds. */
  readonly lifetime: number
  readonly ageAdd: number
  readonly nonce: Uint8Array
  readonly ticket: Uint8Array
  readonly extensions: Extensions
}

/** A week (RFC 8446 4.6.1). */
export const LONGEST_LIFETIME = 604_800

export function readNewSessionTicket(body: Uint8Array): NewSessionTicket | Alert {
  const reader = new Reader(body)
  const lifetime = reader.number(4)
  const ageAdd = reader.number(4)
  const nonce = reader.vector(1)
  const ticket = reader.vector(2)
  const extensions = readExtensions(reader)
  if (!reader.isWhole || ticket.length === 0) return alertOf('decode_error', 'NewSessionTicket')
  if (isAlert(extensions)) return extensions
  return { lifetime, ageAdd, nonce, ticket, extensions }
}

export const writeNewSessionTicket = (ticket: NewSessionTicket): Uint8Array =>
  message(
    HANDSHAKE_TYPE.newSessionTicket,
    concat(number(ticket.lifetime, 4), number(ticket.ageAdd, 4)),
    vector(1, ticket.nonce),
    vector(2, ticket.ticket),
    writeExtensions(ticket.extensions),
  )
