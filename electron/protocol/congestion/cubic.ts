/**
 * CUBIC (RFC 9438). The window follows a cubic function of the time since the last loss: steep while far
 * from the window at which that loss came (W_max), flat near it, steep again beyond. Where Reno would be
 * faster (short round trips, small windows), it goes at Reno's pace.
 */
import type { Micros } from '../../../shared/units.ts'
import { HyStart } from './hystart.ts'
import { slowStartIncrease } from './interface.ts'
import type { CongestionControl, CongestionOptions } from './interface.ts'

/** RFC 9438 4.6: the share of the window that is kept at a loss. */
const BETA = 0.7
/** RFC 9438 5: segments a second cubed. */
const C = 0.4
/** RFC 9438 4.3: makes Reno's sawtooth of depth BETA as high on average as one of depth 1/2. */
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)

/** What a reduction changes. */
interface CubicState {
  readonly cwnd: number
  readonly ssthresh: number
  readonly maxWindow: number
  readonly priorWindow: number
  readonly estimate: number
  readonly k: number
  readonly epochStart: number | undefined
}

export class Cubic implements CongestionControl {
  readonly name = 'cubic'
  ssthresh: number
  /** Of the first slow start, if asked for: what follows it knows its ssthresh (RFC 9406 4.3). */
  hystart: HyStart | undefined
  private segmentSize: number
  private readonly initialWindow: number
  /** The window in bytes, with its fraction. */
  private cwnd: number
  /** W_max of RFC 9438 4.1 in bytes. */
  private maxWindow = 0
  /** cwnd_prior: the window at the last loss, before fast convergence. */
  private priorWindow = 0
  /** W_est of 4.3 in bytes. */
  private estimate = 0
  /** K of 4.2 in seconds. */
  private k = 0
  /** When the present congestion avoidance began; undefined: it has not. */
  private epochStart: number | undefined
  /** Since when the window has not been the limit; such time does not count (RFC 9438 5.8). */
  private unusedSince: number | undefined
  private afterTimeout = false
  /** The state before the last reduction (RFC 9438 4.9). */
  private prior: CubicState | undefined

  constructor(options: CongestionOptions) {
    this.segmentSize = options.segmentSize
    this.initialWindow = options.initialWindow
    this.cwnd = options.inherited?.window ?? options.initialWindow
    this.ssthresh = options.inherited?.ssthresh ?? Infinity
    if (options.hystart && this.ssthresh === Infinity) this.hystart = new HyStart(options.paced === true)
  }

  get window(): number {
    return Math.floor(this.cwnd)
  }

  onAck(now: Micros, bytes: number, smoothedRtt: number, windowLimited: boolean): void {
    if (this.hystart?.phase === 'congestion_avoidance') this.endSlowStart()
    if (!windowLimited) {
      this.unusedSince ??= now
      return
    }
    if (this.unusedSince !== undefined) {
      if (this.epochStart !== undefined) this.epochStart += now - this.unusedSince
      this.unusedSince = undefined
    }
    if (this.cwnd < this.ssthresh) {
      const grown = this.cwnd + slowStartIncrease(bytes, this.segmentSize, this.afterTimeout, this.hystart)
      this.cwnd = Math.min(grown, Math.max(this.ssthresh, this.cwnd))
      return
    }
    if (this.epochStart === undefined) this.beginEpoch(now)
    this.avoidCongestion(now, bytes, smoothedRtt)
  }

  onLoss(_now: Micros, inFlight: number): void {
    this.prior = this.saved()
    this.reduce(inFlight)
    // RFC 9438 4.6: cwnd = max(ssthresh, 2). The curve starts with the first ACK after the recovery.
    this.cwnd = this.ssthresh
    this.afterTimeout = false
    this.epochStart = undefined
    this.unusedSince = undefined
  }

