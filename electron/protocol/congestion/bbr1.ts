/**
 * BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00; section numbers below are its own). It keeps a model of the path: the
 * largest delivery rate of the last ten round trips and the shortest round trip of the last ten seconds. It paces at the one and
 * keeps in flight a small multiple of their product, and so neither needs a loss to know its limit nor takes one for it.
 *
 * It is kept to be compared with version 3 (bbr.ts), which also bounds what is in flight by the loss that it sees, above 2 %: fairer to
 * others, but then 5 % of random loss slow it down, and this one they do not.
 */
import type { Micros } from '../../../shared/units.ts'
import type { RateSample } from './delivery-rate.ts'
import type { CongestionControl, CongestionOptions, Pacing } from './interface.ts'
import { MaxFilter } from './max-filter.ts'

/** 4.3.2.1: the least gain that doubles the rate each round trip, 2/ln 2. */
const HIGH_GAIN = 2 / Math.LN2
/** 4.3.4.3: one round trip each, to ask for more, to give back what that queued, to stay. */
const CYCLE = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
/** 4.3.4.2: two products, since ACKs are delayed and come together. */
const WINDOW_GAIN = 2
/** 4.1.1.3: round trips. */
const RATE_WINDOW = 10
/** 4.1.2.3 and 4.3.5. */
const MIN_RTT_WINDOW = 10_000_000
const PROBE_RTT_DURATION = 200_000
/** 4.2.3.3: segments that keep delayed ACKs coming. */
const MIN_PIPE = 4
/** 4.3.2.2: the pipe is full when the rate has not grown by a quarter in three round trips. */
const GROWTH = 1.25
const FULL_ROUNDS = 3
/** 4.2.1: before the first sample, as if a round trip took a millisecond. */
const FIRST_RTT = 1_000

export type Bbr1State = 'startup' | 'drain' | 'probe_bw' | 'probe_rtt'

export class Bbr1 implements CongestionControl {
  readonly name = 'bbr1'
  readonly ssthresh = Infinity
  state: Bbr1State = 'startup'
  private segmentSize: number
  private readonly initialWindow: number
  private cwnd: number
  private pacingGain = HIGH_GAIN
  private windowGain = HIGH_GAIN
  private readonly rates = new MaxFilter(RATE_WINDOW)
  private minRtt = Infinity
  private minRttAt = 0
  private pacingRate: number
  /** Round trips are counted by what is delivered (4.1.1.3). */
  private rounds = 0
  private roundEnd = 0
  private isRoundStart = false
  private isFull = false
  private fullRate = 0
  private fullRounds = 0
  private cycle = 0
  private cycleStart = 0
  private probeRttEnd: number | undefined
  private probeRttRoundDone = false
  /** What is sent with a window of four segments says nothing about the rate: samples from before this do not count. */
  private modestUntil = 0
  /** The window before a recovery or ProbeRTT, to be given back (4.2.3.4, 4.2.3.5). */
  private priorWindow = 0
  private isRecovering = false
  private conserves = false
  /** A recovery has begun: the next ACK says with which window. */
  private isEntering = false
  /** The round trip in which the last recovery ended. */
  private recoveredRound = -Infinity
  private isRestarting = false

  constructor({ segmentSize, initialWindow, inherited }: CongestionOptions) {
    this.segmentSize = segmentSize
    this.initialWindow = initialWindow
    this.cwnd = inherited?.window ?? initialWindow
    this.pacingRate = (HIGH_GAIN * this.cwnd) / FIRST_RTT
  }

  get window(): number {
    return Math.floor(this.cwnd)
  }

  /** 4.2.1 and 4.2.2: the slower, the smaller the bursts. */
  get pacing(): Pacing {
    const rate = this.pacingRate
    const megabits = rate * 8
    if (megabits < 1.2) return { rate, burst: this.segmentSize }
    if (megabits < 24) return { rate, burst: 2 * this.segmentSize }
    return { rate, burst: Math.min(Math.max(rate * 1_000, 2 * this.segmentSize), 65_536) }
  }

