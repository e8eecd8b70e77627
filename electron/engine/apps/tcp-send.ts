/** Connects, writes bytes made from the seed, closes its side and reads until the peer has closed, too. */
import type { App as AppSetup } from '../../../shared/experiment.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, type Micros } from '../../../shared/units.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint, type Ipv4Address } from '../../protocol/wire/address.ts'
import type { App, Station } from '../station.ts'
import { Digest, PIECE, type Payload } from './payload.ts'
import { Pacer } from './pacer.ts'

export type TcpSendSetup = Extract<AppSetup, { kind: 'tcp-send' }>

export interface TcpSendOptions {
  readonly station: Station
  readonly to: Ipv4Address
  readonly payload: Payload
  readonly trace: Trace
}

export class TcpSend implements App {
  done = false
  private setup: TcpSendSetup
  private readonly options: TcpSendOptions
  private trace: Trace
  private connection: TcpConnection | undefined
  private readonly digest = new Digest()
  private pacer!: Pacer
  private chunk: Uint8Array = new Uint8Array(0)
  private chunkUsed = 0
  private pieces = 0
  private open = false
  private blocked = false
  private closed = false
  private peerClosed = false
  /** The end of its silence after the connection was established. */
  private silentUntil = 0
  private nextAt: number

  constructor(setup: TcpSendSetup, options: TcpSendOptions) {
    this.setup = setup
    this.options = options
    this.trace = options.trace
    this.nextAt = setup.start
  }

  /** Takes over what may change while it runs: rate and number of bytes. */
  configure(now: Micros, setup: TcpSendSetup): void {
    this.setup = setup
    this.pacer?.setRate(now, setup.rate)
    if (this.open) this.nextAt = now
  }

  pollTimeout(): Micros | undefined {
    return this.done || this.nextAt === Infinity ? undefined : (this.nextAt as Micros)
  }

  handleTimeout(now: Micros): void {
    if (now < this.nextAt || this.done) return
    this.nextAt = Infinity
    if (this.connection === undefined) this.connect(now)
    else this.write(now)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (!('connection' in event) || event.connection !== this.connection || this.done) return
    switch (event.type) {
      case 'connected':
        this.open = true
        this.silentUntil = after(now, this.setup.wait)
        this.trace.emit('app:connected', { peer: formatEndpoint(this.options.to, this.setup.port) })
        this.write(now)
        break
      case 'writable':
        this.blocked = false
        this.write(now)
        break
      case 'readable':
        this.discard(now)
        break
      case 'peer_closed':
        this.discard(now)
        this.peerClosed = true
        break
      case 'closed':
        this.finish(event.error ?? '')
        break
    }
  }

  /** Both directions are closed; TIME-WAIT is the stack's business. */
  handleRest(): void {
    if (!this.done && this.closed && this.peerClosed && this.connection?.state === 'TIME-WAIT')
      this.finish('')
  }

  private connect(now: Micros): void {
    const { station, to } = this.options
    this.trace.emit('app:started', { what: 'tcp-send', bytes: this.setup.bytes })
    this.connection = station.connect(now, { address: to, port: this.setup.port })
    this.trace = this.options.trace.scope({ flow: this.connection.flow })
    this.pacer = new Pacer(now, this.setup.rate, this.setup.writeSize)
  }

  /** Writes as much as rate and connection allow. */
  private write(now: Micros): void {
    const { setup, connection } = this
    if (!this.open || this.closed || this.blocked || connection === undefined) return
    if (now < this.silentUntil) {
      this.nextAt = this.silentUntil
      return
    }
    for (let left = setup.bytes - this.digest.bytes; left > 0; left = setup.bytes - this.digest.bytes) {
      const wanted = Math.min(left, setup.writeSize)
      const allowed = this.pacer.allowance(now, wanted)
      if (allowed === 0) {
        this.nextAt = this.pacer.nextAt(now, wanted)
        return
      }
      if (!this.writeOnce(now, connection, allowed)) return
    }
    if (!setup.close) return
    this.closed = true
    connection.shutdown(now)
  }

  /** What the peer sends is of no interest, but has to be read. */
  private discard(now: Micros): void {
    while (this.connection?.read(now) !== undefined);
  }

  /** One write of the application; false: the connection took less than all. */
  private writeOnce(now: Micros, connection: TcpConnection, length: number): boolean {
    const bytes = this.next(length)
    const taken = connection.write(now, bytes)
    this.chunkUsed += taken
    this.pacer.take(taken)
    this.digest.update(bytes.subarray(0, taken))
    this.blocked = taken < bytes.length
    return !this.blocked
  }

  /** Up to `length` bytes that come next. */
  private next(length: number): Uint8Array {
    if (this.chunkUsed === this.chunk.length) {
      this.chunk = this.options.payload.piece(
        this.pieces++,
        Math.min(PIECE, this.setup.bytes - this.digest.bytes),
      )
      this.chunkUsed = 0
    }
    return this.chunk.subarray(this.chunkUsed, this.chunkUsed + length)
  }

  private finish(error: string): void {
    this.done = true
    this.trace.emit('app:finished', { bytes: this.digest.bytes, sha256: this.digest.finish(), error })
  }
}
