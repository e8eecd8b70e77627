/**
 * What BBR knows of the path (5.5 of draft-ietf-ccwg-bbr-06; names in brackets are the draft's): how fast it delivers, how long it is,
 * how much of it may be filled without loss, and when a round trip, or one with losses, is over. What is made of it, bbr.ts decides.
 *
 * Rates are bytes a microsecond, volumes bytes, times microseconds.
 */
import type { Micros } from '../../../shared/units.ts'
import type { RateSample } from './delivery-rate.ts'
import { MaxFilter } from './max-filter.ts'

/** [MaxBwFilterLen]: this cycle of probing and the one before. */
const RATE_CYCLES = 1
/** [ExtraAckedFilterLen]: round trips, and while it starts up. */
const EXTRA_ROUNDS = 10
const EXTRA_ROUNDS_STARTUP = 1
/** [MinRTTFilterLen], [ProbeRTTInterval]. */
const MIN_RTT_WINDOW = 10_000_000
const PROBE_RTT_INTERVAL = 5_000_000
/** [Beta]: what is kept at the least of the short-term bounds after a round trip with losses. */
export const BETA = 0.7
/** 5.3.1.2: the pipe is full when the rate has not grown by a quarter in three round trips. */
const GROWTH = 1.25
const FULL_ROUNDS = 3

export class BbrModel {
  /** [round_count, round_start]: round trips, counted by what is delivered (5.5.1). */
  round = 0
  isRoundStart = false
  private roundEnd = 0
  /** [max_bw_filter], over cycles of probing. */
  private readonly rates = new MaxFilter(RATE_CYCLES)
  private cycle = 0
  /** [min_rtt]; Infinity: no sample yet. */
  minRtt = Infinity
  private minRttAt = 0
  /** [probe_rtt_min_delay, probe_rtt_min_stamp]. */
  private recentMinRtt = Infinity
  recentMinRttAt: number | undefined
  /** [probe_rtt_expired]: nobody has seen the path empty for long. */
  isMinRttStale = false
  /** [bw_shortterm, inflight_shortterm, inflight_longterm]: bounds that losses have taught. */
  rateShortTerm = Infinity
  inflightShortTerm = Infinity
  inflightLongTerm = Infinity
  /** [bw_latest, inflight_latest]: the best of a round trip. */
  private rateLatest = 0
  inflightLatest = 0
  /** [loss_round_start, is_loss_in_round]. */
  isLossRoundStart = false
  isLossInRound = false
  private lossRoundEnd = 0
  /** [full_bw_now, full_bw_reached]. */
  isFullNow = false
  isFull = false
  private fullRate = 0
  private fullRounds = 0
  /** [extra_acked]: what comes acknowledged beyond the rate, since ACKs come together. */
  private extra = new MaxFilter(EXTRA_ROUNDS_STARTUP)
  private extraSince: number | undefined
  private extraDelivered = 0

  /** [max_bw]. */
  get maxRate(): number {
    return this.rates.max
  }

  /** [bw]: the rate at which the path delivers, as far as all that is known allows. */
  get rate(): number {
    return Math.min(this.rates.max, this.rateShortTerm)
  }

  get extraAcked(): number {
    return this.extra.max
  }

  /** [bdp] times a gain; undefined: there is no sample yet. */
  product(gain: number): number | undefined {
    if (this.minRtt === Infinity || this.rates.max === 0) return undefined
    return gain * this.rate * this.minRtt
  }

  /** A round trip ends when what is sent from now on is acknowledged (5.5.1). */
  startRound(delivered: number): void {
    this.roundEnd = delivered
  }

  /** The first part of an ACK: signals of the latest round trip, the rate, and rounds (5.5.10.3, 5.5.5, 5.5.1). */
  takeDelivery({ rate, deliveredSince, delivered, priorDelivered, isAppLimited }: RateSample): void {
    this.rateLatest = Math.max(this.rateLatest, rate)
    this.inflightLatest = Math.max(this.inflightLatest, deliveredSince)
    this.isLossRoundStart = priorDelivered >= this.lossRoundEnd
    if (this.isLossRoundStart) this.lossRoundEnd = delivered
    this.isRoundStart = priorDelivered >= this.roundEnd
    if (this.isRoundStart) {
      this.startRound(delivered)
      this.round++
    }
    if (rate > 0 && (rate >= this.rates.max || !isAppLimited)) this.rates.add(this.cycle, rate)
  }

