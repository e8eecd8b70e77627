/**
 * HTTP/1.1 connections of a client (RFC 9112 9), a request on each at a time, by Node's `http`. The pool is our own, since that of
 * Node's Agent closes idle connections by the wall clock.
 */
import { request as requestOf, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Cancel } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import { authorityOf, type Carrier, type ExchangeEvents, type OutgoingRequest } from './exchange.ts'
import type { ClientLab } from './find-server.ts'
import {
  failureOf,
  openTransport,
  type Failure,
  type FirstTransport,
  type TcpClientSetup,
  type Transport,
} from './transport.ts'

interface Waiting {
  readonly request: OutgoingRequest
  readonly events: ExchangeEvents
  /** Gives it up; before it is sent: takes it out of the queue. */
  cancel: Cancel
}

/** A connection, and how much it has served. */
interface Line {
  readonly transport: Transport
  served: number
  busy: boolean
}

export class Pool implements Carrier {
  private readonly lab: ClientLab
  private readonly setup: TcpClientSetup
  private readonly waiting: Waiting[] = []
  private readonly lines = new Set<Line>()
  private readonly opening = new Set<Cancel>()
  private readonly tlsSessions: TlsSessions
  private whenClosed: (() => void) | undefined

  constructor(lab: ClientLab, setup: TcpClientSetup, first?: FirstTransport) {
    this.lab = lab
    this.setup = setup
    this.tlsSessions = first?.sessions ?? new Map()
    if (first !== undefined) this.add({ transport: first.transport, served: 0, busy: false })
  }

  send(request: OutgoingRequest, events: ExchangeEvents): Cancel {
    const waiting: Waiting = { request, events, cancel: () => this.withdraw(waiting) }
    this.waiting.push(waiting)
    this.fill()
    return () => waiting.cancel()
  }

  close(closed: () => void): void {
    this.whenClosed = closed
    for (const cancel of this.opening) cancel()
    this.opening.clear()
    for (const { transport } of this.lines) transport.stream.end()
    this.checkClosed()
  }

  stop(): void {
    for (const cancel of this.opening) cancel()
    for (const { transport } of this.lines) transport.stream.destroy()
  }

  private withdraw(waiting: Waiting): void {
    const at = this.waiting.indexOf(waiting)
    if (at >= 0) this.waiting.splice(at, 1)
  }

  /** Gives what waits to idle connections, and opens as many as are missing and allowed. */
  private fill(): void {
    for (const line of this.lines) {
      if (line.busy || !line.transport.stream.writable) continue
      const next = this.waiting.shift()
      if (next === undefined) return
      new Http1Exchange(line, next, authorityOf(this.setup), this.setup.reuse, () => this.fill())
    }
    const allowed = this.setup.connections - this.lines.size
    while (this.opening.size < Math.min(this.waiting.length, allowed)) this.open()
  }

  private open(): void {
    const cancel = openTransport(this.lab, this.setup, this.tlsSessions, {
      ready: (transport) => {
        this.opening.delete(cancel)
        this.add({ transport, served: 0, busy: false })
      },
      failed: (failure) => {
        this.opening.delete(cancel)
        // The first in the queue is the one that it was opened for.
        this.waiting.shift()?.events.failed(failure, false)
        this.fill()
      },
    })
    this.opening.add(cancel)
  }

  private add(line: Line): void {
    this.lines.add(line)
    line.transport.stream.once('close', () => {
      this.lines.delete(line)
      this.checkClosed()
      if (this.whenClosed === undefined) this.fill()
    })
    this.fill()
  }

  private checkClosed(): void {
    if (this.lines.size > 0) return
    this.whenClosed?.()
    this.whenClosed = undefined
  }
}

/** One request on a connection. */
class Http1Exchange {
  private readonly line: Line
  private readonly events: ExchangeEvents
  private readonly outgoing: ClientRequest
  private readonly onFree: () => void
  private settled = false
  private answered = false
  /** All of the response is there. */
  private whole = false

  constructor(line: Line, waiting: Waiting, authority: string, reuse: boolean, onFree: () => void) {
    const { request, events } = waiting
    const { stream, flow } = line.transport
    this.line = line
    this.events = events
    this.onFree = onFree
    line.busy = true
    line.served++
    this.outgoing = requestOf({
      method: request.method,
      path: request.target,
      headers: {
        host: authority,
        connection: reuse ? 'keep-alive' : 'close',
        ...request.fields,
        ...(request.body.length > 0 || request.method === 'POST'
          ? { 'content-length': request.body.length }
          : {}),
      },
      // Without an Agent: it would look after the connection by the wall clock.
      createConnection: () => stream,
    })
    waiting.cancel = () => this.cancel()
    this.outgoing.on('response', (incoming) => this.read(incoming))
    this.outgoing.on('error', (error) => this.fail(failureOf(error)))
    // Told by Node when the response is whole and the connection may be used again, or is gone.
    this.outgoing.once('close', () => this.release())
    events.sent(flow, 'http/1.1', line.served, line.served > 1)
    this.outgoing.end(request.body)
  }

  private read(incoming: IncomingMessage): void {
    this.answered = true
    this.events.started(incoming.statusCode ?? 0, incoming.headers)
    incoming.on('error', (error) => this.fail(failureOf(error)))
    incoming.on('data', (bytes: Buffer) => {
      if (!this.settled) this.events.content(bytes)
    })
    incoming.once('end', () => {
      this.whole = true
      // Else the connection is about to be free for what follows from this.
      if (!this.outgoing.shouldKeepAlive) this.finish()
    })
  }

  private finish(): void {
    if (this.settled) return
    this.settled = true
    this.events.finished()
  }

  private fail(failure: Failure): void {
    if (this.settled) return
    this.settled = true
    this.line.transport.stream.destroy()
    this.events.failed(failure, !this.answered && this.line.served > 1)
  }

  private cancel(): void {
    this.settled = true
    this.line.transport.stream.destroy()
  }

  private release(): void {
    this.line.busy = false
    if (this.whole) this.finish()
    this.onFree()
  }
}
