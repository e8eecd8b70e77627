/** How much an application may move now, when it has a rate of its own: a bucket that holds one portion. */
import { after, type Micros } from '../../../shared/units.ts'

export class Pacer {
  private rate: number
  private readonly portion: number
  private tokens: number
  private filledAt: Micros

  /** `rate` in bytes a second, 0: unlimited; `portion`: the least that is worth moving, in bytes. */
  constructor(now: Micros, rate: number, portion: number) {
    this.rate = rate
    this.portion = Math.max(1, portion)
    this.tokens = 0
    this.filledAt = now
  }

  setRate(now: Micros, rate: number): void {
    this.fill(now)
    this.rate = rate
  }

  /** Bytes that may be moved now: none, or at least the smaller of `wanted` and a portion. */
  allowance(now: Micros, wanted: number): number {
    if (this.rate === 0) return wanted
    this.fill(now)
    const least = Math.min(wanted, this.portion)
    // A hair's breadth, because microseconds are fractions here.
    return this.tokens + 1e-6 >= least ? Math.min(wanted, Math.max(least, Math.floor(this.tokens))) : 0
  }

  take(bytes: number): void {
    if (this.rate > 0) this.tokens -= bytes
  }

  /** When `allowance` will be more than nothing. */
  nextAt(now: Micros, wanted: number): Micros {
    if (this.rate === 0) return now
    this.fill(now)
    const missing = Math.min(wanted, this.portion) - this.tokens
    return after(now, Math.max(0, (missing * 1e6) / this.rate))
  }

  private fill(now: Micros): void {
    const room = this.portion - this.tokens
    this.tokens += Math.min(room, ((now - this.filledAt) * this.rate) / 1e6)
    this.filledAt = now
  }
}
