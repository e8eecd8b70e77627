/**
 * TLS of QUIC: the lab's own handshake (DESIGN 3.1) with the settings of an experiment, the certificates of its authority, and the
 * checks and words that TLS over TCP has, too. All of it happens within the step of the world.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { TlsClientSettings, TlsServerSettings } from '../../../shared/tls.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Rng } from '../../protocol/random.ts'
import type { CloseReason } from '../../protocol/quic/events.ts'
import { http3ErrorName } from '../../protocol/h3/errors.ts'
import { ClientHandshake, type CertificateVerifier } from '../../protocol/tls13/client.ts'
import { alertOf, type Alert, type AlertName, type GroupName } from '../../protocol/tls13/codes.ts'
import type { Negotiated, Session } from '../../protocol/tls13/handshake.ts'
import { ServerHandshake, type Signer } from '../../protocol/tls13/server.ts'
import { SUITES } from '../../protocol/tls13/suites.ts'
import { TicketKeeper } from '../../protocol/tls13/tickets.ts'
import { transportErrorName } from '../../protocol/wire/quic/errors.ts'
import {
  encodeTransportParameters,
  type TransportParameters,
} from '../../protocol/wire/quic/transport-parameters.ts'
import { nodeCrypto } from '../node-crypto.ts'
import type { Identity } from './authority.ts'
import { certificatesIn, tellChecks, verdictOf, walkChain } from './certificate-walk.ts'
import { isSignedBy, schemesOf, signWith } from './signatures.ts'

/** ALPN of HTTP/3 (RFC 9114 3.1). */
const PROTOCOLS = ['h3']
/** AES-128-GCM, as TLS over TCP has it in the lab. */
const LAB_SUITES = SUITES.slice(0, 1)

/** Makes the handshake of a connection from the transport parameters that it declares. */
export type MakeHandshake<H> = (own: TransportParameters) => H

/** What is wrong with settings of TLS for QUIC, as `field: what`; undefined: nothing. */
export const whyNotForQuic = ({ groups }: TlsServerSettings | TlsClientSettings): string | undefined =>
  groups === 'x25519mlkem768' ? 'groups: x25519mlkem768 is not to be had with QUIC' : undefined

// --- server ---------------------------------------------------------------------------------------------------

function signerOf({ chain, key }: Identity): Signer {
  const privateKey = createPrivateKey(key)
  return {
    chain: certificatesIn(chain).map(({ raw }) => raw),
    schemes: schemesOf(privateKey),
    sign: (scheme, content) => signWith(scheme, privateKey, content),
  }
}

/** The handshakes of a server's connections: one identity, one key for its tickets. */
export function serverHandshakes(
  { groups, resumption, earlyData }: TlsServerSettings,
  identity: Identity,
  rng: Rng,
): MakeHandshake<ServerHandshake> {
  const signer = signerOf(identity)
  const tickets = resumption ? new TicketKeeper(nodeCrypto, rng.fork('tickets')) : undefined
  let made = 0
  return (own) =>
    new ServerHandshake(nodeCrypto, rng.fork(`handshake ${++made}`), {
      protocols: PROTOCOLS,
      parameters: encodeTransportParameters(own),
      signer,
      // One group: a client that begins with another is asked again (RFC 8446 4.1.4).
      groups: [groups as GroupName],
      suites: LAB_SUITES,
      earlyData,
      ...(tickets && { tickets }),
    })
}

// --- client ---------------------------------------------------------------------------------------------------

/** The alert that tells a server what is wrong with its chain (RFC 8446 6.2), by OpenSSL's word for it. */
const ALERTS: Readonly<Record<string, AlertName>> = {
  CERT_HAS_EXPIRED: 'certificate_expired',
  CERT_NOT_YET_VALID: 'bad_certificate',
  CERT_SIGNATURE_FAILURE: 'bad_certificate',
  SUBJECT_ISSUER_MISMATCH: 'bad_certificate',
  INVALID_CA: 'unknown_ca',
  SELF_SIGNED_CERT_IN_CHAIN: 'unknown_ca',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'unknown_ca',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'unknown_ca',
}

