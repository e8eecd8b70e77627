/**
 * All connections of one UDP socket or several (RFC 9000 5.2): finds whose a datagram is, accepts new ones, and answers what belongs to
 * none: with Version Negotiation (6), Retry (8.1.2), a stateless reset (10.3), or not at all.
 */
import type { QuicSettings } from '../../../shared/quic.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto } from '../crypto.ts'
import { Fifo } from '../fifo.ts'
import type { Rng } from '../random.ts'
import type { Handshake } from '../tls13/handshake.ts'
import type { Endpoint } from '../wire/address.ts'
import {
  decodePacket,
  encodeRetry,
  encodeVersionNegotiation,
  type Packet,
  type ProtectedPacket,
} from '../wire/quic/header.ts'
import { retryTag } from '../wire/quic/protection.ts'
import { hexOf } from '../wire/tls/key-log.ts'
import { concat } from '../wire/tls/key-schedule.ts'
import type { TransportParameters } from '../wire/quic/transport-parameters.ts'
import { QUIC_V1, QUIC_V2, reservedVersion, versionOf, type QuicVersion } from '../wire/quic/version.ts'
import { AddressTokens } from './address-token.ts'
import { QuicConnection, type CoreOptions } from './connection.ts'
import type { IncomingDatagram, OutgoingDatagram } from './events.ts'
import { isAuthentic } from './first-initial.ts'
import type { QuicObserver } from './observer.ts'

/** RFC 9000 14.1. */
const SMALLEST_INITIAL = 1_200
const RESET_TOKEN = 16
/** RFC 9000 10.3: shorter ones could be told from a packet. */
const SHORTEST_RESET = 21
/** Connections that may be in the making or open; what comes beyond is not answered. */
const MOST_CONNECTIONS = 10_000
/** Stateless answers that wait; more are not made. */
const MOST_ANSWERS = 256

export interface EndpointOptions {
  readonly crypto: HandshakeCrypto
  readonly rng: Rng
  readonly settings: QuicSettings
  /** Makes the handshake of a connection that was accepted; without it none is. */
  readonly accept?: (own: TransportParameters) => Handshake
  readonly observe?: (connection: QuicConnection) => QuicObserver | undefined
}

export interface ConnectOptions {
  readonly localPort: number
  readonly remote: Endpoint
  readonly handshake: (own: TransportParameters) => Handshake
  /** From an earlier connection's NEW_TOKEN. */
  readonly token?: Uint8Array
  /** Without, that of the settings. */
  readonly version?: QuicSettings['version']
  readonly observer?: QuicObserver
}

export class QuicEndpoint {
  private readonly options: EndpointOptions
  private readonly tokens: AddressTokens
  private readonly resetKey: Uint8Array
  /** By connection id, hexadecimal. */
  private readonly byId = new Map<string, QuicConnection>()
  private readonly ids = new Map<QuicConnection, string[]>()
  private readonly answers = new Fifo<OutgoingDatagram>()
  private readonly accepted = new Fifo<QuicConnection>()

  constructor(options: EndpointOptions) {
    this.options = options
    this.tokens = new AddressTokens(options.crypto, options.rng.fork('tokens'))
    this.resetKey = options.rng.fork('resets').bytes(32)
  }

  get connections(): Iterable<QuicConnection> {
    return this.ids.keys()
  }

  /** Opens a connection; its first datagram is there to be polled. */
  connect(now: Micros, options: ConnectOptions): QuicConnection {
    const { rng, settings } = this.options
    const { localPort, remote, handshake, token, version = settings.version, observer } = options
    // RFC 9000 7.2: unpredictable, and 8 bytes at least.
    const destination = rng.bytes(8)
    return this.make(now, {
      isServer: false,
      version: this.versionFor(version),
      destination,
      originalDestination: destination,
      localPort,
      remote,
      validated: true,
      handshake,
      ...(token && { token }),
      ...(observer && { observer }),
    })
  }

