/** HTTP/3 connections of a server (RFC 9114), on the lab's own QUIC. Whose turn it is says QUIC, by RFC 9218. */
import type { HttpServerApp } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { FieldLine } from '../../../protocol/qpack/fields.ts'
import type { Http3News, Http3Socket, Http3Sockets } from '../../http3-sockets.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { failureOfClose, serverHandshakes, tellHandshake, tellHandshakeFailure } from '../quic-tls.ts'
import { identityOf } from '../tls.ts'
import { httpDate, linesOf, recordOf } from './fields.ts'
import { IdleClose } from './idle-close.ts'
import type { Answer, Answerer } from './site.ts'

export class Http3Server {
  private readonly site: Answerer
  private readonly setup: HttpServerApp
  private readonly lab: Surroundings
  private readonly sockets: Http3Sockets
  private readonly served = new Set<Served>()

  constructor(site: Answerer, setup: HttpServerApp, lab: Surroundings) {
    this.site = site
    this.setup = setup
    this.lab = lab
    this.sockets = lab.http3(setup.http3)
  }

  /** Waits for connections. The identity was made before the run began, so this takes no lab time. */
  listen(): void {
    const { lab, setup } = this
    const { host, port, tls } = setup
    if (tls === null) return
    void lab.hold(lab.authority.identity(identityOf(host, tls))).then((identity) => {
      const accept = serverHandshakes(tls, identity, lab.rng.fork('quic tls'))
      this.sockets.listen(port, accept, (socket) => this.welcome(socket))
    })
  }

  stop(): void {
    for (const connection of this.served) connection.stop()
    this.served.clear()
  }

  private welcome(socket: Http3Socket): void {
    const served = new Served(socket, this.site, this.setup, this.lab, () => this.served.delete(served))
    this.served.add(served)
  }
}

/** One connection, and the exchanges on it. */
class Served {
  private readonly socket: Http3Socket
  private readonly site: Answerer
  private readonly lab: Surroundings
  private readonly trace: Trace
  private readonly idle: IdleClose
  private readonly onGone: () => void
  private readonly keepAlive: number
  /** Header sections of requests whose content is still coming. */
  private readonly requests = new Map<number, readonly FieldLine[]>()
  /** Exchanges that are not over, with what ends the server's thinking about them. */
  private readonly open = new Map<number, Cancel>()

  constructor(
    socket: Http3Socket,
    site: Answerer,
    setup: HttpServerApp,
    lab: Surroundings,
    onGone: () => void,
  ) {
    this.socket = socket
    this.site = site
    this.lab = lab
    this.onGone = onGone
    this.keepAlive = setup.keepAlive
    this.trace = lab.trace.scope({ flow: socket.flow })
    // The client closes it then; what it has asked meanwhile it asks elsewhere.
    this.idle = new IdleClose(lab.after, setup.keepAlive, () => socket.goaway())
    reportHandshake(socket, lab.stepTrace.scope({ flow: socket.flow }))
    socket.onNews = (news) => this.handle(news)
  }

  stop(): void {
    this.idle.cancel()
    for (const cancel of this.open.values()) cancel()
  }

  private handle(news: Http3News): void {
    switch (news.type) {
      case 'headers':
        // Trailers say nothing that a site would want to know.
        if (news.kind === 'request') this.begin(news.id, news.fields)
        return
      case 'finished':
        return this.answer(news.id)
      case 'delivered':
      case 'stopped':
      case 'reset':
      case 'failed':
        return this.end(news.id)
      case 'closed':
        this.stop()
        this.onGone()
    }
  }

  private begin(id: number, fields: readonly FieldLine[]): void {
    this.requests.set(id, fields)
    this.open.set(id, () => undefined)
    this.idle.busy()
  }

  private end(id: number): void {
    this.requests.delete(id)
    const cancel = this.open.get(id)
    if (cancel === undefined) return
    cancel()
    this.open.delete(id)
    this.idle.free()
  }

  /** All of the request is there. */
  private answer(id: number): void {
    const lines = this.requests.get(id)
    if (lines === undefined) return
    this.requests.delete(id)
    const fields = recordOf(lines)
    const [method, target] = [String(fields[':method']), String(fields[':path'])]
    const answer = this.site.answer({ method, target, fields, trace: this.trace })
    if (answer.delay === 0) return this.send(id, answer)
    this.open.set(
      id,
      this.lab.after(answer.delay, () => this.send(id, answer)),
    )
  }

  private send(id: number, { status, fields, content }: Answer): void {
    const date = httpDate(this.lab.date())
    const lines = linesOf({ ':status': String(status), date, ...fields })
    this.socket.respond(id, lines, content.pieces())
    // With the answer, so that nobody asks for more on it.
    if (this.keepAlive === 0) this.socket.goaway()
  }
}

/** Tells the trace how the handshake of a server's connection ended. */
function reportHandshake(socket: Http3Socket, trace: Trace): void {
  let isOver = false
  socket.onMoment = (news) => {
    if (isOver || (news.type !== 'connected' && news.type !== 'closed')) return
    isOver = true
    if (news.type === 'connected') tellHandshake(trace, news.negotiated)
    else tellHandshakeFailure(trace, failureOfClose(news.reason))
  }
}
