/** A channel of gRPC: calls as streams of one HTTP/2 connection, which is opened with the first and again when it has gone. */
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { ToldExchange, type Borrowed } from '../http/borrowed.ts'
import { authorityOf } from '../http/exchange.ts'
import { valueOf, type Fields } from '../http/fields.ts'
import { failureOf, openTransport, type Transport } from '../http/transport.ts'
import type { Cancel } from '../program.ts'
import type { TlsSessions } from '../tls.ts'
import { USER_AGENT, type Caller, type OutgoingCall } from './caller.ts'
import { unavailable } from './json-caller.ts'
import { prefixed, PrefixedReader } from './prefixed.ts'
import type { CallResult } from './service.ts'
import { decodeMessage, statusOf, statusOfHttp, writeTimeout, type CallError } from './status.ts'

/** A connection, and whether it has carried a call before. */
interface Connection {
  readonly session: ClientHttp2Session
  readonly flow: string
  used: boolean
}

interface Waiting {
  begin(connection: Connection): void
  fail(error: CallError): void
}

export class GrpcChannel implements Caller {
  private readonly place: Borrowed
  private readonly tlsSessions: TlsSessions = new Map()
  private readonly waiting = new Set<Waiting>()
  private readonly sessions = new Set<ClientHttp2Session>()
  private current: Connection | undefined
  private opening: Cancel | undefined
  private whenClosed: (() => void) | undefined

  constructor(place: Borrowed) {
    this.place = place
  }

  call(call: OutgoingCall, done: (result: CallResult) => void): Cancel {
    const stream = new CallStream(this.place, call, done)
    this.waiting.add(stream)
    this.fill()
    return () => {
      this.waiting.delete(stream)
      stream.cancel()
    }
  }

  close(closed: () => void): void {
    this.whenClosed = closed
    for (const session of this.sessions) session.close()
    this.checkClosed()
  }

  stop(): void {
    this.opening?.()
    for (const session of this.sessions) session.destroy()
  }

  private fill(): void {
    if (this.waiting.size === 0) return
    if (this.current === undefined) {
      this.opening ??= this.open()
      return
    }
    for (const call of this.waiting) call.begin(this.current)
    this.waiting.clear()
  }

  private open(): Cancel {
    const { lab, setup } = this.place
    return openTransport(lab, setup, this.tlsSessions, {
      ready: (transport) => {
        this.opening = undefined
        this.begin(transport)
      },
      failed: (failure) => {
        this.opening = undefined
        for (const call of this.waiting) call.fail(unavailable(failure))
        this.waiting.clear()
      },
    })
  }

  private begin({ stream, flow }: Transport): void {
    const { setup } = this.place
    const scheme = setup.tls === null ? 'http' : 'https'
    const session = connect(`${scheme}://${authorityOf(setup)}`, { createConnection: () => stream })
    this.sessions.add(session)
    this.current = { session, flow, used: false }
    // What goes wrong comes to the streams, too; without streams there is nobody to be told.
    session.on('error', () => undefined)
    session.on('goaway', () => this.retire(session))
    session.once('close', () => {
      this.retire(session)
      this.sessions.delete(session)
      this.checkClosed()
      if (this.whenClosed === undefined) this.fill()
    })
    this.fill()
  }

  /** No new call goes to it (RFC 9113 6.8). */
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

/** One call. */
class CallStream implements Waiting {
  private readonly place: Borrowed
  private readonly call: OutgoingCall
  private readonly done: (result: CallResult) => void
  private readonly told: ToldExchange
  private readonly reader = new PrefixedReader()
  private stream: ClientHttp2Stream | undefined
  private httpStatus = 0
  /** `grpc-status` and `grpc-message`, from wherever they come. */
  private verdict: Fields = {}
  private settled = false

  constructor(place: Borrowed, call: OutgoingCall, done: (result: CallResult) => void) {
    this.place = place
    this.call = call
    this.done = done
    const { number, method: target } = call
    const nothing = (): void => undefined
    this.told = new ToldExchange(
      place,
      { number, method: 'POST', target },
      { finished: nothing, failed: nothing },
    )
  }

  begin(connection: Connection): void {
    const { method, message, deadline } = this.call
    const { setup } = this.place
    const stream = connection.session.request({
      ':method': 'POST',
      ':scheme': setup.tls === null ? 'http' : 'https',
      ':authority': authorityOf(setup),
      ':path': method,
      // Proxies that drop trailers are to be found out (PROTOCOL-HTTP2.md, Requests).
      te: 'trailers',
      ...(deadline > 0 && { 'grpc-timeout': writeTimeout(deadline) }),
      'content-type': 'application/grpc',
      'user-agent': USER_AGENT,
    })
    this.stream = stream
    this.listen(stream)
    this.told.sent(connection.flow, 'h2', stream.id ?? 0, connection.used)
    connection.used = true
    stream.end(prefixed(message))
  }

  fail(error: CallError): void {
    if (this.settled) return
    this.settled = true
    this.told.failed({ code: error.status, message: error.message })
    this.done(error)
  }

  cancel(): void {
    if (this.settled) return
    this.settled = true
    this.told.failed({ code: 'timeout', message: 'given up' })
    this.stream?.close(constants.NGHTTP2_CANCEL)
  }

  private listen(stream: ClientHttp2Stream): void {
    stream.on('response', (headers) => {
      this.httpStatus = headers[':status'] ?? 0
      this.verdict = headers as Fields
      this.told.started(this.httpStatus, this.verdict)
    })
    stream.on('trailers', (trailers) => (this.verdict = trailers as Fields))
    stream.on('data', (bytes: Buffer) => {
      this.told.content(bytes)
      this.reader.push(bytes)
    })
    stream.on('error', (error) => this.fail(unavailable(failureOf(error))))
    // Not `end`: the trailers of an answer may come after it.
    stream.once('close', () => this.finish(stream.rstCode ?? 0))
  }

  private finish(rstCode: number): void {
    if (this.settled) return
    if (rstCode !== constants.NGHTTP2_NO_ERROR || this.httpStatus === 0)
      return this.fail({
        status: 'UNAVAILABLE',
        message: 'the stream was closed before the answer was whole',
      })
    this.settled = true
    this.told.finished()
    this.done(this.result())
  }

  private result(): CallResult {
    const number = valueOf(this.verdict, 'grpc-status')
    const status =
      number === undefined && this.httpStatus !== 200 ? statusOfHttp(this.httpStatus) : statusOf(number)
    if (status === 'OK') return this.reader.finish()
    return { status, message: decodeMessage(valueOf(this.verdict, 'grpc-message') ?? '') }
  }
}
