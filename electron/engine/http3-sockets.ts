/**
 * The lab's HTTP/3 as programs in Node have it. HTTP/3 itself (`../protocol/h3`) runs within the step of the world, right on QUIC;
 * like TCP's sockets (`sockets.ts`) these let programs in by `act` only, and tell them what happened when the world has come to rest.
 */
import type { Http3Settings } from '../../shared/http.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import type { Micros } from '../../shared/units.ts'
import { Http3Connection, type RequestRefusal } from '../protocol/h3/connection.ts'
import type { Http3Event } from '../protocol/h3/events.ts'
import type { Http3Settings as PeerSettings } from '../protocol/h3/settings.ts'
import type { FieldLine } from '../protocol/qpack/fields.ts'
import type { QuicConnection } from '../protocol/quic/connection.ts'
import type { ConnectOptions, EndpointOptions } from '../protocol/quic/endpoint.ts'
import type { QuicEvent } from '../protocol/quic/events.ts'
import type { Endpoint } from '../protocol/wire/address.ts'
import type { Driver } from './drivers/driver.ts'
import { BlockedSections } from './quic/blocked-sections.ts'
import type { QuicHost, QuicHostOptions, QuicOwner } from './quic/quic-host.ts'
import type { PlacedHost } from './scene.ts'

/** What is written ahead of what QUIC can send, on a stream. */
const WRITTEN_AHEAD = 131_072
/** The longest field section that is kept, as RFC 9114 4.2.2 counts it. */
const LONGEST_SECTION = 65_536
/** The dynamic table that we would use; the peer's setting says how much of it we may. */
const MOST_TABLE = 65_536

/** What a program is told of a connection, in this order. */
export type Http3News =
  | Exclude<Http3Event, { type: 'data' | 'writable' }>
  | Extract<QuicEvent, { type: 'connected' | 'session' | 'new_token' }>
  /** The next content of the peer's message. */
  | { readonly type: 'content'; readonly id: number; readonly bytes: Uint8Array }
  /** All of our message has arrived. */
  | { readonly type: 'delivered'; readonly id: number }

/** Lets something be done to a host at the present moment. */
type Act = <T>(action: (now: Micros) => T) => T

export class Http3Socket {
  readonly flow: string
  /** Called within the step of the world, before the program hears of it: for what belongs to the moment, such as the trace. */
  onMoment: (news: Http3News) => void = () => undefined
  /** Called when the world has come to rest. */
  onNews: (news: Http3News) => void = () => undefined
  private readonly quic: QuicConnection
  private readonly http3: Http3Connection
  private readonly act: Act
  private readonly tell: (story: () => void) => void
  /** Streams whose content is left unread for now. */
  private readonly unread = new Set<number>()
  /** Contents that are being written, as fast as QUIC takes them. */
  private readonly sources = new Map<number, Source>()
  /** Messages of ours that have not all arrived. */
  private readonly undelivered = new Set<number>()

  constructor(
    flow: string,
    quic: QuicConnection,
    http3: Http3Connection,
    enter: Act,
    tell: (story: () => void) => void,
  ) {
    this.flow = flow
    this.quic = quic
    this.http3 = http3
    this.tell = tell
    this.act = (action) =>
      enter((now) => {
        const result = action(now)
        this.drain(now)
        return result
      })
  }

  /** The peer's settings, as far as they are known. */
  get peerSettings(): PeerSettings {
    return this.http3.peerSettings
  }

  /** Exchanges that are not over. */
  get openRequests(): number {
    return this.http3.openRequests
  }

  /**
   * Makes a request with its content and returns the id of its stream. With `unread`, the content of the answer is left where it is
   * until `read` is called.
   */
  request(fields: readonly FieldLine[], body: Uint8Array, { unread = false } = {}): number | RequestRefusal {
    return this.act((now) => {
      const id = this.http3.request(now, fields, body.length === 0)
      if (typeof id !== 'number') return id
      if (unread) this.unread.add(id)
      if (body.length > 0) this.http3.sendData(now, id, body, true)
      return id
    })
  }

