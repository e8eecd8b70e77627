/** All connections and listeners of a host: demultiplexing, opening, timers, and what goes out. */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Rng } from '../random.ts'
import type { Env } from '../sansio.ts'
import { flowName } from '../wire/address.ts'
import type { Endpoint, Ipv4Address } from '../wire/address.ts'
import type { QuotedPacket } from '../wire/icmp.ts'
import { NOT_ECT } from '../wire/ipv4.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import type { TcpSegment } from '../wire/tcp.ts'
import { segmentArrives } from './arrives.ts'
import { ConnectionTable } from './connection-table.ts'
import { TcpConnection } from './connection.ts'
import { ControlBlock } from './control-block.ts'
import type { Owner } from './control-block.ts'
import { Deadlines } from './deadlines.ts'
import type { OutgoingSegment, TcpEvent } from './events.ts'
import { Fifo } from '../fifo.ts'
import { arrivesUnreachable } from './icmp.ts'
import { InitialNumbers, type FourTuple } from './isn.ts'
import { Listening, type Birth, type ListenOwner } from './listen.ts'
import { TcpListener } from './listener.ts'
import { nextSegment } from './output.ts'
import { before } from './sequence.ts'
import { settle } from './settle.ts'
import type { TapFactory } from './tap.ts'
import { handleTimers } from './timeouts.ts'

export { TcpConnection } from './connection.ts'
export { TcpListener } from './listener.ts'
export type { OutgoingSegment, TcpError, TcpEvent } from './events.ts'
export type { TcpMetrics } from './settle.ts'
export type { Tap, TapFactory } from './tap.ts'

/** RFC 6335 6: dynamic ports. */
const FIRST_DYNAMIC_PORT = 49_152
const DYNAMIC_PORTS = 16_384

/** What an ICMP error tells of a segment that we sent. */
type QuotedSegment = Pick<QuotedPacket, 'destination' | 'sourcePort' | 'destinationPort' | 'sequence'>

export class TcpStack {
  private readonly env: Env
  private address: Ipv4Address
  private readonly numbers: InitialNumbers
  private readonly table = new ConnectionTable()
  private readonly listeners = new Map<number, TcpListener>()
  private readonly deadlines = new Deadlines<ControlBlock>()
  private readonly events = new Fifo<TcpEvent>()
  /** Connections that may have something to send. */
  private readonly woken = new Fifo<ControlBlock>()
  /** Segments of no connection: RSTs for what belongs to nobody, and SYN-ACKs with cookies. */
  private readonly answers = new Fifo<OutgoingSegment>()
  private nextPort: number
  private readonly owner: Owner
  private readonly listening: Listening
  private readonly twoWayHandshake: boolean

  /**
   * `tap` puts someone to look on at each connection that is established. Of the `defaults` counts what concerns segments of no
   * connection.
   */
  constructor(env: Env, address: Ipv4Address, tap?: TapFactory, defaults?: TcpSettings) {
    this.env = env
    this.address = address
    const rng = env.rng.fork('tcp')
    this.numbers = new InitialNumbers(env.crypto, rng.bytes(32))
    this.nextPort = rng.int(DYNAMIC_PORTS)
    this.twoWayHandshake = defaults?.twoWayHandshake ?? false
    const listenOwner: ListenOwner = {
      create: (now, listener, birth) =>
        this.createBlock(now, listener.port, birth.remote, listener.settings, listener, birth),
      timestampOffset: (now, tuple) => this.numbers.of(now, tuple).timestampOffset,
      answer: (segment) => this.answers.push(segment),
      refuse: (source, segment, rule, answer) => this.refuse(source, segment, rule, answer),
      traceOf: (source, segment) => this.traceOf(source, segment),
    }
    this.listening = new Listening(listenOwner, env.crypto, rng.fork('cookies').bytes(32))
    this.owner = {
      wake: (block) => this.wake(block),
      tell: (event) => this.events.push(event),
      release: (block) => this.release(block),
      tapOf: (block) => tap?.(block.connection, block.listener === undefined),
      answerWithReset: (remote, segment) => this.reset(remote, segment),
    }
  }

  /**
   * Opens a port passively.
   * @throws when the port is taken: a mistake of the caller
   */
  listen(_now: Micros, port: number, settings: TcpSettings): TcpListener {
    if (this.listeners.has(port)) throw new Error(`port ${port} is listened on already`)
    const close = (listener: TcpListener) => this.listeners.delete(listener.port)
    const listener = new TcpListener(port, settings, this.env.trace, close)
    this.listeners.set(port, listener)
    return listener
  }

