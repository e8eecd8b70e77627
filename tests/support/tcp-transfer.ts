/** One transfer each way over a `TcpPipe`, with applications that write and read in pieces of their own pace. */
import { micros } from '../../shared/units.ts'
import type { Micros } from '../../shared/units.ts'
import type { Rng } from '../../electron/protocol/random.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { TcpConnection, TcpEvent } from '../../electron/protocol/tcp/stack.ts'
import { TcpPipe, streamByte, streamBytes } from './tcp-pipe.ts'
import type { PipeOptions } from './tcp-pipe.ts'

export interface Flow {
  /** Bytes to move. */
  readonly bytes: number
  /** The largest piece of a write or read. */
  readonly piece: number
  /** Pause between writes, and between reads, in microseconds; 0: as fast as it goes. */
  readonly writePause: number
  readonly readPause: number
}

export interface TransferOptions extends PipeOptions {
  readonly up: Flow
  readonly down: Flow
}

export interface TransferResult {
  readonly end: Micros
  readonly delivered: { up: number; down: number }
  /** Bytes that were not what was sent. */
  readonly wrong: number
  readonly errors: (string | undefined)[]
  readonly segments: number
  /** Connections that the stacks still know. */
  readonly left: number
}

/** Writes a flow, then closes; reads another to its end, checking every byte. */
class Peer {
  connection: TcpConnection | undefined
  delivered = 0
  wrong = 0
  private written = 0
  private writing = false
  private reading = false
  private readonly pipe: TcpPipe
  private readonly out: Flow
  private readonly incoming: Flow
  private readonly dice: Rng

  constructor(pipe: TcpPipe, out: Flow, incoming: Flow, dice: Rng) {
    this.pipe = pipe
    this.out = out
    this.incoming = incoming
    this.dice = dice
  }

  on(event: TcpEvent, now: Micros): void {
    if (event.type === 'connected' || event.type === 'accepted' || event.type === 'writable') this.write(now)
    if (event.type === 'readable' || event.type === 'peer_closed') this.read(now)
  }

  private write(now: Micros): void {
    const { connection, out } = this
    if (connection === undefined || this.writing) return
    while (this.written < out.bytes) {
      const size = Math.min(out.bytes - this.written, 1 + this.dice.int(out.piece))
      const taken = connection.write(now, streamBytes(this.written, size))
      this.written += taken
      if (taken < size) return
      if (out.writePause > 0 && this.written < out.bytes) {
        this.writing = true
        this.pipe.at(now + this.dice.next() * out.writePause, (at) => {
          this.writing = false
          this.write(at)
        })
        return
      }
    }
    connection.shutdown(now)
  }

  private read(now: Micros): void {
    const { connection, incoming } = this
    if (connection === undefined || this.reading) return
    while (connection.readable > 0) {
      const data = connection.read(now, 1 + this.dice.int(incoming.piece))
      if (data === undefined) throw new Error('readable, but nothing to read')
      for (let i = 0; i < data.length; i++) if (data[i] !== streamByte(this.delivered + i)) this.wrong++
      this.delivered += data.length
      if (incoming.readPause > 0) {
        this.reading = true
        this.pipe.at(now + this.dice.next() * incoming.readPause, (at) => {
          this.reading = false
          this.read(at)
        })
        return
      }
    }
  }
}

/** Runs a transfer to its very end: until no timer is left. */
export function transfer(options: TransferOptions): TransferResult {
  const pipe = new TcpPipe(options)
  const dice = createRng(options.seed).fork('applications')
  const listener = pipe.listen()
  const client = new Peer(pipe, options.up, options.down, dice.fork('client'))
  const server = new Peer(pipe, options.down, options.up, dice.fork('server'))
  const errors: (string | undefined)[] = []
  client.connection = pipe.connect()
  pipe.client.application = (event, now) => {
    client.on(event, now)
    if (event.type === 'closed') errors.push(event.error)
  }
  pipe.server.application = (event, now) => {
    if (event.type === 'accepted') server.connection = listener.accept(now)
    server.on(event, now)
    if (event.type === 'closed') errors.push(event.error)
  }
  const end = pipe.run(Infinity, 3_000_000)
  return {
    end: micros(end),
    delivered: { up: server.delivered, down: client.delivered },
    wrong: client.wrong + server.wrong,
    errors,
    segments: pipe.segments,
    left: pipe.client.stack.connectionCount + pipe.server.stack.connectionCount,
  }
}
