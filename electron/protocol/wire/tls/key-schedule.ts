/** From secrets to keys: HKDF and the traffic keys of TLS 1.3 (RFC 5869, RFC 8446 7), the PRF of TLS 1.2 (RFC 5246 5, 6.3 and 8.1). */
import type { HashName, SessionCrypto } from '../../crypto.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** HKDF-Expand (RFC 5869 2.3): `length` bytes, at most 255 times the hash's. */
export function hkdfExpand(
  crypto: SessionCrypto,
  hash: HashName,
  secret: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  let block: Uint8Array = new Uint8Array(0)
  let output = block
  for (let counter = 1; output.length < length; counter++) {
    block = crypto.hmac(hash, secret, concat(block, info, Uint8Array.of(counter)))
    output = concat(output, block)
  }
  return output.subarray(0, length)
}

/** HKDF-Expand-Label (RFC 8446 7.1). */
export function hkdfExpandLabel(
  crypto: SessionCrypto,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const name = ascii(`tls13 ${label}`)
  const info = concat(
    Uint8Array.of(length >>> 8, length, name.length),
    name,
    Uint8Array.of(context.length),
    context,
  )
  return hkdfExpand(crypto, hash, secret, info, length)
}

const NO_CONTEXT = new Uint8Array(0)

/** Length of the nonce of each AEAD of TLS 1.3, and so of its iv (RFC 8446 5.3). */
const IV_LENGTH = 12

export interface TrafficKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

/** RFC 8446 7.3. */
export const trafficKeys = (
  crypto: SessionCrypto,
  hash: HashName,
  secret: Uint8Array,
  keyLength: number,
): TrafficKeys => ({
  key: hkdfExpandLabel(crypto, hash, secret, 'key', NO_CONTEXT, keyLength),
  iv: hkdfExpandLabel(crypto, hash, secret, 'iv', NO_CONTEXT, IV_LENGTH),
})

/** The application traffic secret after a KeyUpdate (RFC 8446 7.2). */
export const nextTrafficSecret = (crypto: SessionCrypto, hash: HashName, secret: Uint8Array): Uint8Array =>
  hkdfExpandLabel(crypto, hash, secret, 'traffic upd', NO_CONTEXT, secret.length)

/** The PRF of TLS 1.2 (RFC 5246 5). */
export function prf12(
  crypto: SessionCrypto,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concat(ascii(label), seed)
  let output: Uint8Array = new Uint8Array(0)
  let a = labelled
  while (output.length < length) {
    a = crypto.hmac(hash, secret, a)
    output = concat(output, crypto.hmac(hash, secret, concat(a, labelled)))
  }
  return output.subarray(0, length)
}

const MASTER_SECRET_LENGTH = 48

/** RFC 5246 8.1. */
export const masterSecret = (
  crypto: SessionCrypto,
  hash: HashName,
  premaster: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): Uint8Array =>
  prf12(crypto, hash, premaster, 'master secret', concat(clientRandom, serverRandom), MASTER_SECRET_LENGTH)

/** RFC 7627 4: over the hash of all handshake messages up to the ClientKeyExchange. */
export const extendedMasterSecret = (
  crypto: SessionCrypto,
  hash: HashName,
  premaster: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array => prf12(crypto, hash, premaster, 'extended master secret', sessionHash, MASTER_SECRET_LENGTH)

/** RFC 5246 6.3: the server's random comes first here. */
export const keyBlock = (
  crypto: SessionCrypto,
  hash: HashName,
  master: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  length: number,
): Uint8Array => prf12(crypto, hash, master, 'key expansion', concat(serverRandom, clientRandom), length)
