/**
 * The wall clock and real UDP sockets (DESIGN 4.2): each port of each node has a socket on 127.0.0.1, and every
 * packet between two nodes is a datagram between two of them. A port may be handed to an outsider instead, another
 * program that stands in a node's place (see WIRE.md).
 *
 * Node's timers are good to a millisecond. So timers of links are awaited with `setTimeout` up to the last
 * millisecond, and by going round the event loop after that; those of hosts, which TCP reckons in tens of
 * milliseconds, by `setTimeout` alone. Without a deadline nothing runs at all.
 */
import { performance } from 'node:perf_hooks'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Datagram } from '../../protocol/sansio.ts'
import { decodeIpv4 } from '../../protocol/wire/ipv4.ts'
import { atPort, type Plug, type World, type WorldNode } from '../world.ts'
import type { Driver, DriverHooks } from './driver.ts'
import { Hop } from './hop.ts'
import { Outside } from './outside.ts'
import { LOOPBACK, WIRE_MTU, WireSocket } from './wire.ts'

/** A packet that has not come in this long after it was sent is lost: loopback takes microseconds. */
const LOST_AFTER_MS = 1_000
/** Timers of the system are late by up to this much; the rest is spun away. */
const SPIN_MS = 1
/** The most events that are handled before sockets are read again. */
const MOST_STEPS = 64

/** A port of a node that another program is attached to. */
export interface OutsidePort {
  readonly node: WorldNode
  readonly port: number
  /** Port of ours on 127.0.0.1; 0: any free one. */
  readonly listen: number
  /** Port of the peer on 127.0.0.1; undefined: the first that sends a valid IPv4 packet. */
  readonly peer?: number
}

/** An end of a cable: the socket, and from whom it takes packets. */
class End {
  readonly node: WorldNode
  readonly port: number
  socket!: WireSocket
  peerPort = 0
  /** Brings packets of this end to the other one; undefined: the other end is an outsider. */
  outgoing: Hop | undefined
  incoming: Hop | undefined

  constructor(node: WorldNode, port: number) {
    this.node = node
    this.port = port
  }
}

export class LiveDriver implements Driver {
  readonly outside = new Outside(() => (this.telling ??= setImmediate(this.tell)))
  private readonly world: World
  private readonly hooks: DriverHooks
  private readonly trace: Trace
  private readonly outsiders: readonly OutsidePort[]
  private readonly nextPacketId: () => number
  private readonly ends = new Map<WorldNode, End[]>()
  private readonly hops: Hop[] = []
  /** When lab time began; undefined: not yet. */
  private origin: number | undefined
  private running = false
  private timer: NodeJS.Timeout | undefined
  /** Wall time for which `timer` is set; Infinity: none. */
  private timerAt = Infinity
  private spinning: NodeJS.Immediate | undefined
  private telling: NodeJS.Immediate | undefined
  private endTimer: NodeJS.Timeout | undefined
  private watch: NodeJS.Timeout | undefined
  /** The oldest packet of each hop at the last look. */
  private readonly oldest = new Map<Hop, Datagram | undefined>()

  constructor(
    world: World,
    hooks: DriverHooks,
    options: { trace: Trace; nextPacketId: () => number; outsiders?: readonly OutsidePort[] },
  ) {
    this.world = world
    this.hooks = hooks
    this.trace = options.trace
    this.nextPacketId = options.nextPacketId
    this.outsiders = options.outsiders ?? []
    world.carrier = (from, to, datagram) => this.carry(from, to, datagram)
  }

