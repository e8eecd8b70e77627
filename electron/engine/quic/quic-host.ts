/** A QUIC endpoint on a host of the lab: its datagrams are the host's UDP, its time is the host's. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { QuicSettings } from '../../../shared/quic.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto } from '../../protocol/crypto.ts'
import type { HostEvent, UdpReceived } from '../../protocol/ip/events.ts'
import type { QuicConnection } from '../../protocol/quic/connection.ts'
import { QuicEndpoint, type ConnectOptions, type EndpointOptions } from '../../protocol/quic/endpoint.ts'
import type { QuicEvent } from '../../protocol/quic/events.ts'
import type { Ecn } from '../../protocol/quic/received.ts'
import type { Rng } from '../../protocol/random.ts'
import { flowName, type Endpoint } from '../../protocol/wire/address.ts'
import { CE, ECT_0, ECT_1 } from '../../protocol/wire/ipv4.ts'
import type { App, Station } from '../station.ts'
import { ConnectionTracer, type Announcement, type QuicOnlooker } from './tracer.ts'

/** What the owner of the connections is told, within the step of the world. */
export interface QuicOwner {
  /** A client has begun a connection. */
  onAccepted(now: Micros, connection: QuicConnection): void
  onEvent(now: Micros, connection: QuicConnection, event: QuicEvent): void
  /** Nothing more is to come of this owner's. */
  readonly done: boolean
}

export interface QuicHostOptions {
  readonly station: Station
  readonly trace: Trace
  readonly crypto: HandshakeCrypto
  readonly rng: Rng
  /** Of connections from now on. */
  readonly settings: QuicSettings
  readonly owner: QuicOwner
  /** Puts someone to look on at each connection, as a capture on this host would. */
  readonly onlooker?: (connection: QuicConnection, flow: string) => QuicOnlooker
  /** Makes the handshake of a connection that is accepted; undefined: a client only. */
  readonly accept?: EndpointOptions['accept']
}

const ECN = (bits: number): Ecn =>
  bits === CE ? 'ce' : bits === ECT_0 ? 'ect0' : bits === ECT_1 ? 'ect1' : 'not-ect'

export class QuicHost implements App {
  private readonly options: QuicHostOptions
  private readonly endpoint: QuicEndpoint
  private readonly ports = new Set<number>()
  private readonly tracers = new Map<QuicConnection, ConnectionTracer>()
  private settings: QuicSettings
  /** When it wants to be called next; asked for far more often than it changes. */
  private due: Micros | undefined

  constructor(options: QuicHostOptions) {
    this.options = options
    this.settings = options.settings
    const { crypto, rng, accept } = options
    const current = (): QuicSettings => this.settings
    this.endpoint = new QuicEndpoint({
      crypto,
      rng,
      get settings() {
        return current()
      },
      ...(accept && { accept }),
      observe: (connection) => this.observe(connection),
    })
    options.station.add(this)
  }

  /** Other settings for connections from now on; ids stay as long as they are, or those in use could not be told apart. */
  configure(settings: QuicSettings): void {
    const { connectionIdLength } = this.settings
    this.settings = { ...settings, connectionIdLength }
  }

  get done(): boolean {
    return this.options.owner.done
  }

  /** Opens a UDP port for the endpoint, with 0 a free one; undefined: it is taken. */
  bind(port = 0): number | undefined {
    const bound = this.options.station.host.bindUdp(port)
    if (bound !== undefined) this.ports.add(bound)
    return bound
  }

  private unbind(port: number): void {
    this.options.station.host.closeUdp(port)
    this.ports.delete(port)
  }

  connect(now: Micros, options: ConnectOptions): QuicConnection {
    const connection = this.begin(now, options)
    this.settle(now)
    return connection
  }

  /** The same, for an owner that is not ready to be told of it yet: `settle` has to follow. */
  begin(now: Micros, options: ConnectOptions): QuicConnection {
    return this.endpoint.connect(now, options)
  }

