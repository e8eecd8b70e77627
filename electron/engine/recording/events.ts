/** Batches back into events, one by one and in the order in which they happened. */
import type { Batch, BatchTable } from '../../../shared/trace/batch.ts'
import { EVENTS, type EventName, type FieldSpec } from '../../../shared/trace/events.ts'
import type { TraceEvent } from './types.ts'

type Plan = readonly (readonly [string, FieldSpec['type']])[]
const plans = new Map<EventName, Plan>()

function planOf(name: EventName): Plan {
  let plan = plans.get(name)
  if (plan === undefined) {
    plan = Object.entries<FieldSpec>(EVENTS[name].fields).map(([field, spec]) => [field, spec.type] as const)
    plans.set(name, plan)
  }
  return plan
}

/** One row of a table, its strings looked up. */
function eventAt(table: BatchTable, row: number, strings: readonly string[]): TraceEvent {
  const data: Record<string, unknown> = {}
  for (const [field, type] of planOf(table.name)) {
    if (type === 'ranges') {
      const { values, ends } = table.lists[field]
      data[field] = Array.from(values.subarray(row === 0 ? 0 : ends[row - 1], ends[row]))
    } else if (type === 'str') data[field] = strings[table.columns[field][row]]
    else if (type === 'flag') data[field] = table.columns[field][row] !== 0
    else data[field] = table.columns[field][row]
  }
  return {
    seq: table.seq[row],
    t: table.t[row],
    node: strings[table.node[row]],
    flow: strings[table.flow[row]],
    pkt: table.pkt[row],
    name: table.name,
    data,
  } as TraceEvent
}

/**
 * The events of a run in the order of `seq`, all or those of some names. A batch whose strings do not follow on
 * those before it ends the reading: what comes after it could not be named.
 */
export function* eventsOf<N extends EventName>(
  batches: Iterable<Batch>,
  names?: readonly N[],
): Generator<TraceEvent<N>> {
  const wanted = names && new Set<EventName>(names)
  const strings = ['']
  for (const batch of batches) {
    if (batch.stringBase !== strings.length) return
    for (const text of batch.strings) strings.push(text)
    const rows: { seq: number; table: BatchTable; row: number }[] = []
    for (const table of batch.tables) {
      if (wanted && !wanted.has(table.name)) continue
      for (let row = 0; row < table.rows; row++) rows.push({ seq: table.seq[row], table, row })
    }
    rows.sort((a, b) => a.seq - b.seq)
    for (const { table, row } of rows) yield eventAt(table, row, strings) as TraceEvent<N>
  }
}
