/**
 * The world: nodes, the cables between their ports, and the order in which things happen (DESIGN 4.1, 4.3).
 *
 * A cable has no length; all delay is in links. Packets that are handed over now go before timers that are due
 * now; timers go by (time, order in which they were set). So the same nodes and the same seed give the same run.
 * The world knows no clock: a driver tells it what time it is.
 */
import type { Micros } from '../../shared/units.ts'
import type { Datagram, SansIo } from '../protocol/sansio.ts'
import { Agenda, type Due } from './agenda.ts'

/** Where the world says what it is doing, so that events and packets are stamped with it. */
export interface Witness {
  /** Stamps all events from now on. */
  time: number
  /** The packet that is being handled; 0: none. */
  pkt: number
  /** A packet leaves a node. */
  packet(id: number, bytes: Uint8Array): void
}

export class WorldNode implements Due {
  readonly name: string
  readonly core: SansIo<unknown>
  /** Its timers are worth waking up to the tenth of a millisecond for (links), or not (hosts). */
  readonly precise: boolean
  /** What hangs on each port. */
  readonly cables: (Plug | undefined)[] = []
  dueAt = Infinity
  order = 0
  place = -1

  constructor(name: string, core: SansIo<unknown>, precise: boolean) {
    this.name = name
    this.core = core
    this.precise = precise
  }
}

/** No honest world has so many timeouts at one moment. */
const MOST_TIMEOUTS = 10_000

/** The far end of a cable. */
export interface Plug {
  readonly node: WorldNode
  readonly port: number
}

/** A packet between two ports; `port` of the datagram is that of the receiver. */
interface Arrival {
  readonly node: WorldNode
  readonly datagram: Datagram
  next: Arrival | undefined
}

/** The same packet as it comes in at another port. */
export const atPort = (datagram: Datagram, port: number): Datagram =>
  datagram.port === port ? datagram : { id: datagram.id, bytes: datagram.bytes, port }

/** Packets handed over and not yet taken in, first come first served. A list: it may never be empty for long. */
class Arrivals {
  private first: Arrival | undefined
  private last: Arrival | undefined

  get any(): boolean {
    return this.first !== undefined
  }

  push(node: WorldNode, datagram: Datagram): void {
    const arrival: Arrival = { node, datagram, next: undefined }
    if (this.last === undefined) this.first = arrival
    else this.last.next = arrival
    this.last = arrival
  }

  shift(): Arrival {
    const arrival = this.first!
    this.first = arrival.next
    if (this.first === undefined) this.last = undefined
    return arrival
  }
}

export class World {
  readonly nodes: WorldNode[] = []
  readonly agenda = new Agenda<WorldNode>()
  private readonly witness: Witness
  private readonly arrivals = new Arrivals()
  /** Timeouts in a row without time or packets moving on. */
  private timeoutsOfMoment = 0
  /** Takes packets out of the world's hands (the live driver puts them on sockets). */
  carrier: ((from: WorldNode, to: Plug, datagram: Datagram) => void) | undefined

  constructor(witness: Witness) {
    this.witness = witness
  }

  get now(): Micros {
    return this.witness.time as Micros
  }

  add(name: string, core: SansIo<unknown>, precise = false): WorldNode {
    const node = new WorldNode(name, core, precise)
    this.nodes.push(node)
    return node
  }

  connect(a: WorldNode, portA: number, b: WorldNode, portB: number): void {
    a.cables[portA] = { node: b, port: portB }
    b.cables[portB] = { node: a, port: portA }
  }

  /** Lets every node say what it wants to do first; once, before the first step. */
  begin(): void {
    for (const node of this.nodes) this.drain(node)
  }

  /** When the next thing happens; now, if a packet waits; Infinity: nothing will. */
  nextAt(): number {
    if (this.arrivals.any) return this.witness.time
    return this.agenda.first()?.dueAt ?? Infinity
  }

  /** Whether the next step is the arrival of a packet. */
  get packetIsNext(): boolean {
    return this.arrivals.any
  }

  /** Does the next thing, which must be due by `now`; returns whether there was one. */
  step(now: Micros): boolean {
    if (this.arrivals.any) {
      const arrival = this.arrivals.shift()
      this.deliver(now, arrival.node, arrival.datagram)
      return true
    }
    const node = this.agenda.first()
    if (node === undefined || node.dueAt > now) return false
    this.noteTimeout(now)
    this.stamp(now)
    node.core.handleTimeout(now)
    this.drain(node)
    return true
  }

  /** A core that asks for the same moment without end is a bug; time would stand still for ever. */
  private noteTimeout(now: Micros): void {
    if (now > this.witness.time) this.timeoutsOfMoment = 0
    else if (++this.timeoutsOfMoment > MOST_TIMEOUTS)
      throw new Error(`${this.agenda.first()?.name} asks for a timeout at ${now} us again and again`)
  }

  /** A packet reaches a node. */
  deliver(now: Micros, node: WorldNode, datagram: Datagram): void {
    this.timeoutsOfMoment = 0
    this.witness.time = now
    this.witness.pkt = datagram.id
    node.core.handleDatagram(now, datagram)
    this.drain(node)
  }

  /** Tells the witness what time it is, for events that no node causes. */
  stamp(now: Micros): void {
    this.witness.time = now
    this.witness.pkt = 0
  }

  /** A packet that no node of ours made has come in from outside. */
  enter(now: Micros, datagram: Datagram): void {
    this.stamp(now)
    this.witness.packet(datagram.id, datagram.bytes)
  }

  /** Does something to a node from outside, such as turning a knob or writing to a connection. */
  act<T>(now: Micros, node: WorldNode, action: (now: Micros) => T): T {
    this.stamp(now)
    const result = action(now)
    this.drain(node)
    return result
  }

  /** Takes what a node has to say after it was touched. */
  private drain(node: WorldNode): void {
    const now = this.now
    const { core } = node
    for (;;) {
      const datagram = core.pollTransmit(now)
      if (datagram === undefined) break
      this.witness.packet(datagram.id, datagram.bytes)
      const plug = node.cables[datagram.port]
      // A port without a cable: the packet goes nowhere, as on a real one.
      if (plug === undefined) continue
      if (this.carrier !== undefined) this.carrier(node, plug, datagram)
      else this.arrivals.push(plug.node, atPort(datagram, plug.port))
    }
    this.agenda.set(node, core.pollTimeout() ?? Infinity)
  }
}
