/** All that belongs to one connection; the files that receive, send and keep time share it. */
import type { QuicSettings } from '../../../shared/quic.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto } from '../crypto.ts'
import { Fifo } from '../fifo.ts'
import type { Rng } from '../random.ts'
import { createCongestionControl } from '../congestion/create.ts'
import { Pacer, windowPacing } from '../congestion/pacer.ts'
import type { CongestionControl } from '../congestion/interface.ts'
import type { Handshake, Level, Negotiated } from '../tls13/handshake.ts'
import type { Endpoint } from '../wire/address.ts'
import {
  DEFAULT_PARAMETERS,
  type TransportParameters,
  type UnknownParameter,
} from '../wire/quic/transport-parameters.ts'
import type { QuicVersion } from '../wire/quic/version.ts'
import { CryptoStream } from './crypto-stream.ts'
import { LocalIds, RemoteIds, type IssuedId } from './connection-ids.ts'
import { EcnValidation } from './ecn.ts'
import type { CloseReason, IncomingDatagram, QuicEvent } from './events.ts'
import { KeyRing } from './keys.ts'
import type { QuicChange, QuicObserver } from './observer.ts'
import { MtuSearch } from './mtu.ts'
import { Path } from './path.ts'
import { Pending } from './pending.ts'
import { ReceivedPackets } from './received.ts'
import type { ReceiveStream } from './receive-stream.ts'
import { Recovery } from './recovery.ts'
import type { SpaceName } from './space.ts'
import { Streams } from './streams.ts'

/** RFC 9000 18.2; ours. */
export const ACK_DELAY_EXPONENT = 3
const ACTIVE_CONNECTION_ID_LIMIT = 4
/** Microseconds. */
const MIN_ACK_DELAY = 1_000

export interface CoreOptions {
  readonly isServer: boolean
  readonly version: QuicVersion
  readonly settings: QuicSettings
  readonly crypto: HandshakeCrypto
  readonly rng: Rng
  /** Our first connection id, and its token. */
  readonly source: Uint8Array
  readonly resetToken: Uint8Array
  /** The peer's, as far as it is known: a client's own choice at first. */
  readonly destination: Uint8Array
  /** The client's first choice, which the transport parameters must repeat (RFC 9000 7.3). */
  readonly originalDestination: Uint8Array
  /** Where Retry sent the client. */
  readonly retrySource?: Uint8Array
  readonly localPort: number
  readonly remote: Endpoint
  /** The client has proved its address by a token (RFC 9000 8.1). */
  readonly validated: boolean
  /** Gives a new id and its reset token. */
  readonly makeId: () => Omit<IssuedId, 'number'>
  readonly handshake: (parameters: TransportParameters) => Handshake
  /** Of a client: a token of an earlier connection (RFC 9000 8.1.3). */
  readonly token?: Uint8Array
  /** Of a server: a token for the client's next connection. */
  readonly newToken?: (now: Micros, remote: Endpoint) => Uint8Array
  /** Is told what happens, for the trace. */
  readonly observer?: QuicObserver | undefined
}

export interface SpaceState {
  next: number
  readonly received: ReceivedPackets
  readonly crypto: CryptoStream
}

/** RFC 9000 10.2; the connection speaks while it is `handshaking` or `open`. */
export type ConnectionState =
  | { readonly name: 'handshaking' }
  | { readonly name: 'open' }
  /** We have closed it, and answer what still comes with the same (10.2.1). */
  | {
      readonly name: 'closing'
      readonly reason: CloseReason
      readonly until: Micros
      readonly frameType: number
      owed: boolean
      heard: number
    }
  /** The peer has closed it: not a word more (10.2.2). */
  | { readonly name: 'draining'; readonly reason: CloseReason; readonly until: Micros }
  | { readonly name: 'closed'; readonly reason: CloseReason }

/** RFC 9000 18.1: one of the numbers that are kept free, for others to practise passing over what they don't know. */
const unknownParameter = (rng: Rng): UnknownParameter => ({
  id: 31 * rng.int(1 << 20) + 27,
  value: rng.bytes(4),
})

