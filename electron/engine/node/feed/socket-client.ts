/** The WebSocket of a feed's client, by `ws` (RFC 6455) over a connection of the lab. */
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { ToldExchange, type Borrowed } from '../http/borrowed.ts'
import { authorityOf } from '../http/exchange.ts'
import { failureOf, openTransport, type Transport } from '../http/transport.ts'
import type { Cancel } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import type { Ear, Way } from './feed-client.ts'
import { RETRY_AFTER } from './polling.ts'
import { guardClosing, tellStates, WS_OPTIONS } from './web-socket.ts'

/** We have what we came for (RFC 6455 7.4.1). */
const NORMAL_CLOSURE = 1000
const SWITCHING_PROTOCOLS = 101

export class SocketClient implements Way {
  private readonly place: Borrowed
  private readonly ping: number
  private readonly ear: Ear
  private readonly ended: () => void
  private readonly sessions: TlsSessions = new Map()
  private socket: WebSocket | undefined
  private cancel: Cancel | undefined
  private cancelPing: Cancel | undefined
  private requests = 0

  /** `ping`: microseconds between two Pings, 0: none. */
  constructor(place: Borrowed, ping: number, ear: Ear, ended: () => void) {
    this.place = place
    this.ping = ping
    this.ear = ear
    this.ended = ended
  }

  start(): void {
    this.connect()
  }

  stop(): void {
    this.cancel?.()
    this.cancelPing?.()
    this.socket?.terminate()
  }

  private connect(): void {
    const target = `/socket?after=${this.ear.last}`
    const told = new ToldExchange(
      this.place,
      { number: ++this.requests, method: 'GET', target },
      // What became of the handshake; what becomes of the connection, the socket says.
      { finished: () => undefined, failed: () => undefined },
    )
    const { lab, setup } = this.place
    this.cancel = openTransport(lab, setup, this.sessions, {
      ready: (transport) => this.open(transport, target, told),
      failed: (failure) => {
        told.failed(failure)
        this.connectLater()
      },
    })
  }

  private open({ stream, flow }: Transport, target: string, told: ToldExchange): void {
    const { lab, setup } = this.place
    const masks = lab.rng.fork(`masks ${this.requests}`)
    const scheme = setup.tls === null ? 'ws' : 'wss'
    const socket = new WebSocket(`${scheme}://${authorityOf(setup)}${target}`, {
      ...WS_OPTIONS,
      // All that it asks of a net.Socket is what any Duplex has.
      createConnection: () => stream as Socket,
      // From the seed: so a run repeats byte for byte, but for the key of the handshake, which `ws` draws itself.
      generateMask: (mask) => mask.set(masks.bytes(mask.length)),
    })
    this.socket = socket
    told.sent(flow, 'http/1.1', 1, false)
    tellStates(socket, () => (this.place.stopped ? undefined : told.trace))
    const close = guardClosing(socket, lab)
    // Until it is open, it is the handshake that fails.
    const refuse = (error: Error): void => told.failed(failureOf(error))
    socket.once('error', refuse)
    socket.once('upgrade', ({ headers }) => {
      socket.off('error', refuse)
      told.started(SWITCHING_PROTOCOLS, headers)
      told.finished()
    })
    socket.once('open', () => this.pingLater(socket))
    socket.on('message', (data) => {
      this.ear.hear(String(data), told.trace)
      if (this.ear.isContent) close(NORMAL_CLOSURE)
    })
    socket.once('close', () => this.leave())
  }

  private pingLater(socket: WebSocket): void {
    if (this.ping === 0) return
    this.cancelPing = this.place.lab.after(this.ping, () => {
      socket.ping()
      this.pingLater(socket)
    })
  }

  private leave(): void {
    this.cancelPing?.()
    if (this.ear.isContent) this.ended()
    else this.connectLater()
  }

  private connectLater(): void {
    if (!this.place.stopped) this.cancel = this.place.lab.after(RETRY_AFTER, () => this.connect())
  }
}
