/** The settings of TLS in the words of Node. */
import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import type { TlsClientSettings, TlsServerSettings } from '../../../shared/tls.ts'

export type TlsSettings = TlsServerSettings | TlsClientSettings

/** SSL_OP_NO_EXTENDED_MASTER_SECRET of OpenSSL 3 (RFC 7627); Node has no name for it. */
const NO_EXTENDED_MASTER_SECRET = 0x1

const GROUPS = { x25519: 'X25519', secp256r1: 'P-256', x25519mlkem768: 'X25519MLKEM768' } as const

/** AES-128-GCM throughout, so that the ways to agree on a secret differ in nothing else. */
const TLS12_CIPHERS = {
  ecdhe: 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256',
  rsa: 'AES128-GCM-SHA256',
} as const
const TLS13_CIPHERS = 'TLS_AES_128_GCM_SHA256'

/** What `tls.createServer` and `tls.connect` take for these settings. One group and no list: nothing is left to chance. */
export function contextOptions(settings: TlsSettings): SecureContextOptions {
  const isTls13 = settings.version === '1.3'
  const version = isTls13 ? 'TLSv1.3' : 'TLSv1.2'
  return {
    minVersion: version,
    maxVersion: version,
    ciphers: isTls13 ? TLS13_CIPHERS : TLS12_CIPHERS[settings.keyExchange],
    ecdhCurve: curvesOf(settings),
    secureOptions:
      (settings.resumption ? 0 : constants.SSL_OP_NO_TICKET) |
      (settings.extendedMasterSecret ? 0 : NO_EXTENDED_MASTER_SECRET),
  }
}

/**
 * The groups that are offered. A client of TLS 1.2 must also name the curve of a server's P-256 certificate (RFC 8422 5.1.1):
 * it comes last, and a server knows one group only, so it is agreed on by no other way.
 */
function curvesOf(settings: TlsSettings): string {
  const curve = GROUPS[settings.groups]
  const isClient = 'serverName' in settings
  return isClient && settings.version === '1.2' && curve !== GROUPS.secp256r1 ? `${curve}:P-256` : curve
}

/** The group that both sides agree on when both have these settings; empty: the key exchange has none. */
export const groupOf = ({ version, keyExchange, groups }: TlsSettings): string =>
  version === '1.2' && keyExchange === 'rsa' ? '' : groups
