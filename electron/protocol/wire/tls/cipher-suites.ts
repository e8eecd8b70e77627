/** Cipher suites in real use, and what their names say of keys (RFC 5246 A.5 and C, RFC 5288, 5289, 7905, RFC 8446 B.4). */
import type { AeadName, HashName } from '../../crypto.ts'
import { hex } from '../dissect/reader.ts'
import { isGrease } from './names.ts'

const NAMES: Readonly<Record<number, string>> = {
  0x0000: 'TLS_NULL_WITH_NULL_NULL',
  0x0004: 'TLS_RSA_WITH_RC4_128_MD5',
  0x0005: 'TLS_RSA_WITH_RC4_128_SHA',
  0x000a: 'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  0x002f: 'TLS_RSA_WITH_AES_128_CBC_SHA',
  0x0033: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA',
  0x0035: 'TLS_RSA_WITH_AES_256_CBC_SHA',
  0x0039: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA',
  0x003c: 'TLS_RSA_WITH_AES_128_CBC_SHA256',
  0x003d: 'TLS_RSA_WITH_AES_256_CBC_SHA256',
  0x0067: 'TLS_DHE_RSA_WITH_AES_128_CBC_SHA256',
  0x006b: 'TLS_DHE_RSA_WITH_AES_256_CBC_SHA256',
  0x008c: 'TLS_PSK_WITH_AES_128_CBC_SHA',
  0x008d: 'TLS_PSK_WITH_AES_256_CBC_SHA',
  0x009c: 'TLS_RSA_WITH_AES_128_GCM_SHA256',
  0x009d: 'TLS_RSA_WITH_AES_256_GCM_SHA384',
  0x009e: 'TLS_DHE_RSA_WITH_AES_128_GCM_SHA256',
  0x009f: 'TLS_DHE_RSA_WITH_AES_256_GCM_SHA384',
  0x00a8: 'TLS_PSK_WITH_AES_128_GCM_SHA256',
  0x00a9: 'TLS_PSK_WITH_AES_256_GCM_SHA384',
  0x00ff: 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV',
  0x1301: 'TLS_AES_128_GCM_SHA256',
  0x1302: 'TLS_AES_256_GCM_SHA384',
  0x1303: 'TLS_CHACHA20_POLY1305_SHA256',
  0x1304: 'TLS_AES_128_CCM_SHA256',
  0x1305: 'TLS_AES_128_CCM_8_SHA256',
  0x5600: 'TLS_FALLBACK_SCSV',
  0xc008: 'TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA',
  0xc009: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  0xc00a: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  0xc012: 'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
  0xc013: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  0xc014: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  0xc023: 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  0xc024: 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  0xc027: 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  0xc028: 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  0xc02b: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  0xc02c: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  0xc02f: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  0xc030: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  0xc09c: 'TLS_RSA_WITH_AES_128_CCM',
  0xc09d: 'TLS_RSA_WITH_AES_256_CCM',
  0xc0ac: 'TLS_ECDHE_ECDSA_WITH_AES_128_CCM',
  0xc0ad: 'TLS_ECDHE_ECDSA_WITH_AES_256_CCM',
  0xcca8: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  0xcca9: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  0xccaa: 'TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  0xccab: 'TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
}

export function cipherSuiteName(suite: number): string {
  return isGrease(suite) ? `GREASE (${hex(suite, 4)})` : (NAMES[suite] ?? `unknown (${hex(suite, 4)})`)
}

export type KeyExchange = 'RSA' | 'ECDHE' | 'DHE' | 'PSK' | 'unknown'

/** What is signed or sent in the key exchange messages of a TLS 1.2 suite; those of TLS 1.3 don't say. */
export function keyExchangeOf(suite: number): KeyExchange {
  const name = NAMES[suite] ?? ''
  const found = /^TLS_(RSA|ECDHE|DHE|PSK)_(?:RSA_|ECDSA_)?WITH_/.exec(name)
  return (found?.[1] as KeyExchange | undefined) ?? 'unknown'
}

/** How a suite protects records; lengths in bytes. */
export type SuiteCipher =
  | { readonly kind: 'aead'; readonly aead: AeadName; readonly keyLength: number; readonly hash: HashName }
  | {
      readonly kind: 'cbc'
      readonly keyLength: number
      /** Of the key schedule: SHA-256 at least in TLS 1.2 (RFC 5246 5). */
      readonly hash: HashName
      readonly mac: HashName
      readonly macLength: number
    }

const AEADS = {
  AES_128_GCM: { aead: 'aes-128-gcm', keyLength: 16 },
  AES_256_GCM: { aead: 'aes-256-gcm', keyLength: 32 },
  CHACHA20_POLY1305: { aead: 'chacha20-poly1305', keyLength: 32 },
} as const

const MAC_LENGTHS: Readonly<Record<HashName, number>> = { sha1: 20, sha256: 32, sha384: 48 }

/** The cipher of a suite; undefined for those that are not decrypted here (CCM, RC4, 3DES) or not known. */
export function suiteCipher(suite: number): SuiteCipher | undefined {
  const name = NAMES[suite] ?? ''
  const aead = /^TLS_(?:\w+_WITH_)?(AES_128_GCM|AES_256_GCM|CHACHA20_POLY1305)_SHA(256|384)$/.exec(name)
  if (aead !== null) {
    const cipher = AEADS[aead[1] as keyof typeof AEADS]
    return { kind: 'aead', ...cipher, hash: aead[2] === '384' ? 'sha384' : 'sha256' }
  }
  const cbc = /_WITH_AES_(128|256)_CBC_SHA(256|384)?$/.exec(name)
  if (cbc === null) return undefined
  const mac: HashName = cbc[2] === '384' ? 'sha384' : cbc[2] === '256' ? 'sha256' : 'sha1'
  return {
    kind: 'cbc',
    keyLength: Number(cbc[1]) / 8,
    hash: mac === 'sha384' ? 'sha384' : 'sha256',
    mac,
    macLength: MAC_LENGTHS[mac],
  }
}

export const isTls13Suite = (suite: number): boolean => suite >>> 8 === 0x13
