/** Round-trip time (RFC 9002 5). Spans are in microseconds. */

/** RFC 9002 6.2.2, A.2: what is assumed before the first sample. */
const INITIAL_RTT = 333_000
/** A.2: what timers can be told apart by; our clock is exact, but peers are not. */
export const GRANULARITY = 1_000

export class RttEstimator {
  latest = 0
  min = 0
  smoothed: number
  variance: number
  private readonly initial: number

  constructor(initial = INITIAL_RTT) {
    this.initial = initial
    this.smoothed = initial
    this.variance = initial / 2
  }

  /** A sample was taken already. */
  get hasSample(): boolean {
    return this.latest > 0
  }

  /**
   * RFC 9002 5.3. `ackDelay` is what the peer says, bounded by its max_ack_delay once the handshake is confirmed; it must not
   * bring the sample below the minimum.
   */
  sample(rtt: number, ackDelay: number): void {
    if (!this.hasSample) {
      this.latest = this.min = this.smoothed = rtt
      this.variance = rtt / 2
      return
    }
    this.latest = rtt
    this.min = Math.min(this.min, rtt)
    const adjusted = rtt >= this.min + ackDelay ? rtt - ackDelay : rtt
    this.variance = 0.75 * this.variance + 0.25 * Math.abs(this.smoothed - adjusted)
    this.smoothed = 0.875 * this.smoothed + 0.125 * adjusted
  }

  /** RFC 9002 6.2.1, without the peer's max_ack_delay and the back-off. */
  get probeTimeout(): number {
    return this.smoothed + Math.max(4 * this.variance, GRANULARITY)
  }

  /** Another path has another round trip (RFC 9000 9.4). */
  reset(): void {
    this.latest = this.min = 0
    this.smoothed = this.initial
    this.variance = this.initial / 2
  }
}
