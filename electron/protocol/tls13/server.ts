/** The server's side of the handshake (RFC 8446 2, 4 and appendix A.2), for QUIC (RFC 9001 4 and 8). */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto } from '../crypto.ts'
import type { Rng } from '../random.ts'
import { sameBytes } from '../wire/bytes.ts'
import {
  alertOf,
  EXTENSION,
  GROUPS,
  HANDSHAKE_TYPE,
  isAlert,
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
  numbers,
  readKeyShare,
  readOfferedPsks,
  readProtocols,
  readServerName,
  transportParameters,
  writeKeyShare,
  writeProtocols,
  type KeyShareEntry,
  type OfferedPsks,
} from './extensions.ts'
import { Handshake, type Level, type Negotiated } from './handshake.ts'
import { readClientHello, writeRetryRequest, writeServerHello, type ClientHello } from './hellos.ts'
import { KeySchedule } from './key-schedule.ts'
import {
  signedContent,
  writeCertificate,
  writeCertificateVerify,
  writeEncryptedExtensions,
  writeFinished,
  writeNewSessionTicket,
} from './messages.ts'
import { suitesOf, type Tls13Suite } from './suites.ts'
import type { TicketContent, TicketKeeper } from './tickets.ts'
import { number } from './writer.ts'

/** The server's certificate and what can be signed with its key. */
export interface Signer {
  /** DER, the leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly schemes: readonly SignatureScheme[]
  sign(scheme: SignatureScheme, content: Uint8Array): Uint8Array
}

/** What the server does with 0-RTT data: not at all, once a ticket, or however often they come (RFC 8446 8). */
export type EarlyDataPolicy = 'refuse' | 'once' | 'always'

export interface ServerOptions {
  readonly protocols: readonly string[]
  /** Encoded transport parameters; undefined: this is not QUIC, and the client need not have any. */
  readonly parameters: Uint8Array | undefined
  readonly signer: Signer
  readonly groups?: readonly GroupName[]
  readonly suites?: readonly Tls13Suite[]
  /** Takes up sessions and gives out tickets. */
  readonly tickets?: TicketKeeper
  readonly earlyData?: EarlyDataPolicy
}

/** A hello that was understood, and what was chosen from it. */
interface Offer {
  readonly hello: ClientHello
  readonly suite: Tls13Suite
  readonly shares: readonly KeyShareEntry[]
  readonly groups: readonly number[]
  readonly alpn: string
  readonly serverName: string
  readonly parameters: Uint8Array
  readonly scheme: SignatureScheme | undefined
  readonly psks: OfferedPsks | undefined
  readonly wantsEarlyData: boolean
}

interface Psk {
  readonly content: TicketContent
  readonly ticket: Uint8Array
  readonly obfuscatedAge: number
}

type State =
  | {
      readonly at: 'wait_client_hello'
      readonly retry?: { readonly suite: Tls13Suite; readonly group: GroupName }
    }
  | {
      readonly at: 'wait_finished'
      readonly schedule: KeySchedule
      readonly clientSecret: Uint8Array
      readonly clientRandom: Uint8Array
      /** The transcript up to our Finished. */
      readonly hash: Uint8Array
      readonly negotiated: Negotiated
    }
  | { readonly at: 'connected' }

const DEFAULT_GROUPS: readonly GroupName[] = ['x25519', 'secp256r1']
/** RFC 9001 4.6.1. */
const QUIC_EARLY_DATA = 0xffff_ffff
/** How far the client's idea of a ticket's age may be off for 0-RTT (RFC 8446 8.3), in milliseconds. */
const AGE_TOLERANCE = 10_000

export class ServerHandshake extends Handshake {
  private readonly options: ServerOptions
  private readonly suites: readonly Tls13Suite[]
  private readonly groups: readonly GroupName[]
  private state: State = { at: 'wait_client_hello' }

  constructor(crypto: HandshakeCrypto, rng: Rng, options: ServerOptions) {
    super(crypto, rng)
    this.options = options
    this.groups = options.groups ?? DEFAULT_GROUPS
    this.suites = options.suites ?? suitesOf(crypto)
  }

