/**
 * The lab's UDP for programs that live in Node, much as `node:dgram` has it for the kernel's: ports that send and are told of what
 * comes. As with `sockets.ts`, the world is entered by `act` only, and what it tells is passed on after it has come to rest.
 */
import type { Micros } from '../../shared/units.ts'
import type { HostEvent } from '../protocol/ip/events.ts'
import type { SendOutcome } from '../protocol/ip/host.ts'
import { flowName, type Endpoint, type Ipv4Address } from '../protocol/wire/address.ts'
import { PROTOCOL_UDP } from '../protocol/wire/ipv4.ts'
import type { Driver } from './drivers/driver.ts'
import type { PlacedHost } from './scene.ts'
import type { App } from './station.ts'

/** What a program is told of a port of its own. */
export interface UdpUser {
  /** The payload is the program's own. */
  onDatagram(payload: Uint8Array, from: Endpoint): void
  /** An ICMP error came for what was sent to `to` (RFC 1122 4.1.3.3), such as: nobody listens there. */
  onUnreachable?(to: Endpoint): void
}

/** How a socket gets at its host. */
type Act = <T>(action: (now: Micros) => T) => T

export class LabUdpSocket {
  readonly port: number
  private readonly host: UdpSocketHost
  private readonly act: Act

  constructor(host: UdpSocketHost, port: number, act: Act) {
    this.host = host
    this.port = port
    this.act = act
  }

  /**
   * Sends a datagram, cut in fragments if it is longer than the MTU. There is no waiting: what a full queue does not take is gone,
   * and the outcome says so (`queue_full`), for a program that wants to send it later.
   */
  send(to: Endpoint, payload: Uint8Array): SendOutcome {
    return this.act((now) => this.host.send(now, this.port, to, payload))
  }

  /** The name of its exchange with `remote` in the trace. */
  flowWith({ address, port }: Endpoint): string {
    return flowName(this.host.address, this.port, address, port)
  }

  /** Gives the port back; nothing more is told. May be called more than once. */
  close(): void {
    this.act(() => this.host.release(this))
  }
}

/** The UDP sockets of one host of the lab for its programs. */
export class UdpSocketHost implements App {
  /** It never says of itself that there is more to do: only its users know. */
  readonly done = true
  private readonly host: Pick<PlacedHost, 'node' | 'station'>
  private readonly driver: Driver
  private readonly open = new Map<number, { readonly socket: LabUdpSocket; readonly user: UdpUser }>()

  constructor(host: Pick<PlacedHost, 'node' | 'station'>, driver: Driver) {
    this.host = host
    this.driver = driver
    host.station.add(this)
  }

  /** Opens a port, with 0 a free one at random (RFC 6056 3.3.1). Undefined: it is taken, or none is free. */
  bind(port: number, user: UdpUser): LabUdpSocket | undefined {
    return this.act(() => {
      const bound = this.host.station.host.bindUdp(port)
      if (bound === undefined) return undefined
      const socket = new LabUdpSocket(this, bound, this.act)
      this.open.set(bound, { socket, user })
      return socket
    })
  }

  get address(): Ipv4Address {
    return this.host.station.host.address
  }

  handleEvent(_now: Micros, event: HostEvent): void {
    if (event.type === 'datagram') {
      const { localPort, source, payload } = event
      // A copy: the program may change it, and the packet is not to be changed.
      this.tell(localPort, (user) => user.onDatagram(new Uint8Array(payload), source))
    } else if (event.type === 'icmp_error' && event.quoted.protocol === PROTOCOL_UDP) {
      const { sourcePort, destination: address, destinationPort: port } = event.quoted
      this.tell(sourcePort, (user) => user.onUnreachable?.({ address, port }))
    }
  }

  handleTimeout(): void {
    // It has no timers of its own.
  }

  pollTimeout(): undefined {
    return undefined
  }

  // --- for its sockets, within a step of the world --------------------------------------------------------

  send(now: Micros, fromPort: number, to: Endpoint, payload: Uint8Array): SendOutcome {
    return this.host.station.host.sendUdp(now, { fromPort, to, payload })
  }

  release(socket: LabUdpSocket): void {
    if (this.open.get(socket.port)?.socket !== socket) return
    this.open.delete(socket.port)
    this.host.station.host.closeUdp(socket.port)
  }

  private tell(port: number, story: (user: UdpUser) => void): void {
    const found = this.open.get(port)
    if (found === undefined) return
    this.driver.outside.tellLater(() => {
      // It may have been closed since.
      if (this.open.get(port) === found) story(found.user)
    })
  }

  private readonly act: Act = (action) => {
    this.driver.outside.activity++
    const { node, station } = this.host
    return this.driver.act(node, (now) => {
      const result = action(now)
      station.settle(now)
      return result
    })
  }
}
