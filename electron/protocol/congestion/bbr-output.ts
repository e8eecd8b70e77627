/**
 * What BBR lets the sender do (5.6 of draft-ietf-ccwg-bbr-06; names in brackets are the draft's): how fast, how much at once and how much
 * in flight, by the state and by what is known of the path.
 */
import type { BbrModel } from './bbr-model.ts'
import type { RateSample } from './delivery-rate.ts'
import type { CongestionOptions, Pacing } from './interface.ts'

export type BbrState =
  'startup' | 'drain' | 'probe_bw_down' | 'probe_bw_cruise' | 'probe_bw_refill' | 'probe_bw_up' | 'probe_rtt'

/** 5.6.1: what each state multiplies the rate and the product of rate and round trip by. 4 ln 2 doubles the rate each round trip. */
export const GAINS: Readonly<Record<BbrState, { readonly pacing: number; readonly window: number }>> = {
  startup: { pacing: 4 * Math.LN2, window: 2 },
  drain: { pacing: 0.5, window: 2 },
  probe_bw_down: { pacing: 0.9, window: 2 },
  probe_bw_cruise: { pacing: 1, window: 2 },
  probe_bw_refill: { pacing: 1, window: 2 },
  probe_bw_up: { pacing: 1.25, window: 2.25 },
  probe_rtt: { pacing: 1, window: 0.5 },
}
/** [Headroom, MinPipeCwnd]. */
const HEADROOM = 0.15
const MIN_PIPE = 4
/** [PacingMarginPercent]: paces a little below the rate. */
const PACING_SHARE = 0.99
/** 5.6.2: before the first sample, as if a round trip took a millisecond. */
const FIRST_RTT = 1_000
/** 5.6.3: what may go at once is what a millisecond paces, two segments at least. */
const QUANTUM_SPAN = 1_000
const MAX_QUANTUM = 65_536

export const isProbingCycle = (state: BbrState): boolean => state.startsWith('probe_bw')

export class BbrOutput {
  /** [cwnd] in bytes, with its fraction. */
  window: number
  segmentSize: number
  private readonly initialWindow: number
  private readonly model: BbrModel
  private pacingRate: number
  private quantum: number
  private hasSeenRtt: boolean
  /** [prior_cwnd]: the window before a recovery or ProbeRTT. */
  private priorWindow = 0

  constructor(
    { segmentSize, initialWindow, inherited, smoothedRtt = 0 }: CongestionOptions,
    model: BbrModel,
  ) {
    this.segmentSize = segmentSize
    this.initialWindow = initialWindow
    this.model = model
    this.window = inherited?.window ?? initialWindow
    this.hasSeenRtt = smoothedRtt > 0
    this.pacingRate = this.firstRate(this.hasSeenRtt ? smoothedRtt : FIRST_RTT)
    this.quantum = 2 * segmentSize
  }

  get pacing(): Pacing {
    return { rate: this.pacingRate, burst: this.quantum }
  }

  setSegmentSize(bytes: number): void {
    this.segmentSize = bytes
    this.window = Math.max(this.window, bytes)
  }

  // --- volumes --------------------------------------------------------------------------------------------

  private get minPipe(): number {
    return MIN_PIPE * this.segmentSize
  }

  /** [TargetInflight]. */
  get target(): number {
    return Math.min(this.model.product(1) ?? this.initialWindow, this.window)
  }

  /** [Inflight]. */
  inFlight(state: BbrState, gain: number): number {
    return this.budget(state, this.model.product(gain) ?? this.initialWindow)
  }

  /** [QuantizationBudget] 5.6.4.2: enough to keep sender and receiver busy between bursts. */
  budget(state: BbrState, bytes: number): number {
    const least = Math.max(bytes, 3 * this.quantum, this.minPipe)
    return state === 'probe_bw_up' ? least + 2 * this.segmentSize : least
  }

  /** [InflightWithHeadroom]: leaves others some room. */
  get withHeadroom(): number {
    const { inflightLongTerm } = this.model
    if (inflightLongTerm === Infinity) return Infinity
    const headroom = Math.max(this.segmentSize, HEADROOM * inflightLongTerm)
    return Math.max(inflightLongTerm - headroom, this.minPipe)
  }

  get probeRttWindow(): number {
    return Math.max(this.model.product(GAINS.probe_rtt.window) ?? this.initialWindow, this.minPipe)
  }

  // --- after each ACK -------------------------------------------------------------------------------------

  update(state: BbrState, sample: RateSample): void {
    this.setPacingRate(state, sample)
    this.setWindow(state, sample)
  }

  /** 5.6.2 and 5.6.3. */
  private setPacingRate(state: BbrState, { rtt }: RateSample): void {
    if (!this.hasSeenRtt && rtt !== undefined) {
      this.hasSeenRtt = true
      this.pacingRate = this.firstRate(rtt)
    }
    this.paceWith(GAINS[state].pacing)
    const quantum = Math.min(this.pacingRate * QUANTUM_SPAN, MAX_QUANTUM)
    this.quantum = Math.max(quantum, 2 * this.segmentSize)
  }

  private firstRate(rtt: number): number {
    return (GAINS.startup.pacing * this.window) / Math.max(rtt, 1)
  }

  /** [SetPacingRateWithGain]: until the pipe is full the rate only grows. */
  paceWith(gain: number): void {
    const rate = gain * this.model.rate * PACING_SHARE
    if (rate > 0 && (this.model.isFull || rate > this.pacingRate)) this.pacingRate = rate
  }

  /** 5.6.4.6 and 5.6.4.7. */
  private setWindow(state: BbrState, { acked, delivered }: RateSample): void {
    const { model } = this
    const product = model.product(GAINS[state].window) ?? this.initialWindow
    const most = this.budget(state, product + model.extraAcked)
    if (model.isFull) this.window = Math.min(this.window + acked, most)
    else if (this.window < most || delivered < this.initialWindow) this.window += acked
    this.window = Math.max(this.window, this.minPipe)
    if (state === 'probe_rtt') this.window = Math.min(this.window, this.probeRttWindow)
    const cap = Math.min(this.longTermCap(state), model.inflightShortTerm)
    this.window = Math.min(this.window, Math.max(cap, this.minPipe))
  }

  private longTermCap(state: BbrState): number {
    if (state === 'probe_rtt' || state === 'probe_bw_cruise') return this.withHeadroom
    return isProbingCycle(state) ? this.model.inflightLongTerm : Infinity
  }

  /** [SaveCwnd]; `isWhole`: neither a recovery nor ProbeRTT has made the window smaller. */
  save(isWhole: boolean): void {
    this.priorWindow = isWhole ? this.window : Math.max(this.priorWindow, this.window)
  }

  /** [RestoreCwnd]. */
  restore(): void {
    this.window = Math.max(this.window, this.priorWindow)
  }
}
