/** What a client waits for before it can connect: its server's address (DNS), and the Ethernet address of a neighbour (ARP). */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

/** Microseconds; `to` NaN: it goes on. */
export interface Wait {
  readonly from: number
  to: number
}

export interface Lookup extends Wait {
  readonly node: number
  outcome: string
}

export class BeforeConnecting {
  /** In the order in which they were begun. */
  readonly lookups: Lookup[] = []
  private readonly running = new Map<string, Lookup>()
  /** By lane: when at least one packet waited for the Ethernet address of its next hop, anywhere; apart and in order. */
  private readonly neighbours = new Map<string, Wait[]>()
  private readonly cursor = new Cursor('dns:lookup_started', 'dns:lookup_finished', 'arp:packet_released')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const node = table.node.data[row]
      const t = table.t.data[row]
      if (name === 'arp:packet_released')
        return this.onReleased(store.laneOf(node), t - table.columns.waited.data[row], t)
      const key = `${node} ${table.columns.lookup.data[row]}`
      if (name === 'dns:lookup_started') {
        const lookup = { node, from: t, to: NaN, outcome: '' }
        this.lookups.push(lookup)
        this.running.set(key, lookup)
        return
      }
      const lookup = this.running.get(key)
      if (lookup === undefined) return
      lookup.to = t
      lookup.outcome = store.text(table.columns.outcome.data[row])
      this.running.delete(key)
    })
  }

  /** When packets of a lane waited for ARP. */
  neighbourWaits(lane: string): readonly Wait[] {
    return this.neighbours.get(lane) ?? []
  }

  private onReleased(lane: string, from: number, to: number): void {
    const waits = this.neighbours.get(lane) ?? []
    let begin = from
    // They end in order, so what this one overlaps stands last.
    while (waits.length > 0 && waits[waits.length - 1].to >= begin) begin = Math.min(begin, waits.pop()!.from)
    waits.push({ from: begin, to })
    this.neighbours.set(lane, waits)
  }
}