  /** Opens all sockets. Rejects when one cannot be had, such as a port that is taken. */
  async open(): Promise<void> {
    try {
      for (const node of this.world.nodes)
        for (const [port, plug] of node.cables.entries())
          if (plug !== undefined) await this.openEnd(node, port, 0)
      for (const { node, port, listen, peer } of this.outsiders) {
        const end = await this.openEnd(node, port, listen)
        end.peerPort = peer ?? 0
        // The outsider's place: no node, but a cable, so that the world hands its packets to us.
        node.cables[port] = { node, port }
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    this.join()
  }

  /** Ports on 127.0.0.1 to which outsiders send, in the order in which they were given. */
  outsidePorts(): number[] {
    return this.outsiders.map(({ node, port }) => this.socketPort(node, port))
  }

  /** Port on 127.0.0.1 of the socket at a port of a node. */
  socketPort(node: WorldNode, port: number): number {
    return this.ends.get(node)![port].socket.port
  }

  now(): Micros {
    return (this.origin === undefined ? 0 : this.wall() * 1000) as Micros
  }

  start(): void {
    this.origin = performance.now()
    this.running = true
    const { duration } = this.hooks
    // One more, since timers of the system are sometimes a little early.
    if (duration !== Infinity) this.endTimer = setTimeout(() => this.end(), Math.ceil(duration / 1000) + 1)
    this.guard(() => this.world.begin())
  }

  act<T>(node: WorldNode, action: (now: Micros) => T): T {
    const result = this.world.act(this.now(), node, action)
    this.wake()
    return result
  }

  wake(): void {
    if (this.running) this.guard(() => undefined)
  }

  stop(): Promise<void> {
    this.running = false
    clearTimeout(this.timer)
    clearTimeout(this.endTimer)
    clearTimeout(this.watch)
    clearImmediate(this.spinning)
    clearImmediate(this.telling)
    for (const ends of this.ends.values()) for (const end of ends) end?.socket.close()
    this.ends.clear()
    return Promise.resolve()
  }

  /** Milliseconds since the start. */
  private wall(): number {
    return performance.now() - (this.origin ?? 0)
  }

  private async openEnd(node: WorldNode, port: number, listen: number): Promise<End> {
    const end = new End(node, port)
    end.socket = await WireSocket.open(listen, (bytes, fromPort, address) =>
      this.receive(end, bytes, fromPort, address),
    )
    end.socket.onError = (error) => this.fault('wire_error', error.message)
    const ends = this.ends.get(node) ?? []
    ends[port] = end
    this.ends.set(node, ends)
    return end
  }

  /** Pins each socket to that of the other end and lays the two hops between them. */
  private join(): void {
    const outside = new Set(this.outsiders.map(({ node, port }) => this.ends.get(node)![port]))
    for (const ends of this.ends.values()) {
      for (const end of ends) {
        if (end === undefined || outside.has(end)) continue
        const plug = end.node.cables[end.port]!
        const far = this.ends.get(plug.node)![plug.port]
        end.peerPort = far.socket.port
        const hop = new Hop({
          send: (bytes) => end.socket.send(bytes, far.socket.port),
          receiveBuffer: far.socket.receiveBuffer,
          onLost: (count) => this.fault('wire_loss', `${end.node.name} to ${far.node.name}`, count),
        })
        end.outgoing = hop
        far.incoming = hop
        this.hops.push(hop)
      }
    }
  }

  /** A packet leaves a node by one of its ports. */
  private carry(from: WorldNode, _to: Plug, datagram: Datagram): void {
    const end = this.ends.get(from)?.[datagram.port]
    if (end === undefined) return
    if (datagram.bytes.length > WIRE_MTU) {
      this.fault('wire_too_long', `a packet of ${datagram.bytes.length} bytes`)
    } else if (end.outgoing !== undefined) {
      end.outgoing.send(datagram)
      this.watch ??= setTimeout(this.lookForLost, LOST_AFTER_MS)
    } else if (end.peerPort !== 0) end.socket.send(datagram.bytes, end.peerPort)
  }

  /** A datagram came in on the socket of `end`. */
  private receive(end: End, bytes: Buffer, fromPort: number, address: string): void {
    if (!this.running) return
    const datagram = this.accept(end, bytes, fromPort, address)
    if (datagram === undefined) return
    this.guard(() => this.world.deliver(this.now(), end.node, datagram))
  }

  /** The packet in a datagram; undefined: it is not for us, and that was counted. */
  private accept(end: End, bytes: Buffer, fromPort: number, address: string): Datagram | undefined {
    if (end.peerPort !== 0 && (fromPort !== end.peerPort || address !== LOOPBACK))
      return this.ignore('unknown_peer', end, bytes, fromPort, address)
    if (end.incoming !== undefined) {
      const datagram = end.incoming.receive(bytes)
      return datagram === undefined
        ? this.ignore('not_sent', end, bytes, fromPort, address)
        : atPort(datagram, end.port)
    }
    const decoded = decodeIpv4(bytes)
    if (!decoded.ok) return this.ignore(decoded.error.reason, end, bytes, fromPort, address)
    if (decoded.value.totalLength !== bytes.length)
      return this.ignore('bad_total_length', end, bytes, fromPort, address)
    if (end.peerPort === 0) end.peerPort = fromPort
    const datagram = { id: this.nextPacketId(), bytes, port: end.port }
    this.world.enter(this.now(), datagram)
    return datagram
  }

  private ignore(reason: string, end: End, bytes: Buffer, port: number, address: string): undefined {
    this.world.stamp(this.now())
    const data = { reason, peer: `${address}:${port}`, size: bytes.length }
    this.trace.scope({ node: end.node.name }).emit('wire:datagram_ignored', data)
    return undefined
  }

  private fault(what: string, detail: string, count = 1): void {
    this.world.stamp(this.now())
    this.trace.emit('sim:fault', { what, detail, count })
  }

  /** Does something, then what has become due, and sees to it that we wake up for the next. */
  private guard(work: () => void): void {
    try {
      work()
      for (let steps = 0; steps < MOST_STEPS; steps++) if (!this.world.step(this.now())) break
      if (this.isOver()) return this.end()
      this.awaitNext()
    } catch (error) {
      this.end(error)
    }
  }

  private isOver(): boolean {
    if (this.outside.hasStories || this.outside.isHeld) return false
    // Not before the last packet is in: what it says may change what the programs have to say.
    return this.hops.every((hop) => hop.size === 0) && this.hooks.isOver()
  }

  private end(error?: unknown): void {
    if (!this.running) return
    this.running = false
    clearTimeout(this.endTimer)
    this.hooks.onEnd(error)
  }

  private awaitNext(): void {
    const next = this.world.agenda.first()
    if (next === undefined || this.spinning !== undefined || !this.running) return
    const wait = next.dueAt / 1000 - this.wall()
    if (wait <= 0 || (wait <= SPIN_MS && next.precise)) {
      this.spinning = setImmediate(this.spin)
      return
    }
    const at = next.dueAt / 1000
    // A timer that is too early is no harm: it looks again. One is set anew only when it would be too late.
    if (at >= this.timerAt) return
    clearTimeout(this.timer)
    this.timerAt = at
    const delay = next.precise ? Math.floor(wait - SPIN_MS) : Math.ceil(wait)
    this.timer = setTimeout(this.ring, Math.min(Math.max(delay, 1), 0x7fff_ffff))
  }

  /** After all sockets have been read: what came in several packets is passed on in one piece. */
  private readonly tell = (): void => {
    this.telling = undefined
    if (this.running) this.guard(() => this.outside.tell())
  }

  private readonly ring = (): void => {
    this.timerAt = Infinity
    this.wake()
  }

  private readonly spin = (): void => {
    this.spinning = undefined
    this.wake()
  }

  /**
   * Gives up packets that were the oldest of their hop at the last look already. We may be the one that is late:
   * `setImmediate` comes after the sockets were read, so what is there has been taken in.
   */
  private readonly lookForLost = (): void => {
    setImmediate(() => {
      this.watch = undefined
      if (!this.running) return
      for (const hop of this.hops) {
        if (hop.oldest !== undefined && hop.oldest === this.oldest.get(hop)) hop.giveUp()
        this.oldest.set(hop, hop.oldest)
      }
      if (this.hops.some((hop) => hop.size > 0)) this.watch = setTimeout(this.lookForLost, LOST_AFTER_MS)
      else this.wake()
    })
  }
}
