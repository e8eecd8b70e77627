/**
 * HyStart++ (RFC 9406; names are the RFC's): slow start ends before it overfills the queue. When the shortest round trip of a round
 * has grown against that of the round before, growth slows down to a quarter (conservative slow start); if the round trip shrinks
 * again, it was jitter and slow start goes on; if not, five rounds later congestion avoidance begins.
 */

/** 4.3: microseconds, samples, rounds. */
const MIN_RTT_THRESH = 4_000
const MAX_RTT_THRESH = 16_000
const MIN_RTT_DIVISOR = 8
const N_RTT_SAMPLE = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5
/** L: segments by which an ACK lets the window of a sender grow that is not paced. */
const UNPACED_LIMIT = 8

export type SlowStartPhase = 'slow_start' | 'conservative' | 'congestion_avoidance'

/** A change of phase, to be told. */
export interface SlowStartChange {
  readonly phase: SlowStartPhase
  /** The shortest of the round, and from where on it counts as grown. */
  readonly rtt: number
  readonly threshold: number
}

export class HyStart {
  phase: SlowStartPhase = 'slow_start'
  private readonly limit: number
  /** windowEnd: the round is over when it is acknowledged; as the transport counts. */
  private windowEnd = -1
  private lastRoundMinRtt = Infinity
  private currentRoundMinRtt = Infinity
  private rttSampleCount = 0
  private cssBaselineMinRtt = Infinity
  private cssRounds = 0
  private change: SlowStartChange | undefined

  constructor(paced: boolean) {
    this.limit = paced ? Infinity : UNPACED_LIMIT
  }

  /** What `bytes` newly acknowledged let the window grow by (4.2). */
  increase(bytes: number, segmentSize: number): number {
    const counted = Math.min(bytes, this.limit * segmentSize)
    return this.phase === 'conservative' ? Math.floor(counted / CSS_GROWTH_DIVISOR) : counted
  }

  /**
   * An ACK in slow start.
   * @param rtt its sample in microseconds; undefined: none
   * @param acked up to where all is acknowledged, and `sent` what is sent, in positions or packet numbers
   */
  onAck(rtt: number | undefined, acked: number, sent: number): void {
    if (this.phase === 'congestion_avoidance') return
    if (acked > this.windowEnd) this.beginRound(sent)
    if (rtt !== undefined) this.onSample(rtt)
  }

  private beginRound(sent: number): void {
    const isFirst = this.windowEnd < 0
    this.windowEnd = sent
    this.lastRoundMinRtt = this.currentRoundMinRtt
    this.currentRoundMinRtt = Infinity
    this.rttSampleCount = 0
    // The round in which conservative slow start began counts though it was cut short.
    if (isFirst || this.phase !== 'conservative' || ++this.cssRounds < CSS_ROUNDS) return
    this.enter('congestion_avoidance', this.lastRoundMinRtt, this.cssBaselineMinRtt)
  }

  private onSample(rtt: number): void {
    this.currentRoundMinRtt = Math.min(this.currentRoundMinRtt, rtt)
    if (++this.rttSampleCount < N_RTT_SAMPLE) return
    if (this.phase === 'conservative') {
      if (this.currentRoundMinRtt >= this.cssBaselineMinRtt) return
      this.enter('slow_start', this.currentRoundMinRtt, this.cssBaselineMinRtt)
      this.cssBaselineMinRtt = Infinity
      return
    }
    if (this.phase !== 'slow_start' || this.lastRoundMinRtt === Infinity) return
    const allowed = Math.min(this.lastRoundMinRtt / MIN_RTT_DIVISOR, MAX_RTT_THRESH)
    const threshold = this.lastRoundMinRtt + Math.max(MIN_RTT_THRESH, allowed)
    if (this.currentRoundMinRtt < threshold) return
    this.cssBaselineMinRtt = this.currentRoundMinRtt
    this.cssRounds = 0
    this.enter('conservative', this.currentRoundMinRtt, threshold)
  }

  private enter(phase: SlowStartPhase, rtt: number, threshold: number): void {
    this.phase = phase
    this.change = { phase, rtt, threshold }
  }

  /** A change of phase that was not told yet. */
  takeChange(): SlowStartChange | undefined {
    const { change } = this
    this.change = undefined
    return change
  }
}