  /** [AdvanceLatestDeliverySignals]: the last part of an ACK. */
  finishDelivery({ rate, deliveredSince }: RateSample): void {
    if (!this.isLossRoundStart) return
    this.rateLatest = rate
    this.inflightLatest = deliveredSince
  }

  /** [AdvanceMaxBwFilter] 5.5.6: a cycle of probing is over. */
  advanceCycle(): void {
    this.cycle++
  }

  /** [UpdateACKAggregation] 5.5.9. */
  takeAggregation(now: Micros, acked: number, window: number): void {
    this.extraSince ??= now
    let expected = this.rate * (now - this.extraSince)
    if (this.extraDelivered <= expected) {
      this.extraDelivered = 0
      this.extraSince = now
      expected = 0
    }
    this.extraDelivered += acked
    this.extra.add(this.round, Math.min(this.extraDelivered - expected, window))
  }

  /** 5.4.1: what the pause was does not count as ACKs that come together. */
  restartAggregation(now: Micros): void {
    this.extraSince = now
  }

  /** [CheckFullBWReached] 5.3.1.2. */
  checkFull({ rate, isAppLimited }: RateSample): void {
    if (this.isFullNow || !this.isRoundStart || isAppLimited) return
    if (rate >= this.fullRate * GROWTH) {
      this.resetFull(rate)
      return
    }
    this.isFullNow = ++this.fullRounds >= FULL_ROUNDS
    if (this.isFullNow) this.markFull()
  }

  /** [ResetFullBW], with the rate against which growth is measured. */
  resetFull(rate: number): void {
    this.isFullNow = false
    this.fullRounds = 0
    this.fullRate = rate
  }

  /** The pipe was full once; aggregation is remembered longer from now on (5.5.9). */
  markFull(): void {
    if (!this.isFull) this.extra = new MaxFilter(EXTRA_ROUNDS)
    this.isFull = true
  }

  /** [UpdateMinRTT] 5.3.4.3. */
  takeRtt(now: Micros, rtt: number | undefined): void {
    this.isMinRttStale = this.recentMinRttAt !== undefined && now > this.recentMinRttAt + PROBE_RTT_INTERVAL
    if (rtt !== undefined && (rtt < this.recentMinRtt || this.isMinRttStale)) {
      this.recentMinRtt = rtt
      this.recentMinRttAt = now
    }
    const isExpired = now > this.minRttAt + MIN_RTT_WINDOW
    if (this.recentMinRtt >= this.minRtt && !isExpired) return
    this.minRtt = this.recentMinRtt
    this.minRttAt = this.recentMinRttAt ?? now
  }

  /** [NoteLoss] 5.5.10.2; true: it is the first of its round trip. */
  noteLoss(delivered: number): boolean {
    const isFirst = !this.isLossInRound
    if (isFirst) this.lossRoundEnd = delivered
    this.isLossInRound = true
    return isFirst
  }

  /** [LossLowerBounds] 5.5.10.3: after a round trip with losses that no probing brought about, slow down to what was delivered. */
  lowerBounds(window: number): void {
    const rate = this.rateShortTerm === Infinity ? this.rates.max : this.rateShortTerm
    const inflight = this.inflightShortTerm === Infinity ? window : this.inflightShortTerm
    this.rateShortTerm = Math.max(this.rateLatest, BETA * rate)
    this.inflightShortTerm = Math.max(this.inflightLatest, BETA * inflight)
  }

  /** [ResetShortTermModel]. */
  resetShortTerm(): void {
    this.rateShortTerm = this.inflightShortTerm = Infinity
  }

  /** [ResetCongestionSignals]. */
  resetSignals(): void {
    this.isLossInRound = false
    this.rateLatest = this.inflightLatest = 0
  }
}
