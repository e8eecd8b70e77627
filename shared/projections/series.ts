/** Numbers over time, and how they are thinned out for a chart without hiding or inventing anything. */
import { Column } from '../trace/columns.ts'

/** Points of one block; a whole block is looked at by its extremes alone. */
const BLOCK = 64

/**
 * Points in the order of time. Extremes are kept a block at a time, so that thinning a million points to the width of
 * a chart looks at a few thousand.
 */
export class Series {
  readonly times = new Column('f64', 16)
  readonly values = new Column('f64', 16)
  private readonly blockMin = new Column('u32', 4)
  private readonly blockMax = new Column('u32', 4)

  get length(): number {
    return this.times.length
  }

  push(time: number, value: number): void {
    const at = this.times.length
    this.times.push(time)
    this.values.push(value)
    const block = Math.floor(at / BLOCK)
    if (block === this.blockMin.length) {
      this.blockMin.push(at)
      this.blockMax.push(at)
      return
    }
    const { data } = this.values
    if (value < data[this.blockMin.data[block]]) this.blockMin.data[block] = at
    if (value > data[this.blockMax.data[block]]) this.blockMax.data[block] = at
  }

  /** Adds to the value of the last point. Only when there is one. */
  addToLast(more: number): void {
    const at = this.length - 1
    const { data } = this.values
    data[at] += more
    // The smallest of its block may be another now.
    const first = at - (at % BLOCK)
    const block = first / BLOCK
    for (let i = first; i <= at; i++) {
      if (i === first || data[i] < data[this.blockMin.data[block]]) this.blockMin.data[block] = i
      if (i === first || data[i] > data[this.blockMax.data[block]]) this.blockMax.data[block] = i
    }
  }

  /** As `push`, but leaves out what a step line would show anyway: the same value again. */
  step(time: number, value: number): void {
    if (this.length > 0 && Object.is(this.values.data[this.length - 1], value)) return
    this.push(time, value)
  }

  /** Index of the first point at or after `time`; the length when there is none. */
  indexAt(time: number): number {
    return lowerBound(this.times, time)
  }

  /** Value that holds at `time`: that of the last point at or before it. */
  valueAt(time: number): number | undefined {
    const at = upperBound(this.times, time) - 1
    return at < 0 ? undefined : this.values.data[at]
  }

  /** Indexes of the smallest and the largest of the points from `from` to before `to`, which is larger. */
  extremes(from: number, to: number): readonly [number, number] {
    const { data } = this.values
    let low = from
    let high = from
    for (let at = from; at < to;) {
      if (at % BLOCK === 0 && at + BLOCK <= to) {
        const block = at / BLOCK
        if (data[this.blockMin.data[block]] < data[low]) low = this.blockMin.data[block]
        if (data[this.blockMax.data[block]] > data[high]) high = this.blockMax.data[block]
        at += BLOCK
      } else {
        if (data[at] < data[low]) low = at
        if (data[at] > data[high]) high = at
        at++
      }
    }
    return [low, high]
  }

  /**
   * The points to draw from `from` to `to` on `columns` columns of pixels: of each column the first, the smallest, the
   * largest and the last point, in their order. A line through these covers the same pixels as one through all points
   * (M4, Jugel et al., VLDB 2014). Also the nearest point on either side, so that lines enter and leave the picture.
   */
  thin(from: number, to: number, columns: number): number[] {
    const start = this.indexAt(from)
    const stop = lowerBound(this.times, to, start)
    const picked: number[] = start > 0 ? [start - 1] : []
    if (stop - start <= 4 * columns) for (let at = start; at < stop; at++) picked.push(at)
    else {
      let left = start
      for (let column = 1; column <= columns && left < stop; column++) {
        const right =
          column === columns ? stop : lowerBound(this.times, from + ((to - from) * column) / columns, left)
        if (right > left) this.pickColumn(left, right, picked)
        left = right
      }
    }
    if (stop < this.length) picked.push(stop)
    return picked
  }

  private pickColumn(left: number, right: number, picked: number[]): void {
    const [low, high] = this.extremes(left, right)
    let last = left
    picked.push(left)
    for (const at of [Math.min(low, high), Math.max(low, high), right - 1])
      if (at > last) picked.push((last = at))
  }

  get byteLength(): number {
    return (
      this.times.byteLength + this.values.byteLength + this.blockMin.byteLength + this.blockMax.byteLength
    )
  }
}

/** First index from `start` on whose value is at least `value`, in a column in ascending order. */
export function lowerBound(column: Column, value: number, start = 0): number {
  const { data } = column
  let low = start
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (data[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

/** First index from `start` on whose value is larger than `value`, in a column in ascending order. */
export function upperBound(column: Column, value: number, start = 0): number {
  const { data } = column
  let low = start
  let high = column.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (data[middle] <= value) low = middle + 1
    else high = middle
  }
  return low
}