  /**
   * Opens a connection actively: its SYN is the next segment. Without `localPort` a free dynamic port is taken.
   * @throws when the four-tuple is in use, or no port is free: a mistake of the caller
   */
  connect(now: Micros, remote: Endpoint, settings: TcpSettings, localPort?: number): TcpConnection {
    const port = this.portFor(remote, localPort)
    if (port === undefined) throw new Error(`port ${localPort ?? ''} is connected to this end already`)
    const block = this.createBlock(now, port, remote, settings)
    block.setState({ name: 'SYN-SENT', firstSentAt: now, resent: 0 }, 'call')
    block.sendSyn()
    return block.connection
  }

  /**
   * The local port of a connection to `remote`: `wanted`, or without it one that is free. undefined: the four-tuple is in use, if only
   * by a connection in TIME-WAIT, or no dynamic port is left.
   */
  portFor(remote: Endpoint, wanted?: number): number | undefined {
    if (wanted === undefined) return this.freePort(remote)
    const taken = this.table.find(this.address, wanted, remote.address, remote.port) !== undefined
    return taken ? undefined : wanted
  }

  /** Takes in a segment from `source`, its checksum verified; `codepoint`: the ECN field of its IP packet. */
  handleSegment(now: Micros, source: Ipv4Address, segment: TcpSegment, codepoint = NOT_ECT): void {
    const block = this.table.find(this.address, segment.destinationPort, source, segment.sourcePort)
    if (block !== undefined) {
      if (!this.reuses(block, segment)) return segmentArrives(block, now, segment, codepoint)
      block.close('segment')
    }
    const listener = this.listeners.get(segment.destinationPort)
    if (listener !== undefined) {
      const tuple = this.tupleOf(segment.destinationPort, source, segment.sourcePort)
      return this.listening.arrives(now, { tuple, segment, codepoint, previous: block }, listener)
    }
    const { flags } = segment
    const isUnwanted = (flags & (SYN | ACK)) === (SYN | ACK) && this.twoWayHandshake
    const answer = flags & RST || isUnwanted ? 'none' : 'rst'
    this.refuse(source, segment, 'RFC 9293 3.10.7.1: no connection', answer)
  }

  /**
   * Takes in an ICMP destination unreachable about a segment of ours.
   * @param quoted what it quotes of that segment
   * @param nextHopMtu of code 4, fragmentation needed; 0: not said
   */
  handleUnreachable(_now: Micros, quoted: QuotedSegment, code: number, nextHopMtu: number): void {
    const block = this.table.find(this.address, quoted.sourcePort, quoted.destination, quoted.destinationPort)
    if (block !== undefined) return arrivesUnreachable(block, code, quoted.sequence, nextHopMtu)
    this.env.trace.emit('icmp:error_ignored', { code, reason: 'no_connection' })
  }

  /** To be called at or after `pollTimeout()`; earlier calls do nothing. */
  handleTimeout(now: Micros): void {
    for (;;) {
      const block = this.deadlines.takeDue(now)
      if (block === undefined) return
      if (block.timers.earliest <= now) handleTimers(block, now)
      else this.deadlines.wakeBy(block, block.timers.earliest)
    }
  }

  pollTimeout(): Micros | undefined {
    const { earliest } = this.deadlines
    return earliest === Infinity ? undefined : (earliest as Micros)
  }

  /** The next segment to put on the wire, or undefined. Call until undefined. */
  pollTransmit(now: Micros): OutgoingSegment | undefined {
    const reset = this.answers.shift()
    if (reset !== undefined) return reset
    for (;;) {
      const block = this.woken.first
      if (block === undefined) return undefined
      const { tapped } = block
      const segment = nextSegment(block, now)
      if (segment !== undefined && this.mayLeave(block, segment)) return segment
      if (segment !== undefined) {
        block.tapped = tapped
        continue
      }
      this.woken.shift()
      block.queued = false
      settle(block, now)
      this.deadlines.wakeBy(block, block.timers.earliest)
    }
  }

  /**
   * The host has another address now. Connections stay bound to the one that they began with (RFC 9293 3.3.1): nothing reaches them
   * any more, and what they send does not leave. As on Linux, nobody tells them; their timers find out, or the application's do.
   */
  move(address: Ipv4Address): void {
    this.address = address
  }

  /** All connections and listeners are gone, as when the power fails: nobody is told, neither the peers nor the owner. */
  forget(_now: Micros): void {
    for (const listener of this.listeners.values()) listener.forget()
    this.listeners.clear()
    for (const block of [...this.table]) block.close('call', 'power_off')
    this.events.clear()
    this.answers.clear()
    this.woken.clear()
  }

  /** Whether the source of a segment is an address of this host, as a system asks when it looks up the way out. */
  private mayLeave({ local, trace }: ControlBlock, { segment }: OutgoingSegment): boolean {
    if (local.address === this.address) return true
    const { sequence: seq, payload } = segment
    trace.emit('tcp:segment_unsent', { seq, payload: payload.length, reason: 'address_lost' })
    return false
  }

  pollEvent(): TcpEvent | undefined {
    return this.events.shift()
  }

