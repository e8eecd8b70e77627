/**
 * Stall attribution of a sender (DESIGN 6.2): at every moment exactly one cause, the first that applies. It is read off when the
 * connection has sent all that it may at that instant, so it says what the sender waits for until something happens.
 *
 * - `address_validation`: there is something to send, and the 3x limit lets nothing go (RFC 9000 8.1). A server meets it in the
 *   handshake above all, so it stands before `handshake` here: waiting for the limit is not waiting for a message.
 * - `handshake`: the handshake is not complete.
 * - `idle`: nothing to send and nothing unacknowledged; also when the connection is over.
 * - `retransmission_timer`: an acknowledgment is overdue, or the probe timeout has run out and none has come since. As with TCP it
 *   is overdue two smoothed round trips after the last sign of progress, plus the peer's delay of ACKs.
 * - `recovery`: losses are being repaired (RFC 9002 7.3.2).
 * - `congestion_window`: another datagram does not fit into the window, and something waits for it.
 * - `connection_credit`, `stream_credit`: what waits was not granted by the peer (RFC 9000 4.1).
 * - `pacer`: the next datagram has its time, and that has not come (RFC 9002 7.7).
 * - `sending`: nothing holds the sender back: all that will ever be sent on the streams in use, their ends included, is on its way.
 * - `application`: data are unacknowledged, nothing holds the sender back, the application has written no more.
 */
import type { StallCause } from '../../../shared/trace/events.ts'
import type { Micros } from '../../../shared/units.ts'
import { canSendAtAll, type Core } from './core.ts'
import { SPACES } from './space.ts'

/** What the sender waits for. */
export function stallCause(core: Core, now: Micros): StallCause {
  if (!core.isOpen) return 'idle'
  const waiting = whatWaits(core)
  if (waiting !== 'nothing' && !canSendAtAll(core.path)) return 'address_validation'
  if (core.state.name === 'handshaking') return 'handshake'
  const { recovery } = core
  const { hasOutstanding } = recovery
  if (!hasOutstanding && waiting === 'nothing') return 'idle'
  if (hasOutstanding && (recovery.ptoCount > 0 || now >= recovery.overdueAt)) return 'retransmission_timer'
  if (hasOutstanding && recovery.isRepairing) return 'recovery'
  if (waiting === 'nothing') return isWritingOver(core) ? 'sending' : 'application'
  if (recovery.bytesInFlight + core.datagramSize > recovery.window) return 'congestion_window'
  return waiting === 'sendable' ? 'pacer' : waiting
}

/** `sendable`: something that only congestion control or the pacer may keep back. */
type Waiting = 'nothing' | 'sendable' | 'connection_credit' | 'stream_credit'

function whatWaits(core: Core): Waiting {
  const { keys, spaces, streams, pending, datagrams } = core
  for (const name of SPACES)
    if (keys.spaces.has(name) && spaces[name].crypto.send.hasPending) return 'sendable'
  if (!pending.isEmpty || datagrams.length > 0) return 'sendable'
  let waiting: Waiting = 'nothing'
  for (const { send } of streams.values()) {
    if (send === undefined || send.isClosed) continue
    if (send.hasLost || (send.hasPending && streams.credit > 0) || send.hasLoneEnd) return 'sendable'
    if (send.hasPending || (send.isBlocked && streams.credit === 0)) waiting = 'connection_credit'
    else if (send.isBlocked && waiting === 'nothing') waiting = 'stream_credit'
  }
  return waiting
}

/** Every stream with something unacknowledged has been written to its end. A stream that rests says nothing. */
function isWritingOver(core: Core): boolean {
  for (const { send } of core.streams.values())
    if (send !== undefined && !send.isReset && !send.finished && send.buffered > 0) return false
  return true
}
