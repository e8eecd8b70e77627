/**
 * What applications write on their connections and read from them. Each writes bytes that follow from the seed, so a reader can
 * hold what comes against what was written, byte by byte: a checksum of the whole would only say that something is wrong, not what.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import { formatEndpoint, type Ipv4Address } from '../../protocol/wire/address.ts'
import type { Station } from '../station.ts'
import { Digest, PIECE, type Payload } from './payload.ts'

/** What a program is given that talks over TCP to whoever calls. */
export interface ServingOptions {
  readonly station: Station
  /** What it writes, on each connection from the beginning. */
  readonly payload: Payload
  readonly streams: Streams
  readonly trace: Trace
}

/** What one is given that calls. */
export interface CallingOptions extends ServingOptions {
  readonly to: Ipv4Address
}

/** A run of the bytes of a payload, by their position. */
class Passage {
  private readonly payload: Payload
  private piece: Uint8Array = new Uint8Array(0)
  private index = -1

  constructor(payload: Payload) {
    this.payload = payload
  }

  /** At least one byte from `position` on, `length` at most. */
  at(position: number, length: number): Uint8Array {
    const index = Math.floor(position / PIECE)
    const offset = position - index * PIECE
    if (index !== this.index || offset === this.piece.length) {
      // Who moves little needs little; more than twice as much each time, so that making it costs no more than moving it.
      const enough = index > 0 ? PIECE : Math.max(offset + length, 2 * offset)
      this.piece = this.payload.piece(index, Math.min(PIECE, enough))
      this.index = index
    }
    return this.piece.subarray(offset, offset + length)
  }
}

/** What an application writes on one connection. */
export class Outflow {
  readonly digest = new Digest()
  private readonly connection: TcpConnection
  private readonly passage: Passage

  constructor(connection: TcpConnection, payload: Payload) {
    this.connection = connection
    this.passage = new Passage(payload)
  }

  get bytes(): number {
    return this.digest.bytes
  }

  /**
   * Writes once: `length` bytes, or less at the end of a piece.
   * @returns whether the connection took all that it was given; if not, `writable` will be told
   */
  write(now: Micros, length: number): boolean {
    const bytes = this.passage.at(this.bytes, length)
    const taken = this.connection.write(now, bytes)
    this.digest.update(bytes.subarray(0, taken))
    return taken === bytes.length
  }

  /** Writes until `total` bytes are written or the connection takes no more; returns whether all are. */
  writeUpTo(now: Micros, total: number): boolean {
    while (this.bytes < total) if (!this.write(now, total - this.bytes)) return false
    return true
  }
}

/** What an application reads from one connection. */
export class Inflow {
  readonly digest = new Digest()
  private readonly trace: Trace
  private readonly expected: Passage | undefined
  private compared = 0

  /** `expected`: what the other end writes; without it, nothing can be said of what is read. */
  constructor(trace: Trace, expected: Payload | undefined) {
    this.trace = trace
    this.expected = expected && new Passage(expected)
  }

  get bytes(): number {
    return this.digest.bytes
  }

  take(bytes: Uint8Array): void {
    const differing = this.countDiffering(bytes)
    this.digest.update(bytes)
    if (differing > 0) this.report(differing)
  }

  /** Nothing more comes. */
  finish(): string {
    if (this.expected !== undefined) this.report(0)
    return this.digest.finish()
  }

  private report(differing: number): void {
    this.trace.emit('app:compared', { bytes: this.bytes - this.compared, differing })
    this.compared = this.bytes
  }

  private countDiffering(bytes: Uint8Array): number {
    let differing = 0
    for (let done = 0; this.expected !== undefined && done < bytes.length;) {
      const written = this.expected.at(this.bytes + done, bytes.length - done)
      const read = bytes.subarray(done, done + written.length)
      if (Buffer.compare(written, read) !== 0)
        for (let i = 0; i < read.length; i++) if (read[i] !== written[i]) differing++
      done += written.length
    }
    return differing
  }
}

/** Who writes what on the connections of a lane: of each direction of a four-tuple, what was begun last. */
export class Streams {
  private readonly payloads = new Map<string, Payload>()

  /** The local end of `connection` begins to write. */
  begin(connection: TcpConnection, payload: Payload): Outflow {
    this.payloads.set(nameOf(connection.flow, connection.local), payload)
    return new Outflow(connection, payload)
  }

  /** The local end of `connection` begins to read. */
  read(connection: TcpConnection, trace: Trace): Inflow {
    return new Inflow(trace, this.payloads.get(nameOf(connection.flow, connection.remote)))
  }
}

const nameOf = (flow: string, { address, port }: TcpConnection['local']): string =>
  `${flow} from ${formatEndpoint(address, port)}`
