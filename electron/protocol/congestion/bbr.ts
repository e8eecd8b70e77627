/**
 * BBR, version 3 (draft-ietf-ccwg-bbr-06; section numbers and names in brackets are the draft's). It keeps a model of the path
 * (bbr-model.ts), paces at the rate that it delivers and keeps in flight a small multiple of what it holds. Every few seconds, or as
 * often as Reno would, it asks for more (refill, up), gives back what that has queued (down) and stays (cruise). Losses above 2 % of
 * a round trip while it asks are the limit of what it puts in flight; losses while it does not make it slow down for a while. What
 * the states mean for window and rate stands in bbr-output.ts.
 */
import type { Micros } from '../../../shared/units.ts'
import { BbrModel, BETA } from './bbr-model.ts'
import { BbrOutput, GAINS, isProbingCycle, type BbrState } from './bbr-output.ts'
import type { LostPacket, RateSample } from './delivery-rate.ts'
import type { CongestionControl, CongestionOptions, Pacing } from './interface.ts'

/** [LossThresh]. */
const LOSS_THRESHOLD = 0.02
/** 5.3.1.3: separate losses in a round trip that end Startup. */
const STARTUP_LOSSES = 6
/** 5.3.2: round trips. */
const DRAIN_ROUNDS = 3
/** [ProbeRTTDuration]. */
const PROBE_RTT_DURATION = 200_000
/** [PickProbeWait]: the longest wait between probes: rounds, and seconds of the clock, 2 to 3. */
const MAX_PROBE_ROUNDS = 63
const PROBE_WAIT = 2_000_000
const PROBE_WAIT_SPREAD = 1_000_000

/** [ack_phase]: what the ACKs that come now say of probing. */
type AckPhase = 'init' | 'refilling' | 'probe_starting' | 'probe_feedback' | 'probe_stopping'

/** What one sample says of losses: in flight when the packet was sent, and lost since. */
type Congestion = Pick<RateSample, 'txInFlight' | 'lostSince' | 'isAppLimited'>

export type { BbrState } from './bbr-output.ts'

export class Bbr implements CongestionControl {
  readonly name = 'bbr'
  readonly ssthresh = Infinity
  state: BbrState = 'startup'
  private readonly model = new BbrModel()
  private readonly output: BbrOutput
  private readonly selectiveAcks: boolean
  private readonly random: () => number
  private delivered = 0
  /** The last round trip in which the window was full [is_cwnd_limited]. */
  private limitedRound = -Infinity
  private drainStartRound = 0
  /** A time with nothing to send is over [idle_restart]. */
  private isRestarting = false
  private isRecovering = false
  private recoveryRound = 0
  /** Separate losses of this round trip, and the number of the last packet among them. */
  private lossRanges = 0
  private lastLost = -2

  // Probing for bandwidth.
  private ackPhase: AckPhase = 'init'
  /** [is_bw_probe_sample]: what comes back was sent to probe, and has not been answered yet. */
  private isProbeSample = false
  private upAcked = 0
  private upAckedPerSegment = Infinity
  private upRounds = 0
  private roundsSinceUp = 0
  private probeWait = 0
  private cycleStart = 0
  private wasTooHigh = false
  private wasPrecautionary = false
  private lastTxInFlight = 0

  // ProbeRTT. What is sent with so small a window says nothing of the rate.
  private probeRttEnd: number | undefined
  private isProbeRttRoundDone = false
  private modestUntil = -1

  // What a recovery that was none gives back.
  private undoState: 'startup' | 'probe_bw_up' | undefined
  private undoBounds = { rateShortTerm: 0, inflightShortTerm: 0, inflightLongTerm: 0 }

  constructor(options: CongestionOptions) {
    this.output = new BbrOutput(options, this.model)
    this.selectiveAcks = options.selectiveAcks ?? true
    this.random = options.random ?? (() => 0.5)
  }

  get window(): number {
    return Math.floor(this.output.window)
  }

  get pacing(): Pacing {
    return this.output.pacing
  }

  /** 5.2.3: the model, the state, and what follows for rate and window; losses that the ACK brought to light come first (5.2.4). */
  onRateSample(now: Micros, taken: RateSample): void {
    const { model } = this
    const isModest = taken.isAppLimited || taken.priorDelivered <= this.modestUntil
    const sample = isModest === taken.isAppLimited ? taken : { ...taken, isAppLimited: isModest }
    this.delivered = sample.delivered
    this.lastTxInFlight = sample.txInFlight
    if (sample.priorInFlight + this.output.segmentSize > this.output.window) this.limitedRound = model.round
    for (const loss of sample.losses) this.onLostPacket(now, loss)
    model.takeDelivery(sample)
    if (model.isRoundStart) this.roundsSinceUp++
    this.adaptLowerBounds()
    model.takeAggregation(now, sample.acked, this.output.window)
    model.checkFull(sample)
    this.checkStartup(sample)
    this.checkDrain(now, sample)
    this.updateCycle(now, sample)
    model.takeRtt(now, sample.rtt)
    this.checkProbeRtt(now, sample)
    model.finishDelivery(sample)
    this.output.update(this.state, sample)
  }

