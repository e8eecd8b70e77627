/**
 * A QUIC connection (RFC 9000, 9001, 9002) as its owner sees it: datagrams in and out, time, streams. What it is made of is in
 * `core.ts`; receiving, sending and closing are in files of their own.
 */
import type { StallCause } from '../../../shared/trace/events.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Endpoint } from '../wire/address.ts'
import type { StreamDirection } from '../wire/quic/frames.ts'
import type { QuicVersion } from '../wire/quic/version.ts'
import { abandon, close } from './close.ts'
import { canSendAtAll, Core, type CoreOptions } from './core.ts'
import type { IncomingDatagram, OutgoingDatagram, QuicEvent } from './events.ts'
import { onLostPacket } from './fate.ts'
import { followHandshake } from './handshaking.ts'
import { beginKeyUpdate } from './key-update.ts'
import { expirePaths, migrate } from './migration.ts'
import type { QuicObserver } from './observer.ts'
import { receive } from './receive.ts'
import { SPACES } from './space.ts'
import { stallCause } from './stall.ts'
import type { Stream } from './streams.ts'
import { transmit } from './transmit.ts'
import { ClientHandshake } from '../tls13/client.ts'

export type { CoreOptions }

export class QuicConnection {
  private readonly core: Core
  private lastDatagram = 0

  /**
   * A client's speaks at once; a server's is made for the first datagram of a client. `observe` gives who looks on from the very
   * beginning: the keys of 0-RTT are made here.
   */
  constructor(
    now: Micros,
    options: CoreOptions,
    observe?: (connection: QuicConnection) => QuicObserver | undefined,
  ) {
    const core = new Core(options)
    this.core = core
    core.now = now
    const observer = options.observer ?? observe?.(this)
    if (observer !== undefined) core.observe(observer)
    core.idleSince = now
    core.keys.installInitial(
      options.isServer ? (options.retrySource ?? options.originalDestination) : options.originalDestination,
      options.isServer,
    )
    if (core.handshake instanceof ClientHandshake) {
      core.handshake.start(now)
      followHandshake(core, now)
    }
  }

  // --- sans-io (DESIGN 3) ---------------------------------------------------------------------------------

  handleDatagram(now: Micros, datagram: IncomingDatagram): void {
    this.core.now = now
    receive(this.core, now, datagram)
    if (this.core.events.length > 0) this.core.events.push({ type: 'settled' })
  }

  handleTimeout(now: Micros): void {
    const { core } = this
    core.now = now
    const { state, recovery } = core
    if (state.name === 'closing' || state.name === 'draining') {
      if (now >= state.until) core.state = { name: 'closed', reason: state.reason }
      return
    }
    if (!core.isOpen) return
    if (now >= core.idleSince + core.idleTimeout)
      return abandon(core, { by: 'timeout', layer: 'transport', code: 0, reason: '9000 10.1: idle timeout' })
    if (expirePaths(core, now))
      return abandon(core, {
        by: 'timeout',
        layer: 'transport',
        code: 0x10,
        reason: '9000 8.2.4: no path is left',
      })
    const spaces = core.keys.spaces
    const due = recovery.timeout(spaces, canSendAtAll(core.path))
    if (due !== undefined && due <= now)
      for (const lost of recovery.onTimeout(now, spaces)) onLostPacket(core, now, lost)
    if (core.mtu.onTimeouts(now, recovery.ptoCount)) core.onDatagramSize()
  }

  pollTransmit(now: Micros): OutgoingDatagram | undefined {
    this.core.now = now
    const { core } = this
    const datagram = transmit(core, now)
    if (datagram === undefined) this.noteLimit(now)
    return datagram
  }

