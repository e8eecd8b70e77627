/** The client side of HTTP over TCP for programs that are no `http-client`: its connections, and its way of telling of requests. */
import * as v from 'valibot'
import { HttpClientApp, type HttpVersion } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { Digest } from '../../apps/payload.ts'
import type { Surroundings } from '../program.ts'
import { authorityOf, type ExchangeEvents } from './exchange.ts'
import { valueOf, type Fields } from './fields.ts'
import { ServerFinder, type ClientLab } from './find-server.ts'
import type { Failure, TcpClientSetup, TcpVersion } from './transport.ts'

/** Where such a program asks, and how. */
export interface ClientPlace extends Pick<HttpClientApp, 'to' | 'port' | 'tls'> {
  readonly host: string
  readonly version: TcpVersion
  readonly connections?: number
}

/** What `Pool`, `openTransport` and their like are to be given. */
export interface Borrowed {
  readonly lab: ClientLab
  readonly setup: TcpClientSetup
  /** The run is over: nothing more is to be told. */
  stopped: boolean
}

export function borrow(lab: Surroundings, { version, ...place }: ClientPlace): Borrowed {
  const { host, to, port, tls, connections = 1 } = place
  const setup = v.parse(HttpClientApp, {
    ...{ kind: 'http-client', host, to, port, tls, connections },
    requests: [{ target: '/' }],
  })
  return {
    lab: { ...lab, server: new ServerFinder(lab, setup) },
    setup: { ...setup, version },
    stopped: false,
  }
}

/** Of a request: what is told of it before it is sent. */
export interface Asked {
  /** Its number among the requests of the program. */
  readonly number: number
  readonly method: string
  readonly target: string
}

/** What the program wants to know of an exchange. */
export interface Answered {
  started?(status: number, fields: Fields): void
  content?(bytes: Uint8Array): void
  finished(): void
  failed(failure: Failure): void
}

/** One exchange: tells of it as `http-client` does of its own (`http:request_queued` and so on), and hands on what comes. */
export class ToldExchange implements ExchangeEvents {
  /** For what belongs to its connection, once it was sent. */
  trace: Trace
  private readonly place: Borrowed
  private readonly number: number
  private readonly to: Answered
  private readonly digest = new Digest()
  private encoding = ''

  constructor(place: Borrowed, { number, method, target }: Asked, to: Answered) {
    const { lab, setup } = place
    this.place = place
    this.number = number
    this.to = to
    this.trace = lab.trace
    const scheme = setup.tls === null ? 'http' : 'https'
    const url = `${scheme}://${authorityOf(setup)}${target}`
    lab.trace.emit('http:request_queued', { request: number, method, url, initiator: 0, attempt: 1 })
  }

  sent(flow: string, version: HttpVersion, exchange: number, reused: boolean): void {
    this.trace = this.place.lab.trace.scope({ flow })
    this.trace.emit('http:request_sent', { request: this.number, exchange, version, reused })
  }

  started(status: number, fields: Fields): void {
    if (this.place.stopped) return
    this.encoding = valueOf(fields, 'content-encoding') ?? ''
    const content_type = valueOf(fields, 'content-type') ?? ''
    this.trace.emit('http:response_started', { request: this.number, status, content_type })
    this.to.started?.(status, fields)
  }

  content(bytes: Uint8Array): void {
    if (this.place.stopped) return
    this.digest.update(bytes)
    this.to.content?.(bytes)
  }

  finished(): void {
    if (this.place.stopped) return
    this.tellEnd(this.digest.finish())
    this.to.finished()
  }

  failed(failure: Failure): void {
    if (this.place.stopped) return
    this.tellEnd('', failure)
    this.to.failed(failure)
  }

  private tellEnd(sha256: string, { code: error, message }: Failure = { code: '', message: '' }): void {
    const { bytes } = this.digest
    const what = { request: this.number, content: bytes, encoded: bytes, encoding: this.encoding }
    this.trace.emit('http:response_finished', { ...what, source: 'network', sha256, error, message })
  }
}
