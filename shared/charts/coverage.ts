/** How much of each column of pixels a set of intervals covers: what is shorter than a pixel is neither hidden nor blown up. */
import type { Interval } from '../projections/intervals.ts'
import type { TimeRange } from './context.ts'

/** Adds, for each of the columns, the share of its time that the intervals take; they are disjoint. */
export function addCoverage(
  sums: Float64Array,
  intervals: readonly Interval[],
  { from, to }: TimeRange,
): void {
  const scale = sums.length / (to - from)
  for (const interval of intervals) {
    const start = Math.max(0, (interval.from - from) * scale)
    const end = Math.min(sums.length, (interval.to - from) * scale)
    for (let column = Math.floor(start); column < end; column++)
      sums[column] += Math.min(end, column + 1) - Math.max(start, column)
  }
}

/** Runs of columns that are covered about alike: from a column to before another one, and how much in quarters, 1 to 4. */
export interface Run {
  readonly from: number
  readonly to: number
  readonly quarters: number
}

/**
 * The runs of covered columns; the intervals are in ascending order. A moment that takes no time, but lies in a column, makes
 * it a quarter at least.
 */
export function runsOf(intervals: readonly Interval[], { from, to }: TimeRange, columns: number): Run[] {
  if (intervals.length === 0) return []
  const width = (to - from) / columns
  // Most rows cover a small part of the time: the others are not looked at.
  const first = Math.max(0, Math.floor((intervals[0].from - from) / width))
  const end = Math.min(columns, Math.floor((intervals[intervals.length - 1].to - from) / width) + 1)
  if (end <= first) return []
  const sums = new Float64Array(end - first)
  addCoverage(sums, intervals, { from: from + first * width, to: from + end * width })
  for (const interval of intervals) {
    const column = Math.floor((interval.from - from) / width) - first
    if (column >= 0 && column < sums.length) sums[column] = Math.max(sums[column], 1e-3)
  }
  const runs: Run[] = []
  for (let at = 0; at < sums.length;) {
    const quarters = quartersOf(sums[at])
    const start = at
    while (at < sums.length && quartersOf(sums[at]) === quarters) at++
    if (quarters > 0) runs.push({ from: first + start, to: first + at, quarters })
  }
  return runs
}

const quartersOf = (sum: number): number => Math.min(4, Math.ceil(sum * 4 - 1e-6))
