/** Spreads packets over time: a bucket of bytes that fills at the rate of the pacing and holds no more than a burst (RFC 9002 7.7). */
import { after, type Micros } from '../../../shared/units.ts'
import type { Pacing } from './interface.ts'

/** RFC 9002 7.7: N in the rate N * congestion_window / smoothed_rtt. */
const GAIN = 1.25
/** Datagrams that may go in one burst. */
const BURST = 10

/** A little faster than the window empties, for an algorithm that rules the window only. */
export function windowPacing(window: number, smoothedRtt: number, size: number): Pacing {
  return { rate: (GAIN * window) / Math.max(smoothedRtt, 1), burst: BURST * size }
}

export class Pacer {
  private tokens = Infinity
  private filledAt = 0 as Micros

  /** When the next packet of `size` bytes may go: now, or later. */
  nextAt(now: Micros, { rate, burst }: Pacing, size: number): Micros {
    const filled = this.tokens + (now - this.filledAt) * rate
    this.tokens = Math.min(filled, Math.max(burst, size))
    this.filledAt = now
    if (this.tokens >= size) return now
    // Whole microseconds, so that rounding can't make the time come and the bucket still lack a hair.
    return after(now, Math.max(Math.ceil((size - this.tokens) / rate), 1))
  }

  onSent(bytes: number): void {
    this.tokens -= bytes
  }
}
