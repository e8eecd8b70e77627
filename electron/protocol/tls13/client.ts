/** The client's side of the handshake (RFC 8446 2, 4 and appendix A.1), for QUIC (RFC 9001 4 and 8). */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto, KeyShare } from '../crypto.ts'
import type { Rng } from '../random.ts'
import { parseAddress } from '../wire/address.ts'
import { sameBytes } from '../wire/bytes.ts'
import {
  alertOf,
  EXTENSION,
  GROUPS,
  HANDSHAKE_TYPE,
  isAlert,
  nameOf,
  PSK_DHE_KE,
  SIGNATURE_SCHEMES,
  TLS_13,
  type Alert,
  type GroupName,
  type SignatureScheme,
} from './codes.ts'
import {
  extension,
  firstAlert,
  readKeyShare,
  readProtocols,
  transportParameters,
  writeKeyShare,
  writeOfferedPsk,
  writeProtocols,
  writeServerName,
  type Extensions,
} from './extensions.ts'
import { Handshake, type Level, type Session } from './handshake.ts'
import { isRetry, readServerHello, writeClientHello, type ClientHello, type ServerHello } from './hellos.ts'
import { KeySchedule } from './key-schedule.ts'
import {
  LONGEST_LIFETIME,
  readCertificate,
  readCertificateVerify,
  readEncryptedExtensions,
  readNewSessionTicket,
  signedContent,
  writeFinished,
} from './messages.ts'
import { suitesOf, type Tls13Suite } from './suites.ts'
import { number, vector } from './writer.ts'

/** Judges what a server shows; the rules of certificates are not ours (DESIGN 3.1). */
export interface CertificateVerifier {
  /** Undefined: the chain, in DER with the leaf first, is good for this name. */
  verifyChain(chain: readonly Uint8Array[], serverName: string): Alert | undefined
  /** Whether the leaf's key made this signature. */
  verifySignature(
    scheme: SignatureScheme,
    leaf: Uint8Array,
    content: Uint8Array,
    signature: Uint8Array,
  ): boolean
}

export interface ClientOptions {
  readonly serverName: string
  readonly protocols: readonly string[]
  /** Encoded transport parameters; undefined: this is not QUIC, and the server need not have any. */
  readonly parameters: Uint8Array | undefined
  readonly verifier: CertificateVerifier
  /** The first one's key share goes with the ClientHello; by default X25519 and then P-256. */
  readonly groups?: readonly GroupName[]
  readonly suites?: readonly Tls13Suite[]
  /** A session to take up. */
  readonly session?: Session
  /** Send 0-RTT data, if the session allows it. */
  readonly earlyData?: boolean
}

/** What is expected next, with what is known by then (RFC 8446 appendix A.1). */
type State =
  | { readonly at: 'start' }
  | { readonly at: 'wait_server_hello' }
  | { readonly at: 'wait_encrypted_extensions'; readonly keys: Keys }
  | { readonly at: 'wait_certificate'; readonly keys: Keys }
  | { readonly at: 'wait_certificate_verify'; readonly keys: Keys; readonly leaf: Uint8Array }
  | { readonly at: 'wait_finished'; readonly keys: Keys }
  | { readonly at: 'connected'; readonly keys: Keys; readonly resumptionMaster: Uint8Array }

interface Keys {
  readonly schedule: KeySchedule
  readonly clientSecret: Uint8Array
  readonly serverSecret: Uint8Array
  readonly group: GroupName
  readonly resumed: boolean
}

const EXPECTED: Readonly<Record<State['at'], readonly number[]>> = {
  start: [],
  wait_server_hello: [HANDSHAKE_TYPE.serverHello],
  wait_encrypted_extensions: [HANDSHAKE_TYPE.encryptedExtensions],
  wait_certificate: [HANDSHAKE_TYPE.certificate],
  wait_certificate_verify: [HANDSHAKE_TYPE.certificateVerify],
  wait_finished: [HANDSHAKE_TYPE.finished],
  connected: [HANDSHAKE_TYPE.newSessionTicket],
}

