/** Connects, writes bytes made from the seed, closes its side and reads until the peer has closed, too. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App } from '../station.ts'
import { Pacer } from './pacer.ts'
import type { CallingOptions, Inflow, Outflow } from './streams.ts'

type TcpSendSetup = Extract<AppSetup, { kind: 'tcp-send' }>

/** What it has once it has called connect. */
interface Opened {
  readonly connection: TcpConnection
  readonly outflow: Outflow
  readonly pacer: Pacer
}

export class TcpSend implements App {
  done = false
  private setup: TcpSendSetup
  private readonly options: CallingOptions
  private trace: Trace
  private opened: Opened | undefined
  /** What the peer sends; from its first byte on. */
  private inflow: Inflow | undefined
  private established = false
  private blocked = false
  private closed = false
  private peerClosed = false
  /** The end of its silence after the connection was established, and after the last write. */
  private silentUntil = 0
  private closesAt = Infinity
  private nextAt: number

  constructor(setup: TcpSendSetup, options: CallingOptions) {
    this.setup = setup
    this.options = options
    this.trace = options.trace
    this.nextAt = setup.start
  }

  /** Takes over what may change while it runs: rate and number of bytes. */
  configure(now: Micros, setup: AppSetup): void {
    if (setup.kind !== 'tcp-send') return
    this.setup = setup
    this.opened?.pacer.setRate(now, setup.rate)
    if (this.established) this.nextAt = now
  }

  /** A program dies with its host; one that has not started yet does so when the host is on again. */
  handlePower(): void {
    if (this.opened !== undefined && !this.done) this.finish('host_off')
  }

  pollTimeout(): Micros | undefined {
    return this.done || this.nextAt === Infinity ? undefined : (this.nextAt as Micros)
  }

  handleTimeout(now: Micros): void {
    if (now < this.nextAt || this.done) return
    this.nextAt = Infinity
    if (this.opened === undefined) this.connect(now)
    else this.write(now, this.opened)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    const { opened } = this
    if (opened === undefined || this.done) return
    if (!('connection' in event) || event.connection !== opened.connection) return
    switch (event.type) {
      case 'connected':
        this.established = true
        this.silentUntil = after(now, this.setup.wait)
        this.trace.emit('app:connected', { peer: formatEndpoint(this.options.to, this.setup.port) })
        this.write(now, opened)
        break
      case 'writable':
        this.blocked = false
        this.write(now, opened)
        break
      case 'readable':
        this.read(now, opened)
        break
      case 'peer_closed':
        this.read(now, opened)
        this.peerClosed = true
        break
      case 'closed':
        this.finish(event.error ?? '')
        break
    }
  }

  /** Both directions are closed; TIME-WAIT is the stack's business. */
  handleRest(): void {
    if (!this.done && this.closed && this.peerClosed && this.opened?.connection.state === 'TIME-WAIT')
      this.finish('')
  }

  private connect(now: Micros): void {
    const { station, to, streams, payload, trace } = this.options
    const { port, localPort, bytes, rate, writeSize } = this.setup
    trace.emit('app:started', { what: 'tcp-send', bytes })
    const connection = station.connect(now, { address: to, port }, localPort)
    if (connection === undefined) return this.finish('address_in_use')
    this.trace = trace.scope({ flow: connection.flow })
    const outflow = streams.begin(connection, payload)
    this.opened = { connection, outflow, pacer: new Pacer(now, rate, writeSize) }
  }

  /** Writes as much as rate and connection allow. */
  private write(now: Micros, { connection, outflow, pacer }: Opened): void {
    const { setup } = this
    if (!this.established || this.closed || this.blocked) return
    if (now < this.silentUntil) {
      this.nextAt = this.silentUntil
      return
    }
    for (let left = setup.bytes - outflow.bytes; left > 0; left = setup.bytes - outflow.bytes) {
      const wanted = Math.min(left, setup.writeSize)
      const allowed = pacer.allowance(now, wanted)
      if (allowed === 0) {
        this.nextAt = pacer.nextAt(now, wanted)
        return
      }
      const before = outflow.bytes
      this.blocked = !outflow.write(now, allowed)
      pacer.take(outflow.bytes - before)
      this.closesAt = Infinity
      if (this.blocked) return
    }
    if (setup.close) this.close(now, connection)
  }

  /** Nothing is left to write. */
  private close(now: Micros, connection: TcpConnection): void {
    if (this.closesAt === Infinity) this.closesAt = after(now, this.setup.closeDelay)
    if (now < this.closesAt) {
      this.nextAt = this.closesAt
      return
    }
    this.closed = true
    connection.shutdown(now)
  }

  private read(now: Micros, { connection }: Opened): void {
    for (let bytes = connection.read(now); bytes !== undefined; bytes = connection.read(now)) {
      this.inflow ??= this.options.streams.read(connection, this.trace)
      this.inflow.take(bytes)
    }
  }

  private finish(error: string): void {
    this.done = true
    this.inflow?.finish()
    const bytes = this.opened?.outflow.bytes ?? 0
    const sha256 = this.opened?.outflow.digest.finish() ?? ''
    this.trace.emit('app:finished', { bytes, sha256, error })
  }
}
