/** How a projection reads on from where it was. */
import type { EventTable } from '../trace/columns.ts'
import type { EventName } from '../trace/events.ts'
import type { TraceStore } from '../trace/store.ts'

/**
 * A place in some tables of a store. New rows are given out in the order in which they happened (`seq`), over all
 * tables: a projection that keeps state between events of different names needs no more than this to be independent
 * of how the events were cut into batches.
 */
export class Cursor<N extends EventName> {
  private readonly names: readonly N[]
  private readonly rows: number[]

  constructor(...names: readonly N[]) {
    this.names = names
    this.rows = names.map(() => 0)
  }

  /** Calls `visit` for each row since the last call. */
  read(store: TraceStore, visit: (name: N, table: EventTable, row: number) => void): void {
    const tables = this.names.map((name) => store.table(name))
    const { rows } = this
    for (;;) {
      let next = -1
      let seq = Infinity
      for (let i = 0; i < tables.length; i++) {
        if (rows[i] >= tables[i].length) continue
        const candidate = tables[i].seq.data[rows[i]]
        if (candidate < seq) {
          seq = candidate
          next = i
        }
      }
      if (next === -1) return
      visit(this.names[next], tables[next], rows[next]++)
    }
  }
}

/** A value for each pair of flow and node, that is for each end of a connection; made when first asked for. */
export class EndMap<T> {
  /** In the order of their appearance. */
  readonly all: { readonly flow: number; readonly node: number; readonly value: T }[] = []
  private readonly flows = new Map<number, Map<number, T>>()
  private readonly make: (flow: number, node: number) => T

  constructor(make: (flow: number, node: number) => T) {
    this.make = make
  }

  get(flow: number, node: number): T | undefined {
    return this.flows.get(flow)?.get(node)
  }

  open(flow: number, node: number): T {
    const known = this.get(flow, node)
    if (known !== undefined) return known
    const value = this.make(flow, node)
    const nodes = this.flows.get(flow)
    if (nodes) nodes.set(node, value)
    else this.flows.set(flow, new Map([[node, value]]))
    this.all.push({ flow, node, value })
    return value
  }
}
