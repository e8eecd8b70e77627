/** Where and when packets died. */
import { Column } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { lowerBound } from './series.ts'

export interface Loss {
  /** When it died. */
  readonly t: number
  readonly pkt: number
  /** Number of the link's name. */
  readonly node: number
  readonly direction: number
  /** One of `DROP_REASONS`, as the recording says. */
  readonly reason: string
  /** Number of the flow's name, 0 when the packet is of none. */
  readonly flow: number
}

export class Losses {
  /** By lane, in the order of time: rows of `link:packet_dropped`. */
  private readonly lanes = new Map<string, { rows: Column; times: Column }>()
  private readonly cursor = new Cursor('link:packet_dropped')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const lane = store.laneOf(table.node.data[row])
      let losses = this.lanes.get(lane)
      if (!losses)
        this.lanes.set(lane, (losses = { rows: new Column('u32', 16), times: new Column('f64', 16) }))
      losses.rows.push(row)
      losses.times.push(table.t.data[row])
    })
  }

  count(lane: string): number {
    return this.lanes.get(lane)?.rows.length ?? 0
  }

  /** Losses of a lane from `from` to before `to`, one at most in each `width` microseconds (0: all of them). */
  between(store: TraceStore, lane: string, from: number, to: number, width = 0): Loss[] {
    const losses = this.lanes.get(lane)
    const list: Loss[] = []
    if (!losses) return list
    const end = lowerBound(losses.times, to)
    let column = -1
    for (let at = lowerBound(losses.times, from); at < end; at++) {
      const here = width > 0 ? Math.floor((losses.times.data[at] - from) / width) : at
      if (here === column) continue
      column = here
      list.push(lossAt(store, losses.rows.data[at]))
    }
    return list
  }
}

/** The loss in a row of `link:packet_dropped`. */
export function lossAt(store: TraceStore, row: number): Loss {
  const drops = store.table('link:packet_dropped')
  const pkt = drops.pkt.data[row]
  const sent = store.sentRow(pkt)
  return {
    t: drops.t.data[row],
    pkt,
    node: drops.node.data[row],
    direction: drops.columns.direction.data[row],
    reason: store.text(drops.columns.reason.data[row]),
    flow: sent >= 0 ? store.table('tcp:segment_sent').flow.data[sent] : drops.flow.data[row],
  }
}
