/**
 * HTTP/1.1 connections of a client that sends requests without waiting for responses (RFC 9112 9.3.2). Node's client does not
 * do that: one request has its connection to itself. Its parser is not to be had but by private ways either, so requests are
 * written here by hand, and the responses are read by the laboratory's own reader of HTTP/1.1.
 */
import { Http1Connection } from '../../../protocol/wire/http1/connection.ts'
import type { Http1Event, Message } from '../../../protocol/wire/http1/events.ts'
import type { Cancel } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import { authorityOf, type Carrier, type ExchangeEvents, type OutgoingRequest } from './exchange.ts'
import type { ClientLab } from './find-server.ts'
import { recordOf } from './fields.ts'
import {
  openTransport,
  type Failure,
  type FirstTransport,
  type TcpClientSetup,
  type Transport,
} from './transport.ts'

interface Waiting {
  readonly request: OutgoingRequest
  readonly events: ExchangeEvents
}

export class PipelinePool implements Carrier {
  private readonly lab: ClientLab
  private readonly setup: TcpClientSetup
  private readonly waiting: Waiting[] = []
  private readonly pipelines = new Set<Pipeline>()
  private readonly opening = new Set<Cancel>()
  private readonly tlsSessions: TlsSessions
  private whenClosed: (() => void) | undefined

  constructor(lab: ClientLab, setup: TcpClientSetup, first?: FirstTransport) {
    this.lab = lab
    this.setup = setup
    this.tlsSessions = first?.sessions ?? new Map()
    if (first !== undefined) this.add(first.transport)
  }

  send(request: OutgoingRequest, events: ExchangeEvents): Cancel {
    const waiting = { request, events }
    this.waiting.push(waiting)
    this.fill()
    return () => {
      const at = this.waiting.indexOf(waiting)
      if (at >= 0) this.waiting.splice(at, 1)
      for (const pipeline of this.pipelines) pipeline.cancel(events)
    }
  }

  close(closed: () => void): void {
    this.whenClosed = closed
    for (const cancel of this.opening) cancel()
    this.opening.clear()
    for (const pipeline of this.pipelines) pipeline.stream.end()
    this.checkClosed()
  }

  stop(): void {
    for (const cancel of this.opening) cancel()
    for (const pipeline of this.pipelines) pipeline.stream.destroy()
  }

  /** Opens what is missing and allowed; once all are there, each request goes where the fewest wait. */
  private fill(): void {
    const wanted = Math.min(this.setup.connections, this.pipelines.size + this.waiting.length)
    while (this.pipelines.size + this.opening.size < wanted) this.open()
    if (this.opening.size > 0) return
    while (this.waiting.length > 0) {
      const open = [...this.pipelines].filter(({ stream }) => stream.writable)
      if (open.length === 0) return
      const shortest = open.reduce((best, other) => (other.length < best.length ? other : best))
      const { request, events } = this.waiting.shift()!
      shortest.send(request, events)
    }
  }

  private open(): void {
    const cancel = openTransport(this.lab, this.setup, this.tlsSessions, {
      ready: (transport) => {
        this.opening.delete(cancel)
        this.add(transport)
      },
      failed: (failure) => {
        this.opening.delete(cancel)
        this.waiting.shift()?.events.failed(failure, false)
        this.fill()
      },
    })
    this.opening.add(cancel)
  }

  private add(transport: Transport): void {
    const pipeline = new Pipeline(transport, authorityOf(this.setup))
    this.pipelines.add(pipeline)
    pipeline.stream.once('close', () => {
      this.pipelines.delete(pipeline)
      this.checkClosed()
      if (this.whenClosed === undefined) this.fill()
    })
    this.fill()
  }

  private checkClosed(): void {
    if (this.pipelines.size > 0) return
    this.whenClosed?.()
    this.whenClosed = undefined
  }
}

/** One connection: requests go out at once, responses come in their order. */
class Pipeline {
  readonly stream: Transport['stream']
  private readonly flow: string
  private readonly authority: string
  private readonly reader: Http1Connection
  /** Those whose responses are not whole, the one whose response comes next first. */
  private readonly unanswered: ExchangeEvents[] = []
  private sent = 0
  private answered = 0
  /** A 1xx response is coming in: another follows. */
  private interim = false

  constructor({ stream, flow }: Transport, authority: string) {
    this.stream = stream
    this.flow = flow
    this.authority = authority
    this.reader = new Http1Connection((event) => this.handle(event))
    let failure: Failure = {
      code: 'ECONNRESET',
      message: 'the connection was closed before the response was whole',
    }
    stream.on('data', (bytes: Uint8Array) => this.reader.push('server', bytes))
    stream.once('end', () => this.reader.end('server'))
    stream.once(
      'error',
      ({ message, code = 'ERROR' }: NodeJS.ErrnoException) => (failure = { code, message }),
    )
    stream.once('close', () => this.failAll(failure))
  }

  /** How many wait for their responses. */
  get length(): number {
    return this.unanswered.length
  }

  send(request: OutgoingRequest, events: ExchangeEvents): void {
    const bytes = serialize(request, this.authority)
    this.sent++
    this.unanswered.push(events)
    events.sent(this.flow, 'http/1.1', this.sent, this.sent > 1)
    this.reader.push('client', bytes)
    this.stream.write(bytes)
  }

  /** Gives an exchange up, and with it the connection: its response would come all the same. */
  cancel(events: ExchangeEvents): void {
    const at = this.unanswered.indexOf(events)
    if (at < 0) return
    this.unanswered.splice(at, 1)
    this.stream.destroy()
  }

  private handle(event: Http1Event): void {
    if (event.from === 'client') return
    const current = this.unanswered[0]
    switch (event.type) {
      case 'message':
        return this.start(event.message, current)
      case 'body':
        // A view of what the connection has read: good during the call only.
        return current?.content(event.bytes.slice())
      case 'end':
        if (event.complete && !this.interim) this.finish()
        else if (!event.complete) this.stream.destroy(new BadResponse('the response is not whole'))
        return
      case 'problem':
        this.stream.destroy(new BadResponse(event.error.reason))
    }
  }

  private start(
    { startLine, fields, interim, exchange }: Message,
    current: ExchangeEvents | undefined,
  ): void {
    this.interim = interim
    if (interim || startLine.kind !== 'response') return
    if (current === undefined || exchange === undefined) return void this.stream.destroy()
    current.started(startLine.status, recordOf(fields))
  }

  private finish(): void {
    this.answered++
    this.unanswered.shift()?.finished()
  }

  private failAll(failure: Failure): void {
    for (const events of this.unanswered.splice(0)) events.failed(failure, this.answered > 0)
  }
}

class BadResponse extends Error {
  readonly code = 'ERR_HTTP1_RESPONSE'
}

/** A request as it goes over the wire (RFC 9112 2.1). The set-up was validated: no value has a line break. */
function serialize({ method, target, fields, body }: OutgoingRequest, authority: string): Buffer {
  const all = { host: authority, connection: 'keep-alive', ...fields }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  if (body.length > 0 || method === 'POST') lines.push(`content-length: ${body.length}\r\n`)
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  return body.length > 0 ? Buffer.concat([head, body]) : head
}
