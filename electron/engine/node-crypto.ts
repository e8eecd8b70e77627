/** The cores' crypto by `node:crypto`, both OpenSSL's and BoringSSL's (DESIGN 9). */
import { createDecipheriv, createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { AeadName, SessionCrypto } from '../protocol/crypto.ts'

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

function aeadDecipher(name: AeadName, key: Uint8Array, nonce: Uint8Array) {
  // The two have the same methods; Node's types differ by the name of the cipher only.
  return createDecipheriv(name as 'aes-128-gcm', keyObjectOf(key), nonce, { authTagLength: TAG })
}

export const nodeCrypto: SessionCrypto = {
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (name, data) => createHash(name).update(data).digest(),
  hmac: (name, key, data) => createHmac(name, key).update(data).digest(),

  aeadOpen: (name, key, nonce, additionalData, sealed) =>
    orUndefined(() => {
      const end = sealed.length - TAG
      const decipher = aeadDecipher(name, key, nonce)
      decipher.setAuthTag(sealed.subarray(end))
      decipher.setAAD(additionalData)
      const plaintext = decipher.update(sealed.subarray(0, end))
      decipher.final()
      return plaintext
    }),

  cbcDecrypt: (key, iv, ciphertext) =>
    orUndefined(() => {
      const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, keyObjectOf(key), iv)
      decipher.setAutoPadding(false)
      const plaintext = decipher.update(ciphertext)
      decipher.final()
      return plaintext
    }),
}
