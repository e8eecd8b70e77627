/**
 * Why each sender did not send more (DESIGN 6.2): from the first packet of a connection to its last, every moment
 * belongs to exactly one cause, and the shares add up to the whole.
 */
import { Column } from '../trace/columns.ts'
import { STALL_CAUSES, type StallCause } from '../trace/events.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { lowerBound } from './series.ts'

export interface StallInterval {
  readonly from: number
  readonly to: number
  readonly cause: StallCause
}

export interface StallShare {
  readonly cause: StallCause
  /** Microseconds. */
  readonly time: number
  /** Tenths of a percent, rounded so that all shares together are exactly 1000. */
  readonly permille: number
}

/** The moments at which the cause changed, and what has been added up so far. */
export class StallLog {
  readonly times = new Column('f64', 16)
  /** Number of the cause in `STALL_CAUSES`. */
  readonly causes = new Column('u8', 16)
  /** Time in each cause, up to the last change. */
  private readonly sums = new Float64Array(STALL_CAUSES.length)

  change(t: number, cause: number): void {
    const last = this.times.length - 1
    if (last >= 0) {
      if (this.causes.data[last] === cause) return
      this.sums[this.causes.data[last]] += t - this.times.data[last]
    }
    this.times.push(t)
    this.causes.push(cause)
  }

  /** Time in each cause from the first change to `end`, numbered as in `STALL_CAUSES`. */
  totals(end: number): Float64Array {
    const totals = this.sums.slice()
    let last = this.times.length - 1
    for (; last > 0 && this.times.data[last] > end; last--)
      totals[this.causes.data[last - 1]] -= this.times.data[last] - this.times.data[last - 1]
    if (last >= 0 && end > this.times.data[last])
      totals[this.causes.data[last]] += end - this.times.data[last]
    return totals
  }

  /** The causes that had a part of the time up to `end`, in the order of `STALL_CAUSES`. */
  shares(end: number): StallShare[] {
    return sharesOf(this.totals(end))
  }

  /**
   * What the strip of causes shows from `from` to `to`, on columns of pixels `width` microseconds wide: an interval that
   * is at least so wide stands as it is; shorter ones give the column to the cause with most time in it.
   */
  thin(from: number, to: number, width: number): StallInterval[] {
    const list: StallInterval[] = []
    let at = Math.max(0, lowerBound(this.times, from) - 1)
    let start = from
    while (at < this.times.length && this.times.data[at] < to) {
      const stop = this.intervalEnd(at, to)
      if (stop - start >= width || at === this.times.length - 1) {
        append(list, Math.max(start, this.times.data[at]), stop, this.causes.data[at])
        start = stop
        at++
        continue
      }
      const limit = Math.min(start + width, to)
      const [cause, next] = this.dominant(at, start, limit)
      append(list, Math.max(start, this.times.data[at]), limit, cause)
      start = limit
      at = next
    }
    return list
  }

  private intervalEnd(at: number, to: number): number {
    return at + 1 < this.times.length ? Math.min(this.times.data[at + 1], to) : to
  }

  /** The cause with most time between `start` and `limit`, and the interval that holds `limit`. */
  private dominant(at: number, start: number, limit: number): [number, number] {
    const sums = new Float64Array(STALL_CAUSES.length)
    let best = this.causes.data[at]
    for (;;) {
      const cause = this.causes.data[at]
      const stop = this.intervalEnd(at, limit)
      sums[cause] += stop - Math.max(start, this.times.data[at])
      if (sums[cause] > sums[best]) best = cause
      if (stop >= limit || at + 1 >= this.times.length) break
      at++
    }
    if (at + 1 < this.times.length && this.times.data[at + 1] <= limit) at++
    return [best, at]
  }
}

/** Times by cause, numbered as in `STALL_CAUSES`, as shares of their sum; causes without any are left out. */
export function sharesOf(totals: Float64Array): StallShare[] {
  const permille = roundToSum(totals, 1000)
  return STALL_CAUSES.map((cause, i) => ({ cause, time: totals[i], permille: permille[i] })).filter(
    (share) => share.time > 0,
  )
}

function append(list: StallInterval[], from: number, to: number, causeNumber: number): void {
  if (to <= from) return
  const cause = STALL_CAUSES[causeNumber]
  const last = list[list.length - 1]
  if (last && last.cause === cause && last.to === from) list[list.length - 1] = { ...last, to }
  else list.push({ from, to, cause })
}

/** Whole numbers in proportion to `parts` whose sum is `sum`: the largest remainders are rounded up. */
export function roundToSum(parts: ArrayLike<number>, sum: number): number[] {
  let total = 0
  for (let i = 0; i < parts.length; i++) total += parts[i]
  if (total === 0) return Array.from(parts, () => 0)
  const exact = Array.from(parts, (part) => (part / total) * sum)
  const rounded = exact.map(Math.floor)
  let missing = sum - rounded.reduce((a, b) => a + b, 0)
  const order = exact.map((value, i) => [value - rounded[i], i] as const).sort((a, b) => b[0] - a[0])
  for (const [, i] of order) {
    if (missing <= 0) break
    rounded[i]++
    missing--
  }
  return rounded
}

export class Stalls {
  readonly ends = new EndMap<StallLog>(() => new StallLog())
  /** Time of the last packet of each flow: where the account ends. */
  private readonly lastPacket = new Map<number, number>()
  private readonly cursor = new Cursor(
    'tcp:stall_changed',
    'tcp:segment_sent',
    'tcp:segment_received',
    'recovery:stall_changed',
    'transport:packet_sent',
    'transport:packet_received',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const flow = table.flow.data[row]
      const t = table.t.data[row]
      if (name !== 'tcp:stall_changed' && name !== 'recovery:stall_changed') {
        this.lastPacket.set(flow, t)
        return
      }
      const cause = STALL_CAUSES.indexOf(store.text(table.columns.cause.data[row]) as StallCause)
      if (cause >= 0) this.ends.open(flow, table.node.data[row]).change(t, cause)
    })
  }

  /** When the last packet of the flow was sent or came in. */
  endOf(flow: number): number {
    return this.lastPacket.get(flow) ?? 0
  }
}