  /** When `handleTimeout` or `pollTransmit` is to be called next. */
  pollTimeout(now: Micros): Micros | undefined {
    const { core } = this
    const { state } = core
    if (state.name === 'closing' || state.name === 'draining') return state.until
    if (state.name === 'closed') return undefined
    // What the 3x limit holds back waits for the peer, not for a time (RFC 9002 6.2.2.1).
    const maySend = canSendAtAll(core.path)
    let next: number = Math.min(
      core.recovery.timeout(core.keys.spaces, maySend) ?? Infinity,
      core.idleSince + core.idleTimeout,
      this.pacedAt(now) ?? Infinity,
      this.overdueAt(now) ?? Infinity,
    )
    for (const { deadline, leftUntil } of core.paths)
      next = Math.min(next, deadline ?? Infinity, leftUntil ?? Infinity)
    if (maySend)
      for (const name of SPACES) next = Math.min(next, core.spaces[name].received.deadline ?? Infinity)
    return next === Infinity ? undefined : (next as Micros)
  }

  pollEvent(): QuicEvent | undefined {
    return this.core.events.shift()
  }

  /** Nothing more goes now. Whether the window is in use to the full is asked now, not packet by packet (RFC 9002 7.8). */
  private noteLimit(now: Micros): void {
    const { core } = this
    const { recovery } = core
    const isFull = recovery.bytesInFlight + core.datagramSize > recovery.window
    if (core.sendable.size === 0 && core.pending.isEmpty) recovery.onAppLimited()
    if (isFull || this.pacedAt(now) !== undefined) recovery.onWindowLimited(now)
  }

  /** When the pacer lets the next datagram go, if it is the pacer that holds it back. */
  private pacedAt(now: Micros): Micros | undefined {
    const { core } = this
    const { recovery } = core
    const hasData = core.sendable.size > 0 || !core.pending.isEmpty
    const hasWindow = recovery.bytesInFlight + core.datagramSize <= recovery.window
    if (!hasData || !hasWindow || core.keys.write('1rtt') === undefined) return undefined
    const at = core.pacedAt(now)
    return at > now ? at : undefined
  }

  /** When an acknowledgment will be overdue; it moves no packet, but the stall has another cause from then on. */
  private overdueAt(now: Micros): Micros | undefined {
    const { recovery } = this.core
    return recovery.hasOutstanding && recovery.overdueAt > now ? recovery.overdueAt : undefined
  }

  // --- streams --------------------------------------------------------------------------------------------

  /** Opens a stream and returns its id; undefined: the peer allows no more (RFC 9000 4.6). */
  openStream(direction: StreamDirection): number | undefined {
    const { core } = this
    const stream = core.isOpen ? core.streams.open(direction) : undefined
    if (stream === undefined && core.isOpen) core.pending.add({ type: 'streams_blocked', direction })
    return stream?.id
  }

  stream(id: number): Stream | undefined {
    return this.core.streams.get(id)
  }

  /** Writes to a stream; the bytes must not be changed afterwards. Throws for one that can't be written to. */
  write(id: number, data: Uint8Array, fin = false): void {
    const { core } = this
    const send = core.streams.get(id)?.send
    if (send === undefined) throw new Error(`stream ${id} can't be written to`)
    send.write(data)
    if (fin) send.finish()
    if (send.hasPending) core.sendable.add(id)
    else if (send.isBlocked) core.pending.add({ type: 'stream_data_blocked', id })
  }

  /** The next bytes of a stream in order; undefined: none. */
  read(id: number, most = Infinity): Uint8Array | undefined {
    const { core } = this
    const stream = core.streams.get(id)
    const bytes = stream?.receive?.take(most)
    if (stream?.receive === undefined) return undefined
    if (bytes === undefined) {
      core.streams.release(stream)
      return undefined
    }
    core.onConsumed(stream.receive, bytes.length)
    if (stream.receive.updateLimit() !== undefined) core.pending.add({ type: 'max_stream_data', id })
    core.streams.release(stream)
    return bytes
  }

  /** The peer has sent all, and all of it was read. */
  isFinished(id: number): boolean {
    return (
      this.core.streams.get(id)?.receive?.state === 'data_read' || this.core.streams.get(id) === undefined
    )
  }

