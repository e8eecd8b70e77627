/** The settings of TLS that an experiment may choose, for a server and for a client. */
import * as v from 'valibot'

const common = {
  /** The one version that this side speaks. */
  version: v.optional(v.picklist(['1.2', '1.3']), '1.3'),
  /** How the secret is agreed; TLS 1.3 knows (EC)DHE only. `rsa`: RFC 5246 7.4.7.1, without forward secrecy. */
  keyExchange: v.optional(v.picklist(['ecdhe', 'rsa']), 'ecdhe'),
  /** RFC 7627; TLS 1.3 always binds the transcript. */
  extendedMasterSecret: v.optional(v.boolean(), true),
  /** Groups for the key share, the preferred first; the post-quantum one only where the library has it. */
  groups: v.optional(v.picklist(['x25519', 'secp256r1', 'x25519mlkem768']), 'x25519'),
  /** Session tickets, and their use by the next connection. Their size is not fixed, so off where runs must repeat. */
  resumption: v.optional(v.boolean(), false),
} as const

/** What may be wrong with the certificate chain that a server shows. */
export const CERTIFICATE_FAULTS = [
  'none',
  'tampered',
  'expired',
  'not-yet-valid',
  'wrong-host',
  'unknown-root',
  'missing-intermediate',
] as const
export type CertificateFault = (typeof CERTIFICATE_FAULTS)[number]

export const TlsServerSettings = v.strictObject({
  ...common,
  /** Key of the leaf: RSA-2048 where runs must repeat, P-256 where a browser may come. */
  certificate: v.optional(v.picklist(['rsa', 'p256']), 'rsa'),
  certificateFault: v.optional(v.picklist(CERTIFICATE_FAULTS), 'none'),
  /** Names that the certificate carries beside that of the host; the laboratory's authority may sign for `.lab` only. */
  names: v.optional(v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z0-9.-]{1,60}\.lab$/))), v.maxLength(8))),
  /**
   * Of QUIC: what becomes of 0-RTT data (RFC 8446 8). `once`: a ticket is good for it a single time (8.1); `always`: no defence
   * against replay; `refuse`: none is taken.
   */
  earlyData: v.optional(v.picklist(['refuse', 'once', 'always']), 'refuse'),
})
export type TlsServerSettings = v.InferOutput<typeof TlsServerSettings>

export const TlsClientSettings = v.strictObject({
  ...common,
  /** Name that is sent as SNI and that the certificate must carry. */
  serverName: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9.-]{1,253}$/)), 'server.lab'),
  /** Go on with a certificate that failed; the failure is in the trace all the same. */
  acceptAnyway: v.optional(v.boolean(), false),
  /** Of QUIC: sends requests as 0-RTT data when it takes up a session that allows it. */
  earlyData: v.optional(v.boolean(), false),
})
export type TlsClientSettings = v.InferOutput<typeof TlsClientSettings>
