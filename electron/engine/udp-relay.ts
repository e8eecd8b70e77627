/**
 * UDP between programs on this machine and hosts of the lab. The lab's addresses mean nothing to the kernel, and its ports nothing to
 * the lab, so each side of an exchange gets a port of its own on the other, as behind a NAT (RFC 4787).
 */
import { createSocket, type Socket } from 'node:dgram'
import type { HostEvent, UdpReceived } from '../protocol/ip/events.ts'
import { formatEndpoint, type Endpoint } from '../protocol/wire/address.ts'
import type { Driver } from './drivers/driver.ts'
import type { PlacedHost } from './scene.ts'
import type { App } from './station.ts'

/** Mappings at a time; the one that was silent longest goes first. */
const MOST_MAPPINGS = 1_024
/** What the kernel holds for us while we are busy. */
const RECEIVE_BUFFER = 2 * 1024 * 1024

/** The system may refuse a buffer so large, and then gives what it has. */
function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER)
  } catch {
    // Its own size will do.
  }
}

interface Visitor {
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly labPort: number
}

/** The way in: whoever sends to sockets of ours on this machine is a port of a lab host that sends to a server in the lab. */
export class UdpEntrance implements App {
  readonly done = true
  private readonly host: PlacedHost
  private readonly driver: Driver
  private readonly to: Endpoint
  /** By kernel address and port, the one that was silent longest first. */
  private readonly visitors = new Map<string, Visitor>()
  private readonly byLabPort = new Map<number, Visitor>()

  constructor(host: PlacedHost, driver: Driver, to: Endpoint) {
    this.host = host
    this.driver = driver
    this.to = to
    host.station.add(this)
  }

  /** Takes what comes on a bound socket. */
  attach(socket: Socket): void {
    enlarge(socket)
    socket.on('message', (bytes, { address, port }) => this.enter(socket, address, port, bytes))
    // An ICMP error of a visitor that has gone.
    socket.on('error', () => undefined)
  }

  handleEvent(_now: unknown, event: HostEvent): void {
    if (event.type !== 'datagram') return
    const visitor = this.byLabPort.get(event.localPort)
    visitor?.socket.send(event.payload, visitor.port, visitor.address)
  }

  handleTimeout(): void {
    // It has no timers.
  }

  pollTimeout(): undefined {
    return undefined
  }

  private enter(socket: Socket, address: string, port: number, bytes: Buffer): void {
    const visitor = this.visitorOf(socket, address, port)
    if (visitor === undefined) return
    const { station, node } = this.host
    const payload = new Uint8Array(bytes)
    this.driver.act(node, (now) =>
      // As programs that speak QUIC ask of the kernel (RFC 9000 14).
      station.host.sendUdp(now, { fromPort: visitor.labPort, to: this.to, payload, dontFragment: true }),
    )
  }

  private visitorOf(socket: Socket, address: string, port: number): Visitor | undefined {
    const key = `${address} ${port}`
    const known = this.visitors.get(key)
    const visitor = known ?? this.welcome(socket, address, port)
    if (visitor === undefined) return undefined
    this.visitors.delete(key)
    this.visitors.set(key, visitor)
    return visitor
  }

  private welcome(socket: Socket, address: string, port: number): Visitor | undefined {
    const { host } = this.host.station
    const oldest = this.visitors.entries().next().value
    if (this.visitors.size >= MOST_MAPPINGS && oldest !== undefined) {
      const [key, { labPort }] = oldest
      this.visitors.delete(key)
      this.byLabPort.delete(labPort)
      host.closeUdp(labPort)
    }
    const labPort = host.bindUdp()
    if (labPort === undefined) return undefined
    const visitor = { socket, address, port, labPort }
    this.byLabPort.set(labPort, visitor)
    return visitor
  }
}

/** The way out: what hosts of the lab send to a port of this one goes to a server beyond, from a kernel socket for each of them. */
export class UdpExit implements App {
  readonly done = true
  private readonly host: PlacedHost
  private readonly driver: Driver
  private readonly labPort: number
  private readonly target: { readonly address: string; readonly family: number; readonly port: number }
  private readonly onError: (error: NodeJS.ErrnoException) => void
  private readonly sockets = new Map<string, Socket>()

  constructor(
    host: PlacedHost,
    driver: Driver,
    labPort: number,
    target: { readonly address: string; readonly family: number; readonly port: number },
    onError: (error: NodeJS.ErrnoException) => void,
  ) {
    this.host = host
    this.driver = driver
    this.labPort = labPort
    this.target = target
    this.onError = onError
    host.station.host.bindUdp(labPort)
    host.station.add(this)
  }

  close(): void {
    for (const socket of this.sockets.values()) socket.close()
    this.sockets.clear()
  }

  handleEvent(_now: unknown, event: HostEvent): void {
    if (event.type === 'datagram' && event.localPort === this.labPort) this.leave(event)
  }

  handleTimeout(): void {
    // It has no timers.
  }

  pollTimeout(): undefined {
    return undefined
  }

  private leave({ source, payload }: UdpReceived): void {
    const key = formatEndpoint(source.address, source.port)
    const { address, port, family } = this.target
    let socket = this.sockets.get(key)
    if (socket === undefined) {
      if (this.sockets.size >= MOST_MAPPINGS) return
      socket = createSocket(family === 6 ? 'udp6' : 'udp4')
      socket.once('listening', () => enlarge(socket!))
      socket.on('message', (bytes, from) => {
        if (from.port === port) this.enter(source, bytes)
      })
      socket.on('error', this.onError)
      this.sockets.set(key, socket)
    }
    socket.send(payload, port, address, (error) => {
      if (error !== null) this.onError(error)
    })
  }

  private enter(to: Endpoint, bytes: Buffer): void {
    const { station, node } = this.host
    const payload = new Uint8Array(bytes)
    this.driver.act(node, (now) =>
      station.host.sendUdp(now, { fromPort: this.labPort, to, payload, dontFragment: true }),
    )
  }
}
