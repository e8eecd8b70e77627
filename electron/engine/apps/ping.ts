/** Sends echo requests at fixed intervals, and says who answers and after how long (RFC 792, RFC 1122 3.2.2.6). */
import type { PingApp } from '../../../shared/probes.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import { ICMP_HEADER } from '../../protocol/wire/icmp.ts'
import { IPV4_MIN_HEADER } from '../../protocol/wire/ipv4.ts'
import type { App } from '../station.ts'
import { complaintOf, echoKey, Probes, quotedKey, type ProbeOptions } from './probes.ts'

/** The bytes that ping has always sent: each its own place. */
const dataOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => i & 0xff)

export class Ping implements App {
  private setup: PingApp
  private readonly options: ProbeOptions
  private readonly probes: Probes
  private sent = 0
  private nextAt: number
  private isKilled = false

  constructor(setup: PingApp, options: ProbeOptions) {
    this.setup = setup
    this.options = options
    this.probes = new Probes(options.trace, options.name)
    this.nextAt = setup.start
  }

  get done(): boolean {
    return this.hasSentAll && this.probes.unanswered === 0
  }

  private get hasSentAll(): boolean {
    return this.isKilled || this.sent >= this.setup.count
  }

  /** Interval, size and all else hold from the next request on. */
  configure(_now: Micros, setup: PingApp): void {
    this.setup = setup
  }

  pollTimeout(): Micros | undefined {
    const next = this.hasSentAll ? Infinity : this.nextAt
    const timeout = Math.min(next, this.probes.pollTimeout() ?? Infinity)
    return timeout === Infinity ? undefined : (timeout as Micros)
  }

  handleTimeout(now: Micros): void {
    this.probes.expire(now)
    if (this.hasSentAll || now < this.nextAt) return
    this.nextAt = after(this.nextAt as Micros, this.setup.every)
    this.send(now)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (event.type === 'echo_reply') {
      const answer = { from: event.source, kind: 'echo_reply', mtu: 0 }
      this.probes.answer(now, echoKey(event.identifier, event.sequence), answer)
    } else if (event.type === 'icmp_error') {
      this.probes.answer(now, quotedKey(event.quoted), complaintOf(event))
    }
  }

  /** It dies with its host, if it has begun. */
  handlePower(): void {
    if (this.sent === 0) return
    this.isKilled = true
    this.probes.clear()
  }

  private send(now: Micros): void {
    const { station, to } = this.options
    const { size, ttl, dontFragment, timeout } = this.setup
    const number = this.probes.next()
    this.sent++
    const packet = IPV4_MIN_HEADER + ICMP_HEADER + size
    const header = { target: to, ttl, size: packet, protocol: 'icmp' } as const
    const onSent = (pkt: number) => this.probes.sent(number, header, pkt)
    const id = station.host.ping(now, to, { payload: dataOf(size), ttl, dontFragment, onSent })
    const key = typeof id === 'string' ? `unsent ${number}` : echoKey(id.identifier, id.sequence)
    this.probes.expect(now, number, key, timeout)
    if (id !== 'exceeds_mtu') return
    // It says of its own interface what a router would of one of its own.
    const { address, mtu } = station.host
    this.probes.sent(number, header, 0)
    this.probes.answer(now, key, { from: address, kind: 'fragmentation_needed', mtu })
  }
}