  // --- Startup and Drain (5.3.1, 5.3.2) -------------------------------------------------------------------

  private checkStartup(sample: RateSample): void {
    this.checkStartupLoss(sample)
    if (this.state !== 'startup' || !this.model.isFull) return
    this.state = 'drain'
    this.drainStartRound = this.model.round
  }

  /** 5.3.1.3: more than 2 % lost in a round trip of a recovery, in several places. */
  private checkStartupLoss(sample: RateSample): void {
    const { model } = this
    if (this.state === 'startup' && !model.isFull && this.isRecovering) {
      const isLong = model.isLossRoundStart && model.round > this.recoveryRound
      const isHigh = isLong && this.lossRanges >= STARTUP_LOSSES && this.isTooHigh(sample)
      if (isHigh || (!this.selectiveAcks && sample.lost > 0)) {
        this.undoState = 'startup'
        this.endStartup()
      }
    }
    if (model.isLossRoundStart) this.lossRanges = 0
  }

  private endStartup(): void {
    const { model } = this
    model.markFull()
    model.inflightLongTerm = Math.max(model.product(1) ?? 0, model.inflightLatest)
  }

  private checkDrain(now: Micros, { inFlight }: RateSample): void {
    if (this.state !== 'drain') return
    const isLong = this.model.round > this.drainStartRound + DRAIN_ROUNDS
    if (inFlight <= this.output.inFlight(this.state, 1) || isLong) this.startDown(now)
  }

  // --- ProbeBW (5.3.3) ------------------------------------------------------------------------------------

  private get isProbingCycle(): boolean {
    return isProbingCycle(this.state)
  }

  /** [IsProbingBW]: losses are then the price of asking. */
  private get isProbing(): boolean {
    return this.state === 'startup' || this.state === 'probe_bw_refill' || this.state === 'probe_bw_up'
  }

  private get isWindowLimited(): boolean {
    return this.model.round - this.limitedRound <= 1
  }

  private startDown(now: Micros): void {
    this.model.resetSignals()
    this.upAckedPerSegment = Infinity
    // Not all flows at once [PickProbeWait].
    this.roundsSinceUp = this.random() < 0.5 ? 0 : 1
    this.probeWait = PROBE_WAIT + PROBE_WAIT_SPREAD * this.random()
    this.cycleStart = now
    this.ackPhase = 'probe_stopping'
    this.model.startRound(this.delivered)
    this.state = 'probe_bw_down'
  }

  private startRefill(): void {
    this.model.resetShortTerm()
    this.upRounds = this.upAcked = 0
    this.wasPrecautionary = false
    this.ackPhase = 'refilling'
    this.model.startRound(this.delivered)
    this.state = 'probe_bw_refill'
  }

  private startUp({ rate }: RateSample): void {
    this.isProbeSample = true
    this.ackPhase = 'probe_starting'
    this.model.startRound(this.delivered)
    this.model.resetFull(rate)
    this.state = 'probe_bw_up'
    this.raiseSlope()
  }

  /** [UpdateProbeBWCyclePhase]. */
  private updateCycle(now: Micros, sample: RateSample): void {
    if (!this.model.isFull || this.adaptLongTerm(sample) || !this.isProbingCycle) return
    const { state } = this
    if (state === 'probe_bw_down' || state === 'probe_bw_cruise') {
      if (this.isTimeToProbe(now)) this.startRefill()
      else if (state === 'probe_bw_down' && this.isTimeToCruise(sample)) this.state = 'probe_bw_cruise'
    } else if (state === 'probe_bw_refill') {
      if (this.model.isRoundStart) this.startUp(sample)
    } else if (this.isTimeToGoDown(sample)) {
      this.wasTooHigh = false
      this.startDown(now)
    }
  }

  /** [IsTimeToProbeBW]: by the clock, or as often as a Reno flow of this size would lose a packet. */
  private isTimeToProbe(now: Micros): boolean {
    const rounds = Math.min(this.output.target / this.output.segmentSize, MAX_PROBE_ROUNDS)
    return now > this.cycleStart + this.probeWait || this.roundsSinceUp >= rounds
  }

  /** [IsTimeToCruise]. */
  private isTimeToCruise({ inFlight }: RateSample): boolean {
    const { model } = this
    const held = this.output.budget(this.state, model.maxRate * model.minRtt)
    return inFlight <= Math.min(this.output.withHeadroom, held)
  }