  /** The next connection that a client has begun; undefined: none. */
  pollAccepted(): QuicConnection | undefined {
    return this.accepted.shift()
  }

  handleDatagram(now: Micros, datagram: IncomingDatagram): void {
    const { payload } = datagram
    const packet = decodePacket(payload, 0, this.options.settings.connectionIdLength)
    if (!packet.ok) return
    const known = this.byId.get(hexOf(packet.value.destination))
    if (known !== undefined) {
      known.handleDatagram(now, datagram)
      return
    }
    // A client with empty ids has one connection a port; a reset may come with an id that we don't know.
    const only =
      this.options.settings.connectionIdLength === 0 ? this.connectionAt(datagram.localPort) : undefined
    if (only !== undefined) only.handleDatagram(now, datagram)
    else this.answer(now, datagram, packet.value)
  }

  handleTimeout(now: Micros): void {
    for (const connection of this.ids.keys()) {
      const at = connection.pollTimeout(now)
      if (at !== undefined && at <= now) connection.handleTimeout(now)
    }
  }

  pollTransmit(now: Micros): OutgoingDatagram | undefined {
    const answer = this.answers.shift()
    if (answer !== undefined) return answer
    for (const connection of this.ids.keys()) {
      const datagram = connection.pollTransmit(now)
      if (datagram !== undefined) return datagram
      if (connection.isOver) this.forget(connection)
    }
    return undefined
  }

  pollTimeout(now: Micros): Micros | undefined {
    let next = Infinity
    for (const connection of this.ids.keys()) next = Math.min(next, connection.pollTimeout(now) ?? Infinity)
    return next === Infinity ? undefined : (next as Micros)
  }

  // --- datagrams of nobody's ------------------------------------------------------------------------------

  private answer(now: Micros, datagram: IncomingDatagram, packet: Packet): void {
    switch (packet.kind) {
      case 'initial':
        return this.onInitial(now, datagram, packet)
      case 'unknown_version':
        return this.negotiateVersion(datagram, packet)
      case '1rtt':
        return this.onUnknown(now, datagram, packet.destination)
      default:
    }
  }

  private onInitial(now: Micros, datagram: IncomingDatagram, packet: ProtectedPacket): void {
    const { accept, crypto, settings } = this.options
    if (accept === undefined || datagram.payload.length < SMALLEST_INITIAL) return
    if (packet.destination.length < 8 || this.ids.size >= MOST_CONNECTIONS) return
    const token = packet.token.length > 0 ? this.tokens.open(now, datagram.remote, packet.token) : undefined
    if (settings.retry && token === undefined) return this.retry(now, datagram, packet)
    if (!isAuthentic(crypto, packet, datagram.payload)) return
    const isRetried = token?.kind === 'retry'
    const connection = this.make(now, {
      isServer: true,
      version: packet.version,
      destination: packet.source.slice(),
      originalDestination: isRetried ? token.originalDestination : packet.destination.slice(),
      ...(isRetried && { retrySource: packet.destination.slice() }),
      localPort: datagram.localPort,
      remote: datagram.remote,
      validated: token !== undefined,
      handshake: accept,
      newToken: (at, remote) => this.tokens.future(at, remote),
    })
    // Until the client knows our id it writes to the one that it has chosen.
    this.register(connection, packet.destination)
    this.accepted.push(connection)
    connection.handleDatagram(now, datagram)
  }

  /** RFC 9000 17.2.5.1: an id of ours, a token that carries the client's first choice. */
  private retry(now: Micros, { remote, localPort }: IncomingDatagram, packet: ProtectedPacket): void {
    const { crypto, rng, settings } = this.options
    const token = this.tokens.retry(now, remote, packet.destination)
    const source = rng.bytes(Math.max(8, settings.connectionIdLength))
    const { version } = packet
    const body = encodeRetry({ version, destination: packet.source, source, token }, rng.int(16))
    const payload = concat(body, retryTag(crypto, version, packet.destination, body))
    this.push({ localPort, remote, payload, ecn: 'not-ect' })
  }

