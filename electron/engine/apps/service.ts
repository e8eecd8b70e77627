/** A TCP server that treats each connection alike: the small services of old that `rexmit host` offers. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection, TcpListener } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App, Station } from '../station.ts'

/** What a service does with one connection. */
export interface Session {
  /** Reads and writes what can be read and written now; returns the bytes that it moved. */
  go(now: Micros): number
}

interface Open {
  readonly session: Session
  readonly trace: Trace
  bytes: number
}

export class TcpService implements App {
  /** It serves as long as anyone comes. */
  get done(): boolean {
    return this.open.size === 0
  }
  private readonly listener: TcpListener
  private readonly trace: Trace
  private readonly start: (connection: TcpConnection) => Session
  private readonly open = new Map<TcpConnection, Open>()

  constructor(
    station: Station,
    port: number,
    what: string,
    trace: Trace,
    start: (connection: TcpConnection) => Session,
  ) {
    this.listener = station.listen(0 as Micros, port)
    this.trace = trace
    this.start = start
    trace.emit('app:started', { what, bytes: 0 })
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    if (event.type === 'accepted') {
      if (event.listener === this.listener) this.accept(now)
      return
    }
    const open = this.open.get(event.connection)
    if (open === undefined) return
    open.bytes += open.session.go(now)
    if (event.type !== 'closed') return
    this.open.delete(event.connection)
    open.trace.emit('app:finished', { bytes: open.bytes, sha256: '', error: event.error ?? '' })
  }

  handleTimeout(): void {
    // It has no timers of its own.
  }

  pollTimeout(): undefined {
    return undefined
  }

  private accept(now: Micros): void {
    const connection = this.listener.accept(now)
    if (connection === undefined) return
    const trace = this.trace.scope({ flow: connection.flow })
    const { address, port } = connection.remote
    trace.emit('app:connected', { peer: formatEndpoint(address, port) })
    const open: Open = { session: this.start(connection), trace, bytes: 0 }
    this.open.set(connection, open)
    open.bytes += open.session.go(now)
  }
}
