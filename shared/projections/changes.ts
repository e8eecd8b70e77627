/** What was done to a run while it went on: knobs turned, marks set, faults that nobody asked for. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export type Change =
  | {
      readonly kind: 'knob'
      readonly t: number
      readonly path: string
      readonly from: string
      readonly to: string
    }
  | { readonly kind: 'mark'; readonly t: number; readonly text: string }
  | { readonly kind: 'fault'; readonly t: number; readonly what: string; readonly detail: string }

export class Changes {
  /** In the order in which they happened. */
  readonly all: Change[] = []
  private readonly cursor = new Cursor('sim:knob_changed', 'sim:mark', 'sim:fault')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      const text = (field: string): string => store.text(table.columns[field].data[row])
      if (name === 'sim:knob_changed')
        this.all.push({ kind: 'knob', t, path: text('path'), from: text('from'), to: text('to') })
      else if (name === 'sim:mark') this.all.push({ kind: 'mark', t, text: text('text') })
      else this.all.push({ kind: 'fault', t, what: text('what'), detail: text('detail') })
    })
  }
}
