/**
 * Someone on the network of a host who has recorded the first flight of one of its QUIC connections and sends it again: 0-RTT data
 * is all in there, and nothing in it shows that it comes a second time (RFC 8446 8, RFC 9001 9.2). He has no key and no port of his
 * own: what the server answers goes to the host, whose endpoint can't make anything of it.
 */
import type { ReplayerApp } from '../../../shared/http.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { UdpSend } from '../../protocol/ip/host.ts'
import { flowName, type Endpoint } from '../../protocol/wire/address.ts'
import { decodePacket } from '../../protocol/wire/quic/header.ts'
import type { App, Station } from '../station.ts'

interface ReplayerOptions {
  readonly station: Station
  readonly to: Endpoint
  readonly trace: Trace
}

/** The datagrams of a port of the host until the first one came back. */
interface Flight {
  readonly flow: string
  readonly fromPort: number
  readonly payloads: Uint8Array[]
  answered: boolean
}

export class Replayer implements App {
  done = false
  private readonly setup: ReplayerApp
  private readonly options: ReplayerOptions
  /** By the port of the host; in the order in which the connections began. */
  private readonly flights = new Map<number, Flight>()

  constructor(setup: ReplayerApp, options: ReplayerOptions) {
    this.setup = setup
    this.options = options
    options.station.host.overhearUdp((send) => this.record(send))
  }

  handleEvent(_now: Micros, event: HostEvent): void {
    if (event.type !== 'datagram' || !this.isServer(event.source)) return
    const flight = this.flights.get(event.localPort)
    if (flight !== undefined) flight.answered = true
  }

  pollTimeout(): Micros | undefined {
    return this.done ? undefined : (this.setup.at as Micros)
  }

  handleTimeout(now: Micros): void {
    if (this.done || now < this.setup.at) return
    this.done = true
    const flight = [...this.flights.values()][this.setup.connection - 1]
    const trace = flight === undefined ? this.options.trace : this.options.trace.scope({ flow: flight.flow })
    const length = flight?.payloads.reduce((sum, payload) => sum + payload.length, 0) ?? 0
    trace.emit('app:started', { what: 'replayer', bytes: length * this.setup.times })
    let bytes = 0
    for (let i = 0; flight !== undefined && i < this.setup.times; i++) bytes += this.replay(now, flight)
    const error = flight === undefined ? 'no_such_connection' : ''
    // No digest: what he sends is encrypted, and another text with each certificate.
    trace.emit('app:finished', { bytes, sha256: '', error })
  }

  /** Returns how many bytes of payload left. */
  private replay(now: Micros, { fromPort, payloads }: Flight): number {
    const { station, to } = this.options
    let bytes = 0
    for (const payload of payloads) {
      const outcome = station.host.sendUdp(now, { fromPort, to, payload, dontFragment: true, unbound: true })
      if (outcome === 'sent') bytes += payload.length
    }
    return bytes
  }

  private record({ fromPort, to, payload, unbound }: UdpSend): void {
    if (unbound || !this.isServer(to)) return
    const flight = this.flights.get(fromPort) ?? this.begin(fromPort, payload)
    if (flight !== undefined && !flight.answered) flight.payloads.push(payload.slice())
  }

  /** A port from which an Initial packet comes for the first time has begun a connection. */
  private begin(fromPort: number, payload: Uint8Array): Flight | undefined {
    const packet = decodePacket(payload, 0, 0)
    if (!packet.ok || packet.value.kind !== 'initial') return undefined
    const { station, to } = this.options
    const flow = flowName(station.host.address, fromPort, to.address, to.port)
    const flight = { flow, fromPort, payloads: [], answered: false }
    this.flights.set(fromPort, flight)
    return flight
  }

  private isServer({ address, port }: Endpoint): boolean {
    const { to } = this.options
    return address === to.address && port === to.port
  }
}
