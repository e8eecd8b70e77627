/**
 * What lies in the receive buffer of each end of a connection: bytes behind a gap, bytes that could be read, the gaps with
 * the segment that is missing, and how many bytes the application takes at once. RFC 9293 3.10.7.4 (segment text).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Bars } from './bars.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'
import { Unwrapper } from './unwrapper.ts'

/** A time in which later bytes had come and one before them had not. */
export interface Gap {
  readonly from: number
  /** Infinite while it is open. */
  to: number
  /** The first byte that was missing, relative to the initial sequence number. */
  readonly seq: number
  /** The packet that brought it; 0 while it is missing. */
  broughtBy: number
}

export interface HeldEnd {
  /** Bytes that came after a gap. */
  readonly behind: Series
  /** Bytes in order that the application has not read. */
  readonly readable: Series
  readonly gaps: Gap[]
  /** Bytes read at each moment, however many readings that took, and in all so far. */
  readonly reads: Series
  readonly read: Series
}

interface Account extends HeldEnd {
  /** The next byte that is missing. */
  next: number
  /** What came beyond it: disjoint, in ascending order. */
  readonly pieces: { from: number; to: number }[]
  readonly unwrap: Unwrapper
}

const EVENTS = [
  'tcp:segment_sent',
  'tcp:segment_received',
  'tcp:metrics_updated',
  'tcp:data_read',
  'link:packet_dropped',
] as const

export class HeldBytes {
  private readonly accounts = new EndMap<Account>(() => ({
    behind: new Series(),
    readable: new Series(),
    gaps: [],
    reads: new Series(),
    read: new Series(),
    next: 0,
    pieces: [],
    unwrap: new Unwrapper(),
  }))
  /** What each end has lost, by its flow and node: spans of relative sequence numbers. */
  private readonly lost = new EndMap<{ readonly unwrap: Unwrapper; readonly bars: Bars }>(() => ({
    unwrap: new Unwrapper(),
    bars: new Bars(),
  }))
  private readonly cursor = new Cursor(...EVENTS)

  /** By flow and the node that receives. */
  get ends(): Pick<EndMap<HeldEnd>, 'get' | 'all'> {
    return this.accounts
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const flow = table.flow.data[row]
      const node = table.node.data[row]
      const t = table.t.data[row]
      switch (name) {
        case 'tcp:segment_sent': {
          const { unwrap } = this.lost.open(flow, node)
          const from = unwrap.relative(table.columns.seq.data[row])
          return unwrap.advance(from + table.columns.payload.data[row])
        }
        case 'tcp:segment_received':
          return this.onReceived(store, table, row)
        case 'tcp:metrics_updated': {
          const end = this.accounts.open(flow, node)
          end.behind.step(t, table.columns.out_of_order.data[row])
          return end.readable.step(t, table.columns.receive_buffer.data[row])
        }
        case 'tcp:data_read': {
          const { reads, read } = this.accounts.open(flow, node)
          const bytes = table.columns.bytes.data[row]
          const isSame = reads.length > 0 && reads.times.data[reads.length - 1] === t
          if (isSame) reads.addToLast(bytes)
          else reads.push(t, bytes)
          return read.push(t, (read.values.data[read.length - 1] ?? 0) + bytes)
        }
        case 'link:packet_dropped':
          return this.onDropped(store, t, table.pkt.data[row])
      }
    })
  }

  private onDropped(store: TraceStore, t: number, pkt: number): void {
    const row = store.sentRow(pkt)
    if (row < 0) return
    const { flow, node, columns } = store.table('tcp:segment_sent')
    const { unwrap, bars } = this.lost.open(flow.data[row], node.data[row])
    const from = unwrap.relative(columns.seq.data[row])
    if (columns.payload.data[row] > 0) bars.push(t, from, from + columns.payload.data[row], pkt)
  }

  private onReceived(store: TraceStore, table: EventTable, row: number): void {
    const pkt = table.pkt.data[row]
    const sent = store.sentRow(pkt)
    const payload = table.columns.payload.data[row]
    if (sent < 0) return
    const segments = store.table('tcp:segment_sent')
    const end = this.accounts.open(table.flow.data[row], table.node.data[row])
    const seq = end.unwrap.relative(segments.columns.seq.data[sent])
    end.unwrap.advance(seq + payload)
    // The SYN takes a number of its own, the first data follow it.
    if (end.next === 0) end.next = seq + (payload === 0 ? 1 : 0)
    if (table.columns.new_data.data[row] > 0) take(end, table.t.data[row], seq, seq + payload, pkt)
  }

  /** The packets that were to bring the missing byte, and died before it came. */
  blame(flow: number, sender: number, { seq, to }: Gap): number[] {
    const bars = this.lost.get(flow, sender)?.bars
    const pkts: number[] = []
    for (let at = 0; bars !== undefined && at < bars.length && bars.times.data[at] <= to; at++)
      if (bars.from.data[at] <= seq && bars.to.data[at] > seq) pkts.push(bars.pkts.data[at])
    return pkts
  }
}

/** Takes the bytes from `from` to `to` in, and opens or closes the gap before the rest. */
function take(end: Account, t: number, from: number, to: number, pkt: number): void {
  const { pieces, gaps } = end
  const at = pieces.findIndex((piece) => piece.to >= from)
  const start = at < 0 ? pieces.length : at
  let count = 0
  const joined = { from, to }
  for (let i = start; i < pieces.length && pieces[i].from <= to; i++, count++) {
    joined.from = Math.min(joined.from, pieces[i].from)
    joined.to = Math.max(joined.to, pieces[i].to)
  }
  pieces.splice(start, count, joined)
  const before = end.next
  while (pieces.length > 0 && pieces[0].from <= end.next) end.next = Math.max(end.next, pieces.shift()!.to)
  const open = gaps.at(-1)
  if (open !== undefined && open.to === Infinity && end.next > before) {
    open.to = t
    open.broughtBy = pkt
  }
  if (pieces.length > 0 && gaps.at(-1)?.to !== Infinity)
    gaps.push({ from: t, to: Infinity, seq: end.next, broughtBy: 0 })
}
