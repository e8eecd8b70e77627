/** The queue of each direction of each link over time, and the packets that it turned away. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { Series } from './series.ts'

export interface LinkQueue {
  /** Number of the link's name. */
  readonly node: number
  /** 0: up, from side a to side b; 1: down. */
  readonly direction: number
  readonly bytes: Series
  readonly packets: Series
  /** Bytes that stood in the queue when a packet was turned away or dropped by the queue's discipline. */
  readonly drops: Series
  /** Bytes that stood in it when a packet was marked instead (RFC 3168). */
  readonly marks: Series
}

/** The deaths that are the queue's doing. */
const QUEUE_REASONS = new Set(['queue_full', 'codel'])

export class Queues {
  readonly all: LinkQueue[] = []
  private readonly byLink = new Map<number, LinkQueue[]>()
  private readonly cursor = new Cursor(
    'link:packet_enqueued',
    'link:packet_dequeued',
    'link:packet_dropped',
    'link:packet_marked',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      const queue = this.open(table.node.data[row], table.columns.direction.data[row])
      if (name === 'link:packet_marked') return queue.marks.push(t, queue.bytes.valueAt(t) ?? 0)
      if (name !== 'link:packet_dropped') {
        queue.bytes.step(t, table.columns.queue_bytes.data[row])
        queue.packets.step(t, table.columns.queue_packets.data[row])
      } else if (QUEUE_REASONS.has(store.text(table.columns.reason.data[row])))
        queue.drops.push(t, queue.bytes.valueAt(t) ?? 0)
    })
  }

  private open(node: number, direction: number): LinkQueue {
    let queues = this.byLink.get(node)
    if (!queues) this.byLink.set(node, (queues = []))
    let queue = queues.find((candidate) => candidate.direction === direction)
    if (!queue) {
      queue = {
        node,
        direction,
        bytes: new Series(),
        packets: new Series(),
        drops: new Series(),
        marks: new Series(),
      }
      queues.push(queue)
      this.all.push(queue)
    }
    return queue
  }
}
