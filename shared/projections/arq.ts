/** Retransmission over UDP as both ends see it: packets by their numbers against time, and the windows that slide over them. */
import type { EventTable } from '../trace/columns.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { TraceStore } from '../trace/store.ts'
import { Bars } from './bars.ts'
import { Cursor } from './cursor.ts'
import { Series } from './series.ts'

/** The window of an end over time; each value holds until the next. */
export interface ArqWindow {
  /** Of the sender the oldest packet that is not acknowledged, of the receiver the one that it expects next. */
  readonly base: Series
  /** `base` and the size of the window: the first number beyond it. */
  readonly edge: Series
  /** From `base` to the highest that was sent or has come. */
  readonly used: Series
  readonly size: Series
}

/** One transfer. A packet is a bar from its number to the next; what the two ends say is kept apart. */
export interface ArqTransfer {
  readonly lane: string
  /** Number of the name of its flow, 0: none. */
  readonly flow: number
  readonly sender: number
  readonly sent: Bars
  readonly resent: Bars
  readonly lost: Bars
  /** Acknowledgments that died, at the number that they would have acknowledged. */
  readonly lostAcks: Bars
  readonly delivered: Bars
  /** Kept until what is missing before them has come. */
  readonly buffered: Bars
  /** Thrown away by the receiver: duplicates, out of order or out of its window. */
  readonly refused: Bars
  /** By the number of the name of the node that tells of it. */
  readonly windows: ReadonlyMap<number, ArqWindow>
  /** The retransmission timer ran out: at the number of the oldest packet. */
  readonly timeouts: Series
}

const EVENTS = [
  'arq:packet_sent',
  'arq:packet_received',
  'arq:window_moved',
  'arq:timer_expired',
  'link:packet_dropped',
] as const

const newTransfer = (lane: string, flow: number): Transfer => ({
  lane,
  flow,
  sender: 0,
  sent: new Bars(),
  resent: new Bars(),
  lost: new Bars(),
  lostAcks: new Bars(),
  delivered: new Bars(),
  buffered: new Bars(),
  refused: new Bars(),
  windows: new Map(),
  timeouts: new Series(),
})

interface Transfer extends ArqTransfer {
  sender: number
  readonly windows: Map<number, ArqWindow>
}

export class Arq {
  private readonly transfers = new Map<string, Transfer>()
  /** Rows of `arq:packet_sent`, and 1. */
  private readonly rows = new PacketIndex()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  /** The transfers of a lane, as they began. */
  of(lane: string): ArqTransfer[] {
    return [...this.transfers.values()].filter((transfer) => transfer.lane === lane)
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      switch (name) {
        case 'arq:packet_sent':
          return this.onSent(store, table, row)
        case 'link:packet_dropped':
          return this.onDropped(store, t, table.pkt.data[row])
        case 'arq:packet_received':
          return this.onReceived(store, table, row)
        case 'arq:window_moved':
          return onWindow(this.open(store, table, row), table, row)
        case 'arq:timer_expired':
          return this.open(store, table, row).timeouts.push(t, table.columns.number.data[row])
      }
    })
  }

  private open(store: TraceStore, table: EventTable, row: number): Transfer {
    const lane = store.laneOf(table.node.data[row])
    const flow = table.flow.data[row]
    const key = `${flow} ${lane}`
    const known = this.transfers.get(key)
    if (known) return known
    const made = newTransfer(lane, flow)
    this.transfers.set(key, made)
    return made
  }

  private onSent(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    const pkt = table.pkt.data[row]
    const transfer = this.open(store, table, row)
    this.rows.set(pkt, row + 1)
    if (store.text(columns.kind.data[row]) !== 'data') return
    transfer.sender = table.node.data[row]
    const bars = columns.cause.data[row] === 0 ? transfer.sent : transfer.resent
    bars.push(table.t.data[row], columns.number.data[row], columns.number.data[row] + 1, pkt)
  }

  private onDropped(store: TraceStore, t: number, pkt: number): void {
    const row = this.rows.get(pkt) - 1
    if (row < 0) return
    const table = store.table('arq:packet_sent')
    const transfer = this.open(store, table, row)
    const number = table.columns.number.data[row]
    if (store.text(table.columns.kind.data[row]) === 'data') transfer.lost.push(t, number, number + 1, pkt)
    else transfer.lostAcks.push(t, number, number, pkt)
  }

  private onReceived(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    if (store.text(columns.kind.data[row]) !== 'data') return
    const { delivered, buffered, refused } = this.open(store, table, row)
    const verdict = store.text(columns.verdict.data[row])
    const bars = verdict === 'delivered' ? delivered : verdict === 'buffered' ? buffered : refused
    const number = columns.number.data[row]
    bars.push(table.t.data[row], number, number + 1, table.pkt.data[row])
  }
}

function onWindow({ windows }: Transfer, table: EventTable, row: number): void {
  const t = table.t.data[row]
  const node = table.node.data[row]
  const [base, next, size] = ['base', 'next', 'size'].map((field) => table.columns[field].data[row])
  let window = windows.get(node)
  if (!window)
    windows.set(
      node,
      (window = { base: new Series(), edge: new Series(), used: new Series(), size: new Series() }),
    )
  window.base.step(t, base)
  window.edge.step(t, base + size)
  window.used.step(t, Math.max(0, next - base))
  window.size.step(t, size)
}
