/** Listens, accepts, reads each connection to its end, replies if it is to, and closes in turn. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App } from '../station.ts'
import { Acceptor } from './acceptor.ts'
import { Pacer } from './pacer.ts'
import type { Inflow, Outflow, ServingOptions } from './streams.ts'

type TcpSinkSetup = Extract<AppSetup, { kind: 'tcp-sink' }>

/** A slow reader reads this often: 50 times a second. */
const READS_A_SECOND = 50
/** The most that one read takes. */
const MOST = 262_144

/** A connection that was accepted. */
interface Reading {
  readonly connection: TcpConnection
  readonly trace: Trace
  readonly inflow: Inflow
  /** From when on it is read. */
  readonly readsFrom: number
  pacer: Pacer
  outflow: Outflow | undefined
  /** When it may read, reply or close again; Infinity: when something arrives. */
  nextAt: number
  /** When it closes its side whatever the peer does, and when in answer to the peer's close; Infinity: not (yet). */
  closesAt: number
  answersAt: number
}

const portionOf = ({ rate, readSize }: TcpSinkSetup): number =>
  readSize > 0 ? readSize : Math.min(MOST, Math.max(1, Math.round(rate / READS_A_SECOND)))

export class TcpSink implements App {
  private setup: TcpSinkSetup
  private readonly options: ServingOptions
  private readonly acceptor: Acceptor
  private readonly readings = new Map<TcpConnection, Reading>()
  /** Those that closed before their peer: they end in TIME-WAIT, of which no event tells. */
  private readonly firstToClose = new Set<Reading>()

  constructor(setup: TcpSinkSetup, options: ServingOptions) {
    this.setup = setup
    this.options = options
    options.trace.emit('app:started', { what: 'tcp-sink', bytes: 0 })
    this.acceptor = new Acceptor(options.station, setup.port, (...accepted) => this.begin(...accepted))
  }

  /** It serves as long as anyone comes; there is nothing left to do while no connection is open. */
  get done(): boolean {
    return this.readings.size === 0 && !this.acceptor.isWaiting
  }

  configure(now: Micros, setup: AppSetup): void {
    if (setup.kind !== 'tcp-sink') return
    this.setup = setup
    for (const reading of this.readings.values()) {
      reading.pacer = new Pacer(now, setup.rate, portionOf(setup))
      reading.nextAt = now
    }
  }

  handlePower(_now: Micros, on: boolean): void {
    this.acceptor.handlePower(on)
    for (const reading of this.readings.values()) this.finish(reading, 'host_off')
  }

  pollTimeout(): Micros | undefined {
    let next = this.acceptor.nextAt
    for (const reading of this.readings.values()) next = Math.min(next, reading.nextAt, reading.closesAt)
    return next === Infinity ? undefined : (next as Micros)
  }

  handleTimeout(now: Micros): void {
    this.acceptor.handleTimeout(now)
    for (const reading of this.readings.values()) {
      if (reading.closesAt <= now) this.closeFirst(now, reading)
      if (reading.nextAt <= now) this.read(now, reading)
    }
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    if (event.type === 'accepted') return this.acceptor.handleAccepted(now, event, this.setup.acceptDelay)
    const reading = this.readings.get(event.connection)
    if (reading === undefined) return
    if (event.type === 'closed') return this.finish(reading, event.error ?? '')
    if (event.type === 'connected') return
    this.read(now, reading)
  }

  /** Both directions are closed; TIME-WAIT is the stack's business. */
  handleRest(): void {
    for (const reading of this.firstToClose) {
      const { state, peerClosed } = reading.connection
      if (state === 'TIME-WAIT' && peerClosed) this.finish(reading, '')
    }
  }

  private begin(now: Micros, connection: TcpConnection, establishedAt: Micros): void {
    const { setup } = this
    const trace = this.options.trace.scope({ flow: connection.flow })
    const reading: Reading = {
      connection,
      trace,
      inflow: this.options.streams.read(connection, trace),
      readsFrom: after(now, setup.readDelay),
      pacer: new Pacer(now, setup.rate, portionOf(setup)),
      outflow: undefined,
      nextAt: Infinity,
      closesAt: setup.closeAfter > 0 ? after(establishedAt, setup.closeAfter) : Infinity,
      answersAt: Infinity,
    }
    this.readings.set(connection, reading)
    const { address, port } = connection.remote
    trace.emit('app:connected', { peer: formatEndpoint(address, port) })
    this.read(now, reading)
  }

  /** Reads what there is, as far as the rate allows; at the end it is its turn. */
  private read(now: Micros, reading: Reading): void {
    const { connection, pacer, readsFrom } = reading
    reading.nextAt = Infinity
    if (now < readsFrom) {
      reading.nextAt = readsFrom
      return
    }
    for (let there = connection.readable; there > 0; there = connection.readable) {
      const allowed = pacer.allowance(now, Math.min(there, MOST))
      if (allowed === 0) {
        reading.nextAt = pacer.nextAt(now, Math.min(there, MOST))
        return
      }
      pacer.take(allowed)
      // The stack gives what one packet brought at a time.
      for (let left = allowed; left > 0;) {
        const bytes = connection.read(now, left)!
        reading.inflow.take(bytes)
        left -= bytes.length
      }
    }
    if (connection.peerClosed) this.answer(now, reading)
  }

  /** The peer has said all that it had to say: replies, then closes. */
  private answer(now: Micros, reading: Reading): void {
    const { connection } = reading
    const { reply, closeDelay } = this.setup
    if (reading.answersAt === Infinity) reading.answersAt = after(now, closeDelay)
    if (now < reading.answersAt) {
      reading.nextAt = reading.answersAt
      return
    }
    if (reply > 0) {
      reading.outflow ??= this.options.streams.begin(connection, this.options.payload)
      if (!reading.outflow.writeUpTo(now, reply)) return
    }
    connection.shutdown(now)
  }

  private closeFirst(now: Micros, reading: Reading): void {
    reading.closesAt = Infinity
    if (!reading.connection.peerClosed) this.firstToClose.add(reading)
    reading.connection.shutdown(now)
  }

  private finish(reading: Reading, error: string): void {
    const { connection, inflow, trace } = reading
    this.readings.delete(connection)
    this.firstToClose.delete(reading)
    trace.emit('app:finished', { bytes: inflow.bytes, sha256: inflow.finish(), error })
  }
}
