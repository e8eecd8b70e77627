/** Listens, and answers each question with as many bytes as it is set to. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App } from '../station.ts'
import { Acceptor } from './acceptor.ts'
import type { Inflow, Outflow, ServingOptions } from './streams.ts'

type TcpAnswerSetup = Extract<AppSetup, { kind: 'tcp-answer' }>

/** A connection that was accepted. */
interface Talk {
  readonly connection: TcpConnection
  readonly trace: Trace
  readonly inflow: Inflow
  readonly outflow: Outflow
  /** Questions that were read; when the answers to those that wait are found; answers that may be written. */
  questions: number
  readonly foundAt: Micros[]
  answers: number
}

export class TcpAnswer implements App {
  private setup: TcpAnswerSetup
  private readonly options: ServingOptions
  private readonly acceptor: Acceptor
  private readonly talks = new Map<TcpConnection, Talk>()
  /** Those that search for an answer; a crowd need not be gone through for each of its clients. */
  private readonly searching = new Set<Talk>()

  constructor(setup: TcpAnswerSetup, options: ServingOptions) {
    this.setup = setup
    this.options = options
    options.trace.emit('app:started', { what: 'tcp-answer', bytes: 0 })
    this.acceptor = new Acceptor(options.station, setup.port, (now, connection) =>
      this.begin(now, connection),
    )
  }

  /** It serves as long as anyone comes. */
  get done(): boolean {
    return this.talks.size === 0 && !this.acceptor.isWaiting
  }

  configure(_now: Micros, setup: AppSetup): void {
    if (setup.kind === 'tcp-answer') this.setup = setup
  }

  handlePower(_now: Micros, on: boolean): void {
    this.acceptor.handlePower(on)
    for (const talk of this.talks.values()) this.finish(talk, 'host_off')
  }

  pollTimeout(): Micros | undefined {
    let next = this.acceptor.nextAt
    for (const { foundAt } of this.searching) next = Math.min(next, foundAt[0])
    return next === Infinity ? undefined : (next as Micros)
  }

  handleTimeout(now: Micros): void {
    this.acceptor.handleTimeout(now)
    for (const talk of this.searching) if (talk.foundAt[0] <= now) this.answer(now, talk)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    if (event.type === 'accepted') return this.acceptor.handleAccepted(now, event, this.setup.acceptDelay)
    const talk = this.talks.get(event.connection)
    if (talk === undefined || event.type === 'connected') return
    if (event.type === 'closed') return this.finish(talk, event.error ?? '')
    this.read(now, talk)
  }

  private begin(now: Micros, connection: TcpConnection): void {
    const { streams, payload, trace: ofHost } = this.options
    const trace = ofHost.scope({ flow: connection.flow })
    const inflow = streams.read(connection, trace)
    const outflow = streams.begin(connection, payload)
    const talk: Talk = { connection, trace, inflow, outflow, questions: 0, foundAt: [], answers: 0 }
    this.talks.set(connection, talk)
    const { address, port } = connection.remote
    trace.emit('app:connected', { peer: formatEndpoint(address, port) })
    this.read(now, talk)
  }

  private read(now: Micros, talk: Talk): void {
    const { connection, inflow } = talk
    for (let bytes = connection.read(now); bytes !== undefined; bytes = connection.read(now))
      inflow.take(bytes)
    for (; (talk.questions + 1) * this.setup.question <= inflow.bytes; talk.questions++)
      talk.foundAt.push(after(now, this.setup.delay))
    if (talk.foundAt.length > 0) this.searching.add(talk)
    this.answer(now, talk)
  }

  /** Writes the answers that are found, and closes when the peer has and nothing is left to say. */
  private answer(now: Micros, talk: Talk): void {
    const { connection, foundAt, outflow } = talk
    for (; foundAt[0] <= now; foundAt.shift()) talk.answers++
    if (foundAt.length === 0) this.searching.delete(talk)
    const isWritten = outflow.writeUpTo(now, talk.answers * this.setup.answer)
    if (isWritten && foundAt.length === 0 && connection.peerClosed) connection.shutdown(now)
  }

  private finish(talk: Talk, error: string): void {
    const { connection, inflow, trace } = talk
    this.talks.delete(connection)
    this.searching.delete(talk)
    trace.emit('app:finished', { bytes: inflow.bytes, sha256: inflow.finish(), error })
  }
}
