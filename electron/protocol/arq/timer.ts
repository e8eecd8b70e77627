/** How long a packet's acknowledgment is waited for: always the same, or as RFC 6298 computes it. */
import { RttEstimator } from '../tcp/rtt.ts'

/** RFC 6298 2.1: before the first sample. */
const INITIAL = 1_000_000
/** RFC 6298 2.5 allows a limit of 60 s at least. */
const MOST = 60_000_000

export interface TimerSettings {
  /** Always this, in microseconds; 0: by RFC 6298. */
  readonly timeout: number
  /** The least timeout by RFC 6298, which says one second (2.4). */
  readonly leastTimeout: number
}

export class RetransmissionTimer {
  private readonly fixed: number
  private readonly estimator: RttEstimator

  constructor({ timeout, leastTimeout }: TimerSettings) {
    this.fixed = timeout
    const initialRto = Math.max(INITIAL, leastTimeout)
    this.estimator = new RttEstimator({
      initialRto,
      minRto: leastTimeout,
      maxRto: Math.max(MOST, leastTimeout),
    })
  }

  /** The timeout of what is sent now, in microseconds. */
  get timeout(): number {
    return this.fixed > 0 ? this.fixed : this.estimator.rto
  }

  /** SRTT in microseconds; 0: nothing was measured yet. */
  get smoothed(): number {
    return this.estimator.smoothed
  }

  /** A round trip of a packet that was sent once (Karn, RFC 6298 3); `perRoundTrip` as many come in one. */
  sample(rtt: number, perRoundTrip: number): void {
    this.estimator.sample(rtt, perRoundTrip)
    this.estimator.backOff = 0
  }

  /** It ran out (RFC 6298 5.5). */
  backOff(): void {
    this.estimator.backOff++
  }
}
