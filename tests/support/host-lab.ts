/** Two hosts joined by a wire that loses nothing unless told to, in virtual time. */
import { createHmac } from 'node:crypto'
import * as v from 'valibot'
import type { HostEvent } from '../../electron/protocol/ip/events.ts'
import { Host, type HostOptions } from '../../electron/protocol/ip/host.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Datagram, Env } from '../../electron/protocol/sansio.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { micros, type Micros } from '../../shared/units.ts'
import { CLIENT, SERVER } from './packets.ts'

export interface Traced {
  readonly name: EventName
  readonly t: number
  readonly node?: string
  readonly flow?: string
  readonly pkt: number
  readonly data: Record<string, unknown>
}

interface OnTheWire {
  readonly at: Micros
  readonly to: Host
  readonly datagram: Datagram
}

export interface HostLabOptions {
  readonly client?: Partial<HostOptions>
  readonly server?: Partial<HostOptions>
  /** One way, in microseconds. */
  readonly delay?: number
  readonly seed?: number
}

export class HostLab {
  readonly client: Host
  readonly server: Host
  readonly traced: Traced[] = []
  /** What the hosts told their owner, in order. */
  readonly told = new Map<Host, HostEvent[]>()
  /** Everything that was put on the wire, lost or not. */
  readonly sent: Datagram[] = []
  /** Packets for which this says true are lost. */
  loses: (datagram: Datagram) => boolean = () => false
  /** Called with every event of a host. */
  onEvent: (host: Host, event: HostEvent) => void = () => undefined
  now = micros(0)
  private readonly wire: OnTheWire[] = []
  private readonly delay: number
  private handling = 0

  constructor(options: HostLabOptions = {}) {
    this.delay = options.delay ?? 1000
    const env = this.makeEnv(options.seed ?? 1)
    const tcp = v.parse(TcpSettings, {})
    this.client = new Host(env, { name: 'client', address: CLIENT, tcp, ...options.client })
    this.server = new Host(env, { name: 'server', address: SERVER, tcp, ...options.server })
    for (const host of [this.client, this.server]) this.told.set(host, [])
  }

  /** Puts bytes straight before a host, as if they came over the wire just now. */
  arrive(host: Host, bytes: Uint8Array, id = 9000): void {
    this.handling = id
    host.handleDatagram(this.now, { id, bytes, port: 0 })
    this.handling = 0
    this.collect(host)
  }

  /** Runs until nothing is on the wire and no timer is set, at most to `until`. */
  run(until = 600e6): void {
    for (const host of [this.client, this.server]) this.collect(host)
    for (;;) {
      const next = Math.min(
        this.wire[0]?.at ?? Infinity,
        this.client.pollTimeout() ?? Infinity,
        this.server.pollTimeout() ?? Infinity,
      )
      if (next > until) break
      this.now = micros(Math.max(next, this.now))
      this.step()
    }
    if (until < 600e6) this.now = micros(until)
  }

  /** The trace's events of one kind. */
  events(name: EventName): Traced[] {
    return this.traced.filter((event) => event.name === name)
  }

  toldOf(host: Host): HostEvent[] {
    return this.told.get(host) ?? []
  }

  private step(): void {
    while (this.wire.length > 0 && this.wire[0].at <= this.now) {
      const { to, datagram } = this.wire.shift()!
      this.arrive(to, datagram.bytes, datagram.id)
    }
    for (const host of [this.client, this.server]) {
      if ((host.pollTimeout() ?? Infinity) <= this.now) host.handleTimeout(this.now)
      this.collect(host)
    }
  }

  private collect(host: Host): void {
    for (;;) {
      const event = host.pollEvent()
      if (event === undefined) break
      this.toldOf(host).push(event)
      this.onEvent(host, event)
    }
    const peer = host === this.client ? this.server : this.client
    for (;;) {
      const datagram = host.pollTransmit(this.now)
      if (datagram === undefined) break
      this.sent.push(datagram)
      if (this.loses(datagram)) continue
      this.wire.push({ at: micros(this.now + this.delay), to: peer, datagram })
    }
  }

  private makeEnv(seed: number): Env {
    let ids = 0
    const scoped = (of: { node?: string; flow?: string }): Trace => ({
      emit: <N extends EventName>(name: N, data: EventData<N>, pkt = this.handling) => {
        this.traced.push({ name, t: this.now, ...of, pkt, data: { ...data } as Record<string, unknown> })
      },
      scope: (more) => scoped({ ...of, ...more }),
    })
    const crypto = {
      hmacSha256: (key: Uint8Array, data: Uint8Array) =>
        new Uint8Array(createHmac('sha256', key).update(data).digest()),
    }
    return { rng: createRng(seed), crypto, trace: scoped({}), nextPacketId: () => ++ids }
  }
}