  protected override handleMessage(
    now: Micros,
    level: Level,
    type: number,
    body: Uint8Array,
    whole: Uint8Array,
  ): Alert | undefined {
    const { state } = this
    if (state.at === 'wait_client_hello' && level === 'initial' && type === HANDSHAKE_TYPE.clientHello)
      return this.onClientHello(now, body, whole)
    if (state.at === 'wait_finished' && level === 'handshake' && type === HANDSHAKE_TYPE.finished)
      return this.onFinished(now, body, whole, state)
    return alertOf('unexpected_message', `message ${type} at level ${level} in state ${state.at}`)
  }

  // --- ClientHello (4.1.2) --------------------------------------------------------------------------------

  private onClientHello(now: Micros, body: Uint8Array, whole: Uint8Array): Alert | undefined {
    const offer = this.readOffer(body)
    if (isAlert(offer)) return offer
    const { retry } = this.state as Extract<State, { at: 'wait_client_hello' }>
    const group = this.groups.find((name) => offer.shares.some((share) => share.group === GROUPS[name]))
    if (retry !== undefined && (group !== retry.group || offer.suite !== retry.suite || offer.wantsEarlyData))
      return alertOf('illegal_parameter', 'the second ClientHello is not what was asked for')
    if (group === undefined) return this.askForShare(offer, whole)
    if (this.hasPartial('initial')) return alertOf('unexpected_message', 'bytes behind the ClientHello')
    const psk = this.choosePsk(now, offer, whole)
    if (psk !== undefined && isAlert(psk)) return psk
    if (psk === undefined && offer.scheme === undefined)
      return alertOf('handshake_failure', 'no signature scheme in common')
    this.transcript.add(whole)
    return this.answer(now, offer, group, psk, retry !== undefined)
  }

  /** Reads what the hello offers and chooses of it; the order of the checks is that of what is needed first. */
  private readOffer(body: Uint8Array): Offer | Alert {
    const hello = readClientHello(body)
    if (isAlert(hello)) return hello
    const { extensions } = hello
    const versions = extension(extensions, EXTENSION.supportedVersions, numbers(1))
    const shares = extension(extensions, EXTENSION.keyShare, (reader) => reader.list(2, readKeyShare))
    const groups = extension(extensions, EXTENSION.supportedGroups, numbers(2))
    const schemes = extension(extensions, EXTENSION.signatureAlgorithms, numbers(2))
    const protocols = extension(extensions, EXTENSION.alpn, readProtocols)
    const serverName = extension(extensions, EXTENSION.serverName, readServerName)
    const psks = extension(extensions, EXTENSION.preSharedKey, readOfferedPsks)
    const problem = firstAlert(versions, shares, groups, schemes, protocols, serverName, psks)
    if (problem !== undefined) return problem
    if (!(versions as number[] | undefined)?.includes(TLS_13))
      return alertOf('protocol_version', 'the client does not offer TLS 1.3')
    if (shares === undefined || groups === undefined)
      return alertOf('missing_extension', 'no key_share or supported_groups')
    if (psks !== undefined && [...extensions.keys()].at(-1) !== EXTENSION.preSharedKey)
      return alertOf('illegal_parameter', 'pre_shared_key is not the last extension')
    const offered = (protocols ?? []) as string[]
    this.emit({
      type: 'client_hello',
      serverName: (serverName as string | undefined) ?? '',
      protocols: offered,
      sessionIdLength: hello.sessionId.length,
    })
    const suite = this.suites.find((candidate) => hello.suites.includes(candidate.number))
    if (suite === undefined) return alertOf('handshake_failure', 'no cipher suite in common')
    const alpn = this.options.protocols.find((name) => offered.includes(name))
    // RFC 9001 8.1.
    if (alpn === undefined) return alertOf('no_application_protocol', 'no protocol in common')
    const parameters = transportParameters(extensions, this.options.parameters !== undefined)
    if (isAlert(parameters)) return parameters
    return {
      hello,
      suite,
      shares: shares as KeyShareEntry[],
      groups: groups as number[],
      alpn,
      serverName: (serverName as string | undefined) ?? '',
      parameters: parameters.slice(),
      scheme: this.options.signer.schemes.find((name) =>
        (schemes as number[] | undefined)?.includes(SIGNATURE_SCHEMES[name]),
      ),
      psks: psks as OfferedPsks | undefined,
      wantsEarlyData: extensions.has(EXTENSION.earlyData),
    }
  }

