/**
 * Loss detection and recovery of a sender: duplicate ACKs, fast retransmit and fast recovery with SACK
 * (RFC 6675) or without (RFC 6582), and what follows a retransmission timeout (RFC 5681 3.1, RFC 6675 5.1).
 * It decides what is lost and in which phase the sender is; what is sent when, sender.ts decides.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { DeliveryRate } from '../congestion/delivery-rate.ts'
import type { CongestionControl } from '../congestion/interface.ts'
import type { Ecn } from './ecn.ts'
import { Frto } from './frto.ts'
import type { MtuProbe } from './mtu-probe.ts'
import type { AckNews } from './news.ts'
import { Rack, type RackView } from './rack.ts'
import { Reduction } from './reduction.ts'
import type { LossTrigger } from './scoreboard.ts'
import { TailLossProbe } from './tail-loss-probe.ts'
import { Undo } from './undo.ts'

/** `open`: no loss is known. `recovery`: fast recovery. `loss`: the timer ran out and slow start fills the holes. */
export type RecoveryPhase = 'open' | 'recovery' | 'loss'

/** What recovery has to know of the sender; positions as in sequence.ts. */
export interface RecoveryView extends RackView {
  /** SMSS. */
  readonly mss: number
  readonly sackEnabled: boolean
  /** RFC 8985 says what is lost, in the place of RFC 6675. */
  readonly usesRack: boolean
  readonly congestion: CongestionControl
  /** The round trip that the present ACK has measured; undefined: none. */
  readonly ackRtt: number | undefined
  readonly rates: DeliveryRate | undefined
  readonly ecn: Ecn
  readonly mtuProbe: MtuProbe
  /** Sequence number of a position. */
  toWire(position: number): number
}

export class Recovery {
  phase: RecoveryPhase = 'open'
  duplicateAcks = 0
  /** `recover` of RFC 6582, RecoveryPoint of RFC 6675: what was outstanding when the loss was found ends here. */
  recover = 0
  /** RFC 6582 3.2: what the window is inflated by for segments that have left the network; may be negative. */
  inflation = 0
  /** The next retransmission goes whatever the window says: the one that opens a recovery, or a partial ACK's. */
  mustRetransmit = false
  /** Octets sent by limited transmit, which do not count when the window is halved (RFC 5681 3.2). */
  limitedTransmitted = 0
  /** RescueRxt of RFC 6675: one rescue in a recovery. */
  rescued = false
  /** Segments that were found lost. */
  private lossesFound = 0
  readonly reduction: Reduction
  readonly rack: Rack
  readonly probe: TailLossProbe
  readonly frto: Frto
  readonly undo = new Undo()
  private readonly view: RecoveryView
  private readonly trace: Trace
  private reported: string
  readonly onLost = (index: number): void => this.reportLost(index)

  constructor(view: RecoveryView, trace: Trace) {
    this.view = view
    this.reported = view.congestion.state ?? 'slow_start'
    this.trace = trace
    this.reduction = new Reduction(view, trace)
    this.rack = new Rack(view, trace)
    this.probe = new TailLossProbe(trace)
    this.frto = new Frto(trace)
  }

  /**
   * An ACK came.
   * @param advanced sequence numbers that it newly covers
   * @param duplicate it is a duplicate in the sense of RFC 5681 2 (without SACK) or RFC 6675 2 (with)
   * @param flight FlightSize before it came
   */
  onAck(
    now: Micros,
    advanced: number,
    duplicate: boolean,
    flight: number,
    windowLimited: boolean,
    news: AckNews,
  ): void {
    this.heed(now, duplicate, news)
    const { view, reduction, lossesFound } = this
    if (advanced > 0) this.onAdvance(now, advanced, windowLimited)
    else if (duplicate) this.onDuplicate()
    if (view.usesRack) this.rack.detect(now, this.phase !== 'open', this.onLost)
    if (this.phase === 'loss') return
    if (view.sackEnabled && !view.usesRack)
      view.board.markLostBySack(view.settings.dupThresh, view.mss, this.onLost)
    if (this.phase === 'open' && this.detectsLoss() && !this.isProbe()) this.begin(now, flight)
    if (reduction.echoed && reduction.onEcho(now, flight, this.phase === 'open')) this.report('ecn')
    reduction.onAck(advanced, duplicate, advanced > 0 && lossesFound === this.lossesFound)
  }

  private onAdvance(now: Micros, advanced: number, windowLimited: boolean): void {
    const { view } = this
    this.duplicateAcks = 0
    this.limitedTransmitted = 0
    if (this.phase === 'recovery') {
      if (view.una >= this.recover) this.finish()
      else if (!view.sackEnabled) this.onPartialAck(advanced)
      return
    }
    const { reduction } = this
    if (!reduction.forbidsGrowth) view.congestion.onAck(now, advanced, view.rtt.smoothed, windowLimited)
    if (this.phase === 'loss' && view.una >= this.recover) {
      this.phase = 'open'
      this.frto.end()
      this.rack.onRecovered()
      view.congestion.onRecovered?.()
      this.report('full_ack')
    } else if (this.phase === 'open') {
      if (!reduction.isNotified) reduction.end()
      this.report(this.reported === 'congestion_window_reduced' ? 'full_ack' : 'ssthresh')
    }
  }

