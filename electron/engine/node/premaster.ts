/**
 * The premaster secret of an RSA key exchange (RFC 5246 7.4.7.1) from its encrypted form and the server's private key: what
 * the server does, done by someone else later.
 */
import { constants, privateDecrypt, type KeyObject } from 'node:crypto'

/** A version and 46 random bytes. */
const LENGTH = 48
/** RFC 8017 7.2.2: 0x00, 0x02, so many bytes of padding at least, 0x00. */
const LEAST_PADDING = 8

/**
 * Takes off the padding of PKCS#1 v1.5 (RFC 8017 7.2.2); undefined: it is not of that form. Node's `privateDecrypt` would
 * do it, but refuses or gives random bytes, since a server that tells the two apart can be made to decrypt for anyone
 * (Bleichenbacher 1998). Here nobody waits for an answer that could tell.
 */
export function withoutPadding(message: Uint8Array): Uint8Array | undefined {
  if (message[0] !== 0 || message[1] !== 2) return undefined
  const end = message.indexOf(0, 2)
  return end < 2 + LEAST_PADDING ? undefined : message.subarray(end + 1)
}

/** Undefined: this is no premaster secret that was encrypted for this key. */
export function decryptPremaster(encrypted: Uint8Array, key: KeyObject): Uint8Array | undefined {
  if (key.asymmetricKeyType !== 'rsa') return undefined
  try {
    const secret = withoutPadding(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted))
    return secret?.length === LENGTH ? secret : undefined
  } catch {
    // Longer than the modulus, or not less than it: not what came out of an encryption with this key.
    return undefined
  }
}
