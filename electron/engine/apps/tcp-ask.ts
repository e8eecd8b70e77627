/** Asks and waits for the answer, round after round, over one connection. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App } from '../station.ts'
import type { CallingOptions, Inflow, Outflow } from './streams.ts'

type TcpAskSetup = Extract<AppSetup, { kind: 'tcp-ask' }>

interface Opened {
  readonly connection: TcpConnection
  readonly trace: Trace
  readonly outflow: Outflow
  inflow: Inflow | undefined
}

/** The question that is being asked. */
interface Round {
  readonly number: number
  readonly askedAt: Micros
  /** Writes that have begun, and what is written when they are done. */
  writes: number
  written: number
}

export class TcpAsk implements App {
  done = false
  private readonly setup: TcpAskSetup
  private readonly options: CallingOptions
  private opened: Opened | undefined
  private round: Round | undefined
  private rounds = 0
  /** Answers of which all bytes are there. */
  private answers = 0
  private nextAt: number
  private closed = false

  constructor(setup: TcpAskSetup, options: CallingOptions) {
    this.setup = setup
    this.options = options
    this.nextAt = setup.start
  }

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
    else if (this.round === undefined) this.ask(now, this.opened)
    else this.write(now, this.opened, this.round)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    const { opened } = this
    if (opened === undefined || this.done) return
    if (!('connection' in event) || event.connection !== opened.connection) return
    switch (event.type) {
      case 'connected':
        opened.trace.emit('app:connected', { peer: formatEndpoint(this.options.to, this.setup.port) })
        this.ask(now, opened)
        break
      case 'writable':
        if (this.round !== undefined) this.flush(now, opened, this.round)
        break
      case 'readable':
      case 'peer_closed':
        this.read(now, opened)
        break
      case 'closed':
        this.finish(event.error ?? '')
        break
    }
  }

  /** Both directions are closed; TIME-WAIT is the stack's business. */
  handleRest(): void {
    if (this.closed && !this.done && this.opened?.connection.state === 'TIME-WAIT') this.finish('')
  }

  private connect(now: Micros): void {
    const { station, streams, to, payload, trace } = this.options
    const { port, rounds, writes } = this.setup
    trace.emit('app:started', { what: 'tcp-ask', bytes: rounds * sum(writes) })
    const connection = station.connect(now, { address: to, port })
    if (connection === undefined) return this.finish('address_in_use')
    const outflow = streams.begin(connection, payload)
    this.opened = { connection, trace: trace.scope({ flow: connection.flow }), outflow, inflow: undefined }
  }

  private ask(now: Micros, opened: Opened): void {
    const number = ++this.rounds
    opened.trace.emit('app:asked', { round: number, bytes: sum(this.setup.writes) })
    this.round = { number, askedAt: now, writes: 0, written: opened.outflow.bytes }
    this.write(now, opened, this.round)
  }

  /** Begins the next write of the question, and those after it that need not wait. */
  private write(now: Micros, opened: Opened, round: Round): void {
    const { writes, gap } = this.setup
    do round.written += writes[round.writes++]
    while (this.flush(now, opened, round) && gap === 0 && round.writes < writes.length)
    if (round.writes < writes.length) this.nextAt = after(now, gap)
  }

  /** Writes what has begun; returns whether the connection took it. */
  private flush(now: Micros, { outflow }: Opened, round: Round): boolean {
    if (!outflow.writeUpTo(now, round.written)) return false
    if (round.writes === this.setup.writes.length && this.setup.answer === 0) this.endRound(now)
    return true
  }

  private read(now: Micros, opened: Opened): void {
    const { connection } = opened
    opened.inflow ??= this.options.streams.read(connection, opened.trace)
    for (let bytes = connection.read(now); bytes !== undefined; bytes = connection.read(now))
      opened.inflow.take(bytes)
    const { round } = this
    const { answer } = this.setup
    if (round !== undefined && answer > 0 && opened.inflow.bytes >= round.number * answer) {
      const time = Math.round(now - round.askedAt)
      opened.trace.emit('app:answered', { round: round.number, bytes: answer, time })
      this.answers++
      this.endRound(now)
    }
    // A peer that leaves early will answer nothing more.
    if (connection.peerClosed) this.close(now)
  }

  private endRound(now: Micros): void {
    this.round = undefined
    if (this.rounds === this.setup.rounds) this.close(now)
    else this.nextAt = after(now, this.setup.pause)
  }

  private close(now: Micros): void {
    this.closed = true
    this.nextAt = Infinity
    this.opened?.connection.shutdown(now)
  }

  private finish(problem: string): void {
    this.done = true
    const { opened } = this
    const { rounds, answer } = this.setup
    const missing = answer > 0 ? this.answers < rounds : this.rounds < rounds
    opened?.inflow?.finish()
    const trace = opened?.trace ?? this.options.trace
    const error = problem === '' && missing ? 'unanswered' : problem
    const bytes = opened?.outflow.bytes ?? 0
    trace.emit('app:finished', { bytes, sha256: opened?.outflow.digest.finish() ?? '', error })
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0)