  /** RESET_STREAM: what was not acknowledged is given up. */
  resetStream(id: number, code: number): void {
    const { core } = this
    const send = core.streams.get(id)?.send
    if (send === undefined || send.isClosed) return
    send.reset(code)
    core.sendable.delete(id)
    core.pending.add({ type: 'reset_stream', id })
  }

  /** STOP_SENDING: we read no more. */
  stopSending(id: number, code: number): void {
    const receive = this.core.streams.get(id)?.receive
    if (receive === undefined) return
    receive.stopCode = code
    this.core.pending.add({ type: 'stop_sending', id })
  }

  /** RFC 9218; the lower, the more urgent. */
  setPriority(id: number, urgency: number, incremental: boolean): void {
    const send = this.core.streams.get(id)?.send
    if (send !== undefined) Object.assign(send, { urgency, incremental })
  }

  /** Queues a DATAGRAM frame (RFC 9221) and returns its number; undefined: the peer takes none so large. */
  sendDatagram(data: Uint8Array): number | undefined {
    const limit = this.core.peer?.maxDatagramFrameSize ?? 0
    if (data.length + 9 > Math.min(limit, this.core.datagramSize - 40)) return undefined
    this.core.datagrams.push({ number: ++this.lastDatagram, data })
    return this.lastDatagram
  }

  // --- the whole ------------------------------------------------------------------------------------------

  /** Ends it with a code of the application's. */
  close(now: Micros, code: number, reason: string): void {
    close(this.core, now, { by: 'local', layer: 'application', code, reason })
  }

  /** Goes on from another local port (RFC 9000 9.2); false: that is not possible just now. */
  migrate(now: Micros, localPort: number): boolean {
    return migrate(this.core, now, localPort)
  }

  /** Begins a key update (RFC 9001 6.1); false: the last one is not acknowledged yet. */
  updateKeys(now: Micros): boolean {
    return beginKeyUpdate(this.core, now)
  }

  /** Whom to tell what happens, from now on. */
  observe(observer: QuicObserver): void {
    this.core.observe(observer)
  }

  /** It is gone, and its owner knows. */
  get isOver(): boolean {
    return this.core.state.name === 'closed' && this.core.events.length === 0
  }

  /** Whether a datagram that no id assigns to a connection ends with a reset token of this one's peer (RFC 9000 10.3.1). */
  isResetBy(payload: Uint8Array): boolean {
    return payload.length >= 21 && this.core.remoteIds.isReset(payload.subarray(-16))
  }

  /** The port by which it sends. */
  get localPort(): number {
    return this.core.path.localPort
  }

  /** The other end, where it is now. */
  get remote(): Endpoint {
    return this.core.path.remote
  }

  get state(): Core['state']['name'] {
    return this.core.state.name
  }

  get negotiated(): Core['negotiated'] {
    return this.core.negotiated
  }

  get isServer(): boolean {
    return this.core.isServer
  }

  /** The version that is spoken just now. */
  get version(): QuicVersion {
    return this.core.keys.version
  }

  /** The ids by which packets for this connection come. */
  *localIds(): Generator<Uint8Array> {
    for (const { id } of this.core.localIds.all) yield id
  }

  /** What the sender waits for, once `pollTransmit` has nothing more (DESIGN 6.2). */
  stallCause(now: Micros): StallCause {
    return stallCause(this.core, now)
  }

  /** For views and metrics. */
  get metrics() {
    const { recovery, streams } = this.core
    return {
      window: recovery.window,
      ssthresh: recovery.control.ssthresh,
      bytesInFlight: recovery.bytesInFlight,
      smoothedRtt: recovery.rtt.smoothed,
      minRtt: recovery.rtt.min,
      latestRtt: recovery.rtt.latest,
      rttVariance: recovery.rtt.variance,
      ptoCount: recovery.ptoCount,
      credit: streams.credit,
    }
  }
}
