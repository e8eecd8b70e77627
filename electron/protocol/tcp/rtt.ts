/** The round-trip time and the retransmission timeout (RFC 6298; RFC 7323 appendix G). */
import type { TcpSettings } from '../../../shared/tcp.ts'

/** G of RFC 6298 2.2: our clock is exact, but the peer's timestamps tick once a millisecond. */
const GRANULARITY = 1_000

type RtoSettings = Pick<TcpSettings, 'initialRto' | 'minRto' | 'maxRto'>

export class RttEstimator {
  private settings: RtoSettings
  /** SRTT in microseconds; 0 until the first sample. */
  smoothed = 0
  /** RTTVAR in microseconds. */
  variance = 0
  /** How often the timer has run out in a row; each time doubles the timeout (RFC 6298 5.5). */
  backOff = 0
  private base: number

  constructor(settings: RtoSettings) {
    this.settings = settings
    this.base = settings.initialRto
  }

  /** The retransmission timeout with its back-off. */
  get rto(): number {
    return Math.min(this.base * 2 ** this.backOff, this.settings.maxRto)
  }

  /**
   * Takes a sample. `expectedSamples` is how many come in one round trip: RFC 6298's gains are meant for one,
   * and RFC 7323 appendix G divides them so that the estimate remembers as long with many.
   */
  sample(rtt: number, expectedSamples: number): void {
    if (this.smoothed === 0) {
      this.smoothed = rtt
      this.variance = rtt / 2
    } else {
      const n = Math.max(1, expectedSamples)
      const beta = 1 / (4 * n)
      const alpha = 1 / (8 * n)
      this.variance = (1 - beta) * this.variance + beta * Math.abs(this.smoothed - rtt)
      this.smoothed = (1 - alpha) * this.smoothed + alpha * rtt
    }
    this.computeBase()
  }

  /** RFC 6298 5.7: a SYN had to be sent again and there is no sample, so data begin with three seconds. */
  distrust(): void {
    if (this.smoothed === 0) this.base = Math.min(Math.max(this.base, 3_000_000), this.settings.maxRto)
  }

  /** RFC 4015 3.2 (7): a timeout was spurious, for the round trip became this long; the estimate is to allow for it. */
  raise(rtt: number): void {
    this.smoothed = Math.max(this.smoothed, rtt)
    this.variance = Math.max(this.variance, rtt / 2)
    this.computeBase()
  }

  configure(settings: RtoSettings): void {
    this.settings = settings
    if (this.smoothed !== 0) this.computeBase()
  }

  private computeBase(): void {
    const { minRto, maxRto } = this.settings
    const rto = this.smoothed + Math.max(GRANULARITY, 4 * this.variance)
    this.base = Math.min(Math.max(rto, minRto), maxRto)
  }
}
