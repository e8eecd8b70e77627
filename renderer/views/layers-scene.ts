/** What the rulers of the layers show: everything that lies in a span of one stream of bytes, and what is linked to what. */
import type { PageLoad } from '../../shared/projections/page-load.ts'
import type { ByteStream } from '../../shared/projections/byte-stream.ts'
import type { Linked } from '../../shared/projections/layers.ts'
import { upperBound } from '../../shared/projections/series.ts'
import type { Span } from '../../shared/projections/spans.ts'
import type { TraceStore } from '../../shared/trace/store.ts'
import type { SelectedItem } from '../stores/selection.ts'
import { isNewData } from '../../shared/tcp-causes.ts'

export const TRACKS = ['segments', 'records', 'frames', 'exchanges'] as const
export type Track = (typeof TRACKS)[number]

/** How an item looks; `again` and `lost` are segments, `none` what belongs to no stream. */
export type Look = 'data' | 'head' | 'again' | 'lost' | 'handshake' | 'none'

export interface RulerItem {
  readonly track: Track
  /** Row of its table; of an exchange its number. */
  readonly id: number
  /** TCP offsets. */
  readonly from: number
  readonly to: number
  readonly look: Look
  /** A segment whose bytes had been sent before. */
  readonly again: boolean
  /** From the most telling to the shortest. */
  readonly texts: readonly string[]
}

/** No more is drawn: beyond this nothing can be told apart. */
export const MOST_ITEMS = 6_000

/** ContentType (RFC 8446 5.1), whole and in short. */
const CONTENT: Readonly<Record<number, readonly [string, string]>> = {
  20: ['change_cipher_spec', 'ccs'],
  21: ['alert', 'alert'],
  22: ['handshake', 'hs'],
  23: ['application_data', 'data'],
}

export class LayersScene {
  private readonly store: TraceStore
  private readonly load: PageLoad
  readonly stream: ByteStream

  constructor(store: TraceStore, load: PageLoad, stream: ByteStream) {
    this.store = store
    this.load = load
    this.stream = stream
  }

  /** The items of a track that have a byte in a span of TCP offsets, by where they begin. */
  items(track: Track, span: Span): RulerItem[] {
    switch (track) {
      case 'segments':
        return this.stream.segments
          .overlapping(span)
          .slice(0, MOST_ITEMS)
          .map((row) => this.segment(row))
      case 'records':
        return this.stream.records
          .overlapping(span)
          .slice(0, MOST_ITEMS)
          .map((row) => this.record(row))
      case 'frames':
        return this.framesIn(span)
          .slice(0, MOST_ITEMS)
          .map((row) => this.frame(row))
      case 'exchanges':
        return this.exchangesIn(span)
    }
  }

  private segment(row: number): RulerItem {
    const table = this.store.table('tcp:segment_sent')
    const pkt = table.pkt.data[row]
    const { from, to } = this.load.layers.spanOf(this.store, row)
    const cause = this.store.text(table.columns.cause.data[row])
    const again = !isNewData(cause)
    const look = this.store.fate(pkt).kind === 'dropped' ? 'lost' : again ? 'again' : 'data'
    const texts = [`#${pkt}  ${to - from} B`, `#${pkt}`]
    return { track: 'segments', id: row, from, to, look, again, texts }
  }

  private record(row: number): RulerItem {
    const { columns } = this.store.table('security:record')
    const from = columns.offset.data[row]
    const to = from + columns.length.data[row]
    const inner = columns.inner_type.data[row]
    const [name, short] = CONTENT[inner] ?? [inner === 0 ? '?' : String(inner), '?']
    const look = inner === 23 ? 'data' : inner === 22 ? 'handshake' : 'none'
    const texts = [`${name}  ${to - from} B`, name, short]
    return { track: 'records', id: row, from, to, look, again: false, texts }
  }

  private framesIn(span: Span): number[] {
    const rows = this.stream.toPlain(span).flatMap((plain) => this.stream.frames.overlapping(plain))
    return [...new Set(rows)]
  }