/** What we declare to the peer. */
function ownParameters(options: CoreOptions): TransportParameters {
  const { settings, isServer, source, originalDestination, retrySource, resetToken } = options
  return {
    ...DEFAULT_PARAMETERS,
    maxIdleTimeout: Math.ceil(settings.idleTimeout / 1_000),
    maxUdpPayloadSize: 65_527,
    initialMaxData: settings.maxData,
    initialMaxStreamDataBidiLocal: settings.maxStreamData,
    initialMaxStreamDataBidiRemote: settings.maxStreamData,
    initialMaxStreamDataUni: settings.maxStreamData,
    initialMaxStreamsBidi: settings.maxStreamsBidi,
    initialMaxStreamsUni: settings.maxStreamsUni,
    ackDelayExponent: ACK_DELAY_EXPONENT,
    maxAckDelay: Math.floor(settings.maxAckDelay / 1_000),
    activeConnectionIdLimit: ACTIVE_CONNECTION_ID_LIMIT,
    initialSourceConnectionId: source,
    maxDatagramFrameSize: settings.maxDatagramFrame,
    // draft-ietf-quic-ack-frequency 3: ACK_FREQUENCY is understood; our clock is exact, timers of real hosts are not.
    minAckDelay: Math.min(MIN_ACK_DELAY, Math.floor(settings.maxAckDelay / 1_000) * 1_000),
    ...(settings.unknownParameter && { unknown: [unknownParameter(options.rng)] }),
    ...(isServer && {
      originalDestinationConnectionId: originalDestination,
      statelessResetToken: resetToken,
    }),
    ...(retrySource && { retrySourceConnectionId: retrySource }),
  }
}

/** Less than this is of no use for a datagram: header, tag and a frame. */
const LEAST_DATAGRAM = 50

/** The path has an id of the peer's (RFC 9000 9.5), and the 3x limit leaves room for a datagram (8.1). */
export const canSendAtAll = (path: Path): boolean =>
  path.remoteId !== undefined && path.allowance >= LEAST_DATAGRAM

export class Core {
  readonly options: CoreOptions
  readonly isServer: boolean
  readonly settings: QuicSettings
  readonly rng: Rng
  readonly keys: KeyRing
  readonly handshake: Handshake
  readonly parameters: TransportParameters
  readonly spaces: Readonly<Record<SpaceName, SpaceState>>
  readonly recovery: Recovery
  pacer = new Pacer()
  streams: Streams
  readonly localIds: LocalIds
  readonly remoteIds: RemoteIds
  readonly pending = new Pending()
  readonly mtu: MtuSearch
  readonly ecn: EcnValidation
  /** Sequence number of our next ACK_FREQUENCY, and that of the peer's last; -1: none. */
  nextAckFrequency = 0
  lastAckFrequency = -1
  readonly paths: Path[]
  readonly events = new Fifo<QuicEvent>()
  readonly datagrams = new Fifo<{ readonly number: number; readonly data: Uint8Array }>()
  /** Packets that came before their keys (DESIGN 6.1, key-blocked). */
  undecryptable: { readonly datagram: IncomingDatagram; readonly level: Level }[] = []
  state: ConnectionState = { name: 'handshaking' }
  negotiated: Negotiated | undefined
  peer: TransportParameters | undefined
  /** Of a client: what its Initial packets carry (RFC 9000 8.1.2). */
  token: Uint8Array
  observer: QuicObserver | undefined
  /** Of a client: a packet of the server's was processed, so neither Retry nor Version Negotiation is heeded any more. */
  heard = false
  retrySource: Uint8Array | undefined
  /** Since when nothing has happened that restarts the idle timer (RFC 9000 10.1). */
  idleSince = 0 as Micros
  /** When it was last told of time: the application reads and writes then. */
  now = 0 as Micros
  /** An ack-eliciting packet was sent since the last one that came. */
  sentSinceReceived = false
  /** Streams with something to send, in the order of their turns. */
  readonly sendable = new Set<number>()
  private activePath: Path
  private lastPath = 0

  constructor(options: CoreOptions) {
    const { isServer, settings, crypto, version, source, destination } = options
    this.options = options
    this.isServer = isServer
    this.settings = settings
    this.rng = options.rng
    this.token = options.token ?? new Uint8Array(0)
    this.keys = new KeyRing(crypto, version)
    this.localIds = new LocalIds(options.makeId, { id: source, resetToken: options.resetToken })
    this.remoteIds = new RemoteIds(destination, ACTIVE_CONNECTION_ID_LIMIT)
    this.parameters = ownParameters(options)
    this.ecn = new EcnValidation(settings.ecn)
    this.mtu = new MtuSearch(settings.maxDatagram, settings.searchDatagram)
    this.handshake = options.handshake(this.parameters)
    this.streams = this.makeStreams()
    this.spaces = {
      initial: { next: 0, received: new ReceivedPackets(0), crypto: new CryptoStream() },
      handshake: { next: 0, received: new ReceivedPackets(0), crypto: new CryptoStream() },
      application: {
        next: 0,
        received: new ReceivedPackets(settings.maxAckDelay),
        crypto: new CryptoStream(),
      },
    }
    const { maxDatagram } = settings
    this.recovery = new Recovery({
      control: this.newControl(),
      datagramSize: maxDatagram,
      report: this.report,
    })
    this.recovery.peerCompletedAddressValidation = isServer
    // A client knows where its server is; the server must find out (RFC 9000 8.1).
    const state = !isServer || options.validated ? 'validated' : 'unvalidated'
    this.activePath = new Path(this.lastPath, options.localPort, options.remote, state, this.reportPath)
    this.activePath.remoteId = this.remoteIds.take()
    this.paths = [this.activePath]
  }

