/** The signatures of TLS 1.3 by `node:crypto` (RFC 8446 4.2.3). */
import { constants, sign, verify, X509Certificate, type KeyObject } from 'node:crypto'
import type { SignatureScheme } from '../../protocol/tls13/codes.ts'

/** How a scheme signs: the hash (Ed25519 has its own) and, for RSA-PSS, a salt as long as it. */
const SCHEMES: Readonly<
  Record<SignatureScheme, { readonly keyType: string; readonly hash: string | null; readonly pss?: true }>
> = {
  ecdsa_secp256r1_sha256: { keyType: 'ec', hash: 'sha256' },
  rsa_pss_rsae_sha256: { keyType: 'rsa', hash: 'sha256', pss: true },
  ed25519: { keyType: 'ed25519', hash: null },
}

const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
}

/** The schemes that a key can sign with. */
export const schemesOf = (key: KeyObject): readonly SignatureScheme[] =>
  (Object.keys(SCHEMES) as SignatureScheme[]).filter(
    (scheme) =>
      SCHEMES[scheme].keyType === key.asymmetricKeyType &&
      // The scheme names the curve, too.
      (scheme !== 'ecdsa_secp256r1_sha256' || key.asymmetricKeyDetails?.namedCurve === 'prime256v1'),
  )

export function signWith(scheme: SignatureScheme, key: KeyObject, content: Uint8Array): Uint8Array {
  const { hash, pss } = SCHEMES[scheme]
  return sign(hash, content, pss ? { key, ...PSS } : key)
}

/** Whether the key of a certificate (DER) made the signature with this scheme. False for bytes that are no certificate. */
export function isSignedBy(
  scheme: SignatureScheme,
  certificate: Uint8Array,
  content: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const key = new X509Certificate(certificate).publicKey
    if (!schemesOf(key).includes(scheme)) return false
    const { hash, pss } = SCHEMES[scheme]
    return verify(hash, content, pss ? { key, ...PSS } : key, signature)
  } catch {
    return false
  }
}
