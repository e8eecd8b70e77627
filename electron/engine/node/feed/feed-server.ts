/**
 * The program `feed-server`: messages come up at it, and clients get them by asking again and again (`/poll`), by an answer that waits
 * for the next (`/long-poll`), by an answer that never ends (`/events`), or over a WebSocket (`/socket`).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FeedServerApp } from '../../../../shared/messaging.ts'
import { httpDate } from '../http/fields.ts'
import { NO_TIMEOUTS } from '../http/server-http1.ts'
import { listenForTransports } from '../http/transport.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { writeEvent } from './event-stream.ts'
import { FeedLog, type FeedEntry } from './feed-log.ts'
import { SocketServer } from './socket-server.ts'

type Handler = (outgoing: ServerResponse, after: number) => void

/** What is served over a WebSocket. */
const SOCKET = '/socket'

export class FeedServer implements Program {
  /** It waits for clients, so it is never what a run waits for. */
  readonly done = true
  private readonly setup: FeedServerApp
  private readonly lab: Surroundings
  private readonly log: FeedLog
  private readonly server: Server
  private readonly sockets: SocketServer
  /** Flows of the connections that are open. */
  private readonly flows = new Map<Duplex, string>()
  private readonly handlers: Readonly<Record<string, Handler>> = {
    '/poll': (outgoing, after) => this.answer(outgoing, this.log.after(after)),
    '/long-poll': (outgoing, after) => this.hold(outgoing, after),
    '/events': (outgoing, after) => this.stream(outgoing, after),
  }

  constructor(setup: FeedServerApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.log = new FeedLog(setup, lab)
    this.sockets = new SocketServer(this.log, lab)
    this.server = createServer(NO_TIMEOUTS, (incoming, outgoing) => this.handle(incoming, outgoing))
    this.server.timeout = 0
    this.server.on('upgrade', (incoming, stream, head) => this.upgrade(incoming, stream, head))
    this.server.on('clientError', (_error, stream) => this.refuse(stream, '400 Bad Request'))
  }

  start(): void {
    const { setup, lab } = this
    lab.trace.emit('app:started', { what: setup.kind, bytes: 0 })
    this.log.start()
    listenForTransports(lab, { ...setup, versions: ['http/1.1'] }, ({ stream, flow }) => {
      this.flows.set(stream, flow)
      stream.once('close', () => this.flows.delete(stream))
      this.server.emit('connection', stream)
    })
  }

  stop(): void {
    this.log.stop()
    this.sockets.stop()
    for (const stream of this.flows.keys()) stream.destroy()
  }

  private handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    incoming.on('error', () => undefined)
    outgoing.on('error', () => undefined)
    // Node's own date goes by the wall clock.
    outgoing.sendDate = false
    outgoing.setHeader('date', httpDate(this.lab.date()))
    // What clients may send with it is of no interest.
    incoming.resume()
    incoming.once('end', () => {
      const { path, after } = readTarget(incoming)
      const handler = this.handlers[path]
      if (handler === undefined) outgoing.writeHead(404, { 'content-length': 0 }).end()
      else if (incoming.method !== 'GET') outgoing.writeHead(405, { allow: 'GET', 'content-length': 0 }).end()
      else handler(outgoing, after)
    })
  }

  /** All the news in one answer; there may be none. */
  private answer(outgoing: ServerResponse, entries: readonly FeedEntry[]): void {
    if (entries.length === 0) return void outgoing.writeHead(204).end()
    const content = JSON.stringify(entries.map(({ text }) => text))
    const type = { 'content-type': 'application/json', 'content-length': content.length }
    outgoing.writeHead(200, { ...type, 'cache-control': 'no-store' }).end(content)
  }

  /** Waits for news if there are none, but not for ever: what lies between might close a connection that says nothing. */
  private hold(outgoing: ServerResponse, after: number): void {
    const entries = this.log.after(after)
    if (entries.length > 0 || this.log.isOver) return this.answer(outgoing, entries)
    const release: Cancel[] = []
    const answer = (): void => {
      for (const cancel of release) cancel()
      this.answer(outgoing, this.log.after(after))
    }
    release.push(this.log.listen(answer), this.lab.after(this.setup.hold, answer))
    outgoing.once('close', () => release.forEach((cancel) => cancel()))
  }

  /** One answer for all that is yet to come up, event by event. */
  private stream(outgoing: ServerResponse, after: number): void {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    // The client is to know at once that it is connected.
    outgoing.flushHeaders()
    const write = ({ number, text }: FeedEntry): void => {
      outgoing.write(writeEvent({ id: String(number), data: text }))
      if (this.log.isOver) outgoing.end()
    }
    outgoing.once('close', this.log.listen(write))
    this.log.after(after).forEach(write)
  }

  private upgrade(incoming: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { path, after } = readTarget(incoming)
    if (path !== SOCKET) return this.refuse(stream, '404 Not Found')
    this.sockets.accept({ incoming, stream, head, after, flow: this.flows.get(stream) ?? '' })
  }

  private refuse(stream: Duplex, status: string): void {
    if (!stream.writable) return void stream.destroy()
    const date = httpDate(this.lab.date())
    stream.end(`HTTP/1.1 ${status}\r\ndate: ${date}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  }
}

/** The path that is asked for, and the number of the last message that the client has: `?after=`, or `Last-Event-ID` of an event stream. */
function readTarget({ url = '', headers }: IncomingMessage): { path: string; after: number } {
  const [path, query = ''] = url.split('?', 2)
  const after = /(?:^|&)after=(\d{1,6})(?:&|$)/.exec(query)?.[1] ?? headers['last-event-id']
  return { path, after: /^\d{1,6}$/.test(String(after)) ? Number(after) : 0 }
}
