/** A connection as the application sees it (RFC 9293 3.9.1 and 3.10.2 to 3.10.6). */
import type { TcpSettings, TcpState } from '../../../shared/tcp.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Endpoint } from '../wire/address.ts'
import type { ControlBlock } from './control-block.ts'
import type { TcpError } from './events.ts'
import { effectiveMss } from './handshake.ts'
import { metricsOf } from './settle.ts'
import type { TcpMetrics } from './settle.ts'
import { isSynchronized } from './state.ts'
import { KEEP_ALIVE, USER_TIMEOUT } from './timers.ts'

/** Agreed on in the handshake, so later changes do not reach them. */
const FIXED = [
  'windowScaling',
  'timestamps',
  'sack',
  'initialSequence',
  'initialWindow',
  'initialRto',
  'ecn',
] as const

export class TcpConnection {
  /** For the stack alone. */
  private readonly block: ControlBlock

  constructor(block: ControlBlock) {
    this.block = block
    block.connection = this
  }

  /** The name of the flow, the same at both ends. */
  get flow(): string {
    return this.block.flow
  }

  get local(): Endpoint {
    return this.block.local
  }

  get remote(): Endpoint {
    return this.block.remote
  }

  get state(): TcpState {
    return this.block.name
  }

  get settings(): TcpSettings {
    return this.block.settings
  }

  /** Why the connection ended, if it did not end in order. */
  get error(): TcpError | undefined {
    return this.block.error
  }

  /** Bytes that `read` can give now. */
  get readable(): number {
    return this.block.receiver.readable
  }

  /** Bytes that `write` would take now. */
  get writable(): number {
    const { sender, settings, state } = this.block
    if (sender.finQueued || state.name === 'CLOSED' || state.name === 'TIME-WAIT') return 0
    return Math.max(0, settings.sendBuffer - sender.buffer.length)
  }

  /** Bytes that were written and are not acknowledged yet. */
  get unacknowledged(): number {
    return this.block.sender.buffer.length
  }

  /** The peer has closed its direction and all that it sent was read. */
  get peerClosed(): boolean {
    return this.block.receiver.finReached && this.block.receiver.readable === 0
  }

  /** The variables of sender and receiver, as in the trace's `tcp:metrics_updated`. */
  metrics(): TcpMetrics {
    return metricsOf(this.block)
  }

  /** The variables of the congestion control in use. */
  congestionMetrics(): Readonly<Record<string, number>> {
    return this.block.sender.congestion.metrics()
  }

  /**
   * Queues data to be sent (SEND). The bytes are handed over: the caller must not change them any more.
   * @returns how many were taken; fewer than given when the send buffer is full: `writable` will be told
   */
  write(_now: Micros, data: Uint8Array): number {
    const { block } = this
    const taken = Math.min(data.length, this.writable)
    if (taken < data.length) block.writeBlocked = true
    if (taken === 0) return 0
    block.sender.buffer.append(taken === data.length ? data : data.subarray(0, taken))
    block.trace.emit('tcp:data_written', { bytes: taken })
    block.owner.wake(block)
    return taken
  }

  /** The next bytes in order, `max` at most (RECEIVE); undefined: none, see `peerClosed`. */
  read(_now: Micros, max?: number): Uint8Array | undefined {
    const { block } = this
    block.readableTold = false
    const data = block.receiver.read(max)
    if (data === undefined) return undefined
    block.trace.emit('tcp:data_read', { bytes: data.length })
    block.owner.wake(block)
    return data
  }

  /**
   * No more will be written: the FIN follows what is buffered, the other direction stays open (CLOSE, RFC 9293
   * 3.10.4). Before the connection is established it waits until it is.
   */
  shutdown(_now: Micros): void {
    const { block } = this
    if (block.sender.finQueued || block.name === 'CLOSED') return
    block.sender.finQueued = true
    if (block.name === 'ESTABLISHED') block.setState({ name: 'FIN-WAIT-1' }, 'call')
    block.owner.wake(block)
  }

  /** Ends the connection at once, with a RST if the peer knows of it (ABORT, RFC 9293 3.10.5). */
  abort(_now: Micros): void {
    const { block } = this
    const { name } = block
    block.resetDue = name === 'SYN-RECEIVED' || (isSynchronized(name) && !ENDING.has(name))
    block.close('call', 'aborted')
  }

  /** Changes settings of the living connection. What the handshake agreed on stays as it is. */
  configure(_now: Micros, changes: Partial<TcpSettings>): void {
    const { block } = this
    const old = block.settings
    const settings = { ...old, ...changes }
    for (const name of FIXED) Object.assign(settings, { [name]: old[name] })
    block.settings = settings
    block.receiver.settings = settings
    const mss = isSynchronized(block.name) ? effectiveMss(block) : block.sender.mss
    block.sender.configure(settings, mss)
    // They are armed anew with the new spans when the connection settles.
    block.timers.clear(KEEP_ALIVE)
    block.timers.clear(USER_TIMEOUT)
    block.offerRoom()
    if (block.name !== 'CLOSED') block.owner.wake(block)
  }
}

/** RFC 9293 3.10.5: in these states ABORT says nothing to the peer. */
const ENDING: ReadonlySet<TcpState> = new Set<TcpState>(['CLOSING', 'LAST-ACK', 'TIME-WAIT'])