  /** HelloRetryRequest (4.1.4). */
  private askForShare(offer: Offer, whole: Uint8Array): Alert | undefined {
    const group = this.groups.find((name) => offer.groups.includes(GROUPS[name]))
    if (group === undefined) return alertOf('handshake_failure', 'no group in common')
    const { suite, hello } = offer
    this.transcript.add(whole)
    this.transcript.replaceFirstHello(suite)
    const extensions = new Map([
      [EXTENSION.supportedVersions, number(TLS_13, 2)],
      [EXTENSION.keyShare, number(GROUPS[group], 2)],
    ])
    this.send('initial', writeRetryRequest({ sessionId: hello.sessionId, suite: suite.number, extensions }))
    this.state = { at: 'wait_client_hello', retry: { suite, group } }
    return undefined
  }

  // --- resumption (4.2.11) --------------------------------------------------------------------------------

  /** The first PSK that is a ticket of ours for this suite's hash and this name; its binder must be right. */
  private choosePsk(now: Micros, offer: Offer, whole: Uint8Array): Psk | Alert | undefined {
    const { psks, hello } = offer
    const { tickets } = this.options
    if (psks === undefined) return undefined
    if (psks.identities.length === 0 || psks.identities.length !== psks.binders.length)
      return alertOf('illegal_parameter', 'as many binders as identities')
    const modes = extension(hello.extensions, EXTENSION.pskKeyExchangeModes, (reader) => [
      ...reader.vector(1),
    ])
    if (modes === undefined)
      return alertOf('missing_extension', 'pre_shared_key without psk_key_exchange_modes')
    if (isAlert(modes)) return modes
    // Only the first identity: ours is a client's newest ticket, and others are of no use for 0-RTT.
    const [{ identity, obfuscatedAge }] = psks.identities
    const content = tickets?.open(now, identity)
    if (content === undefined || !modes.includes(PSK_DHE_KE)) return undefined
    if (content.suite.hash !== offer.suite.hash || content.serverName !== offer.serverName) return undefined
    const bindersLength = 2 + psks.binders.reduce((sum, binder) => sum + 1 + binder.length, 0)
    const truncated = whole.subarray(0, whole.length - bindersLength)
    const schedule = new KeySchedule(this.crypto, content.suite, content.psk)
    const expected = schedule.binder(this.transcript.hashWith(content.suite, truncated))
    if (!sameBytes(expected, psks.binders[0])) return alertOf('decrypt_error', 'the binder is wrong')
    return { content, ticket: identity.slice(), obfuscatedAge }
  }

  /** RFC 8446 4.2.10 and 8. */
  private takesEarlyData(now: Micros, offer: Offer, psk: Psk | undefined, retried: boolean): boolean {
    const { earlyData = 'refuse', tickets } = this.options
    if (!offer.wantsEarlyData || psk === undefined || retried || earlyData === 'refuse') return false
    const { content, obfuscatedAge, ticket } = psk
    if (content.alpn !== offer.alpn || content.suite !== offer.suite) return false
    const claimed = (obfuscatedAge - content.ageAdd + 2 ** 32) % 2 ** 32
    const age = (now - content.issuedAt) / 1_000
    if (Math.abs(age - claimed) > AGE_TOLERANCE) return false
    return earlyData === 'always' || tickets!.takeOnce(ticket)
  }

  // --- the answer (4.1.3, 4.3, 4.4) -----------------------------------------------------------------------

