/** Names of the numbers in TLS, as IANA's registries have them: those in real use. */
import { hex } from '../dissect/reader.ts'

/** RFC 8446 5.1. */
export const CHANGE_CIPHER_SPEC = 20
export const ALERT = 21
export const HANDSHAKE = 22
export const APPLICATION_DATA = 23
export const HEARTBEAT = 24

export const TLS12 = 0x0303
export const TLS13 = 0x0304

type Names = Readonly<Record<number, string>>

const CONTENT_TYPES: Names = {
  [CHANGE_CIPHER_SPEC]: 'change_cipher_spec',
  [ALERT]: 'alert',
  [HANDSHAKE]: 'handshake',
  [APPLICATION_DATA]: 'application_data',
  [HEARTBEAT]: 'heartbeat',
}

const VERSIONS: Names = {
  0x0300: 'SSL 3.0',
  0x0301: 'TLS 1.0',
  0x0302: 'TLS 1.1',
  [TLS12]: 'TLS 1.2',
  [TLS13]: 'TLS 1.3',
}

/** RFC 8446 6, with those of RFC 5246 7.2 that it dropped. */
const ALERTS: Names = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  60: 'export_restriction',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  111: 'certificate_unobtainable',
  112: 'unrecognized_name',
  113: 'bad_certificate_status_response',
  114: 'bad_certificate_hash_value',
  115: 'unknown_psk_identity',
  116: 'certificate_required',
  120: 'no_application_protocol',
  121: 'ech_required',
}

/** Handshake message types (RFC 8446 4; those below it without a name there come from RFC 5246, 6066 and 8879). */
const HANDSHAKE_TYPES: Names = {
  0: 'hello_request',
  1: 'client_hello',
  2: 'server_hello',
  4: 'new_session_ticket',
  5: 'end_of_early_data',
  8: 'encrypted_extensions',
  11: 'certificate',
  12: 'server_key_exchange',
  13: 'certificate_request',
  14: 'server_hello_done',
  15: 'certificate_verify',
  16: 'client_key_exchange',
  20: 'finished',
  21: 'certificate_url',
  22: 'certificate_status',
  23: 'supplemental_data',
  24: 'key_update',
  25: 'compressed_certificate',
}

const EXTENSIONS: Names = {
  0: 'server_name',
  1: 'max_fragment_length',
  5: 'status_request',
  10: 'supported_groups',
  11: 'ec_point_formats',
  13: 'signature_algorithms',
  14: 'use_srtp',
  15: 'heartbeat',
  16: 'application_layer_protocol_negotiation',
  17: 'status_request_v2',
  18: 'signed_certificate_timestamp',
  19: 'client_certificate_type',
  20: 'server_certificate_type',
  21: 'padding',
  22: 'encrypt_then_mac',
  23: 'extended_master_secret',
  27: 'compress_certificate',
  28: 'record_size_limit',
  34: 'delegated_credential',
  35: 'session_ticket',
  41: 'pre_shared_key',
  42: 'early_data',
  43: 'supported_versions',
  44: 'cookie',
  45: 'psk_key_exchange_modes',
  47: 'certificate_authorities',
  48: 'oid_filters',
  49: 'post_handshake_auth',
  50: 'signature_algorithms_cert',
  51: 'key_share',
  57: 'quic_transport_parameters',
  13172: 'next_protocol_negotiation',
  17513: 'application_settings',
  17613: 'application_settings',
  65037: 'encrypted_client_hello',
  65281: 'renegotiation_info',
}

const GROUPS: Names = {
  21: 'secp224r1',
  22: 'secp256k1',
  23: 'secp256r1',
  24: 'secp384r1',
  25: 'secp521r1',
  26: 'brainpoolP256r1',
  27: 'brainpoolP384r1',
  28: 'brainpoolP512r1',
  29: 'x25519',
  30: 'x448',
  256: 'ffdhe2048',
  257: 'ffdhe3072',
  258: 'ffdhe4096',
  259: 'ffdhe6144',
  260: 'ffdhe8192',
  512: 'MLKEM512',
  513: 'MLKEM768',
  514: 'MLKEM1024',
  4587: 'SecP256r1MLKEM768',
  4588: 'X25519MLKEM768',
  4589: 'SecP384r1MLKEM1024',
  25497: 'X25519Kyber768Draft00',
}

