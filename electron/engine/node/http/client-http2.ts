/** The HTTP/2 connection of a client, by Node's `http2` (RFC 9113): one for all requests, another when it has gone. */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { errorName } from '../../../protocol/wire/h2/names.ts'
import type { Cancel, Surroundings } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import { authorityOf, type Carrier, type ExchangeEvents, type OutgoingRequest } from './exchange.ts'
import type { Fields } from './fields.ts'
import type { ClientLab } from './find-server.ts'
import { MOST_SESSION_MEMORY, openConnectionWindow, settingsOf } from './http2-settings.ts'
import { PriorityFrames } from './priority-frames.ts'
import type { Pushes } from './pushes.ts'
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
  cancel: Cancel
}

/** A connection, and what has become of it. */
interface Connection {
  readonly session: ClientHttp2Session
  readonly flow: string
  /** Where frames are added by hand; undefined: no request wants any. */
  readonly priorities: PriorityFrames | undefined
  used: boolean
  /** Exchanges that are on their way. */
  open: number
  /** A request was given up on it: whoever comes next had better take another. */
  doubtful: boolean
}

export class Http2Client implements Carrier {
  private readonly lab: ClientLab
  private readonly setup: TcpClientSetup
  private readonly pushes: Pushes
  private readonly waiting: Waiting[] = []
  private readonly sessions = new Set<ClientHttp2Session>()
  /** The one that new requests go to. */
  private current: Connection | undefined
  private opening: Cancel | undefined
  private readonly tlsSessions: TlsSessions
  private whenClosed: (() => void) | undefined

  constructor(lab: ClientLab, setup: TcpClientSetup, pushes: Pushes, first?: FirstTransport) {
    this.lab = lab
    this.setup = setup
    this.pushes = pushes
    this.tlsSessions = first?.sessions ?? new Map()
    if (first !== undefined) this.begin(first.transport)
  }

  send(request: OutgoingRequest, events: ExchangeEvents): Cancel {
    const waiting: Waiting = { request, events, cancel: () => this.withdraw(waiting) }
    this.waiting.push(waiting)
    this.fill()
    return () => waiting.cancel()
  }

  close(closed: () => void): void {
    this.whenClosed = closed
    this.opening?.()
    this.opening = undefined
    for (const session of this.sessions) session.close()
    this.checkClosed()
  }

  stop(): void {
    this.opening?.()
    for (const session of this.sessions) session.destroy()
  }

  private withdraw(waiting: Waiting): void {
    const at = this.waiting.indexOf(waiting)
    if (at >= 0) this.waiting.splice(at, 1)
  }

  private fill(): void {
    while (this.waiting.length > 0) {
      const { current } = this
      if (current === undefined || current.doubtful || current.session.closed || current.session.destroyed) {
        this.current = undefined
        this.opening ??= this.open()
        return
      }
      new Http2Exchange(this.lab, current, this.waiting.shift()!, this.setup)
      current.used = true
      // Without reuse the next request finds no connection.
      if (!this.setup.reuse) this.current = undefined
    }
  }

  private open(): Cancel {
    return openTransport(this.lab, this.setup, this.tlsSessions, {
      ready: (transport) => {
        this.opening = undefined
        this.begin(transport)
      },
      failed: (failure) => {
        this.opening = undefined
        for (const { events } of this.waiting.splice(0)) events.failed(failure, false)
      },
    })
  }

