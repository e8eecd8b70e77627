/**
 * RACK (RFC 8985 6): a segment is lost when one that was sent later has arrived, and a reordering window has passed in which it could
 * still have come. It asks about sending times, not sequence numbers, so retransmissions are judged like anything else.
 *
 * Names are the RFC's in our spelling: RACK.xmit_ts and RACK.end_seq are `newest`, RACK.fack is `forward`.
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { RttEstimator } from './rtt.ts'
import type { Scoreboard } from './scoreboard.ts'

/** 6.2 step 4: recoveries without a D-SACK until a widened window is forgotten. */
const PERSIST = 16

/** What RACK has to know of the sender. */
export interface RackView {
  readonly board: Scoreboard
  readonly settings: TcpSettings
  readonly rtt: RttEstimator
  /** RACK.min_RTT; 0: none yet. */
  readonly minRtt: number
  readonly una: number
  readonly nxt: number
}

type WindowChange = EventData<'tcp:reordering_window_changed'>['why']

export class Rack {
  private readonly view: RackView
  private readonly trace: Trace
  /** The segment sent most recently of those that have arrived: when, and its end. */
  private newestSentAt = -Infinity
  private newestEnd = 0
  /** RACK.rtt: the round trip of what the last ACK told of; and of the segment that it was taken of, the same. */
  rtt = 0
  private sampledSentAt = -Infinity
  private sampledEnd = 0
  /** The highest end that has arrived; `priorForward`: before this ACK, for what one ACK tells of has no order. */
  private forward = 0
  private priorForward = 0
  /** Of the ACK that is taken in: when, and the tick of our clock in milliseconds that it echoes, -1: none. */
  private now = 0 as Micros
  private echoed = -1
  private reorderingSeen = false
  /** RACK.reo_wnd, and what makes it. */
  window = 0
  private multiplier = 1
  private persist = PERSIST
  /** RACK.dsack_round; undefined: None. */
  private duplicateRound: number | undefined
  private reported = -1
  private why: WindowChange = 'start'
  private recovering = false
  /** When the window of all that was overtaken has passed; Infinity: nothing is in doubt. */
  deadline = Infinity
  /** How long past its window the segment was that was called lost last, in microseconds. */
  late = 0

  constructor(view: RackView, trace: Trace) {
    this.view = view
    this.trace = trace
  }

  /** An ACK is taken in. */
  beginAck(now: Micros, echoed: number): void {
    this.now = now
    this.echoed = echoed
    this.priorForward = this.forward
    this.sampledSentAt = -Infinity
  }

  /** Steps 2 and 3: it tells of a segment that has arrived. */
  onArrived(index: number): void {
    const { board, minRtt } = this.view
    const { now, echoed } = this
    const sentAt = board.order.sentAt(index)
    const end = board.end(index)
    const resent = board.wasResent(index)
    if (end > this.forward) this.forward = end
    if (end < this.priorForward && !resent) this.noteReordering()
    const rtt = now - sentAt
    // An ACK of an earlier sending says nothing of this one.
    if (resent && ((echoed >= 0 && echoed < Math.floor(sentAt / 1_000)) || rtt < minRtt)) return
    // Of all that this ACK tells of, the one sent last counts; that something sent still later has arrived before is no matter.
    if (isAfter(sentAt, end, this.sampledSentAt, this.sampledEnd)) {
      this.rtt = rtt
      this.sampledSentAt = sentAt
      this.sampledEnd = end
    }
    if (!isAfter(sentAt, end, this.newestSentAt, this.newestEnd)) return
    this.newestSentAt = sentAt
    this.newestEnd = end
  }

  /** Step 3. Also when a recovery was for nothing: then what had been overtaken came late, though it was sent again by then (Linux). */
  noteReordering(): void {
    if (!this.reorderingSeen) this.why = 'reordering_seen'
    this.reorderingSeen = true
  }

  /** Step 4, a D-SACK came: once a round trip the window grows by a quarter of the shortest round trip. */
  onDuplicateReported(): void {
    if (this.duplicateRound !== undefined && this.view.una >= this.duplicateRound)
      this.duplicateRound = undefined
    if (this.duplicateRound !== undefined) return
    this.duplicateRound = this.view.nxt
    this.multiplier++
    this.persist = PERSIST
    this.why = 'dsack'
  }

  /** Step 4: a recovery is over. */
  onRecovered(): void {
    if (--this.persist > 0) return
    this.persist = PERSIST
    if (this.multiplier > 1) this.why = 'persist'
    this.multiplier = 1
  }

  /**
   * Step 5: what was overtaken, and for longer than the window, is lost. Called with each ACK and when `deadline` has come.
   * @param recovering a fast recovery or one from a timeout goes on
   */
  detect(now: Micros, recovering: boolean, onLost: (index: number) => void): void {
    const { board } = this.view
    const { order } = board
    this.updateWindow(recovering)
    this.pass()
    while (order.overtaken >= 0) {
      const { oldest } = order
      this.late = now - this.expiry(oldest)
      if (this.late < 0) break
      if (board.markSendingLost(oldest, 'rack')) onLost(oldest)
      // A segment that it does not call lost (SACKed) is not in the list; this keeps the loop finite whatever happens.
      order.remove(oldest)
    }
    this.deadline = order.overtaken < 0 ? Infinity : this.expiry(order.overtaken)
  }

  /** 6.3: what was sent by this time has had its round trip and its window when the retransmission timer runs out now. */
  expiredBy(now: Micros): number {
    return now - this.rtt - this.window
  }

  private expiry(index: number): number {
    return this.view.board.order.sentAt(index) + this.rtt + this.window
  }

  /** Moves the mark of what was overtaken up to what has arrived; each sending is passed once. */
  private pass(): void {
    const { board } = this.view
    const { order } = board
    for (let next = order.after(order.overtaken); next >= 0; next = order.after(next)) {
      if (!isAfter(this.newestSentAt, this.newestEnd, order.sentAt(next), board.end(next))) return
      order.overtaken = next
    }
  }

  private updateWindow(recovering: boolean): void {
    const { board, settings, minRtt, rtt } = this.view
    if (recovering !== this.recovering && !this.reorderingSeen) this.why = 'recovery'
    this.recovering = recovering
    // Step 4: without reordering so far, the old threshold may decide at once.
    const atOnce = !this.reorderingSeen && (recovering || board.sackedSegments >= settings.dupThresh)
    if (atOnce && this.window > 0) this.why = 'recovery'
    this.window = atOnce ? 0 : Math.min((this.multiplier * minRtt) / 4, rtt.smoothed)
    if (this.why === '' || Math.round(this.window) === this.reported) return
    this.reported = Math.round(this.window)
    this.trace.emit('tcp:reordering_window_changed', { window: this.reported, why: this.why })
    this.why = ''
  }
}

/** RACK_sent_after: sent later, or at the same time and further on. */
const isAfter = (t1: number, end1: number, t2: number, end2: number): boolean =>
  t1 > t2 || (t1 === t2 && end1 > end2)