/** RFC 8446 4.2.3; those of TLS 1.2 that it has no name for are hash and signature (RFC 5246 7.4.1.4.1). */
const SIGNATURE_SCHEMES: Names = {
  0x0201: 'rsa_pkcs1_sha1',
  0x0202: 'dsa_sha1',
  0x0203: 'ecdsa_sha1',
  0x0301: 'rsa_pkcs1_sha224',
  0x0302: 'dsa_sha224',
  0x0303: 'ecdsa_sha224',
  0x0401: 'rsa_pkcs1_sha256',
  0x0402: 'dsa_sha256',
  0x0403: 'ecdsa_secp256r1_sha256',
  0x0501: 'rsa_pkcs1_sha384',
  0x0502: 'dsa_sha384',
  0x0503: 'ecdsa_secp384r1_sha384',
  0x0601: 'rsa_pkcs1_sha512',
  0x0602: 'dsa_sha512',
  0x0603: 'ecdsa_secp521r1_sha512',
  0x0804: 'rsa_pss_rsae_sha256',
  0x0805: 'rsa_pss_rsae_sha384',
  0x0806: 'rsa_pss_rsae_sha512',
  0x0807: 'ed25519',
  0x0808: 'ed448',
  0x0809: 'rsa_pss_pss_sha256',
  0x080a: 'rsa_pss_pss_sha384',
  0x080b: 'rsa_pss_pss_sha512',
  0x081a: 'ecdsa_brainpoolP256r1tls13_sha256',
  0x081b: 'ecdsa_brainpoolP384r1tls13_sha384',
  0x081c: 'ecdsa_brainpoolP512r1tls13_sha512',
  0x0904: 'mldsa44',
  0x0905: 'mldsa65',
  0x0906: 'mldsa87',
}

/** Values that clients send so that servers keep ignoring what they don't know (RFC 8701 2). */
export const isGrease = (value: number): boolean =>
  (value & 0x0f0f) === 0x0a0a && value >>> 8 === (value & 0xff)

/** The same for the one-byte values of PskKeyExchangeModes (RFC 8701 2). */
const isGreaseMode = (value: number): boolean => (value - 0x0b) % 0x1f === 0

const nameIn = (names: Names, value: number): string => names[value] ?? `unknown (${value})`

const nameWide = (names: Names, value: number): string =>
  isGrease(value) ? `GREASE (${hex(value, 4)})` : (names[value] ?? `unknown (${hex(value, 4)})`)

export const contentTypeName = (type: number): string => nameIn(CONTENT_TYPES, type)
export const versionName = (version: number): string => nameWide(VERSIONS, version)
export const alertName = (description: number): string => nameIn(ALERTS, description)
export const handshakeTypeName = (type: number): string => nameIn(HANDSHAKE_TYPES, type)
export const extensionName = (type: number): string => nameWide(EXTENSIONS, type)
export const groupName = (group: number): string => nameWide(GROUPS, group)
export const signatureSchemeName = (scheme: number): string => nameWide(SIGNATURE_SCHEMES, scheme)

/** `warning` and `fatal` (RFC 5246 7.2); TLS 1.3 sends the level, too, and looks at the description only. */
export const alertLevelName = (level: number): string => nameIn({ 1: 'warning', 2: 'fatal' }, level)

/** RFC 8446 4.2.9. */
export const pskModeName = (mode: number): string =>
  isGreaseMode(mode) ? `GREASE (${hex(mode, 2)})` : nameIn({ 0: 'psk_ke', 1: 'psk_dhe_ke' }, mode)

/** RFC 8422 5.1.2. */
export const pointFormatName = (format: number): string =>
  nameIn({ 0: 'uncompressed', 1: 'ansiX962_compressed_prime', 2: 'ansiX962_compressed_char2' }, format)

/** ClientCertificateType (RFC 5246 7.4.4, RFC 8422 5.5). */
export const certificateTypeName = (type: number): string =>
  nameIn({ 1: 'rsa_sign', 2: 'dss_sign', 3: 'rsa_fixed_dh', 4: 'dss_fixed_dh', 64: 'ecdsa_sign' }, type)

/** RFC 8879 3. */
export const compressionName = (algorithm: number): string =>
  isGrease(algorithm) ? 'GREASE' : nameIn({ 1: 'zlib', 2: 'brotli', 3: 'zstd' }, algorithm)
