/** A QUIC client and server in virtual time, with a link between them that a test can meddle with. */
import * as v from 'valibot'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import type { CoreOptions } from '../../electron/protocol/quic/core.ts'
import type { OutgoingDatagram, QuicEvent } from '../../electron/protocol/quic/events.ts'
import type { Ecn } from '../../electron/protocol/quic/received.ts'
import type { QuicObserver } from '../../electron/protocol/quic/observer.ts'
import { ClientHandshake, type ClientOptions } from '../../electron/protocol/tls13/client.ts'
import { ServerHandshake, type ServerOptions } from '../../electron/protocol/tls13/server.ts'
import { decodePacket } from '../../electron/protocol/wire/quic/header.ts'
import { encodeTransportParameters } from '../../electron/protocol/wire/quic/transport-parameters.ts'
import { QUIC_V1, versionOf } from '../../electron/protocol/wire/quic/version.ts'
import { QuicSettings } from '../../shared/quic.ts'
import type { Micros } from '../../shared/units.ts'
import { signerOf, verifierOf } from './tls13-pair.ts'
import type { TestCertificates } from './tls-certificates.ts'

export type Side = 'client' | 'server'

/** What the link does to a datagram: when it arrives after it was sent (none: lost), and with which bytes. */
export interface Fate {
  readonly delays: readonly number[]
  readonly payload?: Uint8Array
  /** Where the link marks it, or takes marks away. */
  readonly ecn?: Ecn
}

export interface PairOptions {
  readonly certificates: TestCertificates
  readonly seed?: number
  /** One way, in microseconds. */
  readonly delay?: number
  readonly fate?: (from: Side, datagram: OutgoingDatagram, rng: Rng, number: number) => Fate
  readonly settings?: Partial<Record<Side, v.InferInput<typeof QuicSettings>>>
  readonly tls?: { readonly client?: Partial<ClientOptions>; readonly server?: Partial<ServerOptions> }
  readonly observer?: Partial<Record<Side, QuicObserver>>
  readonly startAt?: number
}

/** Timeouts at one moment after which the connection is taken to spin. */
const MOST_STEPS = 1_000

const ADDRESSES = {
  client: { address: 0x0a4d0001, port: 40_000 },
  server: { address: 0x0a4d0002, port: 443 },
}

interface Arrival {
  readonly at: number
  readonly order: number
  readonly to: Side
  readonly from: { readonly address: number; readonly port: number }
  readonly localPort: number
  readonly payload: Uint8Array
  readonly ecn: Ecn
}

export class QuicPair {
  now = 0 as Micros
  readonly ends: Partial<Record<Side, QuicConnection>> = {}
  readonly events: Record<Side, { readonly t: number; readonly event: QuicEvent }[]> = {
    client: [],
    server: [],
  }
  readonly sent: Record<Side, number> = { client: 0, server: 0 }
  readonly bytes: Record<Side, number> = { client: 0, server: 0 }
  /** Called after each event, so that a test can play the application. */
  onEvent: (side: Side, event: QuicEvent, connection: QuicConnection) => void = () => undefined
  /** Called when an end has sent all that it may at this moment. */
  onSettled: (side: Side, connection: QuicConnection) => void = () => undefined
  private readonly options: PairOptions
  private readonly rng: Rng
  private readonly arrivals: Arrival[] = []
  private order = 0

  constructor(options: PairOptions) {
    this.options = options
    this.now = (options.startAt ?? 0) as Micros
    this.rng = createRng(options.seed ?? 1)
    const destination = this.rng.fork('first').bytes(8)
    const source = this.rng.fork('client id').bytes(8)
    this.ends.client = new QuicConnection(
      this.now,
      this.optionsFor('client', source, destination, destination),
    )
    this.drain('client')
  }

  get client(): QuicConnection {
    return this.ends.client!
  }

  get server(): QuicConnection {
    return this.ends.server!
  }

  eventsOf<T extends QuicEvent['type']>(side: Side, type: T): Extract<QuicEvent, { type: T }>[] {
    return this.events[side]
      .map(({ event }) => event)
      .filter((event): event is Extract<QuicEvent, { type: T }> => event.type === type)
  }

  timeOf(side: Side, type: QuicEvent['type']): number | undefined {
    return this.events[side].find(({ event }) => event.type === type)?.t
  }

  /** Does something to an end, and sends what comes of it. */
  act(side: Side, action: (connection: QuicConnection, now: Micros) => void): void {
    action(this.ends[side]!, this.now)
    this.drain(side)
  }

