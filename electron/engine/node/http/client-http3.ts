/** The HTTP/3 connection of a client (RFC 9114), on the lab's own QUIC: one for all requests, another when it has gone. */
import type { HttpClientApp } from '../../../../shared/http.ts'
import type { FieldLine } from '../../../protocol/qpack/fields.ts'
import type { CloseReason } from '../../../protocol/quic/events.ts'
import { http3ErrorName } from '../../../protocol/h3/errors.ts'
import type { Ipv4Address } from '../../../protocol/wire/address.ts'
import type { Http3News, Http3Socket, Http3Sockets } from '../../http3-sockets.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { authorityOf, type Carrier, type ExchangeEvents, type OutgoingRequest } from './exchange.ts'
import { linesOf, recordOf } from './fields.ts'
import type { ClientLab } from './find-server.ts'
import { openQuic, QuicMemory, type QuicClient } from './open-quic.ts'
import type { Failure } from './transport.ts'

interface Waiting {
  readonly request: OutgoingRequest
  readonly events: ExchangeEvents
  cancel: Cancel
}

export class Http3Client implements Carrier {
  private readonly lab: ClientLab
  private readonly setup: HttpClientApp
  private readonly sockets: Http3Sockets
  private readonly memory = new QuicMemory()
  private readonly waiting: Waiting[] = []
  private readonly connections = new Set<Connection>()
  /** The one that new requests go to. */
  private current: Connection | undefined
  /** Gives up finding the server. */
  private finding: Cancel | undefined
  private whenClosed: (() => void) | undefined
  /** A handshake has gone well. */
  onConnected: () => void = () => undefined

  constructor(lab: ClientLab, setup: HttpClientApp) {
    this.lab = lab
    this.setup = setup
    this.sockets = lab.http3(setup.http3)
  }

  send(request: OutgoingRequest, events: ExchangeEvents): Cancel {
    const waiting: Waiting = { request, events, cancel: () => this.withdraw(waiting) }
    this.waiting.push(waiting)
    this.fill()
    return () => waiting.cancel()
  }

  close(closed: () => void): void {
    this.whenClosed = closed
    this.finding?.()
    for (const connection of this.connections) connection.close()
    this.checkClosed()
  }

  stop(): void {
    this.finding?.()
    this.connections.clear()
  }

  private withdraw(waiting: Waiting): void {
    const at = this.waiting.indexOf(waiting)
    if (at >= 0) this.waiting.splice(at, 1)
  }

  private fill(): void {
    while (this.waiting.length > 0) {
      if (this.current?.isUsable === false) this.current = undefined
      if (this.current === undefined) this.find()
      if (this.current === undefined) return
      if (!this.current.take(this.waiting[0])) {
        // Not yet, or not on this one: then another is opened.
        if (this.current.isUsable) return
        continue
      }
      this.waiting.shift()
      // Without reuse the next request finds no connection.
      if (!this.setup.reuse) this.current = undefined
    }
  }

  /** Opens a connection, at once if it is known where to. */
  private find(): void {
    if (this.finding !== undefined) return
    let isKnown = true
    this.finding = () => undefined
    const cancel = this.lab.server.find(
      (address) => {
        this.finding = undefined
        this.current = this.open(address)
        if (!isKnown) this.fill()
      },
      (failure) => {
        this.finding = undefined
        this.failAll(failure)
      },
    )
    isKnown = false
    if (this.finding !== undefined) this.finding = cancel
  }

  private open(address: Ipv4Address): Connection | undefined {
    const remote = { address, port: this.setup.port }
    const quic = openQuic(this.lab, this.setup, remote, this.sockets, this.memory)
    if (quic === undefined) {
      this.failAll({ code: 'EADDRNOTAVAIL', message: 'no port is left' })
      return undefined
    }
    const connection: Connection = new Connection(quic, this.lab, this.setup, {
      connected: () => this.onConnected(),
      available: () => this.fill(),
      again: (waiting) => {
        waiting.cancel = () => this.withdraw(waiting)
        this.waiting.push(waiting)
      },
      closed: (reason, wasReady) =>
        this.onClosed(connection, reason, wasReady ? undefined : quic.failureOf(reason)),
    })
    this.connections.add(connection)
    return connection
  }

