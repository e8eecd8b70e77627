/** Calls as POST with JSON, over HTTP/1.1: the method is the path, an error has a status of HTTP and says in JSON what it is. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { httpDate } from '../http/fields.ts'
import type { VersionServer } from '../http/server.ts'
import { NO_TIMEOUTS } from '../http/server-http1.ts'
import type { Transport } from '../http/transport.ts'
import type { Surroundings } from '../program.ts'
import type { CallResult, Service } from './service.ts'
import { httpStatusOf } from './status.ts'

/** What a request may have, in bytes. */
const MOST = 1_048_576

export class JsonServer implements VersionServer {
  private readonly service: Service
  private readonly lab: Surroundings
  private readonly server: Server
  private readonly streams = new Set<Duplex>()

  constructor(service: Service, lab: Surroundings) {
    this.service = service
    this.lab = lab
    this.server = createServer(NO_TIMEOUTS, (incoming, outgoing) => this.handle(incoming, outgoing))
    this.server.timeout = 0
    this.server.on('clientError', (_error, stream) => {
      const head = `HTTP/1.1 400 Bad Request\r\ndate: ${this.date}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`
      if (stream.writable) stream.end(head)
      else stream.destroy()
    })
  }

  accept({ stream }: Transport): void {
    this.streams.add(stream)
    stream.once('close', () => this.streams.delete(stream))
    this.server.emit('connection', stream)
  }

  stop(): void {
    for (const stream of this.streams) stream.destroy()
  }

  private get date(): string {
    return httpDate(this.lab.date())
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    incoming.on('data', (bytes: Buffer) => {
      length += bytes.length
      if (length <= MOST) chunks.push(bytes)
    })
    incoming.once('end', () => {
      if (incoming.method !== 'POST')
        return this.answer(outgoing, { status: 'UNIMPLEMENTED', message: 'calls are made by POST' })
      if (length > MOST)
        return this.answer(outgoing, {
          status: 'RESOURCE_EXHAUSTED',
          message: `${length} bytes are too many`,
        })
      const cancel = this.service.call(incoming.url ?? '', Buffer.concat(chunks), (result) =>
        this.answer(outgoing, result),
      )
      outgoing.once('close', cancel)
    })
  }

  private answer(outgoing: ServerResponse, result: CallResult): void {
    const failed = 'status' in result
    const content = failed
      ? Buffer.from(JSON.stringify({ code: result.status, message: result.message }))
      : result
    // Node's own date goes by the wall clock.
    outgoing.sendDate = false
    outgoing.writeHead(failed ? httpStatusOf(result.status) : 200, {
      ...{ date: this.date, 'content-type': 'application/json', 'content-length': content.length },
    })
    outgoing.end(content)
  }
}
