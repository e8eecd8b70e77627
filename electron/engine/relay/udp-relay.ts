/**
 * UDP between programs on this machine and hosts of the lab. The lab's addresses mean nothing to the kernel, and its ports nothing to
 * the lab, so each side of an exchange gets a port of its own on the other, as behind a NAT (RFC 4787).
 */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Micros } from '../../../shared/units.ts'
import type { HostEvent, UdpReceived } from '../../protocol/ip/events.ts'
import { flowName, formatEndpoint, type Endpoint } from '../../protocol/wire/address.ts'
import type { KernelEnd, KernelTrace } from './kernel-trace.ts'
import type { Run } from '../run.ts'
import type { PlacedHost } from '../scene.ts'
import type { App } from '../station.ts'
import { UdpMappings } from './udp-mappings.ts'
import { Visitors } from './visitors.ts'

/** A host and a port of the kernel's network, as in a URL. */
export const formatPeer = ({ address, port }: { readonly address: string; readonly port: number }): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`

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

export interface UdpRelayOptions {
  readonly host: PlacedHost
  readonly run: Run
  readonly trace: KernelTrace
  /** Off, a datagram longer than the lab's MTU goes in fragments. On, as programs that speak QUIC ask of the kernel (RFC 9000 14). */
  readonly dontFragment: boolean
}

interface Visitor {
  readonly socket: Socket
  readonly address: string
  readonly port: number
  readonly labPort: number
  readonly end: KernelEnd
  bytes: number
}

/** The way in: whoever sends to sockets of ours on this machine is a port of a lab host that sends to a server in the lab. */
export class UdpEntrance implements App {
  readonly done = true
  private readonly options: UdpRelayOptions
  private readonly to: Endpoint
  private readonly count: Visitors
  /** By kernel address and port. */
  private readonly visitors: UdpMappings<Visitor>
  private readonly byLabPort = new Map<number, Visitor>()
  private isClosed = false

  constructor(options: UdpRelayOptions, to: Endpoint, count = new Visitors()) {
    this.options = options
    this.to = to
    this.count = count
    this.visitors = new UdpMappings((visitor) => this.dismiss(visitor))
    options.host.station.add(this)
  }

  /** Takes what comes on a bound socket. */
  attach(socket: Socket): void {
    enlarge(socket)
    socket.on('message', (bytes, { address, port }) => this.enter(socket, address, port, bytes))
    // An ICMP error of a visitor that has gone.
    socket.on('error', () => undefined)
  }

  /** Gives nothing to the sockets any more. */
  close(): void {
    this.isClosed = true
  }

  handleEvent(_now: Micros, event: HostEvent): void {
    if (event.type !== 'datagram' || this.isClosed) return
    const visitor = this.byLabPort.get(event.localPort)
    if (visitor === undefined) return
    visitor.bytes += event.payload.length
    visitor.socket.send(event.payload, visitor.port, visitor.address)
  }

  handleTimeout(now: Micros): void {
    this.visitors.expire(now)
  }

  pollTimeout(): Micros | undefined {
    return this.visitors.nextExpiry
  }

  private enter(socket: Socket, address: string, port: number, bytes: Buffer): void {
    if (this.isClosed) return
    const { host, run, dontFragment } = this.options
    const key = `${address} ${port}`
    run.driver.act(host.node, (now) => {
      const visitor = this.visitors.use(key, now) ?? this.welcome(key, now, { socket, address, port })
      if (visitor === undefined) return
      visitor.bytes += bytes.length
      const payload = new Uint8Array(bytes)
      host.station.host.sendUdp(now, { fromPort: visitor.labPort, to: this.to, payload, dontFragment })
    })
  }

  private welcome(
    key: string,
    now: Micros,
    from: Pick<Visitor, 'socket' | 'address' | 'port'>,
  ): Visitor | undefined {
    const { host, trace } = this.options
    const lab = host.station.host
    const labPort = lab.bindUdp()
    if (labPort === undefined) return undefined
    const end = trace.begin(host.node.name, flowName(lab.address, labPort, this.to.address, this.to.port))
    end.connected(`${from.address}:${from.port}`)
    const visitor = { ...from, labPort, end, bytes: 0 }
    // Before it counts, as another may have to make room for it.
    this.visitors.add(key, visitor, now)
    this.byLabPort.set(labPort, visitor)
    this.count.admit()
    return visitor
  }

  private dismiss({ labPort, end, bytes }: Visitor): void {
    this.byLabPort.delete(labPort)
    this.options.host.station.host.closeUdp(labPort)
    this.count.leave()
    // It may be a step of the world in which its time was up.
    this.options.run.driver.outside.tellLater(() => end.finished(bytes, ''))
  }
}

interface Leaver {
  readonly key: string
  readonly socket: Socket
  readonly end: KernelEnd
  /** What came before the socket was ready. */
  waiting: Uint8Array[] | undefined
  bytes: number
  error: string
}

/** The way out: what hosts of the lab send to a port of this one goes to a server beyond, from a kernel socket for each of them. */
export class UdpExit implements App {
  readonly done = true
  private readonly options: UdpRelayOptions
  private readonly labPort: number
  private readonly target: { readonly address: string; readonly port: number }
  private readonly leavers = new UdpMappings<Leaver>((leaver) => this.letGo(leaver))
  /** Told of what the system says of the target, such as that nobody is there. */
  onError: (error: NodeJS.ErrnoException) => void = () => undefined

  constructor(
    options: UdpRelayOptions,
    labPort: number,
    target: { readonly address: string; readonly port: number },
  ) {
    this.options = options
    this.labPort = labPort
    this.target = target
    options.host.station.host.bindUdp(labPort)
    options.host.station.add(this)
  }

  close(): void {
    this.leavers.clear()
  }

  handleEvent(_now: Micros, event: HostEvent): void {
    if (event.type === 'datagram' && event.localPort === this.labPort)
      this.options.run.driver.outside.tellLater(() => this.leave(event))
  }

  handleTimeout(now: Micros): void {
    this.leavers.expire(now)
  }

  pollTimeout(): Micros | undefined {
    return this.leavers.nextExpiry
  }

  private leave({ source, payload }: UdpReceived): void {
    const { run } = this.options
    if (run.isOver) return
    const now = run.driver.now()
    const key = formatEndpoint(source.address, source.port)
    const leaver = this.leavers.use(key, now) ?? this.sendOff(key, now, source)
    leaver.bytes += payload.length
    if (leaver.waiting === undefined) leaver.socket.send(payload)
    else leaver.waiting.push(payload)
  }

  /** A socket for one end in the lab, tied to the target: so the system tells of ICMP errors, and takes only the target's datagrams. */
  private sendOff(key: string, now: Micros, source: Endpoint): Leaver {
    const { host, trace } = this.options
    const { address, port } = this.target
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    const flow = flowName(source.address, source.port, host.station.host.address, this.labPort)
    const end = trace.begin(host.node.name, flow)
    const leaver: Leaver = { key, socket, end, waiting: [], bytes: 0, error: '' }
    this.leavers.add(key, leaver, now)
    socket.on('message', (bytes) => this.enter(leaver, source, bytes))
    socket.on('error', (error: NodeJS.ErrnoException) => this.giveUp(leaver, error))
    socket.connect(port, address, () => {
      enlarge(socket)
      end.connected(formatPeer(this.target))
      for (const payload of leaver.waiting ?? []) socket.send(payload)
      leaver.waiting = undefined
    })
    return leaver
  }

  private enter(leaver: Leaver, to: Endpoint, bytes: Buffer): void {
    const { host, run, dontFragment } = this.options
    const payload = new Uint8Array(bytes)
    leaver.bytes += payload.length
    run.driver.act(host.node, (now) => {
      this.leavers.use(leaver.key, now)
      host.station.host.sendUdp(now, { fromPort: this.labPort, to, payload, dontFragment })
    })
  }

  /** Nobody is there, most likely. The lab's end hears nothing, as nobody passes ICMP on; whoever sends again gets a new socket. */
  private giveUp(leaver: Leaver, error: NodeJS.ErrnoException): void {
    leaver.error ||= error.code ?? error.message
    this.leavers.remove(leaver.key)
    this.onError(error)
  }

  private letGo({ socket, end, bytes, error }: Leaver): void {
    socket.close()
    // It may be a step of the world in which its time was up.
    this.options.run.driver.outside.tellLater(() => end.finished(bytes, error))
  }
}