const LEVELS: Readonly<Record<State['at'], Level>> = {
  start: 'initial',
  wait_server_hello: 'initial',
  wait_encrypted_extensions: 'handshake',
  wait_certificate: 'handshake',
  wait_certificate_verify: 'handshake',
  wait_finished: 'handshake',
  connected: '1rtt',
}

const DEFAULT_GROUPS: readonly GroupName[] = ['x25519', 'secp256r1']
/** RFC 9001 4.6.1: the only value that a ticket for QUIC may name. */
const QUIC_EARLY_DATA = 0xffff_ffff

const isFresh = (session: Session, now: Micros): boolean =>
  (now - session.receivedAt) / 1e6 < session.lifetime

export class ClientHandshake extends Handshake {
  private readonly options: ClientOptions
  private readonly suites: readonly Tls13Suite[]
  private readonly groups: readonly GroupName[]
  private readonly clientRandom: Uint8Array
  /** The session that is offered; undefined: none, or it can't be any more. */
  private session: Session | undefined
  private state: State = { at: 'start' }
  private share!: { readonly group: GroupName; readonly key: KeyShare }
  private cookie: Uint8Array | undefined
  private alpn = ''
  private parameters: Uint8Array = new Uint8Array(0)
  /** The suite that a HelloRetryRequest chose: it stays (4.1.4). */
  private retrySuite: Tls13Suite | undefined
  private earlyData: 'none' | 'offered' | 'accepted' | 'refused' = 'none'

  constructor(crypto: HandshakeCrypto, rng: Rng, options: ClientOptions) {
    super(crypto, rng)
    this.options = options
    this.groups = options.groups ?? DEFAULT_GROUPS
    this.suites = options.suites ?? suitesOf(crypto)
    this.clientRandom = this.random(32)
  }

  /** Sends the ClientHello. */
  start(now: Micros): void {
    const { session, earlyData } = this.options
    if (session !== undefined && this.suites.includes(session.suite) && isFresh(session, now))
      this.session = session
    this.makeShare(this.groups[0])
    if (this.session?.earlyData === true && earlyData === true) this.earlyData = 'offered'
    this.sendHello(now)
    if (this.session === undefined || this.earlyData !== 'offered') return
    this.emit({ type: 'remembered', bytes: this.session.parameters })
    const schedule = new KeySchedule(this.crypto, this.session.suite, this.session.psk)
    this.install(schedule, 'c e traffic', '0rtt', 'write', this.clientRandom)
  }

  protected override handleMessage(
    now: Micros,
    level: Level,
    type: number,
    body: Uint8Array,
    whole: Uint8Array,
  ): Alert | undefined {
    const { state } = this
    if (LEVELS[state.at] !== level || !EXPECTED[state.at].includes(type))
      return alertOf('unexpected_message', `message ${type} at level ${level} in state ${state.at}`)
    switch (state.at) {
      case 'wait_server_hello':
        return this.onServerHello(now, body, whole)
      case 'wait_encrypted_extensions':
        return this.onEncryptedExtensions(body, whole, state.keys)
      case 'wait_certificate':
        return this.onCertificate(body, whole, state.keys)
      case 'wait_certificate_verify':
        return this.onCertificateVerify(body, whole, state.keys, state.leaf)
      case 'wait_finished':
        return this.onFinished(body, whole, state.keys)
      case 'connected':
        return this.onTicket(now, body, state.keys, state.resumptionMaster)
      case 'start':
        return undefined
    }
  }

  // --- ClientHello (4.1.2) --------------------------------------------------------------------------------

  private makeShare(group: GroupName): void {
    this.share = { group, key: this.crypto.keyShare(group, this.random(32)) }
  }

  private sendHello(now: Micros): void {
    const hello: ClientHello = {
      random: this.clientRandom,
      sessionId: new Uint8Array(0),
      suites: this.suites.map((suite) => suite.number),
      extensions: this.helloExtensions(now),
    }
    this.send('initial', this.withBinder(writeClientHello(hello)))
    this.state = { at: 'wait_server_hello' }
  }