  private frame(row: number): RulerItem {
    const { columns } = this.store.table('http:frame')
    const type = this.store.text(columns.type.data[row])
    const stream = columns.stream.data[row]
    const start = columns.offset.data[row]
    const { from, to } = this.tcpExtent({ from: start, to: start + 9 + columns.length.data[row] })
    const look = stream === 0 ? 'none' : type === 'DATA' ? 'data' : 'head'
    const texts = [`${type} ${stream}  ${columns.length.data[row]} B`, `${type} ${stream}`, String(stream)]
    return { track: 'frames', id: row, from, to, look, again: false, texts }
  }

  /** From the first to the last byte of some application data, in TCP offsets. */
  private tcpExtent(plain: Span): Span {
    const parts = this.stream.toTcp(plain)
    if (parts.length === 0) return { from: 0, to: 0 }
    return { from: parts[0].from, to: parts[parts.length - 1].to }
  }

  /** A box for each run of bytes that belong to one exchange. */
  private exchangesIn(span: Span): RulerItem[] {
    const { from, to, stream } = this.stream.owners
    const items: RulerItem[] = []
    for (const plain of this.stream.toPlain(span)) {
      for (let at = upperBound(to, plain.from); at < from.length && from.data[at] < plain.to; at++) {
        const id = stream.data[at]
        const last = items[items.length - 1]
        if (id === 0) continue
        const extent = this.tcpExtent({ from: from.data[at], to: Math.min(to.data[at], 2 ** 52) })
        const clipped = { from: extent.from, to: Math.min(extent.to, this.stream.sent) }
        if (last?.id === id) items[items.length - 1] = { ...last, to: Math.max(last.to, clipped.to) }
        else if (items.length < MOST_ITEMS) items.push(this.exchange(id, clipped))
      }
    }
    return items
  }

  private exchange(id: number, span: Span): RulerItem {
    const attempt = this.load.requests.ofExchange(this.stream.flow, id)
    const target = attempt?.url.replace(/^[a-z]+:\/\/[^/]*/i, '')
    const texts = attempt ? [`#${id} ${attempt.method} ${target}`, `#${id} ${target}`, `#${id}`] : [`#${id}`]
    return { track: 'exchanges', id, ...span, look: 'data', again: false, texts }
  }
}

// --- what is selected ---------------------------------------------------------------------------------------

/** What is linked to the selection; `prefer`: which of the two sides of an exchange. */
export function linkedTo(
  store: TraceStore,
  load: PageLoad,
  item: SelectedItem | null,
  pkt: number | null,
  prefer: string,
): Linked | undefined {
  const { layers } = load
  if (item?.kind === 'record') return layers.ofRecord(store, item.row)
  if (item?.kind === 'handshake') return layers.ofHandshake(store, item.row)
  if (item?.kind === 'frame') return layers.ofFrame(store, item.row)
  if (item?.kind === 'exchange') return exchangeSide(store, load, item.flow, item.exchange, prefer)
  const row = pkt === null ? -1 : store.sentRow(pkt)
  return row < 0 ? undefined : layers.ofSegment(store, row)
}

function exchangeSide(
  store: TraceStore,
  { layers }: PageLoad,
  name: string,
  exchange: number,
  prefer: string,
): Linked | undefined {
  const flow = store.strings.indexOf(name)
  const streams = (store.flows.get(flow)?.ends ?? []).flatMap(({ node }) => layers.streamOf(flow, node) ?? [])
  const stream = streams.find(({ side }) => side === prefer) ?? streams[0]
  return stream && layers.ofExchange(stream, exchange)
}

/** The span of TCP offsets that something linked takes. */
export function extentOf(store: TraceStore, { layers }: PageLoad, linked: Linked): Span | undefined {
  const spans = linked.segments.map((row) => layers.spanOf(store, row))
  if (spans.length === 0) return undefined
  return {
    from: Math.min(...spans.map(({ from }) => from)),
    to: Math.max(...spans.map(({ to }) => to)),
  }
}