  /** RFC 9000 9.4: nothing is known yet of the path that is used from now on: window, rates, round trip and pacing begin anew. */
  forgetPath(): void {
    this.recovery.changePath(this.now, this.newControl())
    this.pacer = new Pacer()
  }

  private newControl(): CongestionControl {
    const { congestion, maxDatagram, initialWindow, hystart, pacing } = this.settings
    const rng = this.rng.fork('congestion')
    return createCongestionControl(congestion, {
      segmentSize: maxDatagram,
      initialWindow: initialWindow * maxDatagram,
      hystart,
      paced: pacing,
      random: () => rng.next(),
    })
  }

  /** Sets who looks on, and tells what it could not have heard. */
  observe(observer: QuicObserver): void {
    this.observer = observer
    this.report({ type: 'parameters', owner: 'local', parameters: this.parameters })
    for (const path of this.paths) this.reportPath(path)
  }

  readonly report = (change: QuicChange): void => this.observer?.onChange?.(change)

  private readonly reportPath = ({ number, localPort, remote, state }: Path): void =>
    this.report({ type: 'path', number, localPort, remote, state })

  /** All streams anew, as at the beginning. */
  makeStreams(): Streams {
    return new Streams(this.isServer, this.parameters, this.settings.creditGrowth, this.report)
  }

  get path(): Path {
    return this.activePath
  }

  set path(path: Path) {
    if (path !== this.activePath) {
      this.ecn.restart()
      this.mtu.restart()
      this.onDatagramSize()
    }
    path.leftUntil = undefined
    path.remoteId ??= this.remoteIds.take()
    this.activePath = path
  }

  addPath(localPort: number, remote: Endpoint): Path {
    const path = new Path(++this.lastPath, localPort, remote, 'unvalidated', this.reportPath)
    this.paths.push(path)
    return path
  }

  /** Bytes of a datagram that we send. */
  get datagramSize(): number {
    return Math.min(this.mtu.current, this.peer?.maxUdpPayloadSize ?? Infinity)
  }

  /** A probe of the path's MTU got through. */
  onProbeAcked(size: number): void {
    this.mtu.onProbeAcked(this.now, size)
    this.onDatagramSize()
  }

  /** Datagrams have another size from now on: congestion control counts in them (RFC 9002 7.2). */
  onDatagramSize(): void {
    this.recovery.setDatagramSize(this.datagramSize)
  }

  /** When pacing lets the next datagram go: now, or later. */
  pacedAt(now: Micros): Micros {
    const { settings, recovery, datagramSize } = this
    const { window, rtt, control } = recovery
    const own = control.pacing
    if (own === undefined && !settings.pacing) return now
    return this.pacer.nextAt(now, own ?? windowPacing(window, rtt.smoothed, datagramSize), datagramSize)
  }

  get isOpen(): boolean {
    return this.state.name === 'handshaking' || this.state.name === 'open'
  }

  /** The application has read so many bytes of a stream, or they were given up with it (RFC 9000 4.5). */
  onConsumed(receive: ReceiveStream, bytes: number): void {
    const { smoothed } = this.recovery.rtt
    this.streams.onConsumed(this.now, bytes, smoothed)
    receive.onConsumed(this.now, bytes, smoothed)
  }

  /** Three probe timeouts: how long the dead are remembered (RFC 9000 10.2). */
  get closePeriod(): number {
    return 3 * (this.recovery.rtt.probeTimeout + this.recovery.maxAckDelay)
  }

  /** Microseconds of silence after which the connection is gone (RFC 9000 10.1); Infinity: never. */
  get idleTimeout(): number {
    const own = this.settings.idleTimeout
    const peer = (this.peer?.maxIdleTimeout ?? 0) * 1_000
    const shorter = own === 0 ? peer : peer === 0 ? own : Math.min(own, peer)
    return shorter === 0 ? Infinity : Math.max(shorter, this.closePeriod)
  }
}
