/**
 * The bytes that one end sent on one connection, and what lies where among them: the TCP segments that carried them,
 * the TLS records, and inside these the HTTP/2 frames or HTTP/1.1 messages.
 *
 * Two scales of offsets, both from 0. A *TCP offset* counts the bytes that the end gave to TCP (RFC 9293 3.4: the byte
 * after the SYN is the first). A *plain offset* counts its application data: without TLS they are the same, with TLS the
 * records say where one lies in the other.
 */
import { Column } from '../trace/columns.ts'
import { upperBound } from './series.ts'
import { Spans, type Span } from './spans.ts'

/** A TLS record as `security:record` tells of it. */
export interface RecordPlace {
  readonly offset: number
  readonly length: number
  /** -1: no application data that can be read. */
  readonly plainOffset: number
  readonly plainLength: number
}

const RECORD_HEADER = 5
/** What a record has beside header and content: a tag of 16 bytes, in TLS 1.2 with AES-GCM after a nonce of 8. */
const NONCE_AND_TAG = 24
const NONCE = 8
/** With block ciphers (RFC 5246 6.2.3.2) an initialization vector comes first, MAC and padding last. */
const VECTOR = 16

/**
 * Where the content of a protected record begins, as a TCP offset. The AEAD ciphers keep content in its order, so that
 * each of its bytes has one place (RFC 5116, RFC 8446 5.2); with CBC that is true to a block.
 */
function bodyOf({ offset, length, plainLength }: RecordPlace): number {
  const extra = length - RECORD_HEADER - plainLength
  if (extra < NONCE_AND_TAG) return offset + RECORD_HEADER
  return offset + RECORD_HEADER + (extra === NONCE_AND_TAG ? NONCE : VECTOR)
}

export class ByteStream {
  readonly flow: number
  /** Number of the name of the node that sends. */
  readonly node: number
  /** `client` or `server`, as the events say; empty until one does. */
  side = ''
  /** Rows of `tcp:segment_sent`, by TCP offset; retransmissions, too. */
  readonly segments = new Spans()
  /** Rows of `security:record` and `security:handshake_message`, by TCP offset. */
  readonly records = new Spans()
  readonly handshakes = new Spans()
  /** Rows of `http:frame`, by plain offset. */
  readonly frames = new Spans()
  /** Rows of `http:frame` by the stream that they belong to. */
  readonly framesOf = new Map<number, number[]>()
  /**
   * Which stream (HTTP/2) or exchange (HTTP/1.1) each byte of application data belongs to: disjoint spans in ascending
   * order of plain offsets. 0: none (SETTINGS, PING, connection windows). The last may be open, up to infinity.
   */
  readonly owners = { from: new Column('f64', 16), to: new Column('f64', 16), stream: new Column('u32', 16) }
  /**
   * Records in ascending order, for walking through the stream. `body` is where their content begins; `plain` and `plainEnd`
   * say where it lies among the application data (a record without any: an empty span after those before it).
   */
  readonly layout = {
    from: new Column('f64', 16),
    to: new Column('f64', 16),
    body: new Column('f64', 16),
    plain: new Column('f64', 16),
    plainEnd: new Column('f64', 16),
  }
  /** TCP offset after the last byte that was sent. */
  sent = 0
  private readonly base: number

  /** `base`: sequence number of the first byte of data. */
  constructor(flow: number, node: number, base: number) {
    this.flow = flow
    this.node = node
    this.base = base
  }

  get isProtected(): boolean {
    return this.layout.from.length > 0
  }

  beginsWith(seq: number): boolean {
    return this.base === seq
  }

  /** Takes a segment in; returns the TCP offset of its first byte. */
  addSegment(row: number, seq: number, payload: number): number {
    const from = this.offsetOf(seq)
    this.segments.add({ from, to: from + payload }, row)
    this.sent = Math.max(this.sent, from + payload)
    return from
  }

  /** TCP offset of a sequence number: the one nearest to what was sent last, since they wrap (RFC 9293 3.4). */
  private offsetOf(seq: number): number {
    const here = (this.base + this.sent) % 2 ** 32
    return this.sent + ((seq - here) | 0)
  }