  private onDuplicate(): void {
    this.duplicateAcks++
    const inflates = !this.view.sackEnabled && this.reduction.allowance === undefined
    if (this.phase === 'recovery' && inflates) this.inflation += this.view.mss
  }

  /**
   * RFC 6675 5 (1) and (2): as many duplicates as the threshold, or IsLost of the oldest segment. Without SACK,
   * RFC 6582 3.2 (2): the duplicates must lie beyond what an earlier recovery or timeout sent again, for
   * they could be its own echo.
   */
  private detectsLoss(): boolean {
    const { view } = this
    if (view.board.isEmpty) return false
    if (view.sackEnabled && view.board.congestionLoss) return true
    if (view.usesRack) return false
    if (this.duplicateAcks < view.settings.dupThresh) return false
    return view.sackEnabled || view.una > this.recover
  }

  /** The loss is that of a probe for a larger MTU, which is no congestion (RFC 4821 7.6.2). */
  private isProbe(): boolean {
    if (!this.view.mtuProbe.takesLoss(this.view, this.onLost)) return false
    this.duplicateAcks = 0
    this.mustRetransmit = true
    return true
  }

  /** RFC 6675 5 (4), RFC 6582 3.2 (2). */
  private begin(now: Micros, flight: number): void {
    const { view } = this
    this.phase = 'recovery'
    this.recover = view.nxt
    this.rescued = false
    this.undo.begin(view.una)
    this.probe.overtake()
    const trigger: LossTrigger = view.usesRack ? 'rack' : view.sackEnabled ? 'sack' : 'dup_acks'
    if (!view.usesRack && view.board.markHeadLost(trigger)) this.reportLost(view.board.headIndex)
    this.reduction.onLoss(now, Math.max(flight - this.limitedTransmitted, view.mss))
    // RFC 5681 3.2 (3): the duplicates say that as many segments have left the network.
    const atOnce = !view.sackEnabled && this.reduction.allowance === undefined
    this.inflation = atOnce ? view.settings.dupThresh * view.mss : 0
    this.mustRetransmit = true
    this.report(trigger)
  }

  /** RFC 6582 3.2 (3), partial acknowledgment: the next hole is at the front now. */
  private onPartialAck(advanced: number): void {
    const { view } = this
    if (this.reduction.allowance === undefined) {
      this.inflation -= advanced
      if (advanced >= view.mss) this.inflation += view.mss
    }
    if (view.board.markHeadLost('partial_ack')) this.reportLost(view.board.headIndex)
    else view.board.resendHead('partial_ack')
    this.mustRetransmit = true
  }

  /** RFC 6582 3.2 (3), full acknowledgment; RFC 6675 5 (A). */
  private finish(): void {
    const { view } = this
    this.phase = 'open'
    this.inflation = 0
    this.mustRetransmit = false
    this.rack.onRecovered()
    view.congestion.onRecovered?.()
    this.reduction.end()
    if (!view.sackEnabled) view.congestion.capWindow(Math.max(view.nxt - view.una, view.mss) + view.mss)
    this.report('full_ack')
  }

  /** The retransmission timer ran out: RFC 5681 3.1, RFC 6675 5.1, RFC 6582 4. */
  onTimeout(now: Micros): void {
    const { view } = this
    const first = !view.board.headResentByTimer
    this.beginTimeout()
    view.congestion.onTimeout(now, Math.min(view.nxt - view.una, view.congestion.window), first)
    this.reduction.onTimeout()
    this.phase = 'loss'
    this.recover = view.nxt
    this.inflation = 0
    this.duplicateAcks = 0
    this.limitedTransmitted = 0
    this.mustRetransmit = true
    view.board.markAllLost(this.onLost, view.usesRack ? this.rack.expiredBy(now) : Infinity)
    this.report('rto')
  }

  /** A timeout begins an episode of its own, goes on with that of another, or cannot be told apart from a fast recovery. */
  private beginTimeout(): void {
    const { undo, frto, phase, view } = this
    this.probe.overtake()
    if (phase === 'open') undo.begin(view.una)
    else if (phase === 'recovery') undo.end()
    // RFC 5682 2.1 (1), 3.1 (1): not within a recovery.
    if (phase === 'open' && view.settings.frto) frto.begin(view.nxt, view.board.end(view.board.headIndex))
    else frto.end()
  }

  /** RACK's reordering timer ran out (RFC 8985 6.2 step 5). */
  onReorderingTimeout(now: Micros): void {
    const { view } = this
    this.rack.detect(now, this.phase !== 'open', this.onLost)
    if (this.phase === 'open' && this.detectsLoss() && !this.isProbe()) this.begin(now, view.nxt - view.una)
  }