  /** RFC 9000 6.1: only for datagrams that could begin a connection, so that nothing is amplified. */
  private negotiateVersion(
    { payload, remote, localPort }: IncomingDatagram,
    { source, destination }: Extract<Packet, { kind: 'unknown_version' }>,
  ): void {
    if (this.options.accept === undefined || payload.length < SMALLEST_INITIAL) return
    const { rng } = this.options
    const versions = [QUIC_V1, QUIC_V2, reservedVersion(rng.uint32()).number]
    const answer = encodeVersionNegotiation(
      { destination: source, source: destination, versions },
      rng.int(64),
    )
    this.push({ localPort, remote, payload: answer, ecn: 'not-ect' })
  }

  private onUnknown(now: Micros, datagram: IncomingDatagram, id: Uint8Array): void {
    for (const connection of this.ids.keys())
      if (connection.isResetBy(datagram.payload)) return connection.handleDatagram(now, datagram)
    this.reset(datagram, id)
  }

  /** RFC 9000 10.3: shorter than what it answers, so that two of us don't go on for ever. */
  private reset({ payload, remote, localPort }: IncomingDatagram, id: Uint8Array): void {
    const { rng } = this.options
    const length = Math.min(payload.length - 1, 43)
    if (length < SHORTEST_RESET) return
    const bytes = rng.bytes(length)
    bytes[0] = 0x40 | (bytes[0] & 0x3f)
    bytes.set(this.resetToken(id), length - RESET_TOKEN)
    this.push({ localPort, remote, payload: bytes, ecn: 'not-ect' })
  }

  private push(datagram: OutgoingDatagram): void {
    if (this.answers.length < MOST_ANSWERS) this.answers.push(datagram)
  }

  // --- connections ----------------------------------------------------------------------------------------

  private versionFor(name: QuicSettings['version']): QuicVersion {
    if (name === 'reserved') return reservedVersion(this.options.rng.uint32())
    return versionOf(name === '2' ? QUIC_V2 : QUIC_V1)!
  }

  private connectionAt(localPort: number): QuicConnection | undefined {
    for (const connection of this.ids.keys()) if (connection.localPort === localPort) return connection
    return undefined
  }

  private make(
    now: Micros,
    of: Omit<CoreOptions, 'crypto' | 'rng' | 'settings' | 'source' | 'resetToken' | 'makeId'>,
  ): QuicConnection {
    const { crypto, rng, settings, observe } = this.options
    const own = rng.fork(`connection ${rng.uint32()}`)
    const issued: Uint8Array[] = []
    const newId = (): Uint8Array => {
      const id = own.bytes(settings.connectionIdLength)
      issued.push(id)
      return id
    }
    const source = newId()
    const state: { connection?: QuicConnection } = {}
    const all: CoreOptions = {
      crypto,
      rng: own,
      settings,
      source,
      resetToken: this.resetToken(source),
      makeId: () => {
        const id = newId()
        if (state.connection !== undefined) this.register(state.connection, id)
        return { id, resetToken: this.resetToken(id) }
      },
      ...of,
    }
    const connection = new QuicConnection(now, all, observe)
    state.connection = connection
    this.ids.set(connection, [])
    for (const id of issued) this.register(connection, id)
    return connection
  }

  private register(connection: QuicConnection, id: Uint8Array): void {
    if (id.length === 0) return
    const key = hexOf(id)
    this.byId.set(key, connection)
    this.ids.get(connection)?.push(key)
  }

  private forget(connection: QuicConnection): void {
    for (const key of this.ids.get(connection) ?? [])
      if (this.byId.get(key) === connection) this.byId.delete(key)
    this.ids.delete(connection)
  }

  /** The same for the same id, without remembering it (RFC 9000 10.3.2). */
  private resetToken(id: Uint8Array): Uint8Array {
    return this.options.crypto.hmacSha256(this.resetKey, id).slice(0, RESET_TOKEN)
  }
}