  /** `failure`: it never came to be ready. */
  private onClosed(connection: Connection, reason: CloseReason, failure: Failure | undefined): void {
    this.connections.delete(connection)
    if (this.current === connection) this.current = undefined
    // RFC 9000 6.2: anew, with a version that the server has said it speaks.
    if (reason.by === 'version_negotiation' && this.memory.version === undefined) this.memory.version = '1'
    // Whoever waited for it would wait for the next in vain.
    else if (failure !== undefined) this.failAll(failure)
    this.checkClosed()
    if (this.whenClosed === undefined) this.fill()
  }

  private failAll(failure: Failure): void {
    for (const { events } of this.waiting.splice(0)) events.failed(failure, false)
  }

  private checkClosed(): void {
    if (this.connections.size > 0) return
    this.whenClosed?.()
    this.whenClosed = undefined
  }
}

/** What a connection tells its client. */
interface Keeper {
  connected(): void
  /** Requests may go now that could not before. */
  available(): void
  /** The server has not looked at this request and won't: it is to be asked for anew. */
  again(waiting: Waiting): void
  closed(reason: CloseReason, wasReady: boolean): void
}

class Connection {
  private readonly quic: QuicClient
  private readonly socket: Http3Socket
  private readonly lab: Surroundings
  private readonly setup: HttpClientApp
  private readonly keeper: Keeper
  private readonly exchanges = new Map<number, Exchange>()
  /** Went as 0-RTT data that were refused. */
  private readonly refused: Exchange[] = []
  private state: 'opening' | 'ready' | 'retired' | 'closed' = 'opening'
  private used = false

  constructor(quic: QuicClient, lab: Surroundings, setup: HttpClientApp, keeper: Keeper) {
    this.quic = quic
    this.socket = quic.socket
    this.lab = lab
    this.setup = setup
    this.keeper = keeper
    this.socket.onNews = (news) => this.handle(news)
  }

  /** New requests may go to it, now or when it is ready. */
  get isUsable(): boolean {
    return this.state === 'opening' || this.state === 'ready'
  }

  /** Makes a request; false: not now. */
  take(waiting: Waiting): boolean {
    if (this.state !== 'ready') return false
    const { request } = waiting
    const id = this.socket.request(fieldsOf(request, this.setup), request.body, {
      unread: request.readDelay > 0,
    })
    if (id === 'closed' || id === 'going_away') this.state = 'retired'
    if (id === 'too_large') {
      waiting.events.failed(
        { code: 'H3_EXCESSIVE_LOAD', message: 'the server takes no fields so large' },
        false,
      )
      return true
    }
    if (typeof id !== 'number') return false
    const exchange = new Exchange(waiting, this.used)
    this.exchanges.set(id, exchange)
    waiting.cancel = () => this.cancel(id, exchange)
    waiting.events.sent(this.socket.flow, 'h3', id, this.used)
    this.used = true
    return true
  }

  /** Ends it; what is on its way is given up. */
  close(): void {
    if (this.state !== 'closed') this.socket.close()
  }

  private cancel(id: number, exchange: Exchange): void {
    exchange.giveUp()
    this.socket.cancel(id)
    this.exchanges.delete(id)
    // Nothing may ever come from there again: whoever comes next had better take another.
    if (this.state === 'ready') this.state = 'retired'
    // The cancellation is to go out first: nothing but the close does after that.
    this.lab.after(0, () => this.closeIfSpent())
  }

  private closeIfSpent(): void {
    if (this.exchanges.size > 0) return
    if (this.state === 'retired' || (!this.setup.reuse && this.used)) this.close()
  }

