/**
 * The lab's TCP as Node knows it: a `Duplex` over a connection, with the back-pressure, half-close and errors of a
 * `net.Socket`, so that everything that runs on one runs on the other (DESIGN 1, point 3).
 *
 * The world is entered by `act` only, and what it tells is passed on after it has come to rest, so that code of the
 * application never runs inside a core.
 */
import { Duplex, type DuplexOptions } from 'node:stream'
import type { Micros } from '../../shared/units.ts'
import type { HostEvent } from '../protocol/ip/events.ts'
import type { TcpConnection, TcpError, TcpListener } from '../protocol/tcp/stack.ts'
import type { Endpoint } from '../protocol/wire/address.ts'
import type { Driver } from './drivers/driver.ts'
import type { PlacedHost } from './scene.ts'
import type { App } from './station.ts'

/** The most that is read at a time. */
const MOST_READ = 65_536

/** The codes of Node for how a connection ends. */
const CODES: Readonly<Record<TcpError, string>> = {
  reset: 'ECONNRESET',
  refused: 'ECONNREFUSED',
  timed_out: 'ETIMEDOUT',
  aborted: 'ECONNABORTED',
  power_off: 'ENETDOWN',
}

const socketError = (error: TcpError, call: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${call} ${CODES[error]}`), { code: CODES[error], syscall: call })

/** Lets something be done to a host at the present moment. */
type Act = <T>(action: (now: Micros) => T) => T

/** What is known of a reader of bytes: when it is worth waking. */
export interface Patience {
  /** Whether the reader can make anything of these bytes and those before them. To be asked of all bytes, in order. */
  isWorthTelling(bytes: Uint8Array): boolean
}

/** How a socket gets at its host: as a program that does something, or to fetch what a program may not hear of. */
interface Access {
  readonly act: Act
  readonly fetch: Act
}

export class LabSocket extends Duplex {
  readonly connection: TcpConnection
  /** Without it, the reader is given bytes as they come. */
  patience: Patience | undefined
  private readonly access: Access
  /** Bytes of which the reader could not make anything yet. */
  private held: Uint8Array[] = []
  private connected: boolean
  private whenConnected: ((error?: Error | null) => void) | undefined
  /** The reader wants more than there was. */
  private wanted = false
  /** What a write could not get rid of yet. */
  private rest: Uint8Array | undefined
  private whenWritten: ((error?: Error | null) => void) | undefined

  constructor(connection: TcpConnection, connected: boolean, access: Access, options: DuplexOptions = {}) {
    super({ allowHalfOpen: false, ...options })
    this.connection = connection
    this.connected = connected
    this.access = access
  }

  /** Ends the connection with a RST. */
  resetAndDestroy(): this {
    this.access.act((now) => this.connection.abort(now))
    return this.destroy()
  }

  /** Whether anybody waits to hear of it: without a reader or writer that waits, virtual time need not stop. */
  cares(type: string): boolean {
    if (type === 'readable') return this.wanted
    if (type === 'writable') return this.rest !== undefined
    return true
  }

  /** What happened to the connection, told when the world is at rest. Returns whether the user has heard of it. */
  handleEvent(event: { readonly type: string; readonly error?: TcpError }): boolean {
    switch (event.type) {
      case 'connected':
        this.connected = true
        this.whenConnected?.()
        this.emit('connect')
        break
      case 'readable':
      case 'peer_closed':
        return this.pull(this.access.fetch)
      case 'writable':
        this.flush()
        break
      case 'closed':
        this.handleClosed(event.error)
        break
    }
    return true
  }

  override _construct(done: (error?: Error | null) => void): void {
    if (this.connected) done()
    else this.whenConnected = done
  }

  override _read(): void {
    this.wanted = true
    this.pull(this.access.act)
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    // A copy: the connection keeps the bytes until they are acknowledged, and the writer may use its buffer again.
    this.rest = new Uint8Array(chunk)
    this.whenWritten = done
    this.flush()
  }

  /** All that was written meanwhile at once, as a system takes it: a header and its content are not two segments. */
  override _writev(
    chunks: readonly { readonly chunk: Uint8Array }[],
    done: (error?: Error | null) => void,
  ): void {
    this.rest = Buffer.concat(chunks.map(({ chunk }) => chunk))
    this.whenWritten = done
    this.flush()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.access.act((now) => this.connection.shutdown(now))
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.rest = undefined
    this.access.act((now) => {
      const { connection } = this
      if (connection.state === 'CLOSED') return
      // As a system does: bytes that nobody will read are answered with a RST.
      if (error !== null || connection.readable > 0) connection.abort(now)
      else connection.shutdown(now)
    })
    done(error)
  }

  /** Reads what there is and is wanted; returns whether the reader was given anything. */
  private pull(access: Act): boolean {
    let isGiven = false
    while (this.wanted && !this.destroyed) {
      const bytes = access((now) => this.connection.read(now, MOST_READ))
      if (bytes === undefined) {
        if (!this.connection.peerClosed) break
        this.give()
        this.wanted = false
        this.push(null)
        return true
      }
      this.held.push(bytes)
      if (this.patience?.isWorthTelling(bytes) === false) continue
      this.wanted = this.give()
      isGiven = true
    }
    return isGiven
  }

  /** Gives the reader what is held; returns whether it wants more. */
  private give(): boolean {
    const { held } = this
    this.held = []
    // A copy: the reader may change it, and the packet is not to be changed.
    return held.length === 0 || this.push(Buffer.concat(held))
  }

  private flush(): void {
    const { rest, whenWritten } = this
    if (rest === undefined || whenWritten === undefined || this.destroyed) return
    const taken = this.access.act((now) => this.connection.write(now, rest))
    if (taken < rest.length) {
      this.rest = rest.subarray(taken)
      return
    }
    this.rest = undefined
    this.whenWritten = undefined
    whenWritten()
  }

  private handleClosed(error: TcpError | undefined): void {
    if (error !== undefined) {
      const problem = socketError(error, this.connected ? 'read' : 'connect')
      if (this.whenConnected !== undefined && !this.connected) this.whenConnected(problem)
      else this.destroy(problem)
      return
    }
    this.pull(this.access.act)
  }
}

/** A port of the lab that is listened on. */
interface Acceptor {
  readonly options: DuplexOptions | undefined
  onConnection(socket: LabSocket): void
}

/** The sockets of one host of the lab for programs that live in Node. */
export class SocketHost implements App {
  /** It never says of itself that there is more to do: only its users know. */
  readonly done = true
  private readonly host: Pick<PlacedHost, 'node' | 'station'>
  private readonly driver: Driver
  private readonly sockets = new Map<TcpConnection, LabSocket>()
  private readonly acceptors = new Map<TcpListener, Acceptor>()

  constructor(host: Pick<PlacedHost, 'node' | 'station'>, driver: Driver) {
    this.host = host
    this.driver = driver
    host.station.add(this)
  }

  /** Opens a connection. Errors come as on a `net.Socket`: `ECONNREFUSED`, `ETIMEDOUT`, `ECONNRESET`. */
  connect(remote: Endpoint, options?: DuplexOptions): LabSocket {
    const connection = this.act((now) => this.host.station.connect(now, remote))
    if (connection === undefined) throw new Error('no dynamic port is free')
    return this.wrap(connection, false, options)
  }

  /** Waits for connections on a port of the lab. */
  listen(port: number, onConnection: (socket: LabSocket) => void, options?: DuplexOptions): TcpListener {
    const listener = this.act((now) => this.host.station.listen(now, port))
    this.acceptors.set(listener, { options, onConnection })
    return listener
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    const { type, connection, listener } = event
    if (type === 'accepted') {
      const acceptor = listener && this.acceptors.get(listener)
      if (acceptor !== undefined) this.accept(now, listener!, acceptor)
      return
    }
    const socket = this.sockets.get(connection)
    if (socket === undefined) return
    if (type === 'closed') this.sockets.delete(connection)
    if (!socket.destroyed) {
      if (socket.cares(type)) this.driver.outside.offerLater(() => socket.handleEvent(event))
    }
    // Nobody reads any more; a system would answer with a RST, too.
    else if (type === 'readable') connection.abort(now)
  }

  handleTimeout(): void {
    // It has no timers of its own.
  }

  pollTimeout(): undefined {
    return undefined
  }

  private accept(now: Micros, listener: TcpListener, { options, onConnection }: Acceptor): void {
    const connection = listener.accept(now)
    if (connection === undefined) return
    const socket = this.wrap(connection, true, options)
    this.driver.outside.tellLater(() => onConnection(socket))
  }

  private wrap(connection: TcpConnection, connected: boolean, options?: DuplexOptions): LabSocket {
    const { act, fetch } = this
    const socket = new LabSocket(connection, connected, { act, fetch }, options)
    this.sockets.set(connection, socket)
    const { outside } = this.driver
    outside.ends++
    socket.once('close', () => {
      outside.ends--
      this.driver.wake()
    })
    return socket
  }

  private readonly act: Act = (action) => {
    this.driver.outside.activity++
    return this.fetch(action)
  }

  private readonly fetch: Act = (action) => {
    const { node, station } = this.host
    return this.driver.act(node, (now) => {
      const result = action(now)
      station.settle(now)
      return result
    })
  }
}
