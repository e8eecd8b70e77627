/**
 * What lies where in the streams of QUIC connections: which packets carried the bytes of a stream, which HTTP/3 frames these are,
 * and whose they are; from a datagram to the request, and back to each packet that carried it, those sent again included.
 *
 * Bidirectional streams are exchanges (RFC 9114 6.1). Unidirectional ones carry what is of no request: control, and the
 * instructions of QPACK (6.2).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TracedFrameOf } from '../trace/quic-frames.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { QuicPackets, type QuicEnd, type QuicPacket } from './quic-packets.ts'
import { Spans, type Span } from './spans.ts'

/** RFC 9000 2.1: the second lowest bit of the id says that only its initiator sends. */
export const isUnidirectional = (stream: number): boolean => (stream & 2) !== 0

/** The bytes that one end sent on one stream, by their offsets in it. */
export class StreamBytes {
  readonly stream: number
  /** Rows of `transport:packet_sent`; those that carried the bytes again, too. */
  readonly packets = new Spans()
  /** Rows of `http:frame`; the header of a frame is a part of it. */
  readonly frames = new Spans()
  /** What a unidirectional stream is for, as its sender said; empty: it has not. */
  kind = ''
  /** Offset after the last byte that was sent. */
  sent = 0

  constructor(stream: number) {
    this.stream = stream
  }
}

/** All streams that one end of one connection sends on. */
export class QuicSide {
  readonly end: QuicEnd
  readonly streams = new Map<number, StreamBytes>()

  constructor(end: QuicEnd) {
    this.end = end
  }

  open(stream: number): StreamBytes {
    let bytes = this.streams.get(stream)
    if (bytes === undefined) this.streams.set(stream, (bytes = new StreamBytes(stream)))
    return bytes
  }

  get flow(): number {
    return this.end.connection.flow
  }
  get node(): number {
    return this.end.node
  }
  get side(): string {
    return this.end.side
  }
}

/** What belongs together, in one direction of one QUIC connection. */
export interface QuicLinked {
  readonly side: QuicSide
  /** Rows of `transport:packet_sent` and `http:frame`. */
  readonly packets: readonly number[]
  readonly frames: readonly number[]
  /** Ids of bidirectional streams. */
  readonly exchanges: readonly number[]
}

const EVENTS = ['transport:packet_sent', 'http:frame', 'http:stream_opened'] as const
type StreamEvent = (typeof EVENTS)[number]

/** Of an HTTP/3 frame: type and length (RFC 9114 7.1), as variable-length integers that are as short as can be. */
const headerLength = (length: number): number => 1 + varintLength(length)
const varintLength = (value: number): number =>
  value < 2 ** 6 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 30 ? 4 : 8

/** The bytes of the frame in a row of `http:frame`, in its stream. */
export function spanOfFrame(table: EventTable, row: number): Span {
  const from = table.columns.offset.data[row]
  const length = table.columns.length.data[row]
  return { from, to: from + headerLength(length) + length }
}

export class QuicStreams {
  /** By end. */
  private readonly sides = new Map<QuicEnd, QuicSide>()
  /** By flow and sender: the latest. */
  private readonly latest = new EndMap<{ side: QuicSide | undefined }>(() => ({ side: undefined }))
  private readonly cursor = new Cursor<StreamEvent>(...EVENTS)

  update(store: TraceStore): void {
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      if (name === 'transport:packet_sent') this.onSent(packets.inRow(row))
      else this.onRead(packets, store, name, table, row)
    })
  }

  /** What an end sends; undefined: no stream so far. */
  ofEnd(end: QuicEnd): QuicSide | undefined {
    return this.sides.get(end)
  }

  /** What a node sends on a flow, in the latest connection of that name. */
  of(flow: number, node: number): QuicSide | undefined {
    return this.latest.get(flow, node)?.side
  }

  private onSent(packet: QuicPacket | undefined): void {
    if (packet === undefined) return
    for (const frame of packet.frames) {
      if (frame.type !== 'stream') continue
      const bytes = this.sideOf(packet.end).open(frame.id)
      const to = frame.offset + frame.length
      bytes.packets.add({ from: frame.offset, to }, packet.row)
      bytes.sent = Math.max(bytes.sent, to)
    }
  }

  private sideOf(end: QuicEnd): QuicSide {
    let side = this.sides.get(end)
    if (side === undefined) {
      this.sides.set(end, (side = new QuicSide(end)))
      this.latest.open(end.connection.flow, end.node).side = side
    }
    return side
  }

  private onRead(
    packets: QuicPackets,
    store: TraceStore,
    name: StreamEvent,
    table: EventTable,
    row: number,
  ): void {
    const [flow, node] = [table.flow.data[row], table.node.data[row]]
    // Whoever looks on may tell of a frame before the packet that takes it is told of.
    const end = this.of(flow, node)?.end ?? packets.ofFlow(flow)[0]?.ends.find((one) => one.node === node)
    if (end === undefined) return
    const bytes = this.sideOf(end).open(table.columns.stream.data[row])
    if (name === 'http:frame') bytes.frames.add(spanOfFrame(table, row), row)
    else bytes.kind = store.text(table.columns.kind.data[row])
  }

  // --- what belongs to what ---------------------------------------------------------------------------------

  /** Everything whose bytes a packet carries; it alone is among `packets`. */
  ofPacket(packet: QuicPacket): QuicLinked | undefined {
    const side = this.sides.get(packet.end)
    if (side === undefined) return undefined
    const carried = packet.frames.filter((frame) => frame.type === 'stream')
    return {
      side,
      packets: [packet.row],
      frames: collect(carried, (frame) => this.framesIn(packet, frame)),
      exchanges: collect(carried, ({ id }) => (isUnidirectional(id) ? [] : [id])),
    }
  }

  /** Rows of `http:frame` that the data of one STREAM frame of a packet are part of. */
  framesIn(packet: QuicPacket, { id, offset, length }: TracedFrameOf<'stream'>): readonly number[] {
    const bytes = this.sides.get(packet.end)?.streams.get(id)
    return bytes?.frames.overlapping({ from: offset, to: offset + length }) ?? []
  }

  /** The packets that carried a frame of HTTP/3, by its row in `http:frame`. */
  ofFrame(store: TraceStore, row: number): QuicLinked | undefined {
    const table = store.table('http:frame')
    const side = this.of(table.flow.data[row], table.node.data[row])
    const stream = table.columns.stream.data[row]
    const bytes = side?.streams.get(stream)
    if (side === undefined || bytes === undefined) return undefined
    return {
      side,
      packets: collect([spanOfFrame(table, row)], (span) => bytes.packets.overlapping(span)),
      frames: [row],
      exchanges: isUnidirectional(stream) ? [] : [stream],
    }
  }

  /** One side of an exchange: its request or its response, by who sends. */
  ofExchange(side: QuicSide, exchange: number): QuicLinked {
    const bytes = side.streams.get(exchange)
    const all = [{ from: 0, to: Infinity }]
    return {
      side,
      packets: collect(all, (span) => bytes?.packets.overlapping(span) ?? []),
      frames: collect(all, (span) => bytes?.frames.overlapping(span) ?? []),
      exchanges: [exchange],
    }
  }
}

const collect = <T>(items: readonly T[], find: (item: T) => readonly number[]): number[] =>
  [...new Set(items.flatMap(find))].sort((a, b) => a - b)
