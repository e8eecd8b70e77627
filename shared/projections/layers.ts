/**
 * Every layer linked to the others: for each connection and direction, which segments carry the bytes of which TLS
 * records, HTTP/2 frames and requests; and back again, to each segment that carried them, retransmissions included.
 *
 * Items are named by their rows: a segment by that in `tcp:segment_sent`, a record in `security:record`, a frame in
 * `http:frame`. An exchange is a stream of HTTP/2, or in HTTP/1.1 the number of the request on its connection.
 */
import { Column, type EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { SYN } from '../tcp-flags.ts'
import { ByteStream } from './byte-stream.ts'
import { Cursor, EndMap } from './cursor.ts'
import { upperBound } from './series.ts'
import type { Span } from './spans.ts'

/** What belongs together, in one direction of one connection. */
export interface Linked {
  readonly stream: ByteStream
  readonly segments: readonly number[]
  readonly records: readonly number[]
  readonly handshakes: readonly number[]
  readonly frames: readonly number[]
  readonly exchanges: readonly number[]
}

const FRAME_HEADER = 9
const EVENTS = [
  'tcp:segment_sent',
  'security:record',
  'security:handshake_message',
  'http:frame',
  'http:message_started',
  'http:message_finished',
] as const
type LayerEvent = (typeof EVENTS)[number]

export class Layers {
  /**
   * By flow and sender: one for each time that the addresses and ports were used, the latest last. `firsts` are the rows
   * of the segments that opened them.
   */
  private readonly ends = new EndMap<{ readonly streams: ByteStream[]; readonly firsts: Column }>(() => ({
    streams: [],
    firsts: new Column('u32', 4),
  }))
  /** By row of `tcp:segment_sent`: TCP offset of its first byte. */
  private readonly offsets = new Column('f64')
  private readonly cursor = new Cursor<LayerEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => this.onRow(store, name, table, row))
  }

  /** All streams of bytes, in the order in which their connections began. */
  *all(): Iterable<ByteStream> {
    for (const { value } of this.ends.all) yield* value.streams
  }

  /** The latest stream of bytes that a node sent on a flow. */
  streamOf(flow: number, node: number): ByteStream | undefined {
    return this.ends.get(flow, node)?.streams.at(-1)
  }

  /** The stream of bytes that the segment in this row of `tcp:segment_sent` is part of. */
  streamOfSegment(store: TraceStore, row: number): ByteStream | undefined {
    const table = store.table('tcp:segment_sent')
    const end = this.ends.get(table.flow.data[row], table.node.data[row])
    if (end === undefined) return undefined
    return end.streams[upperBound(end.firsts, row) - 1]
  }

  /** The bytes that a segment carries, as TCP offsets. */
  spanOf(store: TraceStore, row: number): Span {
    const from = this.offsets.data[row]
    return { from, to: from + store.table('tcp:segment_sent').columns.payload.data[row] }
  }

  private onRow(store: TraceStore, name: LayerEvent, table: EventTable, row: number): void {
    if (name === 'tcp:segment_sent') return this.onSegment(table, row)
    const stream = this.streamOf(table.flow.data[row], table.node.data[row])
    if (stream === undefined) return
    stream.side ||= store.text(table.columns.from.data[row])
    this.onRead(store, stream, name, table, row)
  }

  private onSegment(table: EventTable, row: number): void {
    const { seq, flags, payload } = table.columns
    const isSyn = (flags.data[row] & SYN) !== 0
    const first = (seq.data[row] + (isSyn ? 1 : 0)) % 2 ** 32
    const { streams, firsts } = this.ends.open(table.flow.data[row], table.node.data[row])
    let stream = streams.at(-1)
    // A SYN with another number opens a new connection under the old name; one that comes again does not.
    if (stream === undefined || (isSyn && !stream.beginsWith(first))) {
      stream = new ByteStream(table.flow.data[row], table.node.data[row], first)
      streams.push(stream)
      firsts.push(row)
    }
    this.offsets.push(stream.addSegment(row, first, payload.data[row]))
  }

  /** What an onlooker read in the stream. */
  private onRead(
    store: TraceStore,
    stream: ByteStream,
    name: LayerEvent,
    table: EventTable,
    row: number,
  ): void {
    const value = (field: string): number => table.columns[field].data[row]
    const offset = value(name === 'http:message_finished' ? 'end_offset' : 'offset')
    if (!(offset >= 0 && offset < Infinity)) return
    switch (name) {
      case 'security:record':
        return stream.addRecord(row, {
          offset,
          length: value('length'),
          plainOffset: value('plain_offset'),
          plainLength: value('plain_length'),
        })
      case 'security:handshake_message':
        return stream.handshakes.add({ from: offset, to: offset + value('length') }, row)
      case 'http:frame':
        return stream.addFrame(row, value('stream'), {
          from: offset,
          to: offset + FRAME_HEADER + value('length'),
        })
      case 'http:message_started':
        // In HTTP/2 the frames say whose each byte is.
        if (store.text(value('version')) !== 'h2') stream.beginMessage(value('exchange'), offset)
        return
      case 'http:message_finished':
        return stream.endMessage(value('exchange'), offset)
    }
  }

  // --- what belongs to what ---------------------------------------------------------------------------------

  /** Everything whose bytes a segment carries; the segment alone is among `segments`. */
  ofSegment(store: TraceStore, row: number): Linked | undefined {
    const stream = this.streamOfSegment(store, row)
    if (stream === undefined) return undefined
    return { ...inTcp(stream, this.spanOf(store, row)), segments: [row] }
  }

  ofRecord(store: TraceStore, row: number): Linked | undefined {
    return this.ofTcpSpan(store.table('security:record'), row)
  }

  ofHandshake(store: TraceStore, row: number): Linked | undefined {
    return this.ofTcpSpan(store.table('security:handshake_message'), row)
  }

  private ofTcpSpan(table: EventTable, row: number): Linked | undefined {
    const stream = this.streamOf(table.flow.data[row], table.node.data[row])
    const from = table.columns.offset.data[row]
    return stream && inTcp(stream, { from, to: from + table.columns.length.data[row] })
  }

  ofFrame(store: TraceStore, row: number): Linked | undefined {
    const table = store.table('http:frame')
    const stream = this.streamOf(table.flow.data[row], table.node.data[row])
    const from = table.columns.offset.data[row]
    if (stream === undefined) return undefined
    return inPlain(stream, [{ from, to: from + FRAME_HEADER + table.columns.length.data[row] }])
  }

  /** One side of an exchange: its request or its response, by who sends. */
  ofExchange(stream: ByteStream, exchange: number): Linked {
    const spans = stream.spansOf(exchange).map(({ from, to }) => ({ from, to: Math.min(to, stream.sent) }))
    return { ...inPlain(stream, spans), exchanges: [exchange] }
  }
}

const collect = (spans: readonly Span[], find: (span: Span) => readonly number[]): number[] =>
  [...new Set(spans.flatMap(find))].sort((a, b) => a - b)

function inTcp(stream: ByteStream, span: Span): Linked {
  const plain = stream.toPlain(span)
  return {
    stream,
    segments: stream.segments.overlapping(span),
    records: stream.records.overlapping(span),
    handshakes: stream.handshakes.overlapping(span),
    frames: collect(plain, (one) => stream.frames.overlapping(one)),
    exchanges: stream.ownersOf(plain),
  }
}

function inPlain(stream: ByteStream, plain: readonly Span[]): Linked {
  const tcp = plain.flatMap((span) => stream.toTcp(span))
  return {
    stream,
    segments: collect(tcp, (span) => stream.segments.overlapping(span)),
    records: collect(tcp, (span) => stream.records.overlapping(span)),
    handshakes: [],
    frames: collect(plain, (span) => stream.frames.overlapping(span)),
    exchanges: stream.ownersOf(plain),
  }
}