  private helloExtensions(now: Micros): Extensions {
    const { options, groups, share } = this
    const schemes = Object.values(SIGNATURE_SCHEMES)
    const extensions = new Map<number, Uint8Array>([
      [EXTENSION.serverName, writeServerName(options.serverName)],
      [EXTENSION.supportedGroups, vector(2, ...groups.map((group) => number(GROUPS[group], 2)))],
      [EXTENSION.signatureAlgorithms, vector(2, ...schemes.map((scheme) => number(scheme, 2)))],
      [EXTENSION.alpn, writeProtocols(options.protocols)],
      [
        EXTENSION.keyShare,
        vector(2, writeKeyShare({ group: GROUPS[share.group], key: share.key.publicKey })),
      ],
      [EXTENSION.supportedVersions, vector(1, number(TLS_13, 2))],
      [EXTENSION.pskKeyExchangeModes, vector(1, Uint8Array.of(PSK_DHE_KE))],
    ])
    if (options.parameters !== undefined)
      extensions.set(EXTENSION.quicTransportParameters, options.parameters)
    // RFC 6066 3: a literal address is no name.
    if (options.serverName === '' || parseAddress(options.serverName) !== undefined)
      extensions.delete(EXTENSION.serverName)
    if (this.cookie !== undefined) extensions.set(EXTENSION.cookie, vector(2, this.cookie))
    if (this.earlyData === 'offered') extensions.set(EXTENSION.earlyData, new Uint8Array(0))
    // It must be the last one (4.2.11), and its binder is filled in when the rest is written.
    if (this.session !== undefined) extensions.set(EXTENSION.preSharedKey, this.offeredPsk(now, this.session))
    return extensions
  }

  private offeredPsk(now: Micros, session: Session): Uint8Array {
    const age = Math.floor((now - session.receivedAt) / 1_000)
    const obfuscatedAge = (age + session.ageAdd) % 2 ** 32
    return writeOfferedPsk(
      { identity: session.ticket, obfuscatedAge },
      new Uint8Array(session.suite.hashLength),
    )
  }

  /** Puts the binder over the hello up to it in its place (4.2.11.2). */
  private withBinder(hello: Uint8Array): Uint8Array {
    const { session } = this
    if (session === undefined) return hello
    const { hashLength } = session.suite
    const truncated = hello.subarray(0, hello.length - hashLength - 3)
    const schedule = new KeySchedule(this.crypto, session.suite, session.psk)
    hello.set(schedule.binder(this.transcript.hashWith(session.suite, truncated)), hello.length - hashLength)
    return hello
  }

  // --- ServerHello (4.1.3, 4.1.4) -------------------------------------------------------------------------

  private onServerHello(now: Micros, body: Uint8Array, whole: Uint8Array): Alert | undefined {
    const hello = readServerHello(body)
    if (isAlert(hello)) return hello
    const suite = this.suites.find((candidate) => candidate.number === hello.suite)
    if (suite === undefined)
      return alertOf('illegal_parameter', `cipher suite ${hello.suite} was not offered`)
    if (hello.sessionId.length > 0) return alertOf('illegal_parameter', 'a session id that we did not send')
    const version = extension(hello.extensions, EXTENSION.supportedVersions, (reader) => reader.number(2))
    if (version !== TLS_13) return firstAlert(version) ?? alertOf('protocol_version', 'not TLS 1.3')
    if (isRetry(hello)) return this.onRetryRequest(now, hello, suite, whole)
    if (this.retrySuite !== undefined && this.retrySuite !== suite)
      return alertOf('illegal_parameter', 'another cipher suite than in the HelloRetryRequest')
    if (this.hasPartial('initial')) return alertOf('unexpected_message', 'bytes behind the ServerHello')
    this.transcript.add(whole)
    return this.agree(hello, suite)
  }