  /** Sends a response with its content in pieces, no faster than QUIC takes them. */
  respond(id: number, fields: readonly FieldLine[], content: Iterable<Uint8Array>): void {
    this.act((now) => {
      const source = new Source(content)
      if (!this.http3.respond(now, id, fields, source.isEmpty)) return
      this.undelivered.add(id)
      if (source.isEmpty) return
      this.sources.set(id, source)
      this.pump(now, id)
    })
  }

  /** Reads what was left unread, and what comes after it. */
  read(id: number): void {
    this.act((now) => {
      if (this.unread.delete(id)) this.readAll(now, id)
    })
  }

  /** Gives an exchange up (RFC 9114 4.1.1). */
  cancel(id: number): void {
    this.act((now) => {
      this.unread.delete(id)
      this.http3.cancel(now, id)
    })
  }

  /** Takes no more requests than have come (RFC 9114 5.2). */
  goaway(): void {
    this.act((now) => this.http3.goaway(now))
  }

  /** Closes the connection; what is on its way is lost. */
  close(): void {
    this.act((now) => this.http3.close(now))
  }

  // --- within the step of the world -----------------------------------------------------------------------

  handleQuicEvent(now: Micros, event: QuicEvent): void {
    if (event.type === 'connected' || event.type === 'session' || event.type === 'new_token') this.say(event)
    this.http3.handleQuicEvent(now, event)
    if (event.type === 'writable') this.onWritable(now, event.id)
    this.drain(now)
  }

  private onWritable(now: Micros, id: number): void {
    this.pump(now, id)
    if (!this.undelivered.has(id) || this.sources.has(id)) return
    const send = this.quic.stream(id)?.send
    if (send !== undefined && !send.isClosed) return
    this.undelivered.delete(id)
    this.say({ type: 'delivered', id })
  }

  private drain(now: Micros): void {
    for (let event = this.http3.pollEvent(); event; event = this.http3.pollEvent()) {
      if (event.type === 'data') {
        if (!this.unread.has(event.id)) this.readAll(now, event.id)
      } else if (event.type !== 'writable') this.onEvent(event)
    }
  }

  private onEvent(event: Exclude<Http3News, { type: 'content' | 'delivered' }>): void {
    if (event.type === 'reset' || event.type === 'failed' || event.type === 'stopped') {
      this.sources.delete(event.id)
      this.undelivered.delete(event.id)
    }
    if (event.type === 'closed') this.sources.clear()
    this.say(event)
  }

  private readAll(now: Micros, id: number): void {
    for (let bytes = this.http3.read(now, id); bytes; bytes = this.http3.read(now, id))
      this.say({ type: 'content', id, bytes })
  }

  /** Writes the next pieces of a content, with its end at the last one. */
  private pump(now: Micros, id: number): void {
    const source = this.sources.get(id)
    if (source === undefined) return
    for (;;) {
      const send = this.quic.stream(id)?.send
      if (send === undefined || send.isReset) return void this.sources.delete(id)
      if (send.end - send.next >= WRITTEN_AHEAD) return
      const piece = source.take()
      this.http3.sendData(now, id, piece, source.isEmpty)
      if (source.isEmpty) return void this.sources.delete(id)
    }
  }

  private say(news: Http3News): void {
    this.onMoment(news)
    this.tell(() => this.onNews(news))
  }
}

/** The pieces of a content, one ahead: the last one and the end of the stream go together. */
class Source {
  private readonly pieces: Iterator<Uint8Array>
  private next: Uint8Array | undefined

  constructor(content: Iterable<Uint8Array>) {
    this.pieces = content[Symbol.iterator]()
    this.advance()
  }

  get isEmpty(): boolean {
    return this.next === undefined
  }

  take(): Uint8Array {
    const piece = this.next!
    this.advance()
    return piece
  }

  private advance(): void {
    const { value, done } = this.pieces.next()
    this.next = done ? undefined : (value as Uint8Array)
  }
}

export interface Http3SocketsOptions {
  readonly host: PlacedHost
  readonly driver: Driver
  /** That of the host, for what is told within the step of the world. */
  readonly trace: Trace
  readonly settings: Http3Settings | undefined
  /** Puts QUIC on the host. */
  readonly quic: (options: Pick<QuicHostOptions, 'owner' | 'accept'>) => QuicHost
}