/** Judges the chain of one connection's server and remembers its verdict. */
export class ChainJudge implements CertificateVerifier {
  /** OpenSSL's word for what is wrong with the chain; empty: nothing, or not seen. */
  verdict = ''
  private readonly anchors: readonly X509Certificate[]
  private readonly at: () => Date
  private readonly trace: Trace
  private readonly acceptAnyway: boolean

  /** `trace` is that of the connection's flow. */
  constructor(root: string, at: () => Date, trace: Trace, { acceptAnyway }: TlsClientSettings) {
    this.anchors = certificatesIn(root)
    this.at = at
    this.trace = trace
    this.acceptAnyway = acceptAnyway
  }

  verifyChain(chain: readonly Uint8Array[], host: string): Alert | undefined {
    const sent = readCertificates(chain)
    if (sent === undefined) return alertOf('bad_certificate', 'a certificate that cannot be read')
    const checks = walkChain(sent, { anchors: this.anchors, at: this.at(), host })
    tellChecks(this.trace, checks)
    this.verdict = verdictOf(checks)
    if (this.verdict === '' || this.acceptAnyway) return undefined
    const { detail } = checks.find(({ ok }) => !ok)!
    return alertOf(ALERTS[this.verdict] ?? 'certificate_unknown', detail)
  }

  readonly verifySignature = isSignedBy
}

function readCertificates(chain: readonly Uint8Array[]): X509Certificate[] | undefined {
  try {
    return chain.map((der) => new X509Certificate(der))
  } catch {
    return undefined
  }
}

/** The group that settings name goes with the first hello; the other is there for a server that wants it. */
const groupsOf = ({ groups }: TlsClientSettings): readonly GroupName[] =>
  groups === 'secp256r1' ? ['secp256r1', 'x25519'] : ['x25519', 'secp256r1']

/** The handshake of a client's connection; `session` is taken up if there is one. */
export function clientHandshake(
  settings: TlsClientSettings,
  verifier: CertificateVerifier,
  rng: Rng,
  session: Session | undefined,
): MakeHandshake<ClientHandshake> {
  return (own) =>
    new ClientHandshake(nodeCrypto, rng, {
      serverName: settings.serverName,
      protocols: PROTOCOLS,
      parameters: encodeTransportParameters(own),
      verifier,
      groups: groupsOf(settings),
      suites: LAB_SUITES,
      earlyData: settings.earlyData,
      ...(session && { session }),
    })
}

// --- what both say --------------------------------------------------------------------------------------------

export function tellHandshake(trace: Trace, { suite, group, alpn, resumed }: Negotiated): void {
  trace.emit('security:handshake_finished', {
    ...{ version: 'TLSv1.3', cipher_suite: suite.name, group, alpn, resumed },
    ...{ error: '', message: '' },
  })
}

/** The handshake came to nothing; `code` in the words of the library, as for TLS over TCP. */
export function tellHandshakeFailure(
  trace: Trace,
  { code, message }: { code: string; message: string },
): void {
  trace.emit('security:handshake_finished', {
    ...{ version: '', cipher_suite: '', group: '', alpn: '', resumed: false },
    ...{ error: code, message },
  })
}

const BY: Readonly<Partial<Record<CloseReason['by'], string>>> = {
  reset: 'ERR_QUIC_STATELESS_RESET',
  version_negotiation: 'ERR_QUIC_VERSION_NEGOTIATION',
}

/**
 * Why a connection is gone, with a code: OpenSSL's for a chain that does not hold (`verdict`), ours for what no peer sends, else the
 * name that the RFCs give it.
 */
export function failureOfClose(
  { by, layer, code, reason }: CloseReason,
  verdict = '',
): { readonly code: string; readonly message: string } {
  const name = layer === 'transport' ? transportErrorName(code) : http3ErrorName(code)
  // RFC 9000 10.1; with a code of its own where no path is left (8.2.4).
  if (by === 'timeout' && code === 0) return { code: 'ERR_QUIC_IDLE_TIMEOUT', message: reason }
  if (by === 'local' && name === 'H3_NO_ERROR')
    return { code: 'ECONNABORTED', message: 'this side gave it up' }
  const isRefused = verdict !== '' && by === 'local' && name.startsWith('CRYPTO_ERROR')
  return {
    code: isRefused ? verdict : (BY[by] ?? name),
    message: reason === '' ? `closed by ${by} with ${name}` : reason,
  }
}