  /** The server asks for another key share, or for its cookie back. */
  private onRetryRequest(
    now: Micros,
    hello: ServerHello,
    suite: Tls13Suite,
    whole: Uint8Array,
  ): Alert | undefined {
    if (this.retrySuite !== undefined) return alertOf('unexpected_message', 'a second HelloRetryRequest')
    const selected = extension(hello.extensions, EXTENSION.keyShare, (reader) => reader.number(2))
    const cookie = extension(hello.extensions, EXTENSION.cookie, (reader) => reader.vector(2))
    const problem = firstAlert(selected, cookie)
    if (problem !== undefined) return problem
    if (selected === undefined && cookie === undefined)
      return alertOf('illegal_parameter', 'a HelloRetryRequest that changes nothing')
    if (selected !== undefined) {
      const group = nameOf(GROUPS, selected as number)
      if (group === undefined || !this.groups.includes(group) || group === this.share.group)
        return alertOf('illegal_parameter', `HelloRetryRequest for group ${selected as number}`)
      this.makeShare(group)
    }
    this.cookie = cookie as Uint8Array | undefined
    this.retrySuite = suite
    // A PSK is bound to a hash, and the transcript has one now.
    if (this.session?.suite.hash !== suite.hash) this.session = undefined
    // 0-RTT is over: the server has forgotten the first hello (4.1.2).
    if (this.earlyData === 'offered') this.earlyData = 'refused'
    this.transcript.replaceFirstHello(suite)
    this.transcript.add(whole)
    this.sendHello(now)
    return undefined
  }

  private agree(hello: ServerHello, suite: Tls13Suite): Alert | undefined {
    const entry = extension(hello.extensions, EXTENSION.keyShare, readKeyShare)
    if (entry === undefined) return alertOf('missing_extension', 'ServerHello without key_share')
    if (isAlert(entry)) return entry
    if (entry.group !== GROUPS[this.share.group])
      return alertOf('illegal_parameter', `key share of group ${entry.group}`)
    const shared = this.share.key.agree(entry.key)
    if (shared === undefined) return alertOf('illegal_parameter', 'the key share is no public key')
    const selected = extension(hello.extensions, EXTENSION.preSharedKey, (reader) => reader.number(2))
    const resumed = selected !== undefined
    if (resumed && (selected !== 0 || this.session === undefined || this.session.suite.hash !== suite.hash))
      return firstAlert(selected) ?? alertOf('illegal_parameter', 'a PSK that was not offered')
    const schedule = new KeySchedule(this.crypto, suite, resumed ? this.session!.psk : undefined)
    schedule.addSharedSecret(shared)
    const { clientRandom } = this
    const clientSecret = this.install(schedule, 'c hs traffic', 'handshake', 'write', clientRandom)
    const serverSecret = this.install(schedule, 's hs traffic', 'handshake', 'read', clientRandom)
    const keys = { schedule, clientSecret, serverSecret, group: this.share.group, resumed }
    this.state = { at: 'wait_encrypted_extensions', keys }
    return undefined
  }

  // --- the server's authentication (4.3, 4.4) -------------------------------------------------------------

  private onEncryptedExtensions(body: Uint8Array, whole: Uint8Array, keys: Keys): Alert | undefined {
    const extensions = readEncryptedExtensions(body)
    if (isAlert(extensions)) return extensions
    const protocols = extension(extensions, EXTENSION.alpn, readProtocols)
    const parameters = transportParameters(extensions, this.options.parameters !== undefined)
    const problem = firstAlert(protocols, parameters)
    if (problem !== undefined) return problem
    const [alpn, ...others] = (protocols ?? []) as string[]
    // RFC 9001 8.1: without a protocol agreed there is no connection.
    if (alpn === undefined) return alertOf('no_application_protocol', 'the server chose none')
    if (others.length > 0 || !this.options.protocols.includes(alpn))
      return alertOf('illegal_parameter', 'the server chose a protocol that was not offered')
    const accepted = extensions.has(EXTENSION.earlyData)
    if (accepted && (this.earlyData !== 'offered' || !keys.resumed))
      return alertOf('unsupported_extension', 'early_data that was not offered')
    if (this.earlyData === 'offered') this.earlyData = accepted ? 'accepted' : 'refused'
    this.alpn = alpn
    this.parameters = (parameters as Uint8Array).slice()
    this.transcript.add(whole)
    this.emit({ type: 'parameters', bytes: this.parameters })
    this.state = { at: keys.resumed ? 'wait_finished' : 'wait_certificate', keys }
    return undefined
  }

