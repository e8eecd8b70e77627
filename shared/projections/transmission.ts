/**
 * How long a link takes to transmit a byte, as its queue shows it: while packets wait, the transmission of one begins
 * when that of the one before it is over. Nothing is assumed of the link's set-up, and a rate that changes is followed.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceNode, TraceStore } from '../trace/store.ts'

interface Direction {
  /** Microseconds a byte; 0 until two packets have left the queue one after the other. */
  pace: number
  /** The packet that left the queue last: when, how long it is, and whether another one waited behind it. */
  t: number
  size: number
  busy: boolean
}

export class Transmission {
  /** By link and direction. */
  private readonly directions = new Map<number, Direction>()

  /** A row of `link:packet_dequeued`. */
  onDequeued(store: TraceStore, table: EventTable, row: number): void {
    const key = 2 * table.node.data[row] + (table.columns.direction.data[row] & 1)
    const t = table.t.data[row]
    let direction = this.directions.get(key)
    if (direction === undefined)
      this.directions.set(key, (direction = { pace: 0, t: 0, size: 0, busy: false }))
    if (direction.busy && direction.size > 0) direction.pace = (t - direction.t) / direction.size
    direction.t = t
    direction.size = store.sizeOf(table.pkt.data[row])
    direction.busy = table.columns.queue_packets.data[row] > 0
  }

  /** Microseconds that the link beside a node takes for a byte that this node sends; 0: none that could be measured. */
  paceFrom(store: TraceStore, node: number): number {
    const name = store.text(node)
    const link = linkOf(store, name)
    if (link === undefined) return 0
    return this.directions.get(2 * link.id + (link.a === name ? 0 : 1))?.pace ?? 0
  }
}

function linkOf(store: TraceStore, name: string): TraceNode | undefined {
  for (const node of store.nodes.values())
    if (node.kind === 'link' && (node.a === name || node.b === name)) return node
  return undefined
}
