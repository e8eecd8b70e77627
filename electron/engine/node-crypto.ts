/** The cores' crypto by `node:crypto`, both OpenSSL's and BoringSSL's (DESIGN 9). */
import {
  createCipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  getCiphers,
  type KeyObject,
} from 'node:crypto'
import type { Aead, AeadName, HandshakeCrypto, KeyShare } from '../protocol/crypto.ts'

const TAG = 16

/** A cipher given a KeyObject is several times faster than one given bytes, and keys come again with each record. */
const keyObjects = new WeakMap<Uint8Array, KeyObject>()

function keyObjectOf(key: Uint8Array): KeyObject {
  let object = keyObjects.get(key)
  if (object === undefined) keyObjects.set(key, (object = createSecretKey(key)))
  return object
}

/** Calls that throw on inauthentic bytes, on a wrong size and on a cipher that is not there. */
function orUndefined(call: () => Uint8Array): Uint8Array | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}

/** Opens what `aead` sealed; throws when it is not authentic. */
function openAead(
  name: AeadName,
  key: KeyObject,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const end = sealed.length - TAG
  // The ciphers have the same methods; Node's types differ by the name only.
  const decipher = createDecipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: TAG })
  decipher.setAuthTag(sealed.subarray(end))
  decipher.setAAD(additionalData)
  const plaintext = decipher.update(sealed.subarray(0, end))
  decipher.final()
  return plaintext
}

function sealAead(
  name: AeadName,
  key: KeyObject,
  nonce: Uint8Array,
  additionalData: Uint8Array,
  plaintext: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  const cipher = createCipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: TAG })
  cipher.setAAD(additionalData)
  into.set(cipher.update(plaintext), at)
  cipher.final()
  into.set(cipher.getAuthTag(), at + plaintext.length)
}

/** AES in ECB mode works block by block, so one cipher serves all samples (RFC 9001 5.4.3). */
function aesMask(key: Uint8Array): (sample: Uint8Array) => Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, createSecretKey(key), null)
  cipher.setAutoPadding(false)
  return (sample) => cipher.update(sample)
}

const ZEROS = new Uint8Array(5)

/** The sample is counter and nonce of ChaCha20 (RFC 9001 5.4.4), in the order in which OpenSSL takes them as iv. */
function chachaMask(key: Uint8Array): (sample: Uint8Array) => Uint8Array {
  const object = createSecretKey(key)
  return (sample) => createCipheriv('chacha20', object, sample).update(ZEROS)
}

/** The DER before the 32 bytes of a key (RFC 8410 7 and 4). */
const X25519_PRIVATE = Buffer.from('302e020100300506032b656e04220420', 'hex')
const X25519_PUBLIC = Buffer.from('302a300506032b656e032100', 'hex')

function x25519(seed: Uint8Array): KeyShare {
  const der = Buffer.concat([X25519_PRIVATE, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(X25519_PUBLIC.length)),
    agree: (peer) =>
      orUndefined(() => {
        const key = Buffer.concat([X25519_PUBLIC, peer])
        const publicKey = createPublicKey({ key, format: 'der', type: 'spki' })
        return diffieHellman({ privateKey, publicKey })
      }),
  }
}

function secp256r1(seed: Uint8Array): KeyShare {
  const pair = createECDH('prime256v1')
  pair.setPrivateKey(seed)
  return {
    publicKey: new Uint8Array(pair.getPublicKey()),
    // Uncompressed points only (RFC 8446 4.2.8.2), which begin with 4.
    agree: (peer) => (peer[0] === 4 ? orUndefined(() => pair.computeSecret(peer)) : undefined),
  }
}

export const nodeCrypto: HandshakeCrypto = {
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (name, data) => createHash(name).update(data).digest(),
  hmac: (name, key, data) => createHmac(name, key).update(data).digest(),

  aeadOpen: (name, key, nonce, additionalData, sealed) =>
    orUndefined(() => openAead(name, keyObjectOf(key), nonce, additionalData, sealed)),

  has: (name) => getCiphers().includes(name),

  aead(name, key): Aead {
    const object = createSecretKey(key)
    return {
      seal: (nonce, additionalData, plaintext) => {
        const sealed = new Uint8Array(plaintext.length + TAG)
        sealAead(name, object, nonce, additionalData, plaintext, sealed, 0)
        return sealed
      },
      sealInto: (nonce, additionalData, plaintext, into, at) =>
        sealAead(name, object, nonce, additionalData, plaintext, into, at),
      open: (nonce, additionalData, sealed) =>
        orUndefined(() => openAead(name, object, nonce, additionalData, sealed)),
    }
  },

  headerMask: (name, key) => (name === 'chacha20-poly1305' ? chachaMask(key) : aesMask(key)),

  cbcDecrypt: (key, iv, ciphertext) =>
    orUndefined(() => {
      const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, keyObjectOf(key), iv)
      decipher.setAutoPadding(false)
      const plaintext = decipher.update(ciphertext)
      decipher.final()
      return plaintext
    }),

  keyShare: (group, seed) => (group === 'x25519' ? x25519(seed) : secp256r1(seed)),
}
