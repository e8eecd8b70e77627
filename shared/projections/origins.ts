/** The initial sequence number of each end of each flow, so that numbers can be shown from 0 on. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export class Origins {
  /**
   * By flow and node: the sequence number of its first segment, a SYN if the trace has it. A second connection of the same
   * addresses and ports is counted from there, too, so that old duplicates can be found among its numbers, as in the graph.
   */
  private readonly bases = new Map<number, Map<number, number>>()
  private readonly cursor = new Cursor('tcp:segment_sent')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const flow = table.flow.data[row]
      let nodes = this.bases.get(flow)
      if (!nodes) this.bases.set(flow, (nodes = new Map()))
      const node = table.node.data[row]
      if (!nodes.has(node)) nodes.set(node, table.columns.seq.data[row])
    })
  }

  /** The bases of what `node` sends on `flow` and of what it acknowledges; 0 where nothing is known. */
  of(flow: number, node: number): { readonly seq: number; readonly ack: number } {
    const nodes = this.bases.get(flow)
    let ack = 0
    for (const [other, base] of nodes ?? []) if (other !== node) ack = base
    return { seq: nodes?.get(node) ?? 0, ack }
  }
}