/** HTTP/3 on one host of the lab, for one program. */
export class Http3Sockets implements QuicOwner {
  /** It never says of itself that there is more to do: only its users know. */
  readonly done = true
  private readonly options: Http3SocketsOptions
  private readonly sockets = new Map<QuicConnection, Http3Socket>()
  private quic: QuicHost | undefined
  private isSettling = false
  private onConnection: ((socket: Http3Socket) => void) | undefined

  constructor(options: Http3SocketsOptions) {
    this.options = options
  }

  /**
   * Waits for connections on a UDP port of the lab. `onConnection` is called within the step of the world, before anything is told of
   * the connection. Once, instead of `connect`. Returns false when the port is taken.
   */
  listen(
    port: number,
    accept: NonNullable<EndpointOptions['accept']>,
    onConnection: (socket: Http3Socket) => void,
  ): boolean {
    this.onConnection = onConnection
    const quic = (this.quic = this.options.quic({ owner: this, accept }))
    return this.enter(() => quic.bind(port)) !== undefined
  }

  /**
   * Opens a connection by a port of its own; undefined: there is no port left. `prepare` makes the handshake for the flow, `remembered`
   * are the server's settings of the connection whose session is taken up.
   */
  connect(
    remote: Endpoint,
    options: Pick<ConnectOptions, 'token' | 'version'> & {
      readonly prepare: (flow: string) => ConnectOptions['handshake']
      readonly remembered?: PeerSettings
    },
  ): Http3Socket | undefined {
    const quic = (this.quic ??= this.options.quic({ owner: this }))
    const { prepare, remembered, ...others } = options
    return this.enter((now) => {
      const localPort = quic.bind()
      if (localPort === undefined) return undefined
      const handshake = prepare(quic.flowOf(localPort, remote))
      const connection = quic.begin(now, { localPort, remote, handshake, ...others })
      return this.wrap(quic, connection, 'client', remembered)
    })
  }

  // --- QuicOwner, within the step of the world ------------------------------------------------------------

  onAccepted(_now: Micros, connection: QuicConnection): void {
    this.onConnection?.(this.wrap(this.quic!, connection, 'server'))
  }

  onEvent(now: Micros, connection: QuicConnection, event: QuicEvent): void {
    const socket = this.sockets.get(connection)
    if (event.type === 'closed') this.sockets.delete(connection)
    socket?.handleQuicEvent(now, event)
  }

  // --- inside ---------------------------------------------------------------------------------------------

  private wrap(
    quic: QuicHost,
    connection: QuicConnection,
    role: 'client' | 'server',
    remembered?: PeerSettings,
  ): Http3Socket {
    const { settings, trace, driver } = this.options
    const flow = quic.flowOf(connection.localPort, connection.remote)
    const http3 = new Http3Connection(connection, {
      role,
      settings: {
        qpackMaxTableCapacity: settings?.tableCapacity ?? 4_096,
        qpackBlockedStreams: settings?.blockedStreams ?? 100,
        maxFieldSectionSize: LONGEST_SECTION,
      },
      encoderTableCapacity: MOST_TABLE,
      observer: new BlockedSections(trace.scope({ flow })),
      ...(remembered && { remembered }),
    })
    const { outside } = driver
    const tell = (story: () => void): void =>
      outside.offerLater(() => {
        // What a program does with it is done at once, unless it goes on by way of others.
        const before = outside.activity
        story()
        return outside.activity !== before
      })
    const socket = new Http3Socket(flow, connection, http3, this.enter, tell)
    this.sockets.set(connection, socket)
    return socket
  }

  /** What comes of it is sent soon: all that programs do at one moment goes out together, the most urgent first. */
  private readonly enter: Act = (action) => {
    const { host, driver } = this.options
    const result = driver.act(host.node, action)
    this.settleLater()
    return result
  }

  private settleLater(): void {
    if (this.isSettling) return
    this.isSettling = true
    const { host, driver } = this.options
    driver.outside.offerLater(() => {
      this.isSettling = false
      driver.act(host.node, (now) => {
        // A program that is told something may have more to send with it, such as a request that can go as 0-RTT data.
        if (this.quic?.tell(now)) return this.settleLater()
        this.quic?.settle(now)
        host.station.settle(now)
      })
      return false
    })
  }
}
