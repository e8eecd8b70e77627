/**
 * Loss detection and recovery of a sender: duplicate ACKs, fast retransmit and fast recovery with SACK
 * (RFC 6675) or without (RFC 6582), and what follows a retransmission timeout (RFC 5681 3.1, RFC 6675 5.1).
 * It decides what is lost and in which phase the sender is; what is sent when, sender.ts decides.
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { DeliveryRate } from '../congestion/delivery-rate.ts'
import type { CongestionControl } from '../congestion/interface.ts'
import type { LossTrigger, Scoreboard } from './scoreboard.ts'

/** `open`: no loss is known. `recovery`: fast recovery. `loss`: the timer ran out and slow start fills the holes. */
export type RecoveryPhase = 'open' | 'recovery' | 'loss'

/** What recovery has to know of the sender; positions as in sequence.ts. */
export interface RecoveryView {
  readonly una: number
  readonly nxt: number
  /** SMSS. */
  readonly mss: number
  readonly sackEnabled: boolean
  readonly settings: TcpSettings
  readonly congestion: CongestionControl
  readonly board: Scoreboard
  readonly rates: DeliveryRate | undefined
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
  private readonly view: RecoveryView
  private readonly trace: Trace
  private reported: string
  readonly onLost = (index: number): void => this.reportLost(index)

  constructor(view: RecoveryView, trace: Trace) {
    this.view = view
    this.reported = view.congestion.state ?? 'slow_start'
    this.trace = trace
  }

  /**
   * An ACK came.
   * @param advanced sequence numbers that it newly covers
   * @param duplicate it is a duplicate in the sense of RFC 5681 2 (without SACK) or RFC 6675 2 (with)
   * @param flight FlightSize before it came
   */
  onAck(now: Micros, advanced: number, duplicate: boolean, flight: number, windowLimited: boolean): void {
    if (advanced > 0) this.onAdvance(now, advanced, windowLimited)
    else if (duplicate) this.onDuplicate()
    if (this.phase === 'loss') return
    const { view } = this
    if (view.sackEnabled) view.board.markLostBySack(view.settings.dupThresh, view.mss, this.onLost)
    if (this.phase === 'open' && this.detectsLoss()) this.begin(now, flight)
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
    view.congestion.onAck(now, advanced, this.smoothedRtt, windowLimited)
    if (this.phase === 'loss' && view.una >= this.recover) {
      this.phase = 'open'
      view.congestion.onRecovered?.()
      this.report('full_ack')
    } else if (this.phase === 'open') {
      this.report('ssthresh')
    }
  }

  /** Set by the sender; CUBIC wants it. */
  smoothedRtt = 0

  private onDuplicate(): void {
    this.duplicateAcks++
    if (this.phase === 'recovery' && !this.view.sackEnabled) this.inflation += this.view.mss
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
    if (this.duplicateAcks < view.settings.dupThresh) return false
    return view.sackEnabled || view.una > this.recover
  }

  /** RFC 6675 5 (4), RFC 6582 3.2 (2). */
  private begin(now: Micros, flight: number): void {
    const { view } = this
    this.phase = 'recovery'
    this.recover = view.nxt
    this.rescued = false
    const trigger: LossTrigger = view.sackEnabled ? 'sack' : 'dup_acks'
    if (view.board.markHeadLost(trigger)) this.reportLost(view.board.headIndex)
    view.congestion.onLoss(now, Math.max(flight - this.limitedTransmitted, view.mss))
    // RFC 5681 3.2 (3): the duplicates say that as many segments have left the network.
    this.inflation = view.sackEnabled ? 0 : view.settings.dupThresh * view.mss
    this.mustRetransmit = true
    this.report(trigger)
  }

  /** RFC 6582 3.2 (3), partial acknowledgment: the next hole is at the front now. */
  private onPartialAck(advanced: number): void {
    const { view } = this
    this.inflation -= advanced
    if (advanced >= view.mss) this.inflation += view.mss
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
    view.congestion.onRecovered?.()
    if (!view.sackEnabled) view.congestion.capWindow(Math.max(view.nxt - view.una, view.mss) + view.mss)
    this.report('full_ack')
  }

  /** The retransmission timer ran out: RFC 5681 3.1, RFC 6675 5.1, RFC 6582 4. */
  onTimeout(now: Micros): void {
    const { view } = this
    const first = !view.board.headResentByTimer
    view.congestion.onTimeout(now, Math.min(view.nxt - view.una, view.congestion.window), first)
    this.phase = 'loss'
    this.recover = view.nxt
    this.inflation = 0
    this.duplicateAcks = 0
    this.limitedTransmitted = 0
    this.mustRetransmit = true
    view.board.markAllLost(this.onLost)
    this.report('rto')
  }

  /** The name of the phase in the trace: congestion control and recovery together. */
  private get name(): string {
    const { congestion } = this.view
    // An algorithm with states of its own is in one of them, whatever is being repaired.
    if (congestion.state !== undefined) return congestion.state
    if (this.phase !== 'open') return this.phase
    return congestion.window < congestion.ssthresh ? 'slow_start' : 'congestion_avoidance'
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
    rates?.onLost(board.length(index))
    this.trace.emit('tcp:segment_lost', {
      seq: this.view.toWire(board.position(index)),
      length: board.length(index),
      trigger: board.trigger(index),
      late: 0,
      reordering_window: 0,
    })
  }
}