  /** [IsTimeToGoDown]. */
  private isTimeToGoDown({ inFlight, rate }: RateSample): boolean {
    const { model } = this
    if (this.wasTooHigh && inFlight >= model.inflightLongTerm) {
      // Stays as short as it can at what was too much last time.
      this.wasPrecautionary = true
      return true
    }
    if (!this.isWindowLimited || this.output.window < model.inflightLongTerm) return model.isFullNow
    // The bound is what keeps the rate from growing, so nothing is known of the path.
    model.resetFull(rate)
    return false
  }

  /** [AdaptLongTermModel]: what comes back of a probe. True: it has led to another state. */
  private adaptLongTerm(sample: RateSample): boolean {
    const { model } = this
    if (model.isRoundStart && this.ackPhase === 'probe_starting') this.ackPhase = 'probe_feedback'
    if (model.isRoundStart && this.ackPhase === 'probe_stopping') {
      this.isProbeSample = false
      this.ackPhase = 'init'
      if (this.isProbingCycle && !sample.isAppLimited) model.advanceCycle()
      if (this.isProbingCycle && this.wasPrecautionary && !this.wasTooHigh) {
        this.startRefill()
        return true
      }
    }
    if (this.isTooHigh(sample) || model.inflightLongTerm === Infinity) return false
    model.inflightLongTerm = Math.max(model.inflightLongTerm, sample.txInFlight)
    if (this.state === 'probe_bw_up') this.raiseLongTerm(sample.acked)
    return false
  }

  /** [ProbeInflightLongtermUpward]: by 1, 2, 4 ... segments a round trip. */
  private raiseLongTerm(acked: number): void {
    const { model } = this
    if (!this.isWindowLimited || this.output.window < model.inflightLongTerm) return
    this.upAcked += acked
    if (this.upAcked >= this.upAckedPerSegment) {
      const segments = Math.floor(this.upAcked / this.upAckedPerSegment)
      this.upAcked -= segments * this.upAckedPerSegment
      model.inflightLongTerm += segments * this.output.segmentSize
    }
    if (model.isRoundStart) this.raiseSlope()
  }

  private raiseSlope(): void {
    const growth = 2 ** this.upRounds
    this.upRounds = Math.min(this.upRounds + 1, 30)
    this.upAckedPerSegment = Math.max(this.output.window / growth, this.output.segmentSize)
  }

  // --- ProbeRTT (5.3.4) -----------------------------------------------------------------------------------

  private checkProbeRtt(now: Micros, sample: RateSample): void {
    if (this.state !== 'probe_rtt' && this.model.isMinRttStale && !this.isRestarting) {
      this.saveWindow()
      this.state = 'probe_rtt'
      this.probeRttEnd = undefined
      this.ackPhase = 'probe_stopping'
      this.model.startRound(sample.delivered)
    }
    if (this.state === 'probe_rtt') this.handleProbeRtt(now, sample)
    if (sample.deliveredSince > 0) this.isRestarting = false
  }

  private handleProbeRtt(now: Micros, { inFlight, delivered }: RateSample): void {
    this.modestUntil = delivered + inFlight
    if (this.probeRttEnd === undefined) {
      if (inFlight > this.output.probeRttWindow) return
      this.probeRttEnd = now + PROBE_RTT_DURATION
      this.isProbeRttRoundDone = false
      this.model.startRound(delivered)
      return
    }
    if (this.model.isRoundStart) this.isProbeRttRoundDone = true
    if (this.isProbeRttRoundDone) this.checkProbeRttDone(now)
  }

  private checkProbeRttDone(now: Micros): void {
    if (this.probeRttEnd === undefined || now <= this.probeRttEnd) return
    this.model.recentMinRttAt = now
    this.output.restore()
    this.model.resetShortTerm()
    if (!this.model.isFull) this.state = 'startup'
    else {
      this.startDown(now)
      this.state = 'probe_bw_cruise'
    }
  }

  // --- loss (5.5.10) --------------------------------------------------------------------------------------

  /** [IsInflightTooHigh]. */
  private isTooHigh({ lostSince, txInFlight }: Pick<Congestion, 'lostSince' | 'txInFlight'>): boolean {
    return lostSince > txInFlight * LOSS_THRESHOLD || (lostSince > 0 && !this.selectiveAcks)
  }

  /** [HandleInflightTooHigh]: that much at most from now on, though not below what CUBIC would keep. */
  private onTooHigh(now: Micros, { txInFlight, isAppLimited }: Congestion): void {
    this.wasTooHigh = true
    this.isProbeSample = false
    if (!isAppLimited) this.model.inflightLongTerm = Math.max(txInFlight, this.output.target * BETA)
    if (this.state !== 'probe_bw_up') return
    this.undoState = 'probe_bw_up'
    this.startDown(now)
  }

