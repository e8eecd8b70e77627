/** Listens, accepts, reads each connection to its end and closes in turn. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection, TcpListener } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App, Station } from '../station.ts'
import { Digest } from './payload.ts'
import { Pacer } from './pacer.ts'

export type TcpSinkSetup = Extract<AppSetup, { kind: 'tcp-sink' }>

/** A slow reader reads this often: 50 times a second. */
const READS_A_SECOND = 50
/** The most that one read takes. */
const MOST = 262_144

/** A connection that was accepted. */
interface Reading {
  readonly connection: TcpConnection
  readonly trace: Trace
  readonly digest: Digest
  pacer: Pacer
  /** When it may read again; Infinity: when something arrives. */
  nextAt: number
}

const portionOf = (rate: number): number => Math.min(MOST, Math.max(1, Math.round(rate / READS_A_SECOND)))

export class TcpSink implements App {
  private setup: TcpSinkSetup
  private readonly trace: Trace
  private readonly listener: TcpListener
  private readonly readings = new Map<TcpConnection, Reading>()
  /** When the connection at the head of the accept queue is to be accepted. */
  private acceptTimes: number[] = []

  constructor(setup: TcpSinkSetup, station: Station, trace: Trace) {
    this.setup = setup
    this.trace = trace
    trace.emit('app:started', { what: 'tcp-sink', bytes: 0 })
    // At once, so that it is there before the first SYN.
    this.listener = station.listen(0 as Micros, setup.port)
  }

  /** It serves as long as anyone comes; there is nothing left to do while no connection is open. */
  get done(): boolean {
    return this.readings.size === 0 && this.acceptTimes.length === 0
  }

  configure(now: Micros, setup: TcpSinkSetup): void {
    this.setup = setup
    for (const reading of this.readings.values()) {
      reading.pacer = new Pacer(now, setup.rate, portionOf(setup.rate))
      reading.nextAt = now
    }
  }

  pollTimeout(): Micros | undefined {
    let next = this.acceptTimes[0] ?? Infinity
    for (const reading of this.readings.values()) next = Math.min(next, reading.nextAt)
    return next === Infinity ? undefined : (next as Micros)
  }

  handleTimeout(now: Micros): void {
    while (this.acceptTimes[0] <= now) {
      this.acceptTimes.shift()
      this.accept(now)
    }
    for (const reading of this.readings.values()) if (reading.nextAt <= now) this.read(now, reading)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    if (event.type === 'accepted') {
      if (event.listener === this.listener) this.acceptTimes.push(after(now, this.setup.acceptDelay))
      return
    }
    const reading = this.readings.get(event.connection)
    if (reading === undefined) return
    if (event.type === 'closed') return this.finish(reading, event.error ?? '')
    if (event.type === 'readable' || event.type === 'peer_closed') this.read(now, reading)
  }

  private accept(now: Micros): void {
    const connection = this.listener.accept(now)
    // It may have been reset while it waited.
    if (connection === undefined) return
    const { rate } = this.setup
    const reading: Reading = {
      connection,
      trace: this.trace.scope({ flow: connection.flow }),
      digest: new Digest(),
      pacer: new Pacer(now, rate, portionOf(rate)),
      nextAt: Infinity,
    }
    this.readings.set(connection, reading)
    const { address, port } = connection.remote
    reading.trace.emit('app:connected', { peer: formatEndpoint(address, port) })
    this.read(now, reading)
  }

  /** Reads what there is, as far as the rate allows; at the end closes its own side. */
  private read(now: Micros, reading: Reading): void {
    const { connection, pacer } = reading
    reading.nextAt = Infinity
    for (let there = connection.readable; there > 0; there = connection.readable) {
      const allowed = pacer.allowance(now, Math.min(there, MOST))
      if (allowed === 0) {
        reading.nextAt = pacer.nextAt(now, Math.min(there, MOST))
        return
      }
      const bytes = connection.read(now, allowed)
      if (bytes === undefined) break
      pacer.take(bytes.length)
      reading.digest.update(bytes)
    }
    if (connection.peerClosed) connection.shutdown(now)
  }

  private finish(reading: Reading, error: string): void {
    this.readings.delete(reading.connection)
    const { digest } = reading
    reading.trace.emit('app:finished', { bytes: digest.bytes, sha256: digest.finish(), error })
  }
}