  private handle(news: Http3News): void {
    switch (news.type) {
      case 'connected':
        return this.keeper.connected()
      case 'ready':
        if (this.state === 'opening') this.state = 'ready'
        return this.askAgain(this.refused.splice(0))
      case 'streams_available':
        return this.keeper.available()
      case 'early_refused':
        this.refused.push(...this.exchanges.values())
        this.exchanges.clear()
        this.used = false
        return
      case 'unprocessed':
        return this.onUnprocessed(news.id)
      case 'goaway':
        this.state = 'retired'
        return this.closeIfSpent()
      case 'closed':
        return this.onClosed(news)
      default:
        if ('id' in news) this.handleExchange(news)
    }
  }

  private handleExchange(news: Extract<Http3News, { id: number }>): void {
    const exchange = this.exchanges.get(news.id)
    if (exchange === undefined) return
    switch (news.type) {
      case 'headers':
        if (news.kind !== 'response') return
        this.readLater(news.id, exchange)
        return exchange.start(news.fields)
      case 'content':
        return exchange.events.content(news.bytes)
      case 'finished':
        exchange.finish()
        break
      case 'reset':
        exchange.fail(
          `the server gave the stream up with ${http3ErrorName(news.code)}`,
          http3ErrorName(news.code),
        )
        break
      case 'failed':
        exchange.fail(news.violation.reason, news.violation.code)
        break
      default:
        return
    }
    this.exchanges.delete(news.id)
    this.closeIfSpent()
  }

  private readLater(id: number, exchange: Exchange): void {
    const { readDelay } = exchange.waiting.request
    if (readDelay > 0) exchange.reading = this.lab.after(readDelay, () => this.socket.read(id))
  }

  /** Asks for what the server could not look at the first time: here, or else wherever a request can go. */
  private askAgain(exchanges: readonly Exchange[]): void {
    for (const { waiting } of exchanges) if (!this.take(waiting)) this.keeper.again(waiting)
    this.keeper.available()
  }

  private onUnprocessed(id: number): void {
    const exchange = this.exchanges.get(id)
    if (exchange === undefined) return
    this.exchanges.delete(id)
    this.keeper.again(exchange.waiting)
    this.keeper.available()
    this.closeIfSpent()
  }

  private onClosed({ reason }: Extract<Http3News, { type: 'closed' }>): void {
    const failure = this.quic.failureOf(reason)
    const wasReady = this.state !== 'opening'
    this.state = 'closed'
    for (const exchange of [...this.refused, ...this.exchanges.values()])
      exchange.fail(failure.message, failure.code)
    this.exchanges.clear()
    this.keeper.closed(reason, wasReady)
  }
}

/** One request on a stream. */
class Exchange {
  readonly waiting: Waiting
  private settled = false
  /** Reads the content after a while. */
  reading: Cancel | undefined
  private readonly reused: boolean
  private answered = false

  constructor(waiting: Waiting, reused: boolean) {
    this.waiting = waiting
    this.reused = reused
  }

  get events(): ExchangeEvents {
    return this.waiting.events
  }

  start(lines: readonly FieldLine[]): void {
    this.answered = true
    const { ':status': status, ...fields } = recordOf(lines)
    this.events.started(Number(status), fields)
  }

  finish(): void {
    this.settled = true
    this.events.finished()
  }

  giveUp(): void {
    this.reading?.()
    this.settled = true
  }

  fail(message: string, code: string): void {
    if (this.settled) return
    this.giveUp()
    this.events.failed({ code, message }, !this.answered && this.reused)
  }
}

/** The header section of a request (RFC 9114 4.3.1). */
function fieldsOf({ method, target, fields, body }: OutgoingRequest, setup: HttpClientApp): FieldLine[] {
  return linesOf({
    ':method': method,
    ':scheme': 'https',
    ':authority': authorityOf(setup),
    ':path': target,
    ...fields,
    ...(body.length > 0 && { 'content-length': String(body.length) }),
  })
}
