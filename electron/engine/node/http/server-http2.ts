/** HTTP/2 connections of a server, by Node's `http2` (RFC 9113). */
import {
  createServer,
  type Http2Server as NodeServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { HttpServerApp } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Surroundings } from '../program.ts'
import { httpDate } from './fields.ts'
import { MOST_SESSION_MEMORY, openConnectionWindow, settingsOf } from './http2-settings.ts'
import { IdleClose } from './idle-close.ts'
import { sendContent } from './send-content.ts'
import { Precedence, urgencyOf } from './precedence.ts'
import type { VersionServer } from './server.ts'
import type { Answer, Answerer } from './site.ts'
import type { Transport } from './transport.ts'

interface Served {
  readonly trace: Trace
  readonly precedence: Precedence
  readonly idle: IdleClose
}

export class Http2Server implements VersionServer {
  private readonly site: Answerer
  private readonly setup: HttpServerApp
  private readonly lab: Surroundings
  private readonly server: NodeServer
  private readonly served = new Map<Http2Session, Served>()
  /** Flows of connections that are being handed over: Node makes the session within the call. */
  private flow = ''

  constructor(site: Answerer, setup: HttpServerApp, lab: Surroundings) {
    this.site = site
    this.setup = setup
    this.lab = lab
    this.server = createServer({ settings: settingsOf(setup.http2), maxSessionMemory: MOST_SESSION_MEMORY })
    this.server.setTimeout(0)
    this.server.on('session', (session) => this.welcome(session))
    this.server.on('stream', (stream, headers) => this.handle(stream, headers))
    // They come as the end of their session and their streams, too.
    this.server.on('sessionError', () => undefined)
  }

  accept({ stream, flow }: Transport): void {
    this.flow = flow
    this.server.emit('connection', stream)
  }

  stop(): void {
    for (const session of this.served.keys()) session.destroy()
  }

  private welcome(session: Http2Session): void {
    const idle = new IdleClose(this.lab.after, this.setup.keepAlive, () => session.close())
    const trace = this.lab.trace.scope({ flow: this.flow })
    this.served.set(session, { trace, precedence: new Precedence(), idle })
    openConnectionWindow(session, this.setup.http2)
    session.on('error', () => undefined)
    session.once('close', () => {
      idle.cancel()
      this.served.delete(session)
    })
  }

  private handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => undefined)
    const served = stream.session && this.served.get(stream.session)
    if (!served) return void stream.close()
    served.idle.busy()
    stream.once('close', () => served.idle.free())
    stream.resume()
    stream.once('end', () => {
      if (stream.destroyed) return
      const method = headers[':method'] ?? ''
      const answer = this.site.answer({
        method,
        target: headers[':path'] ?? '',
        fields: headers,
        trace: served.trace,
      })
      this.push(stream, answer.push, headers, served)
      this.sendWhenDue(stream, answer, headers, served.precedence)
    })
  }

  /** Promises what the client will ask for next, before it can see that it needs it (RFC 9113 8.4). */
  private push(
    stream: ServerHttp2Stream,
    targets: readonly string[],
    headers: IncomingHttpHeaders,
    { trace, precedence }: Served,
  ): void {
    for (const target of targets) {
      if (!stream.pushAllowed) return
      const { ':scheme': scheme, ':authority': authority, 'accept-encoding': coding, accept } = headers
      const fields = { ...(accept && { accept }), ...(coding && { 'accept-encoding': coding }) }
      const promised = {
        ':method': 'GET',
        ':scheme': scheme,
        ':authority': authority,
        ':path': target,
        ...fields,
      }
      stream.pushStream(promised, (error, pushed) => {
        if (error) return
        pushed.on('error', () => undefined)
        this.sendWhenDue(pushed, this.site.answer({ method: 'GET', target, fields, trace }), {}, precedence)
      })
    }
  }

  /** Sends the answer when the server has thought about it and no more urgent one of this connection is to be sent. */
  private sendWhenDue(
    stream: ServerHttp2Stream,
    answer: Answer,
    headers: IncomingHttpHeaders,
    precedence: Precedence,
  ): void {
    const enter = (): void =>
      precedence.enter(urgencyOf(headers.priority?.toString()), stream, () => this.send(stream, answer))
    if (answer.delay === 0) enter()
    else stream.once('close', this.lab.after(answer.delay, enter))
  }

  private send(stream: ServerHttp2Stream, { status, fields, content }: Answer): void {
    if (stream.destroyed || stream.closed) return
    const date = httpDate(this.lab.date())
    const endStream = content.length === 0
    // Node leaves the date to us when there is one.
    stream.respond({ ':status': status, date, ...fields }, { endStream })
    if (!endStream) sendContent(stream, content)
  }
}