  /** Connections in any state but CLOSED. */
  get connectionCount(): number {
    return this.table.size
  }

  // --- opening --------------------------------------------------------------------------------------------

  private createBlock(
    now: Micros,
    port: number,
    remote: Endpoint,
    settings: TcpSettings,
    listener?: TcpListener,
    { cookie, previous }: Omit<Birth, 'remote'> = {},
  ): ControlBlock {
    const local = { address: this.address, port }
    const flow = flowName(local.address, port, remote.address, remote.port)
    const tuple = this.tupleOf(port, remote.address, remote.port)
    const { sequence, timestampOffset } = this.numbers.of(now, tuple)
    const initialSequence = cookie ?? settings.initialSequence ?? beyond(previous, sequence)
    let rng: Rng | undefined
    const random = () => (rng ??= this.env.rng.fork(`tcp ${flow}`)).next()
    const origin = { local, remote, flow, settings, initialSequence, timestampOffset, listener, random }
    const block = new ControlBlock(this.owner, origin, this.env.trace.scope({ flow }))
    new TcpConnection(block)
    block.heardAt = now
    this.table.add(block)
    return block
  }

  private freePort(remote: Endpoint): number | undefined {
    for (let i = 0; i < DYNAMIC_PORTS; i++) {
      const port = FIRST_DYNAMIC_PORT + (this.nextPort++ % DYNAMIC_PORTS)
      if (this.listeners.has(port)) continue
      if (this.table.find(this.address, port, remote.address, remote.port) === undefined) return port
    }
    return undefined
  }

  /**
   * A SYN may take over a connection in TIME-WAIT when it cannot be an old duplicate: its timestamp, or without
   * timestamps its sequence number, lies beyond all of the old connection (RFC 9293 3.6.1, RFC 6191 2).
   */
  private reuses(block: ControlBlock, segment: TcpSegment): boolean {
    if (block.name !== 'TIME-WAIT' || (segment.flags & (SYN | ACK | RST | FIN)) !== SYN) return false
    if (!this.listeners.has(segment.destinationPort)) return false
    const { timestamps } = segment.options
    const { receiver, recentTimestamp } = block
    const beyond = receiver.space.toPosition(segment.sequence, receiver.next) > receiver.next
    return block.timestampsOn && timestamps !== undefined
      ? before(recentTimestamp, timestamps.value) || (timestamps.value === recentTimestamp && beyond)
      : beyond
  }

  // --- nobody's segments ----------------------------------------------------------------------------------

  private refuse(source: Ipv4Address, segment: TcpSegment, rule: string, answer: 'none' | 'rst'): void {
    this.traceOf(source, segment).emit('tcp:segment_refused', { rule, answer })
    if (answer === 'rst') this.reset(source, segment)
  }

  /** RFC 9293 3.10.7.1: a RST that the sender of the segment will find acceptable. */
  private reset(destination: Ipv4Address, segment: TcpSegment): void {
    const { flags, payload } = segment
    if (flags & RST) return
    const length = payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
    const acknowledges = (flags & ACK) !== 0
    const { address } = this
    this.answers.push({
      destination,
      segment: {
        sourcePort: segment.destinationPort,
        destinationPort: segment.sourcePort,
        sequence: acknowledges ? segment.acknowledgment : 0,
        acknowledgment: acknowledges ? 0 : (segment.sequence + length) >>> 0,
        flags: acknowledges ? RST : RST | ACK,
        window: 0,
        urgent: 0,
        options: {},
        payload: EMPTY,
      },
      cause: '',
      flow: flowName(address, segment.destinationPort, destination, segment.sourcePort),
      scaledWindow: 0,
      ecn: NOT_ECT,
      fresh: undefined,
    })
  }

  private tupleOf(localPort: number, remoteAddress: Ipv4Address, remotePort: number): FourTuple {
    return { localAddress: this.address, localPort, remoteAddress, remotePort }
  }

  private traceOf(source: Ipv4Address, segment: TcpSegment) {
    const flow = flowName(this.address, segment.destinationPort, source, segment.sourcePort)
    return this.env.trace.scope({ flow })
  }

  // --- bookkeeping ----------------------------------------------------------------------------------------

  private wake(block: ControlBlock): void {
    if (block.queued) return
    block.queued = true
    this.woken.push(block)
  }

  private release(block: ControlBlock): void {
    this.table.remove(block)
    this.deadlines.remove(block)
  }
}

/** RFC 9293 MAY-2 (1): a connection that takes the place of one in TIME-WAIT begins beyond all that the old one has sent. */
function beyond(previous: ControlBlock | undefined, sequence: number): number {
  if (previous === undefined) return sequence
  const used = previous.space.toWire(previous.sender.max)
  return before(used, sequence) ? sequence : (used + 1) >>> 0
}

const EMPTY = new Uint8Array(0)
