/** Many clients of one host: each comes by a connection of its own, asks once, and goes with its answer or without. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import { Fifo } from '../../protocol/fifo.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import type { App } from '../station.ts'
import type { CallingOptions, Inflow, Outflow } from './streams.ts'

type TcpCrowdSetup = Extract<AppSetup, { kind: 'tcp-crowd' }>

interface Client {
  readonly number: number
  readonly cameAt: Micros
  readonly connection: TcpConnection
  readonly trace: Trace
  readonly outflow: Outflow
  inflow: Inflow | undefined
  /** It has its answer, or has given up; its connection may take longer to end. */
  left: boolean
}

export class TcpCrowd implements App {
  done = false
  private readonly setup: TcpCrowdSetup
  private readonly options: CallingOptions
  private came = 0
  private bytes = 0
  /** Those whose connection has not ended. */
  private readonly clients = new Map<TcpConnection, Client>()
  /** Those that wait for their answer: who came first loses patience first. */
  private readonly patient = new Fifo<Client>()
  /** Those that have closed, and their peers, too: they end in TIME-WAIT, of which no event tells. */
  private readonly closing = new Set<Client>()

  constructor(setup: TcpCrowdSetup, options: CallingOptions) {
    this.setup = setup
    this.options = options
  }

  /** Who is there is gone with the host, and nobody comes any more; a crowd that has not come yet does when it is on again. */
  handlePower(now: Micros, on: boolean): void {
    if (on || this.came === 0 || this.done) return
    this.came = this.setup.clients
    for (const client of this.clients.values()) {
      this.leave(client, now - client.cameAt, 'host_off')
      this.end(client)
    }
    if (!this.done) this.checkDone()
  }

  pollTimeout(): Micros | undefined {
    const impatientAt = (this.patient.first?.cameAt ?? Infinity) + this.setup.patience
    const next = Math.min(this.nextComesAt, impatientAt)
    return next === Infinity ? undefined : (next as Micros)
  }

  handleTimeout(now: Micros): void {
    while (this.nextComesAt <= now) this.come(now)
    for (;;) {
      const { first } = this.patient
      if (first === undefined || now < after(first.cameAt, this.setup.patience)) return
      this.leave(first, now - first.cameAt, 'impatient')
      first.connection.abort(now)
    }
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event)) return
    const client = this.clients.get(event.connection)
    if (client === undefined) return
    switch (event.type) {
      case 'connected':
        client.trace.emit('app:connected', { peer: formatEndpoint(this.options.to, this.setup.port) })
        client.outflow.writeUpTo(now, this.setup.question)
        break
      case 'writable':
        client.outflow.writeUpTo(now, this.setup.question)
        break
      case 'readable':
      case 'peer_closed':
        this.read(now, client)
        break
      case 'closed':
        this.leave(client, now - client.cameAt, event.error ?? 'closed')
        this.end(client)
        break
    }
  }

  /** Both directions are closed; TIME-WAIT is the stack's business. */
  handleRest(): void {
    for (const client of this.closing) if (client.connection.state === 'TIME-WAIT') this.end(client)
  }

  private get nextComesAt(): number {
    const { start, every, clients } = this.setup
    return this.came < clients ? start + this.came * every : Infinity
  }

  private come(now: Micros): void {
    const { station, streams, to, payload, trace: ofHost } = this.options
    const { port, clients, question } = this.setup
    if (this.came === 0) ofHost.emit('app:started', { what: 'tcp-crowd', bytes: clients * question })
    const number = ++this.came
    const connection = station.connect(now, { address: to, port })
    if (connection === undefined) {
      ofHost.emit('app:client_left', { client: number, waited: 0, error: 'address_in_use' })
      return this.checkDone()
    }
    const trace = ofHost.scope({ flow: connection.flow })
    const outflow = streams.begin(connection, payload)
    const client = { number, cameAt: now, connection, trace, outflow, inflow: undefined, left: false }
    this.clients.set(connection, client)
    this.patient.push(client)
  }

  private read(now: Micros, client: Client): void {
    const { connection, trace } = client
    client.inflow ??= this.options.streams.read(connection, trace)
    for (let bytes = connection.read(now); bytes !== undefined; bytes = connection.read(now))
      client.inflow.take(bytes)
    const isServed = client.inflow.bytes >= this.setup.answer
    if (!isServed && !connection.peerClosed) return
    this.leave(client, now - client.cameAt, isServed ? '' : 'unanswered')
    connection.shutdown(now)
    if (connection.peerClosed) this.closing.add(client)
  }

  /** It has what it came for, or goes without; its connection may take longer to end. */
  private leave(client: Client, waited: number, error: string): void {
    if (client.left) return
    client.left = true
    while (this.patient.first?.left) this.patient.shift()
    const { number, trace } = client
    trace.emit('app:client_left', { client: number, waited: Math.round(waited), error })
  }

  private end(client: Client): void {
    this.bytes += client.outflow.bytes
    client.inflow?.finish()
    this.closing.delete(client)
    this.clients.delete(client.connection)
    this.checkDone()
  }

  private checkDone(): void {
    if (this.came < this.setup.clients || this.clients.size > 0) return
    this.done = true
    // Each connection has a digest of its own; of all together there is none.
    this.options.trace.emit('app:finished', { bytes: this.bytes, sha256: '', error: '' })
  }
}
