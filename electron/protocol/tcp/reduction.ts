/**
 * How the window comes down after a loss or an echoed mark: once a window of data (RFC 3168 6.1.2), and at once to ssthresh or, if
 * asked for, in step with what arrives (RFC 9937). What is a loss and when its recovery ends, recovery.ts decides.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { Prr } from './prr.ts'
import type { RecoveryView } from './recovery.ts'

export class Reduction {
  /** Of the ACK that is taken in, set by the sender: bytes that it delivered, by SND.UNA and SACK, and whether it echoes a mark. */
  delivered = 0
  echoed = false
  /** SND.NXT at the last reduction: what was sent before it says nothing new. */
  private until = 0
  private byMark = false
  private prr: Prr | undefined
  private readonly view: RecoveryView
  private readonly trace: Trace

  constructor(view: RecoveryView, trace: Trace) {
    this.view = view
    this.trace = trace
  }

  /** A mark was answered and what was sent by then is not all acknowledged (the CWR state of systems). */
  get isNotified(): boolean {
    return this.byMark && this.view.una < this.until
  }

  /** The window must not grow by this ACK (RFC 3168 6.1.2: not by one that echoes a mark). */
  get forbidsGrowth(): boolean {
    return this.echoed || this.isNotified
  }

  /** Bytes that may be sent until the next ACK while the window shrinks in step; undefined: it does not. */
  get allowance(): number | undefined {
    return this.prr?.count
  }

  onSent(bytes: number): void {
    this.prr?.onSent(bytes)
  }

  /** A loss was found and a recovery begins. One whose window was answered already as marked is not answered again. */
  onLoss(now: Micros, flight: number): void {
    const { congestion } = this.view
    if (!this.isNotified || congestion.onNotified !== undefined) congestion.onLoss(now, flight)
    this.begin(false)
  }

  /** The timer ran out: slow start sees to it that little goes out. */
  onTimeout(): void {
    this.begin(false)
    this.end()
  }

  /** The ACK echoes a mark (RFC 3168 6.1.2). True: the window shrinks for it. */
  onEcho(now: Micros, flight: number, isOpen: boolean): boolean {
    const { congestion, una } = this.view
    const reduces = isOpen && una > this.until
    if (reduces) {
      if (congestion.onNotified) congestion.onNotified(now, flight)
      else congestion.onLoss(now, flight)
      this.begin(true)
    }
    this.trace.emit('tcp:congestion_notified', { reduced: reduces, cwnd: congestion.window })
    return reduces
  }

  /** RFC 9937 6.1. */
  private begin(byMark: boolean): void {
    const { una, nxt, board, congestion, settings, ecn } = this.view
    this.until = nxt
    this.byMark = byMark
    ecn.onReduced()
    const outstanding = nxt - una - board.sackedLength + this.delivered
    this.prr = settings.prr && congestion.ssthresh !== Infinity ? new Prr(outstanding) : undefined
  }

  /** RFC 9937 6.2; `safe`: SND.UNA moved, and this ACK brought no new loss to light. */
  onAck(advanced: number, duplicate: boolean, safe: boolean): void {
    const { prr, view } = this
    let { delivered } = this
    // Losses may also be found by a timer, when nothing arrives.
    this.delivered = 0
    if (prr === undefined) return
    const { board, congestion, sackEnabled, mss } = view
    if (!sackEnabled && (advanced > 0 || duplicate)) delivered = prr.estimate(advanced, mss)
    if (delivered <= 0) return
    const inFlight = Math.max(board.pipe - prr.departed, 0)
    prr.onAck({ delivered, inFlight, ssthresh: congestion.ssthresh, safe, segmentSize: mss })
    const { delivered: inAll, out: sent, count: allowance, bound } = prr
    this.trace.emit('tcp:proportional_reduction', { delivered: inAll, sent, allowance, bound })
  }

  /** The episode is over: the window is what congestion control says (RFC 9937 6.4). */
  end(): void {
    this.prr = undefined
  }
}
