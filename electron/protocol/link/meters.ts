/** Running statistics with 99 % confidence intervals, for the link's audit of itself. */
import type { Interval, Measured } from '../../../shared/link-audit.ts'

/** The normal quantile of 0.995. */
const Z = 2.5758293035489

/** Fewer samples than this give no interval that relies on the central limit theorem. */
const ENOUGH = 30

const around = (value: number, error: number): Interval => ({ low: value - error, high: value + error })

/** Wilson's score interval for `hits` of `n` independent trials. */
export function wilson(hits: number, n: number): Interval {
  const p = hits / n
  const centre = (p + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n)
  const error = (Z / (1 + Z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2))
  return { low: Math.max(0, centre - error), high: Math.min(1, centre + error) }
}

/** A share of packets: how many of those that could were hit. */
export class ShareMeter {
  private trials = 0
  private hits = 0
  private asked = 0
  private dependent = false

  count(hit: boolean, rate: number, correlated: boolean): void {
    this.trials++
    this.asked += rate
    if (hit) this.hits++
    if (correlated) this.dependent = true
  }

  read(): Measured {
    const n = this.trials
    if (n === 0) return { requested: null, delivered: null, interval: null, samples: 0 }
    const interval = this.dependent ? null : wilson(this.hits, n)
    return { requested: this.asked / n, delivered: this.hits / n, interval, samples: n }
  }
}

/**
 * Losses in succession. Whatever the model, a run of packets received and the run of losses after it are one
 * cycle, and cycles are (nearly) independent of each other; so the rate is a ratio of two means over cycles,
 * and its error is had by the regenerative method (Crane and Lemoine, 1977), without assuming the model.
 */
export class LossMeter {
  private trials = 0
  private losses = 0
  private askedRate = 0
  private askedBurst = 0
  private received = 0
  private burst = 0
  private readonly cycles = { n: 0, burst: 0, length: 0, burst2: 0, length2: 0, product: 0 }

  /** `rate` and `burst`: what the models promise at present. */
  count(lost: boolean, rate: number, burst: number): void {
    this.trials++
    this.askedRate += rate
    this.askedBurst += burst
    if (lost) {
      this.losses++
      this.burst++
      return
    }
    if (this.burst > 0) this.closeCycle()
    this.received++
  }

  readRate(): Measured {
    const n = this.trials
    if (n === 0) return { requested: null, delivered: null, interval: null, samples: 0 }
    const rate = this.losses / n
    return { requested: this.askedRate / n, delivered: rate, interval: this.rateInterval(rate), samples: n }
  }

  /**
   * The share q of losses that are followed by another gives the mean burst, 1 / (1 - q), and its interval; for a
   * Markov chain whose bad state loses all, exactly so.
   */
  readBurst(): Measured {
    const { n, burst } = this.cycles
    const asked = this.askedBurst / this.trials
    const requested = this.trials > 0 && Number.isFinite(asked) ? asked : null
    if (n === 0) return { requested, delivered: null, interval: null, samples: 0 }
    const followed = wilson(burst - n, burst)
    const interval = { low: 1 / (1 - followed.low), high: 1 / (1 - followed.high) }
    return { requested, delivered: burst / n, interval, samples: n }
  }

  private rateInterval(rate: number): Interval {
    const { n, length, burst2, length2, product } = this.cycles
    if (n < ENOUGH) return wilson(this.losses, this.trials)
    const residual = Math.max(0, burst2 - 2 * rate * product + rate ** 2 * length2) / n
    return around(rate, (Z * Math.sqrt(residual / n)) / (length / n))
  }

  private closeCycle(): void {
    const { cycles, burst } = this
    const length = this.received + burst
    cycles.n++
    cycles.burst += burst
    cycles.length += length
    cycles.burst2 += burst ** 2
    cycles.length2 += length ** 2
    cycles.product += burst * length
    this.received = 0
    this.burst = 0
  }
}

/** Delays: their mean against the one asked for, and their spread against the jitter asked for. */
export class DelayMeter {
  private n = 0
  private asked = 0
  private askedVariance = 0
  private dependent = false
  /** Powers of the difference between delivered and asked-for delay. */
  private readonly sums: [number, number, number, number] = [0, 0, 0, 0]

  count(delivered: number, nominal: number, deviation: number, independent: boolean): void {
    const difference = delivered - nominal
    const square = difference * difference
    this.n++
    this.asked += nominal
    this.askedVariance += deviation * deviation
    this.sums[0] += difference
    this.sums[1] += square
    this.sums[2] += square * difference
    this.sums[3] += square * square
    if (!independent) this.dependent = true
  }

  readDelay(): Measured {
    const { n } = this
    if (n === 0) return { requested: null, delivered: null, interval: null, samples: 0 }
    const mean = (this.asked + this.sums[0]) / n
    const interval = this.hasInterval ? around(mean, Z * Math.sqrt(this.variance / n)) : null
    return { requested: this.asked / n, delivered: mean, interval, samples: n }
  }

  readJitter(): Measured {
    const { n } = this
    if (n === 0) return { requested: null, delivered: null, interval: null, samples: 0 }
    const deviation = Math.sqrt(this.variance)
    const requested = Math.sqrt(this.askedVariance / n)
    return { requested, delivered: deviation, interval: this.deviationInterval(deviation), samples: n }
  }

  private get hasInterval(): boolean {
    return this.n >= ENOUGH && !this.dependent
  }

  private get variance(): number {
    return Math.max(0, this.sums[1] / this.n - (this.sums[0] / this.n) ** 2)
  }

  /** The error of a standard deviation follows from the fourth moment about the mean. */
  private deviationInterval(deviation: number): Interval | null {
    if (!this.hasInterval) return null
    if (deviation === 0) return { low: 0, high: 0 }
    const [m1, m2, m3, m4] = this.sums.map((sum) => sum / this.n)
    const fourth = m4 - 4 * m1 * m3 + 6 * m1 ** 2 * m2 - 3 * m1 ** 4
    const ofVariance = Math.sqrt(Math.max(0, fourth - deviation ** 4) / this.n)
    return around(deviation, (Z * ofVariance) / (2 * deviation))
  }
}

/** Bits sent while there was something to send, against what could have been. */
export class RateMeter {
  private bits = 0
  private capacity = 0
  private busy = 0
  private packets = 0

  count(bytes: number, busy: number, capacity: number): void {
    this.bits += bytes * 8
    this.capacity += capacity
    this.busy += busy
    this.packets++
  }

  read(): Measured {
    const asked = (this.capacity * 1e6) / this.busy
    const requested = this.busy > 0 && Number.isFinite(asked) ? asked : null
    const delivered = this.busy > 0 ? (this.bits * 1e6) / this.busy : null
    return { requested, delivered, interval: null, samples: this.packets }
  }
}

/** Mean and greatest of something. */
export class MeanMeter {
  private n = 0
  private sum = 0
  private greatest = 0

  count(value: number): void {
    this.n++
    this.sum += value
    if (value > this.greatest) this.greatest = value
  }

  read(): { mean: number | null; max: number } {
    return { mean: this.n === 0 ? null : this.sum / this.n, max: this.greatest }
  }
}
