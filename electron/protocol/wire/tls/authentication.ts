/** The messages that prove who speaks (RFC 8446 4.3.2 and 4.4, RFC 5246 7.4.2, 7.4.4, 7.4.8 and 7.4.9, RFC 6066 8). */
import { readAuthorities, readExtensions, readSignatureSchemes, findExtension } from './extensions.ts'
import { bytesText, type FieldReader } from './field-reader.ts'
import type { CertificateEntry, HandshakeContext, HandshakeMessage, Signature } from './messages.ts'
import { certificateTypeName, signatureSchemeName, TLS12, TLS13 } from './names.ts'

const NOTHING = new Uint8Array(0)

export function readCertificate(reader: FieldReader, { version }: HandshakeContext): HandshakeMessage {
  const context = version >= TLS13 ? reader.vector('Certificate request context', 1) : NOTHING
  const readEntry = (list: FieldReader): CertificateEntry => ({
    data: list.vector('X.509 certificate (DER)', 3, (der) => `${der.length} bytes`),
    extensions: version >= TLS13 ? readExtensions(list, 'other') : [],
  })
  const entries = reader.list('Certificates', 3, (list) =>
    version >= TLS13 ? list.group(readEntry, () => 'Certificate entry') : readEntry(list),
  )
  return { type: 'certificate', context, entries }
}

export function readCertificateRequest(reader: FieldReader, { version }: HandshakeContext): HandshakeMessage {
  const type = 'certificate_request'
  if (version < TLS13) {
    const certificateTypes = reader.vector('Certificate types', 1, (types) =>
      Array.from(types, certificateTypeName).join(', '),
    )
    const signatureSchemes = version >= TLS12 ? readSignatureSchemes(reader) : []
    const authorities = readAuthorities(reader)
    return { type, context: NOTHING, certificateTypes, signatureSchemes, authorities, extensions: [] }
  }
  const context = reader.vector('Certificate request context', 1)
  const extensions = readExtensions(reader, 'other')
  return {
    type,
    context,
    certificateTypes: NOTHING,
    signatureSchemes: findExtension(extensions, 'signature_algorithms')?.schemes ?? [],
    authorities: findExtension(extensions, 'certificate_authorities')?.authorities ?? [],
    extensions,
  }
}

/** A signature with its scheme before it, which came with TLS 1.2 (RFC 5246 4.7). */
export function readSignature(reader: FieldReader, version: number): Signature {
  const scheme = version >= TLS12 ? reader.number('Signature scheme', 2, signatureSchemeName) : 0
  return { scheme, signature: reader.vector('Signature', 2) }
}

export function readCertificateVerify(reader: FieldReader, { version }: HandshakeContext): HandshakeMessage {
  return { type: 'certificate_verify', ...readSignature(reader, version) }
}

export function readCertificateStatus(reader: FieldReader): HandshakeMessage {
  const statusType = reader.number('Status type', 1, (type) => (type === 1 ? 'ocsp' : String(type)))
  const response = reader.vector('OCSP response', 3, (der) => `${der.length} bytes`)
  return { type: 'certificate_status', statusType, response }
}

export function readFinished(reader: FieldReader): HandshakeMessage {
  return { type: 'finished', verifyData: reader.rest('Verify data', bytesText) }
}
