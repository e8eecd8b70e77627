/**
 * Leaves metric samples out of a batch, for a window that cannot keep up (DESIGN 6). Nothing else is ever left out,
 * and the last sample of each node and flow stays, so that every curve ends where it should.
 */
import { decodeBatch, encodeBatch, type BatchTable } from '../../../shared/trace/batch.ts'
import type { NumberArray } from '../../../shared/trace/columns.ts'
import type { EventName } from '../../../shared/trace/events.ts'

const SAMPLES: ReadonlySet<EventName> = new Set<EventName>(['tcp:metrics_updated', 'tcp:rtt_sampled'])

/** The same batch without all but the last of its samples; what was left out is counted in it. */
export function thinBatch(buffer: ArrayBuffer): ArrayBuffer {
  const batch = decodeBatch(buffer)
  if ('reason' in batch) return buffer
  let left = 0
  const tables = batch.tables.map((table) => {
    if (!SAMPLES.has(table.name)) return table
    const thin = keepLast(table)
    left += table.rows - thin.rows
    return thin
  })
  if (left === 0) return buffer
  return encodeBatch({ ...batch, tables, events: batch.events - left, thinned: batch.thinned + left })
}

/** Metric tables have plain columns only, no lists. */
function keepLast(table: BatchTable): BatchTable {
  const last = new Map<string, number>()
  for (let row = 0; row < table.rows; row++) last.set(`${table.node[row]} ${table.flow[row]}`, row)
  const rows = [...last.values()].sort((a, b) => a - b)
  const pick = (column: NumberArray): NumberArray => {
    const kept = new (column.constructor as new (length: number) => NumberArray)(rows.length)
    for (const [i, row] of rows.entries()) kept[i] = column[row]
    return kept
  }
  const columns = Object.fromEntries(
    Object.entries(table.columns).map(([name, column]) => [name, pick(column)]),
  )
  const { seq, t, node, flow, pkt } = table
  return {
    ...table,
    rows: rows.length,
    seq: pick(seq),
    t: pick(t),
    node: pick(node),
    flow: pick(flow),
    pkt: pick(pkt),
    columns,
  }
}
