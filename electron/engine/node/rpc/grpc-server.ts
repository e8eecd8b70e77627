/** gRPC over HTTP/2 (PROTOCOL-HTTP2.md): a stream a call, the message with its prefix as content, the status in the trailers. */
import {
  createServer,
  type Http2Server as NodeServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { httpDate } from '../http/fields.ts'
import type { VersionServer } from '../http/server.ts'
import type { Transport } from '../http/transport.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { prefixed, PrefixedReader } from './prefixed.ts'
import type { CallResult, Service } from './service.ts'
import { encodeMessage, numberOf, readTimeout, type CallError } from './status.ts'

const CONTENT_TYPE = 'application/grpc'
/** `application/grpc`, with or without the name of a coding. */
const IS_GRPC = /^application\/grpc(?:[+;]|$)/
const UNSUPPORTED_MEDIA_TYPE = 415

export class GrpcServer implements VersionServer {
  private readonly service: Service
  private readonly lab: Surroundings
  private readonly server: NodeServer = createServer()
  private readonly sessions = new Set<Http2Session>()

  constructor(service: Service, lab: Surroundings) {
    this.service = service
    this.lab = lab
    this.server.setTimeout(0)
    this.server.on('session', (session) => {
      this.sessions.add(session)
      session.on('error', () => undefined)
      session.once('close', () => this.sessions.delete(session))
    })
    this.server.on('stream', (stream, headers) => this.handle(stream, headers))
    // They come as the end of their session and their streams, too.
    this.server.on('sessionError', () => undefined)
  }

  accept({ stream }: Transport): void {
    this.server.emit('connection', stream)
  }

  stop(): void {
    for (const session of this.sessions) session.destroy()
  }

  private handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => undefined)
    if (!IS_GRPC.test(headers['content-type'] ?? '')) {
      // So that whoever came by mistake sees it without knowing gRPC.
      stream.respond({ ':status': UNSUPPORTED_MEDIA_TYPE, date: this.date }, { endStream: true })
      return stream.close()
    }
    const reader = new PrefixedReader()
    const release: Cancel[] = []
    let answered = false
    const answer = (result: CallResult): void => {
      if (answered) return
      answered = true
      for (const cancel of release) cancel()
      this.answer(stream, result)
    }
    stream.once('close', () => release.forEach((cancel) => cancel()))
    const timeout = readTimeout(headers['grpc-timeout']?.toString())
    // The client has given up by then; there is no use in going on.
    if (timeout !== undefined)
      release.push(
        this.lab.after(timeout, () => answer({ status: 'DEADLINE_EXCEEDED', message: 'out of time' })),
      )
    stream.on('data', (bytes: Buffer) => reader.push(bytes))
    stream.once('end', () => {
      if (stream.destroyed || answered) return
      const message = reader.finish()
      if ('status' in message) return answer(message)
      release.push(this.service.call(headers[':path'] ?? '', message, answer))
    })
  }

  private answer(stream: ServerHttp2Stream, result: CallResult): void {
    if (stream.destroyed || stream.closed) return
    const head = { ':status': 200, date: this.date, 'content-type': CONTENT_TYPE }
    // Without an answer there is nothing to wait for: header and trailers are one (Trailers-Only).
    if ('status' in result) return stream.respond({ ...head, ...trailersOf(result) }, { endStream: true })
    stream.respond(head, { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(prefixed(result))
  }

  private get date(): string {
    return httpDate(this.lab.date())
  }
}

const trailersOf = ({ status, message }: CallError) => ({
  'grpc-status': String(numberOf(status)),
  'grpc-message': encodeMessage(message),
})
