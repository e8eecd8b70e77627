/** Cipher suites of TLS 1.3 (RFC 8446 B.4). */
import type { QuicCrypto } from '../crypto.ts'
import type { CipherSuite } from '../wire/quic/protection.ts'

export interface Tls13Suite extends CipherSuite {
  readonly name: string
  readonly number: number
  readonly hashLength: 32 | 48
}

/** In the order in which we like them. AES-128-GCM is in every library; the others may be missing (DESIGN 9). */
export const SUITES: readonly Tls13Suite[] = [
  {
    name: 'TLS_AES_128_GCM_SHA256',
    number: 0x1301,
    aead: 'aes-128-gcm',
    hash: 'sha256',
    hashLength: 32,
    keyLength: 16,
  },
  {
    name: 'TLS_AES_256_GCM_SHA384',
    number: 0x1302,
    aead: 'aes-256-gcm',
    hash: 'sha384',
    hashLength: 48,
    keyLength: 32,
  },
  {
    name: 'TLS_CHACHA20_POLY1305_SHA256',
    number: 0x1303,
    aead: 'chacha20-poly1305',
    hash: 'sha256',
    hashLength: 32,
    keyLength: 32,
  },
]

export const suiteOf = (number: number): Tls13Suite | undefined =>
  SUITES.find((suite) => suite.number === number)

export const suitesOf = (crypto: QuicCrypto): readonly Tls13Suite[] =>
  SUITES.filter((suite) => crypto.has(suite.aead))
