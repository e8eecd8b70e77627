/** Spans of offsets, each with a number, to be looked up by what they overlap: which segments carry these bytes? */
import { Column } from '../trace/columns.ts'
import { lowerBound, upperBound } from './series.ts'

/** From an offset to before another one. */
export interface Span {
  readonly from: number
  readonly to: number
}

/**
 * Kept in the order of their starts. Almost all are added at the end (what is sent comes in order); one that belongs
 * further back, such as a retransmission, moves those behind it.
 */
export class Spans {
  private readonly starts = new Column('f64', 16)
  private readonly ends = new Column('f64', 16)
  private readonly ids = new Column('u32', 16)
  private longest = 0

  get length(): number {
    return this.starts.length
  }

  /** Adds a span; an empty one overlaps nothing and is left out. */
  add({ from, to }: Span, id: number): void {
    if (to <= from) return
    this.longest = Math.max(this.longest, to - from)
    // Behind those that start at the same offset, so that they stand in the order in which they came.
    const at = upperBound(this.starts, from)
    insert(this.starts, at, from)
    insert(this.ends, at, to)
    insert(this.ids, at, id)
  }

  /** The numbers of all spans that have a byte in common with this one, by their starts. */
  overlapping({ from, to }: Span): number[] {
    const found: number[] = []
    const { length } = this
    for (let at = lowerBound(this.starts, from - this.longest); at < length; at++) {
      if (this.starts.data[at] >= to) break
      if (this.ends.data[at] > from) found.push(this.ids.data[at])
    }
    return found
  }
}

/** Puts a value at a place of a column and moves the rest on by one. */
export function insert(column: Column, at: number, value: number): void {
  column.push(value)
  if (at === column.length - 1) return
  column.data.copyWithin(at + 1, at, column.length - 1)
  column.data[at] = value
}