  private answer(
    now: Micros,
    offer: Offer,
    group: GroupName,
    psk: Psk | undefined,
    retried: boolean,
  ): Alert | undefined {
    const { hello, suite } = offer
    const share = this.crypto.keyShare(group, this.random(32))
    const shared = share.agree(offer.shares.find((entry) => entry.group === GROUPS[group])!.key)
    if (shared === undefined) return alertOf('illegal_parameter', 'the key share is no public key')
    const schedule = new KeySchedule(this.crypto, suite, psk?.content.psk)
    const early = this.takesEarlyData(now, offer, psk, retried)
    if (early) this.install(schedule, 'c e traffic', '0rtt', 'read', hello.random)
    this.emit({ type: 'parameters', bytes: offer.parameters })
    const extensions = new Map<number, Uint8Array>([
      [EXTENSION.keyShare, writeKeyShare({ group: GROUPS[group], key: share.publicKey })],
      [EXTENSION.supportedVersions, number(TLS_13, 2)],
    ])
    if (psk !== undefined) extensions.set(EXTENSION.preSharedKey, number(0, 2))
    const { sessionId } = hello
    this.send(
      'initial',
      writeServerHello({ random: this.random(32), sessionId, suite: suite.number, extensions }),
    )
    schedule.addSharedSecret(shared)
    const clientSecret = this.install(schedule, 'c hs traffic', 'handshake', 'read', hello.random)
    const serverSecret = this.install(schedule, 's hs traffic', 'handshake', 'write', hello.random)
    this.sendEncryptedExtensions(offer, early)
    if (psk === undefined) this.authenticate(schedule, offer.scheme!)
    this.send('handshake', writeFinished(schedule.finished(serverSecret, this.transcript.hash(suite))))
    schedule.finish()
    const hash = this.transcript.hash(suite)
    // 0.5-RTT data may go at once; what the client sends must wait for its Finished (RFC 9001 5.7).
    this.install(schedule, 's ap traffic', '1rtt', 'write', hello.random, hash)
    const negotiated: Negotiated = {
      suite,
      alpn: offer.alpn,
      serverName: offer.serverName,
      group,
      resumed: psk !== undefined,
      earlyData: early ? 'accepted' : offer.wantsEarlyData ? 'refused' : 'none',
      retried,
    }
    this.state = { at: 'wait_finished', schedule, clientSecret, clientRandom: hello.random, hash, negotiated }
    return undefined
  }

  private sendEncryptedExtensions(offer: Offer, early: boolean): void {
    const extensions = new Map<number, Uint8Array>([[EXTENSION.alpn, writeProtocols([offer.alpn])]])
    const { parameters } = this.options
    if (parameters !== undefined) extensions.set(EXTENSION.quicTransportParameters, parameters)
    if (early) extensions.set(EXTENSION.earlyData, new Uint8Array(0))
    this.send('handshake', writeEncryptedExtensions(extensions))
  }

  private authenticate({ suite }: KeySchedule, scheme: SignatureScheme): void {
    const { signer } = this.options
    this.send('handshake', writeCertificate(signer.chain))
    const signature = signer.sign(scheme, signedContent(this.transcript.hash(suite)))
    this.send('handshake', writeCertificateVerify({ scheme: SIGNATURE_SCHEMES[scheme], signature }))
  }

  private onFinished(
    now: Micros,
    body: Uint8Array,
    whole: Uint8Array,
    state: Extract<State, { at: 'wait_finished' }>,
  ): Alert | undefined {
    const { schedule, clientSecret, clientRandom, hash, negotiated } = state
    const { suite } = schedule
    if (!sameBytes(body, schedule.finished(clientSecret, this.transcript.hash(suite))))
      return alertOf('decrypt_error', "the client's Finished is wrong")
    if (this.hasPartial('handshake')) return alertOf('unexpected_message', 'bytes behind the Finished')
    this.transcript.add(whole)
    this.install(schedule, 'c ap traffic', '1rtt', 'read', clientRandom, hash)
    this.state = { at: 'connected' }
    this.emit({ type: 'complete', negotiated })
    this.sendTicket(now, schedule, negotiated)
    return undefined
  }

  /** One ticket for each handshake (4.6.1). */
  private sendTicket(now: Micros, schedule: KeySchedule, { alpn, serverName }: Negotiated): void {
    const { tickets, earlyData = 'refuse' } = this.options
    if (tickets === undefined) return
    const { suite } = schedule
    const nonce = Uint8Array.of(0)
    const ageAdd = this.rng.uint32()
    const master = schedule.derive('res master', this.transcript.hash(suite))
    const psk = schedule.resumptionPsk(master, nonce)
    const ticket = tickets.seal({ suite, psk, alpn, serverName, issuedAt: now, ageAdd })
    const extensions = new Map<number, Uint8Array>()
    if (earlyData !== 'refuse') extensions.set(EXTENSION.earlyData, number(QUIC_EARLY_DATA, 4))
    const message = writeNewSessionTicket({ lifetime: tickets.lifetime, ageAdd, nonce, ticket, extensions })
    this.emit({ type: 'send', level: '1rtt', bytes: message })
  }
}
