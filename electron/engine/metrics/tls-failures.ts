/** Why TLS handshakes failed: connections by the code that the client's library gave. null: nothing was encrypted. */
import type { LaneFacts } from './lane-facts.ts'

/**
 * What may be wrong with a chain, as Node calls it: the names are OpenSSL's (X509_V_ERR_...), but for that of the host,
 * which Node compares itself.
 */
export const CERTIFICATE_FAILURES = [
  'CERT_SIGNATURE_FAILURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
] as const

/** Connections of which an end gave `code` as the reason why its handshake failed. */
const failedWith =
  (code: string) =>
  ({ tls }: LaneFacts): number | null =>
    tls.seen ? [...tls.ends.values()].filter((ends) => ends.some(({ error }) => error === code)).length : null

/** `tls_failed_cert_has_expired` and so on. */
export const TLS_FAILURE_METRICS = Object.fromEntries(
  CERTIFICATE_FAILURES.map((code) => [`tls_failed_${code.toLowerCase()}`, failedWith(code)] as const),
)