  private noteLoss(): void {
    if (this.model.noteLoss(this.delivered)) this.saveState()
  }

  /** [HandleLostPacket] 5.5.10.2. */
  private onLostPacket(now: Micros, { mark, lost }: LostPacket): void {
    this.noteLoss()
    if (mark.number !== this.lastLost + 1) this.lossRanges++
    this.lastLost = mark.number
    if (!this.isProbeSample) return
    const congestion = { txInFlight: mark.inFlight, lostSince: lost, isAppLimited: mark.isAppLimited }
    if (!this.isTooHigh(congestion)) return
    // [InflightAtLoss]: where in the packet the losses crossed the threshold.
    const before = mark.inFlight - mark.bytes
    const prefix = (LOSS_THRESHOLD * before - (lost - mark.bytes)) / (1 - LOSS_THRESHOLD)
    this.onTooHigh(now, { ...congestion, txInFlight: before + prefix })
  }

  /** [AdaptLowerBoundsFromCongestion]: once a round trip. */
  private adaptLowerBounds(): void {
    const { model } = this
    if (!model.isLossRoundStart) return
    if (model.isLossInRound && !this.isProbing) model.lowerBounds(this.output.window)
    model.isLossInRound = false
  }

  private saveWindow(): void {
    this.output.save(!this.isRecovering && this.state !== 'probe_rtt')
  }

  private saveState(): void {
    const { rateShortTerm, inflightShortTerm, inflightLongTerm } = this.model
    this.saveWindow()
    this.undoState = undefined
    this.undoBounds = { rateShortTerm, inflightShortTerm, inflightLongTerm }
  }

  // --- what the transport tells ---------------------------------------------------------------------------

  /** All is in `onRateSample`, which comes with each ACK, in a recovery, too. */
  onAck(): void {}

  /** 5.6.4.4: what losses mean stands in `onRateSample`. */
  onLoss(): void {
    this.saveState()
    if (!this.isRecovering) this.recoveryRound = this.model.round
    this.isRecovering = true
  }

  onTimeout(): void {
    this.onLoss()
    this.output.window = this.output.segmentSize
  }

  onRecovered(): void {
    if (!this.isRecovering) return
    this.isRecovering = false
    this.output.restore()
  }

  /** 3.7: the draft asks that marks are taken for congestion, not how: here as if too much had been lost. */
  onNotified(now: Micros): void {
    this.noteLoss()
    if (this.state === 'startup' && !this.model.isFull) this.endStartup()
    else if (this.isProbeSample)
      this.onTooHigh(now, { txInFlight: this.lastTxInFlight, lostSince: 0, isAppLimited: false })
  }

  /** [HandleSpuriousLossDetection] 5.5.11.2. */
  onSpurious(): void {
    const { model, undoBounds, undoState, state } = this
    this.output.restore()
    model.isLossInRound = false
    model.resetFull(0)
    model.rateShortTerm = Math.max(model.rateShortTerm, undoBounds.rateShortTerm)
    model.inflightShortTerm = Math.max(model.inflightShortTerm, undoBounds.inflightShortTerm)
    model.inflightLongTerm = Math.max(model.inflightLongTerm, undoBounds.inflightLongTerm)
    if (undoState === 'startup' && state !== 'startup') {
      model.isFull = false
      if (state !== 'probe_rtt') this.state = 'startup'
    } else if (undoState === 'probe_bw_up' && state !== 'probe_bw_up' && state !== 'probe_rtt') {
      this.startRefill()
    }
    this.undoState = undefined
  }

  /** [HandleRestartFromIdle] 5.4.1: at the rate that there was, whatever the cycle. */
  onIdleRestart(now: Micros): void {
    this.isRestarting = true
    this.model.restartAggregation(now)
    if (this.isProbingCycle) this.output.paceWith(1)
    else if (this.state === 'probe_rtt') this.checkProbeRttDone(now)
  }

  /** A pause does not make the model wrong (5.4.2). */
  onRestart(): void {}

  /** It bounds the window itself. */
  capWindow(): void {}

  setSegmentSize(bytes: number): void {
    this.output.setSegmentSize(bytes)
  }

  metrics(): Readonly<Record<string, number>> {
    const { model } = this
    const orZero = (value: number) => (value === Infinity ? 0 : value)
    return {
      rate: model.rate,
      max_rate: model.maxRate,
      min_rtt: orZero(model.minRtt),
      inflight_longterm: orZero(model.inflightLongTerm),
      inflight_shortterm: orZero(model.inflightShortTerm),
      pacing_gain: GAINS[this.state].pacing,
      window_gain: GAINS[this.state].window,
    }
  }
}
