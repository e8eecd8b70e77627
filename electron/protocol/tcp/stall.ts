/**
 * Stall attribution of a sender (DESIGN 6.2): at every moment exactly one cause, the first that applies. It
 * is read off when the connection has sent all that it may at that instant, so it says what the sender waits for
 * until something happens.
 *
 * - `handshake`: the connection is not established yet, or a handshake above it (TLS) has begun and is not finished.
 * - `idle`: nothing to send, not even above, and nothing unacknowledged.
 * - `retransmission_timer`: an acknowledgment is overdue, or the timer has run out and none has come since. That all
 *   is lost a sender cannot know; it is taken to be so two smoothed round trips after the last sign of progress
 *   (as long as RFC 8985 7.2 waits for a probe), plus the delay of an ACK when a single segment is out.
 * - `loss_probe`: the same, but the loss probe will tell before the timer does, or is on its way unanswered (RFC 8985 7).
 * - `recovery`: losses are being repaired, by fast recovery or after a timeout: SND.UNA is below the recovery point.
 * - `reordering_window`: segments were overtaken, and RACK waits before it calls them lost (RFC 8985 6.2 step 5).
 * - `congestion_notified`: the next segment does not fit into a window that was reduced for an echoed mark, and what was sent before
 *   the reduction is not all acknowledged (RFC 3168 6.1.2).
 * - `congestion_window`: the next segment does not fit into the congestion window.
 * - `receive_window`: nor into what the peer advertises, or what fits is too silly to send (RFC 9293 3.8.6.2.1).
 * - `connection_credit`, `stream_credit`: the layer above (HTTP/2) has content that its own windows do not let go, while
 *   those of TCP would take another full segment.
 * - `nagle`: it is small and something is unacknowledged (RFC 9293 3.7.4).
 * - `pacer`: segments are spread over time (BBR, or `pacing`), and the next one has its time.
 * - `sending`: nothing holds the sender back: all that will ever be sent, the FIN included, is on its way.
 * - `application`: data are unacknowledged, the windows are open, the application has written no more.
 */
import type { StallCause } from '../../../shared/trace/events.ts'
import type { Sender } from './sender.ts'
import type { Tap } from './tap.ts'

/** What is known of a sender beside its own variables. */
export interface Circumstances {
  readonly handshaking: boolean
  /** The timer `ack_overdue` has run out. */
  readonly overdue: boolean
  /** The timer `loss_probe` runs. */
  readonly probes: boolean
  /** Who knows the layers above. */
  readonly tap: Tap | undefined
}

/** What the sender waits for. */
export function stallCause(sender: Sender, { handshaking, overdue, probes, tap }: Circumstances): StallCause {
  if (handshaking || tap?.handshaking === true) return 'handshake'
  const outstanding = !sender.board.isEmpty
  // As long as TCP has a full segment of its own to send, what waits above is not what holds it back.
  const credit = sender.unsent < sender.mss ? tap?.credit() : undefined
  if (!outstanding && !sender.hasUnsent && credit === undefined) return 'idle'
  const { phase, probe, rack } = sender.recovery
  if (outstanding && (overdue || sender.retries > 0)) return probes ? 'loss_probe' : 'retransmission_timer'
  if (outstanding && probe.isUnanswered(sender.una)) return 'loss_probe'
  if (outstanding && phase !== 'open') return 'recovery'
  if (outstanding && sender.usesRack && rack.deadline !== Infinity) return 'reordering_window'
  // What is to be sent again without a loss (RFC 1191) waits for room, too.
  if (sender.board.waiting > 0) return 'congestion_window'
  const hold = sender.hold()
  if (credit !== undefined && hold !== 'congestion_window' && hold !== 'receive_window')
    return sender.holdOfMore() ?? credit
  if (hold === 'congestion_window' && sender.recovery.reduction.isNotified) return 'congestion_notified'
  if (hold === 'none') return sender.pacedUntil > 0 ? 'pacer' : 'sending'
  if (hold !== 'application') return hold
  return sender.finQueued ? 'sending' : 'application'
}

/** How long after the last progress an acknowledgment is overdue, in microseconds. */
export function overdueAfter(sender: Sender): number {
  const { rtt, mss, settings } = sender
  if (rtt.smoothed === 0) return rtt.rto
  const single = sender.flight <= mss ? settings.delayedAck : 0
  return Math.min(2 * rtt.smoothed + single, rtt.rto)
}