  addRecord(row: number, record: RecordPlace): void {
    const { offset, length, plainOffset, plainLength } = record
    this.records.add({ from: offset, to: offset + length }, row)
    const { from, to, body, plain, plainEnd } = this.layout
    const last = from.length - 1
    const before = last < 0 ? 0 : plainEnd.data[last]
    // A recording may lie; the walk through it must not go backwards.
    if (last >= 0 && offset < to.data[last]) return
    const start = bodyOf(record)
    const carries = plainOffset >= before && plainLength > 0 && start + plainLength <= offset + length
    from.push(offset)
    to.push(offset + length)
    body.push(carries ? start : offset + length)
    plain.push(carries ? plainOffset : before)
    plainEnd.push(carries ? plainOffset + plainLength : before)
  }

  addFrame(row: number, stream: number, span: Span): void {
    this.frames.add(span, row)
    const rows = this.framesOf.get(stream)
    if (rows) rows.push(row)
    else this.framesOf.set(stream, [row])
    this.own(span, stream)
  }

  /** The first byte of an HTTP/1.1 message; all that follows belongs to its exchange until the message is over. */
  beginMessage(exchange: number, offset: number): void {
    const { to, stream } = this.owners
    const last = to.length - 1
    if (last >= 0 && to.data[last] === Infinity) {
      if (stream.data[last] === exchange) return
      to.data[last] = Math.max(this.owners.from.data[last], offset)
    }
    this.own({ from: offset, to: Infinity }, exchange)
  }

  endMessage(exchange: number, end: number): void {
    const { from, to, stream } = this.owners
    const last = to.length - 1
    if (last < 0 || stream.data[last] !== exchange || to.data[last] !== Infinity) return
    to.data[last] = Math.max(from.data[last], end)
  }

  private own({ from, to }: Span, stream: number): void {
    const { owners } = this
    const start = Math.max(from, owners.to.data[owners.to.length - 1] ?? 0)
    if (to <= start) return
    owners.from.push(start)
    owners.to.push(to)
    owners.stream.push(stream)
  }

  /** Streams or exchanges that have bytes in these spans of plain offsets, in ascending order. */
  ownersOf(spans: readonly Span[]): number[] {
    const { from, to, stream } = this.owners
    const found = new Set<number>()
    for (const span of spans)
      for (let at = upperBound(to, span.from); at < from.length && from.data[at] < span.to; at++)
        if (stream.data[at] !== 0) found.add(stream.data[at])
    return [...found].sort((a, b) => a - b)
  }

  /** The bytes of a stream or exchange, as plain offsets. */
  spansOf(stream: number): Span[] {
    const { from, to, stream: streams } = this.owners
    const spans: Span[] = []
    for (let at = 0; at < from.length; at++)
      if (streams.data[at] === stream) spans.push({ from: from.data[at], to: to.data[at] })
    return spans
  }

  /** Where application data lie in the TCP stream: a span a record. */
  toTcp({ from, to }: Span): Span[] {
    if (!this.isProtected) return [{ from, to }]
    const { body, plain, plainEnd } = this.layout
    const spans: Span[] = []
    for (let at = upperBound(plainEnd, from); at < plain.length && plain.data[at] < to; at++) {
      const shift = body.data[at] - plain.data[at]
      const first = Math.max(from, plain.data[at])
      const end = Math.min(to, plainEnd.data[at])
      if (end > first) spans.push({ from: first + shift, to: end + shift })
    }
    return spans
  }

  /** The application data that a span of the TCP stream carries: a span a record, none of header and tag. */
  toPlain({ from, to }: Span): Span[] {
    if (!this.isProtected) return [{ from, to }]
    const { from: starts, to: ends, body, plain, plainEnd } = this.layout
    const spans: Span[] = []
    for (let at = upperBound(ends, from); at < starts.length && starts.data[at] < to; at++) {
      const shift = plain.data[at] - body.data[at]
      const first = Math.max(from, body.data[at])
      const end = Math.min(to, plainEnd.data[at] - shift)
      if (end > first) spans.push({ from: first + shift, to: end + shift })
    }
    return spans
  }
}
