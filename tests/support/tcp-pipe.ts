/**
 * Two TCP stacks and a small lossy pipe between them, in virtual time. The pipe is a neighbour faked for these tests:
 * a fixed delay, and dice for loss, duplication and reordering. The bytes that applications move are numbered, so
 * that a receiver can check each of them without keeping any.
 */
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'
import type { Micros } from '../../shared/units.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Rng } from '../../electron/protocol/random.ts'
import { TcpStack } from '../../electron/protocol/tcp/stack.ts'
import type { OutgoingSegment, TcpConnection, TcpEvent } from '../../electron/protocol/tcp/stack.ts'
import { tcpEnv, tcpSettings } from './tcp-env.ts'

export interface PipeOptions {
  readonly seed: number
  /** One way, in microseconds. */
  readonly delay: number
  readonly loss?: number
  readonly duplicate?: number
  readonly reorder?: number
  readonly client?: TcpSettingsInput
  readonly server?: TcpSettingsInput
  readonly clientTrace?: Trace
  readonly serverTrace?: Trace
  /** Decides about single segments: true drops it. Ordinals count from 1 for each direction. */
  readonly drop?: (from: 'client' | 'server', ordinal: number, out: OutgoingSegment) => boolean
  /** Microseconds that a segment takes to leave, by its length with headers; without: none. */
  readonly perByte?: number
}

interface InFlight {
  readonly at: number
  readonly order: number
  readonly to: TcpPeer
  readonly source: number
  readonly out: OutgoingSegment
}

export const CLIENT = 0x0a4d0001
export const SERVER = 0x0a4d0002
export const PORT = 5001

/** An application at one end: what it does with its connection's events. */
export type Application = (event: TcpEvent, now: Micros) => void

export class TcpPeer {
  readonly stack: TcpStack
  readonly address: number
  readonly name: 'client' | 'server'
  sent = 0
  linkFreeAt = 0
  application: Application = () => undefined

  constructor(name: 'client' | 'server', address: number, seed: number, trace?: Trace) {
    this.name = name
    this.address = address
    this.stack = new TcpStack(tcpEnv(seed, trace), address)
  }
}

export class TcpPipe {
  now: Micros = micros(0)
  readonly client: TcpPeer
  readonly server: TcpPeer
  private readonly options: PipeOptions
  private readonly dice: Rng
  private readonly agenda: InFlight[] = []
  private readonly calls: { at: number; call: (now: Micros) => void }[] = []
  private order = 0
  segments = 0
  dropped = 0

  constructor(options: PipeOptions) {
    this.options = options
    this.dice = createRng(options.seed).fork('pipe')
    this.client = new TcpPeer('client', CLIENT, options.seed * 2 + 1, options.clientTrace)
    this.server = new TcpPeer('server', SERVER, options.seed * 2 + 2, options.serverTrace)
  }

  listen() {
    return this.server.stack.listen(this.now, PORT, tcpSettings(this.options.server))
  }

  connect(localPort?: number): TcpConnection {
    const remote = { address: SERVER, port: PORT }
    return this.client.stack.connect(this.now, remote, tcpSettings(this.options.client), localPort)
  }

  /** Has `call` made at a time. */
  at(time: number, call: (now: Micros) => void): void {
    this.calls.push({ at: time, call })
  }

  /** Runs until nothing is left to happen, or `until`; returns the time. */
  run(until = Infinity, limit = 10_000_000): Micros {
    this.pump()
    for (let steps = 0; ; steps++) {
      if (steps > limit) throw new Error(`does not come to an end: ${this.now} us`)
      const next = this.nextTime()
      if (next > until || next === Infinity) break
      this.now = micros(Math.max(this.now, next))
      this.step()
      this.pump()
    }
    if (until !== Infinity) this.now = micros(Math.max(this.now, until))
    return this.now
  }

  private nextTime(): number {
    let next = this.agenda.length > 0 ? this.agenda[0].at : Infinity
    for (const { at } of this.calls) next = Math.min(next, at)
    for (const peer of [this.client, this.server]) next = Math.min(next, peer.stack.pollTimeout() ?? Infinity)
    return next
  }

  private step(): void {
    for (let i = 0; i < this.calls.length; i++) {
      if (this.calls[i].at > this.now) continue
      const [{ call }] = this.calls.splice(i--, 1)
      call(this.now)
    }
    while (this.agenda.length > 0 && this.agenda[0].at <= this.now) {
      const { to, source, out } = this.pop()
      to.stack.handleSegment(this.now, source, out.segment, out.ecn)
      this.pump()
    }
    for (const peer of [this.client, this.server]) peer.stack.handleTimeout(this.now)
  }

  /** Events to the applications, segments to the pipe, until both ends are quiet. */
  pump(): void {
    for (let busy = true; busy;) {
      busy = false
      for (const peer of [this.client, this.server]) {
        for (let event = peer.stack.pollEvent(); event; event = peer.stack.pollEvent()) {
          busy = true
          peer.application(event, this.now)
        }
        for (let out = peer.stack.pollTransmit(this.now); out; out = peer.stack.pollTransmit(this.now)) {
          busy = true
          this.carry(peer, out)
        }
      }
    }
  }

  private carry(from: TcpPeer, out: OutgoingSegment): void {
    const { loss = 0, duplicate = 0, reorder = 0, delay, drop, perByte = 0 } = this.options
    this.segments++
    from.sent++
    const leaves = Math.max(this.now, from.linkFreeAt) + (40 + out.segment.payload.length) * perByte
    from.linkFreeAt = leaves
    if ((loss > 0 && this.dice.next() < loss) || drop?.(from.name, from.sent, out)) {
      this.dropped++
      return
    }
    const copies = duplicate > 0 && this.dice.next() < duplicate ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const late = reorder > 0 && this.dice.next() < reorder ? this.dice.next() * delay : 0
      const to = from === this.client ? this.server : this.client
      this.push({ at: leaves + delay + late, order: this.order++, to, source: from.address, out })
    }
  }

  private push(item: InFlight): void {
    const { agenda } = this
    let at = agenda.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!earlier(item, agenda[parent])) break
      agenda[at] = agenda[parent]
      at = parent
    }
    agenda[at] = item
  }

  private pop(): InFlight {
    const { agenda } = this
    const top = agenda[0]
    const last = agenda.pop()!
    if (agenda.length === 0) return top
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= agenda.length) break
      if (child + 1 < agenda.length && earlier(agenda[child + 1], agenda[child])) child++
      if (!earlier(agenda[child], last)) break
      agenda[at] = agenda[child]
      at = child
    }
    agenda[at] = last
    return top
  }
}

const earlier = (a: InFlight, b: InFlight): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** The byte at an offset of the stream that tests send: no period that a segment's size could hide. */
export const streamByte = (offset: number): number =>
  (Math.imul(offset ^ (offset >>> 11), 0x9e3779b1) >>> 24) & 0xff

/** A piece of that stream. */
export function streamBytes(offset: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let i = 0; i < length; i++) out[i] = streamByte(offset + i)
  return out
}
