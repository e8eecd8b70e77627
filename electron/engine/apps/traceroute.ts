/**
 * Finds the routers on the way to a target: packets whose time to live is over one hop further each time, so that router after router
 * has to say so (RFC 792, RFC 1812 5.3.1), until the target itself answers: that nobody listens on the port, or with an echo.
 */
import type { TracerouteApp } from '../../../shared/probes.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import { ICMP_HEADER } from '../../protocol/wire/icmp.ts'
import { IPV4_MIN_HEADER } from '../../protocol/wire/ipv4.ts'
import type { App } from '../station.ts'
import {
  complaintOf,
  datagramKey,
  echoKey,
  Probes,
  quotedKey,
  type Answer,
  type ProbeOptions,
} from './probes.ts'

/** With the headers of IP and UDP, or ICMP, a packet of 60 bytes: what traceroute has always sent. */
const PAYLOAD = new Uint8Array(32)
const PORTS = 65_536

export class Traceroute implements App {
  done = false
  private readonly setup: TracerouteApp
  private readonly options: ProbeOptions
  private readonly probes: Probes
  /** Of its datagrams; bound with the first probe. */
  private localPort: number | undefined
  private ttl = 1
  /** Probes of this hop that were sent. */
  private sentOfHop = 0
  /** Somebody answered for whom there is no next hop. */
  private arrived = false

  constructor(setup: TracerouteApp, options: ProbeOptions) {
    this.setup = setup
    this.options = options
    this.probes = new Probes(options.trace, options.name)
  }

  pollTimeout(): Micros | undefined {
    if (this.done) return undefined
    return this.probes.pollTimeout() ?? (this.setup.start as Micros)
  }

  handleTimeout(now: Micros): void {
    const begins = this.probes.unanswered === 0 && now >= this.setup.start
    if (!this.done && (begins || this.probes.expire(now) > 0)) this.goOn(now)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (event.type === 'echo_reply') {
      const { source: from, identifier, sequence } = event
      this.take(now, echoKey(identifier, sequence), { from, kind: 'echo_reply', mtu: 0 })
    } else if (event.type === 'icmp_error') {
      this.take(now, quotedKey(event.quoted), complaintOf(event))
    }
  }

  /** It dies with its host, if it has begun. */
  handlePower(): void {
    if (this.sentOfHop === 0) return
    this.done = true
    this.probes.clear()
  }

  private take(now: Micros, key: string | undefined, answer: Answer): void {
    if (!this.probes.answer(now, key, answer)) return
    if (answer.kind !== 'time_exceeded') this.arrived = true
    this.goOn(now)
  }

  /** The next probe, of the next hop when this one has had all of its own. */
  private goOn(now: Micros): void {
    if (this.sentOfHop === this.setup.probes) {
      if (this.arrived || this.ttl === this.setup.maxHops) return this.finish()
      this.ttl++
      this.sentOfHop = 0
    }
    this.sentOfHop++
    const number = this.probes.next()
    const { probe: protocol } = this.setup
    const size = IPV4_MIN_HEADER + ICMP_HEADER + PAYLOAD.length
    const header = { target: this.options.to, ttl: this.ttl, size, protocol }
    const onSent = (pkt: number) => this.probes.sent(number, header, pkt)
    const key = protocol === 'udp' ? this.sendDatagram(now, number, onSent) : this.sendEcho(now, onSent)
    this.probes.expect(now, number, key, this.setup.timeout)
  }

  /** To another port each time, by which the answers are told apart. Returns its key. */
  private sendDatagram(now: Micros, number: number, onSent: (pkt: number) => void): string {
    const { station, to } = this.options
    const fromPort = (this.localPort ??= station.host.bindUdp() ?? 0)
    const port = this.setup.port + ((number - 1) % (PORTS - this.setup.port))
    const send = { fromPort, to: { address: to, port }, payload: PAYLOAD, ttl: this.ttl, onSent }
    station.host.sendUdp(now, send)
    return datagramKey(fromPort, port)
  }

  private sendEcho(now: Micros, onSent: (pkt: number) => void): string {
    const { station, to } = this.options
    const id = station.host.ping(now, to, { payload: PAYLOAD, ttl: this.ttl, onSent })
    return typeof id === 'string' ? id : echoKey(id.identifier, id.sequence)
  }

  private finish(): void {
    this.done = true
    if (this.localPort !== undefined) this.options.station.host.closeUdp(this.localPort)
  }
}
