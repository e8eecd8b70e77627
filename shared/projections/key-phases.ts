/** The updates of the keys of 1-RTT packets (RFC 9001 6): which end used which generation from when on. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export interface KeyPhase {
  readonly t: number
  /** The end that changed its keys. */
  readonly node: number
  /** 0 at first; the Key Phase bit is its lowest. */
  readonly generation: number
  /** It began, and did not follow the other end. */
  readonly isOwn: boolean
}

export class KeyPhases {
  private readonly flows = new Map<number, KeyPhase[]>()
  private readonly cursor = new Cursor('transport:key_phase_changed')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const flow = table.flow.data[row]
      const known = this.flows.get(flow)
      const phase = {
        t: table.t.data[row],
        node: table.node.data[row],
        generation: table.columns.generation.data[row],
        isOwn: store.text(table.columns.by.data[row]) === 'local',
      }
      if (known) known.push(phase)
      else this.flows.set(flow, [phase])
    })
  }

  /** In the order of time. */
  ofFlow(flow: number): readonly KeyPhase[] {
    return this.flows.get(flow) ?? []
  }

  /** The generation that an end of a flow used at `t`. */
  at(flow: number, node: number, t: number): number {
    const before = this.ofFlow(flow).filter((phase) => phase.node === node && phase.t <= t)
    return before.at(-1)?.generation ?? 0
  }
}
