/** HTTP/1.1 connections of a server, by Node's `http` (RFC 9112). */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { HttpServerApp } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Surroundings } from '../program.ts'
import { httpDate } from './fields.ts'
import { IdleClose } from './idle-close.ts'
import { sendContent } from './send-content.ts'
import type { VersionServer } from './server.ts'
import type { Answer, Answerer } from './site.ts'
import type { Transport } from './transport.ts'

/** Node's clocks go by the wall: all off. */
export const NO_TIMEOUTS = {
  requestTimeout: 0,
  headersTimeout: 0,
  keepAliveTimeout: 0,
  connectionsCheckingInterval: 0x7fff_ffff,
} as const

interface Served {
  readonly trace: Trace
  readonly idle: IdleClose
}

export class Http1Server implements VersionServer {
  private readonly site: Answerer
  private readonly lab: Surroundings
  private readonly keepAlive: number
  private readonly server: Server
  private readonly served = new Map<Duplex, Served>()

  constructor(site: Answerer, { keepAlive }: HttpServerApp, lab: Surroundings) {
    this.site = site
    this.lab = lab
    this.keepAlive = keepAlive
    this.server = createServer(NO_TIMEOUTS, (incoming, outgoing) => this.handle(incoming, outgoing))
    this.server.timeout = 0
    this.server.on('clientError', (error, stream) => this.refuse(error, stream))
  }

  accept({ stream, flow }: Transport): void {
    const idle = new IdleClose(this.lab.after, this.keepAlive, () => stream.end())
    this.served.set(stream, { trace: this.lab.trace.scope({ flow }), idle })
    stream.once('close', () => {
      idle.cancel()
      this.served.delete(stream)
    })
    this.server.emit('connection', stream)
  }

  stop(): void {
    for (const stream of this.served.keys()) stream.destroy()
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const served = this.served.get(incoming.socket)
    if (served === undefined) return
    served.idle.busy()
    outgoing.once('close', () => served.idle.free())
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    // What is posted is not kept; the answer waits until it is all there.
    incoming.resume()
    incoming.once('end', () => {
      const { method = '', url = '', headers } = incoming
      const answer = this.site.answer({ method, target: url, fields: headers, trace: served.trace })
      if (answer.delay === 0) return this.send(outgoing, answer)
      const cancel = this.lab.after(answer.delay, () => this.send(outgoing, answer))
      outgoing.once('close', cancel)
    })
  }

  private send(outgoing: ServerResponse, { status, fields, content }: Answer): void {
    // Node's own date goes by the wall clock.
    outgoing.sendDate = false
    if (this.keepAlive === 0) outgoing.shouldKeepAlive = false
    outgoing.writeHead(status, { date: httpDate(this.lab.date()), ...fields })
    sendContent(outgoing, content)
  }

  /** What cannot be read as a request is answered and the connection closed (RFC 9112 2.2; RFC 6585 5: its head is too large). */
  private refuse({ code }: NodeJS.ErrnoException, stream: Duplex): void {
    if (!stream.writable) return void stream.destroy()
    const status = code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request'
    const date = httpDate(this.lab.date())
    stream.end(`HTTP/1.1 ${status}\r\ndate: ${date}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  }
}
