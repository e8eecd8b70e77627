/** A host and the applications that run on it: one node of the world. */
import type { TcpSettings } from '../../shared/tcp.ts'
import type { Micros } from '../../shared/units.ts'
import type { AttachedHost } from '../protocol/ip/ethernet-host.ts'
import type { Host } from '../protocol/ip/host.ts'
import type { HostEvent } from '../protocol/ip/events.ts'
import type { Datagram, SansIo } from '../protocol/sansio.ts'
import type { TcpConnection, TcpListener } from '../protocol/tcp/stack.ts'
import type { Endpoint, Ipv4Address } from '../protocol/wire/address.ts'

/** An application: like a core it is told the time and what happens, and acts on its host within the call. */
export interface App {
  /** It has done all that it came for, or cannot go on. */
  readonly done: boolean
  /** Something happened to a connection of the host, its own or another's. */
  handleEvent(now: Micros, event: HostEvent): void
  /** To be called at or after `pollTimeout()`. */
  handleTimeout(now: Micros): void
  pollTimeout(): Micros | undefined
  /** The host has another address from now on. */
  onAddressChanged?(now: Micros): void
  /** The host went off, and this program with it; or it is on again. While it is off, nothing else happens to its programs. */
  handlePower?(now: Micros, on: boolean): void
  /** The host has come to rest; for states of which no event tells. */
  handleRest?(now: Micros): void
}

export class Station implements SansIo<never> {
  readonly host: Host
  /** The host with whatever attaches it to its network. */
  private readonly attached: AttachedHost
  private readonly apps: App[] = []
  /** For connections from now on. */
  private settings: TcpSettings
  private readonly listeners: TcpListener[] = []
  private readonly connections = new Set<TcpConnection>()
  private hasPower = true

  constructor(host: Host, settings: TcpSettings, attached: AttachedHost = host) {
    this.host = host
    this.attached = attached
    this.settings = settings
  }

  get isOn(): boolean {
    return this.hasPower
  }

  /** Connections that were established or accepted and are not gone. */
  get openConnections(): ReadonlySet<TcpConnection> {
    return this.connections
  }

  /** Opens a connection, from a port of its own if 0 is given; undefined: the port is taken, or none is free. */
  connect(now: Micros, remote: Endpoint, localPort = 0): TcpConnection | undefined {
    const port = this.host.tcp.portFor(remote, localPort || undefined)
    return port === undefined ? undefined : this.host.connect(now, remote, this.settings, port)
  }

  listen(now: Micros, port: number): TcpListener {
    const listener = this.host.listen(now, port, this.settings)
    this.listeners.push(listener)
    return listener
  }

  /** Turns the TCP knobs of the host: of what is open now, and of what will be. */
  configure(now: Micros, settings: TcpSettings): void {
    this.settings = settings
    for (const listener of this.listeners) listener.settings = settings
    for (const connection of this.connections) connection.configure(now, settings)
  }

  /** The host moves to another network. */
  move(now: Micros, address: Ipv4Address): void {
    if (address === this.host.address) return
    this.attached.move(address)
    for (const app of this.apps) app.onAddressChanged?.(now)
    this.settle(now)
  }

  /** Switches the host off, in the middle of whatever it does, or on. */
  setPower(now: Micros, on: boolean): void {
    if (on === this.hasPower) return
    this.hasPower = on
    if (on) this.attached.powerOn(now)
    else this.attached.powerOff(now)
    this.listeners.length = 0
    this.connections.clear()
    for (const app of this.apps) app.handlePower?.(now, on)
    this.settle(now)
  }

  add(app: App): void {
    this.apps.push(app)
  }

  handleDatagram(now: Micros, datagram: Datagram): void {
    this.attached.handleDatagram(now, datagram)
    this.settle(now)
  }

  handleTimeout(now: Micros): void {
    this.attached.handleTimeout(now)
    this.settle(now)
  }

  pollTransmit(now: Micros): Datagram | undefined {
    return this.attached.pollTransmit(now)
  }

  pollTimeout(): Micros | undefined {
    let next = this.attached.pollTimeout() ?? Infinity
    if (this.hasPower) for (const app of this.apps) next = Math.min(next, app.pollTimeout() ?? Infinity)
    return next === Infinity ? undefined : (next as Micros)
  }

  pollEvent(): undefined {
    return undefined
  }

  /** Tells the applications what happened, and goes on until they have nothing more to do at this moment. */
  settle(now: Micros): void {
    if (!this.hasPower) return
    for (;;) {
      const event = this.host.pollEvent()
      if (event !== undefined) {
        this.keepTrack(event)
        for (const app of this.apps) app.handleEvent(now, event)
        continue
      }
      const due = this.apps.find((app) => (app.pollTimeout() ?? Infinity) <= now)
      if (due === undefined) break
      due.handleTimeout(now)
    }
    for (const app of this.apps) app.handleRest?.(now)
  }

  private keepTrack(event: HostEvent): void {
    if (event.type === 'connected' || event.type === 'accepted') this.connections.add(event.connection)
    else if (event.type === 'closed') this.connections.delete(event.connection)
  }
}
