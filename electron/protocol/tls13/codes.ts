/** Numbers of TLS 1.3 (RFC 8446 4, 6, B.3). */

export const HANDSHAKE_TYPE = {
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  endOfEarlyData: 5,
  encryptedExtensions: 8,
  certificate: 11,
  certificateRequest: 13,
  certificateVerify: 15,
  finished: 20,
  keyUpdate: 24,
  messageHash: 254,
} as const

export const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  cookie: 44,
  pskKeyExchangeModes: 45,
  keyShare: 51,
  /** RFC 9001 8.2. */
  quicTransportParameters: 57,
} as const

export const TLS_12 = 0x0303
export const TLS_13 = 0x0304

/** RFC 8446 4.2.9: a key is agreed all the same, so that resumption keeps forward secrecy. */
export const PSK_DHE_KE = 1

export const GROUPS = { x25519: 0x001d, secp256r1: 0x0017 } as const
export type GroupName = keyof typeof GROUPS

export const SIGNATURE_SCHEMES = {
  ecdsa_secp256r1_sha256: 0x0403,
  rsa_pss_rsae_sha256: 0x0804,
  ed25519: 0x0807,
} as const
export type SignatureScheme = keyof typeof SIGNATURE_SCHEMES

/** The name that goes with a number; undefined: not one that we speak. */
export const nameOf = <T extends string>(table: Readonly<Record<T, number>>, number: number): T | undefined =>
  (Object.keys(table) as T[]).find((name) => table[name] === number)

export const ALERT = {
  unexpected_message: 10,
  handshake_failure: 40,
  bad_certificate: 42,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  internal_error: 80,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  no_application_protocol: 120,
} as const
export type AlertName = keyof typeof ALERT

/** What went wrong, in the words of RFC 8446 6.2 and in ours. */
export interface Alert {
  readonly alert: AlertName
  readonly reason: string
}

export const alertOf = (alert: AlertName, reason: string): Alert => ({ alert, reason })

export const isAlert = (value: object): value is Alert => 'alert' in value
