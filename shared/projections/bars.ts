/** Spans of sequence numbers at moments of time: the vertical strokes of a time-sequence graph. */
import { Column } from '../trace/columns.ts'
import { lowerBound } from './series.ts'

export interface Bar {
  readonly t: number
  readonly from: number
  readonly to: number
}

export class Bars {
  readonly times = new Column('f64', 16)
  readonly from = new Column('f64', 16)
  readonly to = new Column('f64', 16)
  /** The packet behind each. */
  readonly pkts = new Column('u32', 16)

  get length(): number {
    return this.times.length
  }

  push(t: number, from: number, to: number, pkt: number): void {
    this.times.push(t)
    this.from.push(from)
    this.to.push(to)
    this.pkts.push(pkt)
  }

  /**
   * The strokes from time `start` to `stop`, those that fall on the same pixels joined: within one column of pixels
   * (`width` microseconds wide) bars that overlap or lie less than a pixel (`height` sequence numbers) apart become
   * one. Nothing that can be seen is lost, and no gap that can be seen is closed.
   */
  thin(start: number, stop: number, width: number, height: number): Bar[] {
    const bars: Bar[] = []
    const end = lowerBound(this.times, stop)
    let at = lowerBound(this.times, start)
    while (at < end) {
      const t = this.times.data[at]
      const columnEnd = start + (Math.floor((t - start) / width) + 1) * width
      let from = this.from.data[at]
      let to = this.to.data[at]
      for (at++; at < end && this.times.data[at] < columnEnd; at++) {
        const nextFrom = this.from.data[at]
        const nextTo = this.to.data[at]
        if (nextFrom > to + height || nextTo < from - height) break
        if (nextFrom < from) from = nextFrom
        if (nextTo > to) to = nextTo
      }
      bars.push({ t, from, to })
    }
    return bars
  }
}