  onRateSample(now: Micros, sample: RateSample): void {
    this.updateRound(sample)
    this.updateRate(sample)
    this.updateCycle(now, sample)
    this.checkFullPipe(sample)
    this.checkDrain(now, sample)
    this.updateMinRtt(now, sample)
    this.updatePacingRate()
    this.updateWindow(sample)
    this.isRestarting = false
  }

  // --- the model (4.1) ------------------------------------------------------------------------------------

  private updateRound({ delivered, priorDelivered }: RateSample): void {
    if (this.isEntering) {
      this.roundEnd = delivered
      this.conserves = true
    }
    this.isRoundStart = priorDelivered >= this.roundEnd
    if (!this.isRoundStart) return
    this.roundEnd = delivered
    this.rounds++
    // 4.2.3.4: one round trip of the recovery as many packets go as have left the network.
    this.conserves = false
  }

  private updateRate({ rate, isAppLimited, priorDelivered }: RateSample): void {
    if (rate === 0) return
    const isModest = isAppLimited || this.state === 'probe_rtt' || priorDelivered < this.modestUntil
    if (rate >= this.rates.max || !isModest) this.rates.add(this.rounds, rate)
  }

  private updateMinRtt(now: Micros, sample: RateSample): void {
    const { rtt } = sample
    const isStale = this.minRtt !== Infinity && now > this.minRttAt + MIN_RTT_WINDOW
    if (rtt !== undefined && (rtt <= this.minRtt || isStale)) {
      if (this.minRtt === Infinity) this.pacingRate = (HIGH_GAIN * this.cwnd) / Math.max(rtt, 1)
      this.minRtt = rtt
      this.minRttAt = now
    }
    if (isStale && !this.isRestarting && this.state !== 'probe_rtt') this.enterProbeRtt()
    if (this.state === 'probe_rtt') this.probeRtt(now, sample)
  }

  /** 4.2.3.2: what is in flight at `gain` times the rate over the shortest round trip. */
  private inFlight(gain: number): number {
    if (this.minRtt === Infinity || this.rates.max === 0) return gain * this.initialWindow
    return gain * this.rates.max * this.minRtt + 3 * this.pacing.burst
  }

  // --- the states (4.3) -----------------------------------------------------------------------------------

  /** 4.3.2.2. */
  private checkFullPipe({ isAppLimited }: RateSample): void {
    if (this.isFull || !this.isRoundStart || isAppLimited) return
    if (this.rates.max >= this.fullRate * GROWTH) {
      this.fullRate = this.rates.max
      this.fullRounds = 0
    } else if (++this.fullRounds >= FULL_ROUNDS) this.isFull = true
  }

  /** 4.3.3: out goes the queue that Startup has made. */
  private checkDrain(now: Micros, { inFlight }: RateSample): void {
    if (this.state === 'startup' && this.isFull) {
      this.state = 'drain'
      this.pacingGain = 1 / HIGH_GAIN
    }
    if (this.state === 'drain' && inFlight <= this.inFlight(1)) this.enterProbeBandwidth(now)
  }

  /** 4.3.4.3: begins anywhere in the cycle but where it gives back, so that flows do not all ask at once. */
  private enterProbeBandwidth(now: Micros): void {
    this.state = 'probe_bw'
    this.windowGain = WINDOW_GAIN
    const at = this.rounds % (CYCLE.length - 1)
    this.enterCycle(now, at === 0 ? 0 : at + 1)
  }

  private enterCycle(now: Micros, cycle: number): void {
    this.cycle = cycle
    this.cycleStart = now
    this.pacingGain = CYCLE[cycle]
  }

  private updateCycle(now: Micros, { lost, priorInFlight }: RateSample): void {
    if (this.state !== 'probe_bw') return
    const isLong = now - this.cycleStart > this.minRtt
    const { pacingGain } = this
    const isOver =
      pacingGain > 1
        ? isLong && (lost > 0 || priorInFlight >= this.inFlight(pacingGain))
        : pacingGain < 1
          ? isLong || priorInFlight <= this.inFlight(1)
          : isLong
    if (isOver) this.enterCycle(now, (this.cycle + 1) % CYCLE.length)
  }

