/** Sets of moments as disjoint intervals of time, in microseconds. */

export interface Interval {
  readonly from: number
  readonly to: number
}

/** Gaps shorter than this, in microseconds, are closed: times are sums of fractions and meet only nearly. */
const NEARLY = 0.5

/** A set of moments that grows; an interval may be empty and is then a moment of its own. */
export class Intervals {
  private readonly list: Interval[]

  /** Begins as a copy of a set, or empty. */
  constructor(before: readonly Interval[] = []) {
    this.list = [...before]
  }

  get all(): readonly Interval[] {
    return this.list
  }

  /** Adds an interval and joins it with those that it touches. */
  add(from: number, to: number): void {
    const { list } = this
    let at = list.length
    while (at > 0 && list[at - 1].to >= from - NEARLY) at--
    // From `at` on intervals end after `from` begins; those that begin before `to` are joined into one.
    let end = at
    const joined = { from, to }
    for (; end < list.length && list[end].from <= to + NEARLY; end++) {
      joined.from = Math.min(joined.from, list[end].from)
      joined.to = Math.max(joined.to, list[end].to)
    }
    list.splice(at, end - at, joined)
  }
}

/** The union of intervals, in ascending order. */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.from - b.from)
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of sorted) {
    const last = joined[joined.length - 1]
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/** What is in the first set and not in the second; both disjoint and in ascending order. */
export function without(set: readonly Interval[], other: readonly Interval[]): Interval[] {
  const rest: Interval[] = []
  let next = 0
  for (const { from, to } of set) {
    let at = from
    while (next < other.length && other[next].to <= from) next++
    for (let i = next; i < other.length && other[i].from < to; i++) {
      if (other[i].from > at) rest.push({ from: at, to: other[i].from })
      at = Math.max(at, other[i].to)
    }
    if (at < to || (at === to && from === to)) rest.push({ from: at, to })
  }
  return rest
}

/** How long they are together; they are disjoint. */
export const lengthOf = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { from, to }) => sum + to - from, 0)