  /** To be called after anything was done to a connection from outside: sends what comes of it. */
  settle(now: Micros): void {
    this.tell(now)
    do this.send(now)
    while (this.tell(now))
    for (const [connection, tracer] of this.tracers) {
      tracer.settle(now)
      if (!connection.isOver) continue
      this.tracers.delete(connection)
      // A client's connection has a port of its own.
      if (!connection.isServer) this.unbind(connection.localPort)
    }
    this.due = this.endpoint.pollTimeout(now)
  }

  /** The first half of it: tells the owner what has happened, and sends nothing yet. Returns whether there was anything. */
  tell(now: Micros): boolean {
    let told = false
    for (let fresh = this.endpoint.pollAccepted(); fresh; fresh = this.endpoint.pollAccepted()) {
      told = true
      this.options.owner.onAccepted(now, fresh)
    }
    for (const connection of this.endpoint.connections) told = this.tellOf(now, connection) || told
    return told
  }

  // --- App ------------------------------------------------------------------------------------------------

  handleEvent(now: Micros, event: HostEvent): void {
    if (event.type === 'datagram' && this.ports.has(event.localPort)) this.receive(now, event)
  }

  handleTimeout(now: Micros): void {
    this.endpoint.handleTimeout(now)
    this.settle(now)
  }

  pollTimeout(): Micros | undefined {
    return this.due
  }

  /**
   * The host is in another network: each client connection goes on from a port of its own there (RFC 9000 9.2), so that the server
   * can tell the paths apart. One that can't migrate yet just sends from the new address, as behind a rebound NAT (9.3).
   */
  onAddressChanged(now: Micros): void {
    for (const connection of this.endpoint.connections) {
      if (connection.state !== 'open') continue
      const port = this.bind()
      if (port !== undefined && !connection.migrate(now, port)) this.unbind(port)
    }
    this.settle(now)
  }

  // --- inside ---------------------------------------------------------------------------------------------

  private receive(now: Micros, { localPort, source, payload, ecn }: UdpReceived): void {
    this.endpoint.handleDatagram(now, { localPort, remote: source, payload, ecn: ECN(ecn), pkt: 0 })
    this.settle(now)
  }

  private tellOf(now: Micros, connection: QuicConnection): boolean {
    let told = false
    for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
      told = true
      this.tracers.get(connection)?.onEvent(event)
      this.options.owner.onEvent(now, connection, event)
    }
    return told
  }

  private send(now: Micros): void {
    const { host } = this.options.station
    for (let out = this.endpoint.pollTransmit(now); out; out = this.endpoint.pollTransmit(now)) {
      const announce = this.takeSent()
      host.sendUdp(now, {
        fromPort: out.localPort,
        to: out.remote,
        payload: out.payload,
        // RFC 9000 14: datagrams must not be cut.
        dontFragment: true,
        ecn: out.ecn === 'ect0' ? ECT_0 : 0,
        ...(announce && {
          onSent: (pkt) => announce(pkt, true),
          onRefused: (pkt) => announce(pkt, false),
        }),
      })
    }
  }

  /** The announcement of the datagram that was made last; undefined: it belongs to no connection. */
  private takeSent(): Announcement | undefined {
    for (const tracer of this.tracers.values()) {
      const announce = tracer.takeSent()
      if (announce !== undefined) return announce
    }
    return undefined
  }

  private observe(connection: QuicConnection): ConnectionTracer {
    const flow = this.flowOf(connection.localPort, connection.remote)
    const tracer = new ConnectionTracer(
      this.options.trace.scope({ flow }),
      connection,
      () => this.options.station.host.address,
      this.options.onlooker?.(connection, flow),
    )
    this.tracers.set(connection, tracer)
    return tracer
  }

  /** The name of a connection's flow, which it keeps when it moves to other addresses. */
  flowOf(localPort: number, remote: Endpoint): string {
    return flowName(this.options.station.host.address, localPort, remote.address, remote.port)
  }
}
