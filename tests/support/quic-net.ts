/** QUIC endpoints in virtual time, each with as many connections as a test wants, over one path of a fixed delay. */
import * as v from 'valibot'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import { QuicEndpoint } from '../../electron/protocol/quic/endpoint.ts'
import type { OutgoingDatagram, QuicEvent } from '../../electron/protocol/quic/events.ts'
import type { QuicObserver } from '../../electron/protocol/quic/observer.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { ClientHandshake, type ClientOptions } from '../../electron/protocol/tls13/client.ts'
import type { Session } from '../../electron/protocol/tls13/handshake.ts'
import { ServerHandshake, type ServerOptions } from '../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../shared/quic.ts'
import { after, type Micros } from '../../shared/units.ts'
import type { TestCertificates } from './tls-certificates.ts'
import { signerOf, verifierOf } from './tls13-pair.ts'

export type Side = 'client' | 'server'
type Settings = v.InferInput<typeof QuicSettings>

export interface NetOptions {
  readonly certificates: TestCertificates
  readonly seed?: number
  /** One way, in microseconds. */
  readonly delay?: number
  readonly client?: Settings
  readonly server?: Settings
  readonly tls?: Partial<ServerOptions>
  readonly observe?: (connection: QuicConnection) => QuicObserver
}

export const SERVER = { address: 0x0a4d0002, port: 443 }
const CLIENT_ADDRESS = 0x0a4d0001

interface Flying {
  readonly at: number
  readonly from: Side
  readonly datagram: OutgoingDatagram
}

export interface Seen {
  readonly side: Side
  readonly t: number
  readonly connection: QuicConnection
  readonly event: QuicEvent
}

export class QuicNet {
  now = 0 as Micros
  readonly seen: Seen[] = []
  readonly endpoints: Record<Side, QuicEndpoint>
  /** Every datagram that was sent; a test may forge more with `inject`. */
  readonly sent: { readonly from: Side; readonly t: number; readonly payload: Uint8Array }[] = []
  /** What becomes of a datagram; undefined: it is lost. */
  pass: (from: Side, datagram: OutgoingDatagram) => OutgoingDatagram | undefined = (_, datagram) => datagram
  onEvent: (seen: Seen) => void = () => undefined
  /** The client's address as the server sees it. */
  clientAddress = CLIENT_ADDRESS
  private readonly flying: Flying[] = []
  private readonly options: NetOptions

  constructor(options: NetOptions) {
    this.options = options
    const rng = createRng(options.seed ?? 1)
    const { certificates, tls, observe } = options
    this.endpoints = {
      client: new QuicEndpoint({
        crypto: nodeCrypto,
        rng: rng.fork('client'),
        settings: v.parse(QuicSettings, options.client ?? {}),
        ...(observe && { observe }),
      }),
      server: new QuicEndpoint({
        crypto: nodeCrypto,
        rng: rng.fork('server'),
        settings: v.parse(QuicSettings, options.server ?? {}),
        ...(observe && { observe }),
        accept: (own) =>
          new ServerHandshake(nodeCrypto, rng.fork('tls'), {
            protocols: ['h3'],
            parameters: encodeTransportParameters(own),
            signer: signerOf(certificates.server),
            ...tls,
          }),
      }),
    }
  }

  connect(
    of: Partial<ClientOptions> & {
      readonly token?: Uint8Array
      readonly localPort?: number
      readonly session?: Session
    } = {},
  ): QuicConnection {
    const { token, localPort = 40_000, ...tls } = of
    const connection = this.endpoints.client.connect(this.now, {
      localPort,
      remote: SERVER,
      ...(token && { token }),
      handshake: (own) =>
        new ClientHandshake(nodeCrypto, createRng(localPort).fork('tls'), {
          serverName: 'server.test',
          protocols: ['h3'],
          parameters: encodeTransportParameters(own),
          verifier: verifierOf(this.options.certificates),
          ...tls,
        }),
    })
    this.drain('client')
    return connection
  }

  /** Hands a datagram to an end as if it had come from the other. */
  inject(to: Side, payload: Uint8Array, clientPort = 40_000): void {
    const datagram =
      to === 'server'
        ? { localPort: clientPort, remote: SERVER, payload, ecn: 'not-ect' as const }
        : {
            localPort: SERVER.port,
            remote: { address: this.clientAddress, port: clientPort },
            payload,
            ecn: 'not-ect' as const,
          }
    this.deliver({ at: this.now, from: to === 'server' ? 'client' : 'server', datagram })
  }

  act(side: Side, action: (now: Micros) => void): void {
    action(this.now)
    this.drain(side)
  }

  events<T extends QuicEvent['type']>(side: Side, type: T): Extract<QuicEvent, { type: T }>[] {
    return this.seen
      .filter((one) => one.side === side)
      .map(({ event }) => event)
      .filter((event): event is Extract<QuicEvent, { type: T }> => event.type === type)
  }

  timeOf(side: Side, type: QuicEvent['type']): number | undefined {
    return this.seen.find((one) => one.side === side && one.event.type === type)?.t
  }

  /** Lets time pass until `done` or `until`; returns whether it was done. */
  run(done: () => boolean, until = 600e6): boolean {
    for (let idle = 0; idle < 1_000; idle++) {
      if (done()) return true
      const timers = (['client', 'server'] as const).map(
        (side) => this.endpoints[side].pollTimeout(this.now) ?? Infinity,
      )
      const at = Math.min(this.flying[0]?.at ?? Infinity, ...timers)
      if (at > until || at === Infinity) return false
      if (at > this.now) idle = 0
      this.now = Math.max(this.now, at) as Micros
      if ((this.flying[0]?.at ?? Infinity) <= at) {
        idle = 0
        this.deliver(this.flying.shift()!)
        continue
      }
      for (const side of ['client', 'server'] as const) {
        this.endpoints[side].handleTimeout(this.now)
        this.drain(side)
      }
    }
    throw new Error(`timers do not move on from ${this.now} us`)
  }

  private deliver({ from, datagram }: Flying): void {
    const to = from === 'client' ? 'server' : 'client'
    const remote = from === 'client' ? { address: this.clientAddress, port: datagram.localPort } : SERVER
    const localPort = from === 'client' ? SERVER.port : datagram.remote.port
    this.endpoints[to].handleDatagram(this.now, {
      localPort,
      remote,
      payload: datagram.payload,
      ecn: 'not-ect',
      pkt: 0,
    })
    this.drain(to)
  }

  private drain(side: Side): void {
    const endpoint = this.endpoints[side]
    for (let moved = true; moved;) {
      moved = false
      for (const connection of [...endpoint.connections])
        for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
          moved = true
          const seen = { side, t: this.now, connection, event }
          this.seen.push(seen)
          this.onEvent(seen)
        }
      for (let out = endpoint.pollTransmit(this.now); out; out = endpoint.pollTransmit(this.now)) {
        moved = true
        this.sent.push({ from: side, t: this.now, payload: out.payload })
        const passed = this.pass(side, out)
        if (passed !== undefined)
          this.flying.push({
            at: after(this.now, this.options.delay ?? 50_000),
            from: side,
            datagram: passed,
          })
      }
    }
  }
}
