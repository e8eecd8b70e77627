/** A listening socket of an application that may take its time to accept. */
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { TcpConnection, TcpEvent, TcpListener } from '../../protocol/tcp/stack.ts'
import type { Station } from '../station.ts'

/** Told of a connection that was accepted now, and since when it has been established. */
type Accept = (now: Micros, connection: TcpConnection, establishedAt: Micros) => void

interface Waiting {
  readonly establishedAt: Micros
  readonly acceptAt: Micros
}

export class Acceptor {
  private readonly station: Station
  private readonly port: number
  private readonly accept: Accept
  private listener: TcpListener | undefined
  /** Connections in the accept queue, as they came. */
  private waiting: Waiting[] = []

  constructor(station: Station, port: number, accept: Accept) {
    this.station = station
    this.port = port
    this.accept = accept
    this.listen()
  }

  /** Connections wait to be accepted. */
  get isWaiting(): boolean {
    return this.waiting.length > 0
  }

  /** When the next one is due; Infinity: none waits. */
  get nextAt(): number {
    return this.waiting[0]?.acceptAt ?? Infinity
  }

  /** The program ends with its host, and listens anew when that has started. */
  handlePower(on: boolean): void {
    this.waiting = []
    this.listener = undefined
    if (on) this.listen()
  }

  /** A connection came to some listener of the host; if it is this one, it will be accepted after `delay`. */
  handleAccepted(now: Micros, { listener }: Pick<TcpEvent, 'listener'>, delay: number): void {
    if (listener === this.listener) this.waiting.push({ establishedAt: now, acceptAt: after(now, delay) })
  }

  handleTimeout(now: Micros): void {
    while (this.nextAt <= now) {
      const { establishedAt } = this.waiting.shift()!
      const connection = this.listener?.accept(now)
      // It may have been reset while it waited.
      if (connection !== undefined) this.accept(now, connection, establishedAt)
    }
  }

  /** At once, so that it is there before the first SYN. */
  private listen(): void {
    if (this.station.isOn) this.listener = this.station.listen(micros(0), this.port)
  }
}