  private onCertificate(body: Uint8Array, whole: Uint8Array, keys: Keys): Alert | undefined {
    const chain = readCertificate(body)
    if ('alert' in chain) return chain
    this.emit({ type: 'certificates', chain })
    const problem = this.options.verifier.verifyChain(chain, this.options.serverName)
    if (problem !== undefined) return problem
    this.transcript.add(whole)
    this.state = { at: 'wait_certificate_verify', keys, leaf: chain[0] }
    return undefined
  }

  private onCertificateVerify(
    body: Uint8Array,
    whole: Uint8Array,
    keys: Keys,
    leaf: Uint8Array,
  ): Alert | undefined {
    const verify = readCertificateVerify(body)
    if (isAlert(verify)) return verify
    const scheme = nameOf(SIGNATURE_SCHEMES, verify.scheme)
    if (scheme === undefined)
      return alertOf('illegal_parameter', `signature scheme ${verify.scheme} was not offered`)
    const content = signedContent(this.transcript.hash(keys.schedule.suite))
    if (!this.options.verifier.verifySignature(scheme, leaf, content, verify.signature))
      return alertOf('decrypt_error', 'the signature does not fit the certificate')
    this.transcript.add(whole)
    this.state = { at: 'wait_finished', keys }
    return undefined
  }

  private onFinished(body: Uint8Array, whole: Uint8Array, keys: Keys): Alert | undefined {
    const { schedule, serverSecret, clientSecret } = keys
    const { suite } = schedule
    if (!sameBytes(body, schedule.finished(serverSecret, this.transcript.hash(suite))))
      return alertOf('decrypt_error', "the server's Finished is wrong")
    if (this.hasPartial('handshake')) return alertOf('unexpected_message', 'bytes behind the Finished')
    this.transcript.add(whole)
    const hash = this.transcript.hash(suite)
    this.send('handshake', writeFinished(schedule.finished(clientSecret, hash)))
    schedule.finish()
    this.install(schedule, 'c ap traffic', '1rtt', 'write', this.clientRandom, hash)
    this.install(schedule, 's ap traffic', '1rtt', 'read', this.clientRandom, hash)
    const resumptionMaster = schedule.derive('res master', this.transcript.hash(suite))
    this.state = { at: 'connected', keys, resumptionMaster }
    this.emit({ type: 'complete', negotiated: this.negotiated(keys) })
    return undefined
  }

  private negotiated({ schedule, group, resumed }: Keys) {
    const { alpn, earlyData } = this
    const { serverName } = this.options
    return {
      suite: schedule.suite,
      alpn,
      serverName,
      group,
      resumed,
      earlyData: earlyData === 'offered' ? ('refused' as const) : earlyData,
      retried: this.retrySuite !== undefined,
    }
  }

  // --- afterwards (4.6.1) ---------------------------------------------------------------------------------

  private onTicket(
    now: Micros,
    body: Uint8Array,
    { schedule }: Keys,
    resumptionMaster: Uint8Array,
  ): Alert | undefined {
    const ticket = readNewSessionTicket(body)
    if (isAlert(ticket)) return ticket
    const most = extension(ticket.extensions, EXTENSION.earlyData, (reader) => reader.number(4))
    if (most !== undefined && most !== QUIC_EARLY_DATA)
      return firstAlert(most) ?? alertOf('illegal_parameter', `max_early_data_size ${most as number}`)
    if (ticket.lifetime > LONGEST_LIFETIME)
      return alertOf('illegal_parameter', 'a ticket for more than a week')
    const session: Session = {
      serverName: this.options.serverName,
      suite: schedule.suite,
      alpn: this.alpn,
      psk: schedule.resumptionPsk(resumptionMaster, ticket.nonce),
      ticket: ticket.ticket.slice(),
      ageAdd: ticket.ageAdd,
      lifetime: ticket.lifetime,
      receivedAt: now,
      earlyData: most !== undefined,
      parameters: this.parameters,
    }
    this.emit({ type: 'session', session })
    return undefined
  }
}
