/** What arrives for good: bytes given to the application, and the rates that follow. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

/** What one end sends, and what it reads. */
export interface Transfer {
  /** When it sent its first byte of data; infinite before. */
  firstData: number
  /** Bytes that its application has read so far. */
  readonly read: Series
}

/** The rate in an interval, in bits a second. */
export interface Rate {
  readonly from: number
  readonly to: number
  readonly bitsPerSecond: number
}

export class Goodput {
  readonly ends = new EndMap<Transfer>(() => ({ firstData: Infinity, read: new Series() }))
  private readonly cursor = new Cursor('tcp:segment_sent', 'tcp:data_read')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      if (name === 'tcp:data_read') end.read.push(t, lastOf(end.read) + table.columns.bytes.data[row])
      else if (table.columns.payload.data[row] > 0 && t < end.firstData) end.firstData = t
    })
  }
}

/** The total so far. */
const lastOf = (totals: Series): number => (totals.length === 0 ? 0 : totals.values.data[totals.length - 1])

/**
 * The rate in each interval of `interval` microseconds that touches `from` to `to`. Intervals lie at whole multiples of
 * their length, whatever is looked at; the one that `end` (the end of the trace) cuts is taken as long as it lasted, and
 * left out while it is shorter than a quarter.
 */
export function rates(totals: Series, from: number, to: number, interval: number, end: number): Rate[] {
  const list: Rate[] = []
  const last = Math.min(to, end)
  for (let start = Math.floor(from / interval) * interval; start < last; start += interval) {
    const stop = Math.min(start + interval, end)
    if (stop - start < interval / 4) break
    const bytes = (totals.valueAt(stop) ?? 0) - (totals.valueAt(start) ?? 0)
    list.push({ from: start, to: stop, bitsPerSecond: (bytes * 8e6) / (stop - start) })
  }
  return list
}

/** The rate from `start` to the last byte; undefined before there is any. */
export function meanRate(totals: Series, start: number): Rate | undefined {
  if (totals.length === 0) return undefined
  const to = totals.times.data[totals.length - 1]
  const bytes = lastOf(totals)
  if (bytes === 0 || !(to > start)) return undefined
  return { from: start, to, bitsPerSecond: (bytes * 8e6) / (to - start) }
}
