/** One end of HTTP/3 over a transport that is played by hand: what the peer sends is written down octet by octet. */
import { Http3Connection, type Http3Options } from '../../electron/protocol/h3/connection.ts'
import type { Http3Event } from '../../electron/protocol/h3/events.ts'
import { http3ErrorName } from '../../electron/protocol/h3/errors.ts'
import type { Role } from '../../electron/protocol/h3/frame-rules.ts'
import type { QuicTransport, TransportStream } from '../../electron/protocol/h3/transport.ts'
import { QpackEncoder } from '../../electron/protocol/qpack/encoder.ts'
import type { FieldLine } from '../../electron/protocol/qpack/fields.ts'
import type { QuicEvent } from '../../electron/protocol/quic/events.ts'
import { varint } from '../../electron/protocol/h3/frames.ts'
import type { Micros } from '../../shared/units.ts'
import { join } from './cuts.ts'

class FakeStream {
  readonly unread: Uint8Array[] = []
  written: Uint8Array[] = []
  fin = false
  finWritten = false
  resetBy: number | undefined
  send = { end: 0, limit: 1e6, buffered: 0, isReset: false, isClosed: false }
  receive: { resetCode: number | undefined } = { resetCode: undefined }
}

class FakeTransport implements QuicTransport {
  readonly streams = new Map<number, FakeStream>()
  readonly stopped = new Map<number, number>()
  readonly reset = new Map<number, number>()
  readonly priorities = new Map<number, readonly [number, boolean]>()
  closedWith: { readonly code: number; readonly reason: string } | undefined
  mostUni = 3
  readonly metrics = { credit: 1e6 }
  private readonly isServer: boolean
  private bidi = 0
  private uni = 0

  constructor(isServer: boolean) {
    this.isServer = isServer
  }

  openStream(direction: 'bidirectional' | 'unidirectional'): number | undefined {
    if (direction === 'unidirectional' && this.uni >= this.mostUni) return undefined
    const index = direction === 'unidirectional' ? this.uni++ : this.bidi++
    const id = index * 4 + (direction === 'unidirectional' ? 2 : 0) + (this.isServer ? 1 : 0)
    this.get(id)
    return id
  }

  stream(id: number): TransportStream | undefined {
    return this.streams.get(id)
  }

  write(id: number, data: Uint8Array, fin = false): void {
    const stream = this.get(id)
    if (stream.finWritten || stream.send.isReset) throw new Error(`write to stream ${id} after its end`)
    stream.written.push(data)
    stream.send.end += data.length
    stream.finWritten = fin
  }

  read(id: number): Uint8Array | undefined {
    return this.get(id).unread.shift()
  }

  isFinished(id: number): boolean {
    const stream = this.get(id)
    return stream.fin && stream.unread.length === 0
  }

  resetStream(id: number, code: number): void {
    this.get(id).send.isReset = true
    this.reset.set(id, code)
  }

  stopSending(id: number, code: number): void {
    this.stopped.set(id, code)
  }

  setPriority(id: number, urgency: number, incremental: boolean): void {
    this.priorities.set(id, [urgency, incremental])
  }

  close(_now: Micros, code: number, reason: string): void {
    this.closedWith = { code, reason }
  }

  get(id: number): FakeStream {
    const stream = this.streams.get(id) ?? new FakeStream()
    this.streams.set(id, stream)
    return stream
  }
}

export const OPTIONS: Omit<Http3Options, 'role'> = {
  settings: { qpackMaxTableCapacity: 4_096, qpackBlockedStreams: 16, maxFieldSectionSize: 16_384 },
  encoderTableCapacity: 4_096,
}

export const GET: readonly FieldLine[] = [
  { name: ':method', value: 'GET' },
  { name: ':scheme', value: 'https' },
  { name: ':authority', value: 'server.test' },
  { name: ':path', value: '/' },
]

/** A frame with any type and payload. */
export const frame = (code: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array =>
  join(varint(code), varint(payload.length), payload)

/** HEADERS without the dynamic table. */
export const headers = (fields: readonly FieldLine[]): Uint8Array =>
  frame(0x01, new QpackEncoder({ capacity: 0 }).encode(0, fields).bytes)

export const SETTINGS = frame(0x04)

export class H3Script {
  readonly quic: FakeTransport
  readonly connection: Http3Connection
  readonly events: Http3Event[] = []
  /** The peer's unidirectional streams, in the order in which it opens them. */
  private readonly peerUni: number

  constructor(
    role: Role,
    options: Partial<Http3Options> = {},
    mostUni = 3,
    start: 'connected' | 'early' = 'connected',
  ) {
    this.quic = new FakeTransport(role === 'server')
    this.quic.mostUni = mostUni
    this.connection = new Http3Connection(this.quic, { ...OPTIONS, role, ...options })
    this.peerUni = role === 'server' ? 2 : 3
    this.tell(start === 'early' ? { type: 'early' } : { type: 'connected', negotiated: undefined as never })
  }

  /** Id of the peer's n-th unidirectional stream. */
  uni(n: number): number {
    return this.peerUni + n * 4
  }

  tell(event: QuicEvent): void {
    this.connection.handleQuicEvent(0 as Micros, event)
    this.drain()
  }

  /** The peer sends a datagram with so much of a stream; a new one it opens. */
  peer(id: number, bytes: Uint8Array, fin = false): this {
    this.part(id, bytes, fin)
    this.tell({ type: 'settled' })
    return this
  }

  /** The same without the end of the datagram: more follows in it. */
  part(id: number, bytes: Uint8Array, fin = false): this {
    const isOurs = id % 2 === (this.peerUni === 2 ? 1 : 0)
    if (!this.quic.streams.has(id) && !isOurs) {
      this.quic.get(id)
      this.tell({ type: 'stream_opened', id })
    }
    const stream = this.quic.get(id)
    if (bytes.length > 0) stream.unread.push(bytes)
    stream.fin ||= fin
    this.tell({ type: 'readable', id })
    return this
  }

  /** The peer's control stream, with SETTINGS. */
  control(bytes: Uint8Array = new Uint8Array(0)): this {
    return this.peer(this.uni(0), join(varint(0), SETTINGS, bytes))
  }

  peerResets(id: number, code = 0x10c): this {
    this.quic.get(id).receive.resetCode = code
    this.tell({ type: 'stream_reset', id, code })
    return this
  }

  request(fields: readonly FieldLine[] = GET, end = true): number {
    return this.connection.request(0 as Micros, fields, end) as number
  }

  read(id: number): string {
    let text = ''
    for (;;) {
      const bytes = this.connection.read(0 as Micros, id)
      this.drain()
      if (bytes === undefined) return text
      text += Buffer.from(bytes).toString('latin1')
    }
  }

  written(id: number): Uint8Array {
    return join(...this.quic.get(id).written)
  }

  of<T extends Http3Event['type']>(type: T): Extract<Http3Event, { type: T }>[] {
    return this.events.filter((event): event is Extract<Http3Event, { type: T }> => event.type === type)
  }

  /** Code and clause with which the connection was closed. */
  get closed(): string | undefined {
    const { closedWith } = this.quic
    return closedWith && `${http3ErrorName(closedWith.code)} ${closedWith.reason}`
  }

  drain(): void {
    for (let event = this.connection.pollEvent(); event; event = this.connection.pollEvent())
      this.events.push(event)
  }
}
