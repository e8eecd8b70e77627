/** A link alone in virtual time: packets in, what came out and what the trace says. */
import * as v from 'valibot'
import { Link } from '../../electron/protocol/link/link.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Env } from '../../electron/protocol/sansio.ts'
import { LinkSpec, type LinkInput } from '../../shared/link.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'

export interface Seen {
  readonly name: EventName
  readonly t: number
  readonly pkt: number
  readonly data: Record<string, unknown>
}

export interface Arrival {
  readonly t: number
  readonly id: number
  readonly port: number
  readonly bytes: Uint8Array
}

export const linkSpec = (input: LinkInput): LinkSpec => v.parse(LinkSpec, input)

export class LinkLab {
  readonly link: Link
  readonly arrivals: Arrival[] = []
  readonly events: Seen[] = []
  now = 0
  private ids = 0

  constructor(input: LinkInput, seed = 1, ethernet = false) {
    const trace: Trace = {
      emit: <N extends EventName>(name: N, data: EventData<N>, pkt = 0) => {
        this.events.push({ name, t: this.now, pkt, data: data as Record<string, unknown> })
      },
      scope: () => trace,
    }
    const crypto = { hmacSha256: () => new Uint8Array(32) }
    const env: Env = { rng: createRng(seed), crypto, trace, nextPacketId: () => ++this.ids }
    this.link = new Link(env, linkSpec(input), ethernet)
  }

  /** Puts a packet in at side a (port 0) or b, at time `t`; gives its number. */
  send(t: number, bytes: Uint8Array | number = 100, port = 0): number {
    this.runTo(t)
    const id = ++this.ids
    this.link.handleDatagram(micros(t), {
      id,
      bytes: typeof bytes === 'number' ? new Uint8Array(bytes) : bytes,
      port,
    })
    this.collect()
    return id
  }

  /** `count` packets of `size` bytes, one every `gap` microseconds from now on. */
  sendMany(count: number, gap: number, size = 100): void {
    const start = this.now
    for (let i = 0; i < count; i++) this.send(start + i * gap, size)
  }

  configure(input: LinkInput): void {
    this.link.configure(micros(this.now), linkSpec(input))
    this.collect()
  }

  /** Lets time pass to `t`, timer by timer. */
  runTo(t: number): void {
    for (
      let next = this.link.pollTimeout();
      next !== undefined && next <= t;
      next = this.link.pollTimeout()
    ) {
      this.now = Math.max(this.now, next)
      this.link.handleTimeout(micros(this.now))
      this.collect()
    }
    this.now = Math.max(this.now, t)
  }

  /** Until nothing is on the link. */
  drain(): this {
    while (this.link.size > 0) {
      const next = this.link.pollTimeout()
      if (next === undefined) throw new Error('packets on the link, and no timer')
      this.runTo(next)
    }
    return this
  }

  /** The events of one name: its data with time and packet. */
  of(name: EventName): Seen[] {
    return this.events.filter((event) => event.name === name)
  }

  /** Numbers of the packets that were dropped, with reasons. */
  drops(): [number, unknown][] {
    return this.of('link:packet_dropped').map((event) => [event.pkt, event.data.reason])
  }

  private collect(): void {
    for (let out = this.link.pollTransmit(); out !== undefined; out = this.link.pollTransmit()) {
      this.arrivals.push({ t: this.now, ...out })
    }
  }
}