  onTimeout(_now: Micros, inFlight: number, first: boolean): void {
    if (first) {
      this.prior = this.saved()
      this.reduce(inFlight)
    }
    this.cwnd = this.segmentSize
    this.afterTimeout = true
    this.epochStart = undefined
    this.unusedSince = undefined
  }

  /** RFC 9438 4.9: as if the reduction had not been; the curve goes on from where it was, the time since included. */
  onSpurious(): void {
    const { prior } = this
    if (prior === undefined) return
    this.prior = undefined
    this.cwnd = Math.max(this.cwnd, prior.cwnd)
    this.ssthresh = Math.max(this.ssthresh, prior.ssthresh)
    this.maxWindow = prior.maxWindow
    this.priorWindow = prior.priorWindow
    this.estimate = Math.max(prior.estimate, this.estimate)
    this.k = prior.k
    this.epochStart = prior.epochStart
    this.afterTimeout = false
  }

  onRestart(): void {
    this.cwnd = Math.min(this.cwnd, this.initialWindow)
    // What the pause was worth nobody knows: the curve begins anew where slow start ends (RFC 9438 5.8).
    this.epochStart = undefined
  }

  capWindow(bytes: number): void {
    this.cwnd = Math.min(this.cwnd, bytes)
  }

  setSegmentSize(bytes: number): void {
    this.segmentSize = bytes
    this.cwnd = Math.max(this.cwnd, bytes)
  }

  metrics(): Readonly<Record<string, number>> {
    return { w_max: this.maxWindow, k: this.k, w_est: this.estimate }
  }

  /** RFC 9406 4.2: the round trip stayed long. */
  private endSlowStart(): void {
    this.ssthresh = this.window
    this.hystart = undefined
  }

  private saved(): CubicState {
    const { cwnd, ssthresh, maxWindow, priorWindow, estimate, k, epochStart } = this
    return { cwnd, ssthresh, maxWindow, priorWindow, estimate, k, epochStart }
  }

  /** RFC 9438 4.6 and, for the new W_max, fast convergence of 4.7. */
  private reduce(inFlight: number): void {
    this.hystart = undefined
    this.priorWindow = this.cwnd
    this.maxWindow = this.cwnd < this.maxWindow ? (this.cwnd * (1 + BETA)) / 2 : this.cwnd
    this.ssthresh = Math.max(inFlight * BETA, 2 * this.segmentSize)
  }

  /** The start of a congestion avoidance stage (RFC 9438 4.2; after a timeout or none, 4.8 and 4.10). */
  private beginEpoch(now: Micros): void {
    this.epochStart = now
    this.estimate = this.cwnd
    if (this.afterTimeout || this.cwnd >= this.maxWindow) {
      this.maxWindow = this.cwnd
      this.k = 0
      this.afterTimeout = false
    } else {
      this.k = Math.cbrt((this.maxWindow - this.cwnd) / this.segmentSize / C)
    }
  }

  /** W_cubic(t) of RFC 9438 4.2 in bytes; t in seconds. */
  private curve(t: number): number {
    return C * (t - this.k) ** 3 * this.segmentSize + this.maxWindow
  }

  private avoidCongestion(now: Micros, bytes: number, smoothedRtt: number): void {
    const t = (now - this.epochStart!) / 1e6
    // 4.3: at Reno's pace with ALPHA until the old window is reached, then with 1.
    const alpha = this.estimate < this.priorWindow ? ALPHA : 1
    this.estimate += (alpha * this.segmentSize * bytes) / this.cwnd
    if (this.curve(t) < this.estimate) {
      this.cwnd = Math.max(this.cwnd, this.estimate)
      return
    }
    // 4.4 and 4.5: towards where the curve will be a round trip from now, by half as much again at most.
    const target = Math.min(Math.max(this.curve(t + smoothedRtt / 1e6), this.cwnd), 1.5 * this.cwnd)
    this.cwnd += ((target - this.cwnd) * bytes) / this.cwnd
  }
}