  /** What an ACK says of what was done before: of the probe, of reordering, of a recovery that was for nothing. */
  private heed(now: Micros, duplicate: boolean, news: AckNews): void {
    const { view, undo, probe } = this
    const { una, nxt, settings, sackEnabled } = view
    const { advanced, echoed, duplicateEnd, duplicateOctets, bare } = news
    if (duplicateEnd >= 0 && !probe.isProbe(duplicateEnd)) this.rack.onDuplicateReported()
    if (probe.onAck({ ack: una, duplicateEnd, bare })) this.onProbeRepaired(now)
    const reported = duplicateOctets > 0 && undo.onDuplicate(news.duplicateLeft, duplicateOctets)
    const original = advanced > 0 && undo.onAdvance(echoed, duplicateEnd >= 0, una === nxt)
    if (settings.undo && reported) return this.giveBack(now, 'dsack', advanced)
    if (settings.undo && original) return this.giveBack(now, 'timestamp', advanced)
    if (this.phase !== 'loss') return
    const { highest, lowestOriginal, canSend } = news
    const verdict = this.frto.onAck({
      una,
      advanced: advanced > 0,
      duplicate: duplicate || bare,
      sack: sackEnabled,
      highest,
      lowestOriginal,
      canSend,
    })
    if (verdict === 'spurious') this.giveBack(now, 'frto', advanced)
    // RFC 5682 2.1 (3a), 3.1 (3a): the two new segments were not what slow start would have sent.
    else if (verdict === 'genuine') {
      view.congestion.capWindow(3 * view.mss)
      // Without SACK the duplicate ACK alone says that a segment has left the network.
      if (!sackEnabled) this.mustRetransmit = true
    }
  }

  /** RFC 8985 7.4.2: there was a loss, though nothing is left to repair. */
  private onProbeRepaired(now: Micros): void {
    const { congestion, nxt, una, mss } = this.view
    if (this.phase !== 'open') return
    this.reduction.onLoss(now, Math.max(nxt - una, mss))
    this.reduction.end()
    congestion.onRecovered?.()
    this.report('loss_probe')
  }

  /**
   * Nothing had been lost (RFC 4015 3.2): the window is as it was, but for a burst; what was taken for lost is not sent again, and
   * after a timeout the estimate of the round trip allows for such delays.
   */
  private giveBack(now: Micros, foundBy: 'dsack' | 'timestamp' | 'frto', advanced: number): void {
    const { view, phase } = this
    const { congestion, board, settings, mss, rtt } = view
    const before = congestion.window
    if (phase === 'loss' && view.ackRtt !== undefined) rtt.raise(view.ackRtt)
    if (phase === 'recovery') this.rack.noteReordering()
    rtt.backOff = 0
    this.undo.end()
    this.frto.end()
    this.phase = 'open'
    this.inflation = this.duplicateAcks = 0
    this.mustRetransmit = false
    this.reduction.end()
    board.unmarkLost()
    if (phase !== 'open') congestion.onRecovered?.()
    congestion.onSpurious?.(now)
    const burst = Math.min(advanced, settings.initialWindow * mss)
    congestion.capWindow(Math.max(before, view.nxt - view.una + burst))
    const { window, ssthresh } = congestion
    this.trace.emit('tcp:recovery_undone', {
      found_by: foundBy,
      cwnd: Math.floor(window),
      ssthresh: ssthresh === Infinity ? 0xffff_ffff : Math.floor(ssthresh),
    })
    this.report('undo')
  }

  /** The name of the phase in the trace: congestion control and recovery together. */
  private get name(): string {
    const { congestion } = this.view
    // An algorithm with states of its own is in one of them, whatever is being repaired.
    if (congestion.state !== undefined) return congestion.state
    if (this.phase !== 'open') return this.phase
    if (this.reduction.isNotified) return 'congestion_window_reduced'
    if (congestion.window >= congestion.ssthresh) return 'congestion_avoidance'
    const phase = congestion.hystart?.phase ?? 'slow_start'
    return phase === 'conservative' ? 'conservative_slow_start' : phase
  }

  /** Tells of another phase, if it is another. */
  report(trigger: string): void {
    const name = this.name
    if (name === this.reported) return
    this.trace.emit('tcp:congestion_state_changed', { from: this.reported, to: name, trigger })
    this.reported = name
  }

  private reportLost(index: number): void {
    const { board, rates } = this.view
    const { rack } = this
    const byRack = board.trigger(index) === 'rack'
    this.lossesFound++
    rates?.onLost(board.length(index), board.mark(index))
    this.trace.emit('tcp:segment_lost', {
      seq: this.view.toWire(board.position(index)),
      length: board.length(index),
      trigger: board.trigger(index),
      late: byRack ? Math.round(rack.late) : 0,
      reordering_window: byRack ? Math.round(rack.window) : 0,
    })
  }
}
