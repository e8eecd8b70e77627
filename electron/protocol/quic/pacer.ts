/** Spreads packets over the round trip (RFC 9002 7.7): a bucket of bytes that fills a little faster than the window empties. */
import { after, type Micros } from '../../../shared/units.ts'

/** RFC 9002 7.7: N in the rate N * congestion_window / smoothed_rtt. */
const GAIN = 1.25
/** Datagrams that may go in one burst. */
const BURST = 10

export class Pacer {
  private readonly datagramSize: number
  private tokens: number
  private filledAt = 0 as Micros

  constructor(datagramSize: number) {
    this.datagramSize = datagramSize
    this.tokens = BURST * datagramSize
  }

  /** Bytes a microsecond. */
  private rate(window: number, smoothedRtt: number): number {
    return (GAIN * window) / Math.max(smoothedRtt, 1)
  }

  /** When the next datagram may go: now, or later. */
  nextAt(now: Micros, window: number, smoothedRtt: number): Micros {
    this.fill(now, window, smoothedRtt)
    if (this.tokens >= this.datagramSize) return now
    // Whole microseconds, so that rounding can't make the time come and the bucket still lack a hair.
    const wait = Math.ceil((this.datagramSize - this.tokens) / this.rate(window, smoothedRtt))
    return after(now, Math.max(wait, 1))
  }

  onSent(bytes: number): void {
    this.tokens -= bytes
  }

  private fill(now: Micros, window: number, smoothedRtt: number): void {
    const filled = this.tokens + (now - this.filledAt) * this.rate(window, smoothedRtt)
    this.tokens = Math.min(filled, BURST * this.datagramSize)
    this.filledAt = now
  }
}
