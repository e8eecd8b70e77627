/** How fast packets leave the queue: plain serialisation, a token bucket, or a trace of chances to send. */
import type { RateSpec } from '../../../shared/link.ts'
import { micros, type Micros } from '../../../shared/units.ts'

/** Serves the packets of one direction one after the other. */
export interface Server {
  /**
   * The last bit of `bytes` bytes, whose service begins at `now`, is out. To be called once a packet, in
   * order: the server remembers what it has spent.
   */
  serve(now: Micros, bytes: number): Micros
  /** Bits a second that it has to give at `now`; 0: unlimited. */
  rateAt(now: Micros): number
  /** Bits that it could send between two times (of a token bucket: without what is in the bucket). */
  capacity(from: Micros, to: Micros): number
}

/** The server that a specification asks for; undefined when nothing limits the rate. */
export function createServer(spec: RateSpec, now: Micros): Server | undefined {
  if (spec.mahimahi.length > 0) return new TraceServer(spec.mahimahi)
  if (spec.limit === 0 && spec.schedule.length === 0) return undefined
  const curve = new RateCurve(spec)
  return spec.bucket > 0 ? new TokenBucket(curve, spec.bucket, now) : curve
}

/** A rate that is constant between the steps of a schedule; also the plain server, one bit after the other. */
class RateCurve implements Server {
  private readonly starts: number[] = [0]
  private readonly limits: number[]

  constructor(spec: RateSpec) {
    this.limits = [spec.limit]
    for (const step of spec.schedule) {
      this.starts.push(step.at)
      this.limits.push(step.limit)
    }
  }

  rateAt(now: Micros): number {
    return this.limits[this.stepAt(now)]
  }

  serve(now: Micros, bytes: number): Micros {
    return this.timeOfBits(now, bytes * 8)
  }

  /** When `bits` more bits have gone, from `now` on. */
  timeOfBits(now: Micros, bits: number): Micros {
    let left = bits
    let t: number = now
    for (let i = this.stepAt(now); ; i++) {
      const rate = this.limits[i]
      if (rate === 0) return micros(t)
      const end = t + (left * 1e6) / rate
      const stepEnd = i + 1 < this.starts.length ? this.starts[i + 1] : Infinity
      if (end <= stepEnd) return micros(end)
      left -= ((stepEnd - t) * rate) / 1e6
      t = stepEnd
    }
  }

  capacity(from: Micros, to: Micros): number {
    let bits = 0
    for (let i = this.stepAt(from); i < this.starts.length && this.starts[i] < to; i++) {
      if (this.limits[i] === 0) return Infinity
      const stepEnd = i + 1 < this.starts.length ? this.starts[i + 1] : Infinity
      bits += ((Math.min(to, stepEnd) - Math.max(from, this.starts[i])) * this.limits[i]) / 1e6
    }
    return bits
  }

  private stepAt(now: Micros): number {
    let i = this.starts.length - 1
    while (i > 0 && this.starts[i] > now) i--
    return i
  }
}

/**
 * A bucket of `size` bytes that fills at the curve's rate; a packet goes at once when its bytes are in it.
 * One larger than the bucket waits for a full bucket and leaves a debt, so that the rate still holds.
 */
class TokenBucket implements Server {
  private readonly curve: RateCurve
  private readonly size: number
  private tokens: number
  private filledAt: Micros

  constructor(curve: RateCurve, size: number, now: Micros) {
    this.curve = curve
    this.size = size
    this.tokens = size
    this.filledAt = now
  }

  rateAt(now: Micros): number {
    return this.curve.rateAt(now)
  }

  capacity(from: Micros, to: Micros): number {
    return this.curve.capacity(from, to)
  }

  serve(now: Micros, bytes: number): Micros {
    this.tokens = Math.min(this.size, this.tokens + this.curve.capacity(this.filledAt, now) / 8)
    this.filledAt = now
    const missing = Math.min(bytes, this.size) - this.tokens
    if (missing > 0) {
      this.filledAt = this.curve.timeOfBits(now, missing * 8)
      this.tokens += missing
    }
    this.tokens -= bytes
    return this.filledAt
  }
}

/** What one line of a mahimahi trace lets through (Netravali et al., "Mahimahi", 2015, section 4.1). */
export const MAHIMAHI_CHANCE = 1_504

/**
 * Mahimahi's packet-delivery trace: each entry is a millisecond at which 1,504 bytes may go. A large packet
 * takes several; what one packet leaves, the next that already waits may use; a chance without a packet
 * is lost. After its last entry, whose time is the period, the trace starts anew. Time 0 is the run's start.
 */
class TraceServer implements Server {
  private readonly times: readonly number[]
  private readonly period: number
  /** The chance in use, counted through all repetitions, and its bytes not yet spent. */
  private chance = 0
  private left = MAHIMAHI_CHANCE

  constructor(times: readonly number[]) {
    this.times = times
    this.period = times[times.length - 1]
  }

  rateAt(): number {
    return (this.times.length * MAHIMAHI_CHANCE * 8 * 1_000) / this.period
  }

  capacity(from: Micros, to: Micros): number {
    return (this.firstAtOrAfter(to) - this.firstAtOrAfter(from)) * MAHIMAHI_CHANCE * 8
  }

  serve(now: Micros, bytes: number): Micros {
    const first = this.firstAtOrAfter(now)
    if (first > this.chance) {
      this.chance = first
      this.left = MAHIMAHI_CHANCE
    }
    let needed = bytes
    while (needed > this.left) {
      needed -= this.left
      this.chance++
      this.left = MAHIMAHI_CHANCE
    }
    this.left -= needed
    return this.timeOf(this.chance)
  }

  private timeOf(chance: number): Micros {
    const repetition = Math.floor(chance / this.times.length)
    return micros((repetition * this.period + this.times[chance % this.times.length]) * 1_000)
  }

  private firstAtOrAfter(now: Micros): number {
    // An entry at the very end of a repetition falls together with the start of the next.
    const repetition = Math.max(0, Math.ceil(now / 1_000 / this.period) - 1)
    const within = now / 1_000 - repetition * this.period
    let low = 0
    let high = this.times.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.times[middle] < within) low = middle + 1
      else high = middle
    }
    return repetition * this.times.length + low
  }
}