  private begin({ stream, flow }: Transport): void {
    const scheme = this.setup.tls === null ? 'http' : 'https'
    const byHand = this.setup.requests.some(({ priorityFrame }) => priorityFrame !== undefined)
    const priorities = byHand ? new PriorityFrames(stream) : undefined
    const session = connect(`${scheme}://${authorityOf(this.setup)}`, {
      createConnection: () => priorities ?? stream,
      settings: settingsOf(this.setup.http2),
      maxSessionMemory: MOST_SESSION_MEMORY,
    })
    session.once('connect', () => openConnectionWindow(session, this.setup.http2))
    this.sessions.add(session)
    this.current = { session, flow, priorities, used: false, open: 0, doubtful: false }
    // What goes wrong comes to the streams, too; without streams there is nobody to be told.
    session.on('error', () => undefined)
    // GOAWAY (RFC 9113 6.8): what is on its way goes on, new requests need another connection.
    session.on('goaway', () => this.retire(session))
    session.on('stream', (pushed, headers) => {
      pushed.on('error', () => undefined)
      this.pushes.promise(headers[':path'] ?? '', flow, pushed)
    })
    session.once('close', () => {
      this.retire(session)
      this.sessions.delete(session)
      this.checkClosed()
      if (this.whenClosed === undefined) this.fill()
    })
    this.fill()
  }

  private retire(session: ClientHttp2Session): void {
    if (this.current?.session === session) this.current = undefined
    if (!session.closed && !session.destroyed) session.close()
  }

  private checkClosed(): void {
    if (this.sessions.size > 0) return
    this.whenClosed?.()
    this.whenClosed = undefined
  }
}

/** One request on a stream. */
class Http2Exchange {
  private readonly events: ExchangeEvents
  private readonly reused: boolean
  private settled = false
  private answered = false

  constructor(lab: Surroundings, connection: Connection, waiting: Waiting, setup: TcpClientSetup) {
    const { session, flow, priorities, used: reused } = connection
    const { request, events } = waiting
    this.events = events
    this.reused = reused
    const length = request.body.length
    const stream = session.request(
      {
        ':method': request.method,
        ':scheme': setup.tls === null ? 'http' : 'https',
        ':authority': authorityOf(setup),
        ':path': request.target,
        ...request.fields,
        ...(length > 0 && { 'content-length': String(length) }),
      },
      { endStream: length === 0 },
    )
    waiting.cancel = () => this.cancel(connection, stream)
    connection.open++
    stream.once('close', () => {
      connection.open--
      if (!setup.reuse) session.close()
      // Nothing may ever come from there again, not even the end of the connection.
      if (connection.doubtful && connection.open === 0) session.destroy()
    })
    const tellSent = (): void => events.sent(flow, 'h2', stream.id ?? 0, reused)
    // More streams than the peer allows at a time wait within Node, without a number.
    if (stream.pending) stream.once('ready', tellSent)
    else tellSent()
    this.listen(stream)
    if (request.readDelay === 0) this.read(stream)
    else
      stream.once('response', () => {
        stream.once(
          'close',
          lab.after(request.readDelay, () => this.read(stream)),
        )
      })
    if (request.priorityFrame !== undefined && stream.id !== undefined)
      priorities?.follow(stream.id, request.priorityFrame)
    if (length > 0) stream.end(request.body)
  }

  private listen(stream: ClientHttp2Stream): void {
    stream.on('response', (headers) => this.start(headers[':status'] ?? 0, headers))
    stream.once('end', () => {
      if (this.settled || !this.answered || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return
      this.settled = true
      this.events.finished()
    })
    stream.once('error', (error) => this.fail(failureOf(error)))
    stream.once('close', () =>
      this.fail({
        code: 'ERR_HTTP2_STREAM_ERROR',
        message: `the stream was closed with ${errorName(stream.rstCode ?? 0)}`,
      }),
    )
  }

  /** Takes the content; what is not read uses the stream's window up (RFC 9113 5.2). */
  private read(stream: ClientHttp2Stream): void {
    stream.on('data', (bytes: Buffer) => {
      if (!this.settled) this.events.content(bytes)
    })
  }

  private start(status: number, headers: Fields): void {
    this.answered = true
    this.events.started(status, headers)
  }

  private fail(failure: Failure): void {
    if (this.settled) return
    this.settled = true
    this.events.failed(failure, !this.answered && this.reused)
  }

  private cancel(connection: Connection, stream: ClientHttp2Stream): void {
    this.settled = true
    connection.doubtful = true
    stream.close(constants.NGHTTP2_CANCEL)
  }
}