  /** Lets time pass until `done`, until nothing is left to happen, or until `until`. Returns whether it was done. */
  run(done: () => boolean, until = 600e6): boolean {
    for (let steps = 0; steps < MOST_STEPS;) {
      if (done()) return true
      const next = this.next()
      if (next === undefined || next.at > until) return false
      // Timers alone must move time on.
      steps = next.at > this.now || next.arrival !== undefined ? 0 : steps + 1
      this.now = Math.max(this.now, next.at) as Micros
      if (next.arrival !== undefined) this.deliver(next.arrival)
      else {
        this.ends[next.side!]!.handleTimeout(this.now)
        this.drain(next.side!)
      }
    }
    throw new Error(`timers do not move on from ${this.now} us`)
  }

  private next(): { at: number; arrival?: Arrival; side?: Side } | undefined {
    const arrival = this.arrivals[0]
    let found: { at: number; arrival?: Arrival; side?: Side } | undefined =
      arrival === undefined ? undefined : { at: arrival.at, arrival }
    for (const side of ['client', 'server'] as const) {
      const at = this.ends[side]?.pollTimeout(this.now)
      if (at !== undefined && (found === undefined || at < found.at)) found = { at, side }
    }
    return found
  }

  private deliver(arrival: Arrival): void {
    this.arrivals.shift()
    const { to, payload } = arrival
    if (to === 'server') this.ends.server ??= this.accept(payload)
    this.ends[to]?.handleDatagram(this.now, {
      localPort: arrival.localPort,
      remote: arrival.from,
      payload,
      ecn: arrival.ecn,
      pkt: 0,
    })
    this.drain(to)
  }

  private accept(payload: Uint8Array): QuicConnection | undefined {
    const packet = decodePacket(payload, 0, 8)
    if (!packet.ok || packet.value.kind !== 'initial' || payload.length < 1_200) return undefined
    const { source, destination } = packet.value
    const own = this.rng.fork('server id').bytes(8)
    return new QuicConnection(this.now, this.optionsFor('server', own, source.slice(), destination.slice()))
  }

  private drain(side: Side): void {
    const end = this.ends[side]
    if (end === undefined) return
    for (let moved = true; moved;) {
      moved = false
      for (let event = end.pollEvent(); event; event = end.pollEvent()) {
        moved = true
        this.events[side].push({ t: this.now, event })
        this.onEvent(side, event, end)
      }
      for (let out = end.pollTransmit(this.now); out; out = end.pollTransmit(this.now)) {
        moved = true
        this.send(side, out)
      }
    }
    this.onSettled(side, end)
  }

  private send(from: Side, datagram: OutgoingDatagram): void {
    const { delay = 50_000, fate } = this.options
    const number = ++this.sent[from]
    this.bytes[from] += datagram.payload.length
    const {
      delays,
      payload = datagram.payload,
      ecn = datagram.ecn,
    } = fate?.(from, datagram, this.rng, number) ?? {
      delays: [delay],
    }
    for (const extra of delays) {
      const to = from === 'client' ? 'server' : 'client'
      const arrival: Arrival = {
        at: this.now + extra,
        order: this.order++,
        to,
        from: { address: ADDRESSES[from].address, port: datagram.localPort },
        localPort: datagram.remote.port,
        payload: payload.slice(),
        ecn,
      }
      this.arrivals.push(arrival)
    }
    this.arrivals.sort((a, b) => a.at - b.at || a.order - b.order)
  }

  private optionsFor(
    side: Side,
    source: Uint8Array,
    destination: Uint8Array,
    originalDestination: Uint8Array,
  ): CoreOptions {
    const { certificates, settings, tls, observer } = this.options
    const rng = this.rng.fork(side)
    const isServer = side === 'server'
    return {
      isServer,
      version: versionOf(QUIC_V1)!,
      settings: v.parse(QuicSettings, settings?.[side] ?? {}),
      crypto: nodeCrypto,
      rng,
      source,
      resetToken: rng.bytes(16),
      destination,
      originalDestination,
      localPort: ADDRESSES[side].port,
      remote: ADDRESSES[isServer ? 'client' : 'server'],
      validated: false,
      makeId: () => ({ id: rng.bytes(8), resetToken: rng.bytes(16) }),
      ...(observer?.[side] && { observer: observer[side] }),
      handshake: (own) => {
        const parameters = encodeTransportParameters(own)
        return isServer
          ? new ServerHandshake(nodeCrypto, rng.fork('tls'), {
              protocols: ['h3'],
              parameters,
              signer: signerOf(certificates.server),
              ...tls?.server,
            })
          : new ClientHandshake(nodeCrypto, rng.fork('tls'), {
              serverName: 'server.test',
              protocols: ['h3'],
              parameters,
              verifier: verifierOf(certificates),
              ...tls?.client,
            })
      },
    }
  }
}