  /** 4.3.5: the path was never empty for ten seconds, so nobody knows how long it is: empty it. */
  private enterProbeRtt(): void {
    this.saveWindow()
    this.state = 'probe_rtt'
    this.pacingGain = this.windowGain = 1
    this.probeRttEnd = undefined
  }

  private probeRtt(now: Micros, { inFlight, delivered }: RateSample): void {
    this.modestUntil = delivered + inFlight
    if (this.probeRttEnd === undefined) {
      if (inFlight > this.minPipe) return
      this.probeRttEnd = now + PROBE_RTT_DURATION
      this.probeRttRoundDone = false
      this.roundEnd = delivered
      return
    }
    if (this.isRoundStart) this.probeRttRoundDone = true
    if (!this.probeRttRoundDone || now <= this.probeRttEnd) return
    this.minRttAt = now
    this.cwnd = Math.max(this.cwnd, this.priorWindow)
    if (this.isFull) return this.enterProbeBandwidth(now)
    this.state = 'startup'
    this.pacingGain = this.windowGain = HIGH_GAIN
  }

  // --- what is allowed (4.2) ------------------------------------------------------------------------------

  private get minPipe(): number {
    return MIN_PIPE * this.segmentSize
  }

  private updatePacingRate(): void {
    // After a pause it goes on at the rate that was there, whatever the cycle (4.3.4.4).
    const rate = (this.isRestarting ? 1 : this.pacingGain) * this.rates.max
    if (rate > 0 && (this.isFull || rate > this.pacingRate)) this.pacingRate = rate
  }

  /** 4.2.3.6, and 4.2.3.4 in a recovery. */
  private updateWindow({ acked, lost, inFlight, delivered }: RateSample): void {
    if (this.isEntering) this.cwnd = inFlight + acked
    else if (this.isRecovering && lost > 0) this.cwnd = Math.max(this.cwnd - lost, this.segmentSize)
    this.isEntering = false
    if (this.conserves) this.cwnd = Math.max(this.cwnd, inFlight + acked)
    else {
      const target = this.inFlight(this.windowGain)
      if (this.isFull) this.cwnd = Math.min(this.cwnd + acked, target)
      else if (this.cwnd < target || delivered < this.initialWindow) this.cwnd += acked
      this.cwnd = Math.max(this.cwnd, this.minPipe)
    }
    if (this.state === 'probe_rtt') this.cwnd = Math.min(this.cwnd, this.minPipe)
  }

  private saveWindow(): void {
    const isWhole = !this.isRecovering && this.state !== 'probe_rtt'
    this.priorWindow = isWhole ? this.cwnd : Math.max(this.priorWindow, this.cwnd)
  }

  // --- what the transport tells ---------------------------------------------------------------------------

  /** All is in `onRateSample`, which comes with each ACK, in a recovery, too. */
  onAck(): void {}

  /**
   * Recoveries that follow each other without a round trip between them are taken for one, of which the first round trip conserves
   * packets: were it each, random loss would bring what is in flight below what the path holds, and the rate with it.
   */
  onLoss(): void {
    this.saveWindow()
    this.isRecovering = true
    this.isEntering = this.rounds > this.recoveredRound + 1
  }

  onTimeout(): void {
    this.saveWindow()
    this.isRecovering = true
    this.isEntering = this.conserves = false
    this.cwnd = this.segmentSize
  }

  onRecovered(): void {
    if (!this.isRecovering) return
    this.isRecovering = this.isEntering = this.conserves = false
    this.recoveredRound = this.rounds
    this.cwnd = Math.max(this.cwnd, this.priorWindow)
  }

  onRestart(): void {
    this.isRestarting = true
    if (this.state === 'probe_bw' && this.rates.max > 0) this.pacingRate = this.rates.max
  }

  /** It bounds the window itself. */
  capWindow(): void {}

  setSegmentSize(bytes: number): void {
    this.segmentSize = bytes
    this.cwnd = Math.max(this.cwnd, bytes)
  }

  metrics(): Readonly<Record<string, number>> {
    const minRtt = this.minRtt === Infinity ? 0 : this.minRtt
    return {
      rate: this.rates.max,
      min_rtt: minRtt,
      pacing_gain: this.pacingGain,
      window_gain: this.windowGain,
    }
  }
}
