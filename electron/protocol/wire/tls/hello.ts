/** ClientHello and ServerHello (RFC 8446 4.1, RFC 5246 7.4.1), and what they settle. */
import { cipherSuiteName } from './cipher-suites.ts'
import { findExtension, readExtensions } from './extensions.ts'
import type { FieldReader } from './field-reader.ts'
import type { ClientHello, ServerHello } from './messages.ts'
import { versionName } from './names.ts'

/** SHA-256 of "HelloRetryRequest": the random of a ServerHello that is one (RFC 8446 4.1.3). */
const RETRY_RANDOM = [
  0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2,
  0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
]

export function readClientHello(reader: FieldReader): ClientHello {
  return {
    type: 'client_hello',
    version: reader.number('Legacy version', 2, versionName),
    random: reader.opaque('Random', 32),
    sessionId: reader.vector('Session ID', 1),
    cipherSuites: reader.list('Cipher suites', 2, (list) => list.number('Cipher suite', 2, cipherSuiteName)),
    compressionMethods: reader.vector('Compression methods', 1),
    extensions: readExtensions(reader, 'client_hello'),
  }
}

export function readServerHello(reader: FieldReader): ServerHello {
  const version = reader.number('Legacy version', 2, versionName)
  const random = reader.opaque('Random', 32)
  const retry = random.length === 32 && RETRY_RANDOM.every((byte, i) => random[i] === byte)
  return {
    type: 'server_hello',
    version,
    random,
    sessionId: reader.vector('Session ID', 1),
    cipherSuite: reader.number('Cipher suite', 2, cipherSuiteName),
    compressionMethod: reader.number('Compression method', 1),
    extensions: readExtensions(reader, retry ? 'hello_retry_request' : 'server_hello'),
    retry,
  }
}

/** The version that a ServerHello chose: the extension's, if there is one (RFC 8446 4.2.1). */
export function negotiatedVersion(hello: ServerHello): number {
  return findExtension(hello.extensions, 'supported_versions')?.versions[0] ?? hello.version
}
