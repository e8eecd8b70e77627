/** A passive open (RFC 9293 3.10.1) with its two queues: half-open connections, and those that wait for accept. */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { TcpConnection } from './connection.ts'
import type { ControlBlock } from './control-block.ts'
import { COOKIE_LIFETIME } from './syn-cookies.ts'

export class TcpListener {
  readonly port: number
  /** For connections that come from now on. */
  settings: TcpSettings
  private readonly trace: Trace
  private readonly onClose: (listener: TcpListener) => void
  private readonly halfOpen = new Set<ControlBlock>()
  private readonly established: ControlBlock[] = []
  private dropped = 0
  private cookieSentAt = -Infinity
  closed = false

  constructor(port: number, settings: TcpSettings, trace: Trace, onClose: (listener: TcpListener) => void) {
    this.port = port
    this.settings = settings
    this.trace = trace
    this.onClose = onClose
    this.report()
  }

  /** The connection that has waited longest, or undefined. */
  accept(_now: Micros): TcpConnection | undefined {
    const block = this.established.shift()
    if (block === undefined) return undefined
    this.report()
    return block.connection
  }

  /** No more connections. Those that nobody has accepted are reset. */
  close(now: Micros): void {
    if (this.closed) return
    this.closed = true
    for (const block of [...this.halfOpen, ...this.established]) block.connection.abort(now)
    this.onClose(this)
  }

  /** It is gone, and so are those that wait in it; nobody is told. */
  forget(): void {
    this.closed = true
    this.halfOpen.clear()
    this.established.length = 0
    this.report()
  }

  /** The accept queue takes no more. */
  get isFull(): boolean {
    return this.established.length >= this.settings.acceptBacklog
  }

  /** There is no room for another half-open connection. */
  get isSynQueueFull(): boolean {
    return this.halfOpen.size >= this.settings.synBacklog
  }

  onCookieSent(now: Micros): void {
    this.cookieSentAt = now
  }

  /** A cookie that was sent may still come back. */
  expectsCookies(now: Micros): boolean {
    return now - this.cookieSentAt <= COOKIE_LIFETIME
  }

  /** A SYN or the last ACK of a handshake was turned away. */
  onOverflow(): void {
    this.dropped++
    this.report()
  }

  onHalfOpen(block: ControlBlock): void {
    this.halfOpen.add(block)
    this.report()
  }

  onEstablished(block: ControlBlock): void {
    this.halfOpen.delete(block)
    this.established.push(block)
    this.report()
    block.tell('accepted')
  }

  onClosed(block: ControlBlock): void {
    const waiting = this.established.indexOf(block)
    // A connection that died before it was accepted is not offered any more.
    if (waiting >= 0) this.established.splice(waiting, 1)
    if (this.halfOpen.delete(block) || waiting >= 0) this.report()
  }

  private report(): void {
    this.trace.emit('tcp:queues_changed', {
      syn_queue: this.halfOpen.size,
      accept_queue: this.established.length,
      syn_limit: this.settings.synBacklog,
      accept_limit: this.settings.acceptBacklog,
      dropped: this.dropped,
    })
  }
}
