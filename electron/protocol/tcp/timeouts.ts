/** What the timers of a connection do when they run out (RFC 9293 3.10.8). */
import type { Micros } from '../../../shared/units.ts'
import type { ControlBlock } from './control-block.ts'
import { onPathAged, suspectPath } from './path-mtu.ts'
import { isSynchronized } from './state.ts'
import {
  ACK_OVERDUE,
  DELAYED_ACK,
  KEEP_ALIVE,
  LOSS_PROBE,
  PACE,
  PATH_MTU,
  PERSIST,
  REORDERING,
  RETRANSMIT,
  TIME_WAIT,
  TIMERS,
  USER_TIMEOUT,
} from './timers.ts'

/** Runs every timer that is due. */
export function handleTimers(block: ControlBlock, now: Micros): void {
  for (;;) {
    const timer = block.timers.takeExpired(now)
    if (timer < 0) break
    EXPIRED[timer](block, now)
  }
  block.owner.wake(block)
}

const EXPIRED: Readonly<Record<number, (block: ControlBlock, now: Micros) => void>> = {
  [RETRANSMIT]: onRetransmit,
  [LOSS_PROBE]: onLossProbe,
  [REORDERING]: onReordering,
  [PERSIST]: onPersist,
  [DELAYED_ACK]: onDelayedAck,
  [KEEP_ALIVE]: onKeepAlive,
  [USER_TIMEOUT]: onUserTimeout,
  [TIME_WAIT]: onTimeWait,
  [ACK_OVERDUE]: (block) => (block.overdue = true),
  [PATH_MTU]: onPathAged,
  // It only wakes the connection.
  [PACE]: () => undefined,
}

function report(block: ControlBlock, timer: number, count: number): void {
  block.trace.emit('tcp:timer_expired', { timer: TIMERS[timer], count })
}

function onRetransmit(block: ControlBlock, now: Micros): void {
  const { sender, state } = block
  if (state.name === 'SYN-SENT' || state.name === 'SYN-RECEIVED') return onSynTimeout(block, now)
  if (sender.board.isEmpty) return
  report(block, RETRANSMIT, sender.retries + 1)
  if (sender.retries >= block.settings.dataRetries) return giveUp(block)
  suspectPath(block)
  sender.onTimeout(now)
  // RFC 6298 5.4 to 5.6.
  block.restartRetransmit(now)
}

/** RFC 8985 7.3: a probe, unless one is on its way or no round trip was measured since; the timer counts anew in any case. */
function onLossProbe(block: ControlBlock, now: Micros): void {
  const { sender } = block
  if (sender.board.isEmpty) return
  report(block, LOSS_PROBE, 1)
  const { may, waited } = sender.recovery.probe.expire(now)
  block.restartRetransmit(now)
  if (!may) return
  block.probeDue = 'loss'
  block.probeWaited = waited
}

/** RFC 8985 6.2 step 5: the reordering window of all that was overtaken has passed. */
function onReordering(block: ControlBlock, now: Micros): void {
  if (block.sender.board.isEmpty) return
  report(block, REORDERING, 1)
  block.sender.recovery.onReorderingTimeout(now)
}

/** RFC 6298 5.5 and RFC 9293 3.8.3: SYNs go again after 1, 2, 4 ... seconds, and not for ever. */
function onSynTimeout(block: ControlBlock, now: Micros): void {
  const { state } = block
  if (state.name !== 'SYN-SENT' && state.name !== 'SYN-RECEIVED') return
  report(block, RETRANSMIT, state.resent + 1)
  if (state.resent >= block.settings.synRetries) return block.close('timer', 'timed_out')
  block.setState({ ...state, resent: state.resent + 1 }, 'timer')
  block.sender.rtt.backOff++
  block.restartRetransmit(now)
  block.sendSyn()
}

/** RFC 9293 3.8.6.1: a closed window is asked again and again, at growing intervals. */
function onPersist(block: ControlBlock, now: Micros): void {
  const { sender } = block
  if (!sender.hasUnsent || !sender.board.isEmpty) return
  report(block, PERSIST, sender.retries + 1)
  // Only silence ends this: a peer that answers, even with a closed window, is alive (Sender.updateWindow).
  if (sender.retries >= block.settings.dataRetries) return giveUp(block)
  sender.retries++
  block.persistBackOff++
  block.probeDue = 'window'
  block.timers.set(PERSIST, now + persistInterval(block))
}

/** RFC 9293 3.8.6.1: the first after a retransmission timeout, then twice as long each time. */
export function persistInterval(block: ControlBlock): number {
  return Math.min(block.sender.rtt.rto * 2 ** block.persistBackOff, block.settings.maxRto)
}

function onDelayedAck(block: ControlBlock): void {
  report(block, DELAYED_ACK, 1)
  if (block.receiver.ackWaiting) block.receiver.ackNow = true
}

/** RFC 9293 3.8.4. The timer is not set anew with every segment: when it runs out, it looks how long it was quiet. */
function onKeepAlive(block: ControlBlock, now: Micros): void {
  const { keepAliveIdle, keepAliveInterval, keepAliveCount } = block.settings
  if (keepAliveIdle === 0) return
  const due = block.heardAt + keepAliveIdle + block.keepAliveProbes * keepAliveInterval
  // While data are outstanding their own timer finds out.
  if (due > now || !block.sender.board.isEmpty) {
    block.timers.set(KEEP_ALIVE, due > now ? due : now + keepAliveIdle)
    return
  }
  report(block, KEEP_ALIVE, block.keepAliveProbes + 1)
  if (block.keepAliveProbes >= keepAliveCount) return giveUp(block)
  block.keepAliveProbes++
  block.probeDue = 'keep_alive'
  block.timers.set(KEEP_ALIVE, now + keepAliveInterval)
}

/** RFC 9293 3.10.8, in any state: the peer has not acknowledged what it was sent for as long as the user allows. */
function onUserTimeout(block: ControlBlock, now: Micros): void {
  const due = userTimeoutAt(block)
  if (due === Infinity) return
  if (due > now) return block.timers.set(USER_TIMEOUT, due)
  report(block, USER_TIMEOUT, 1)
  giveUp(block)
}

/**
 * When the user's patience ends (RFC 9293 3.8.3, RFC 5482 1); Infinity: nothing is outstanding. A peer that keeps its window closed
 * and says so is alive; one that answers no probe is not.
 */
export function userTimeoutAt({ settings, state, sender, progressAt, heardAt }: ControlBlock): number {
  const { userTimeout } = settings
  if (userTimeout === 0 || state.name === 'TIME-WAIT') return Infinity
  if (state.name === 'SYN-SENT' || state.name === 'SYN-RECEIVED') {
    return (state.firstSentAt ?? heardAt) + userTimeout
  }
  if (!sender.board.isEmpty) return progressAt + userTimeout
  return sender.retries > 0 ? heardAt + userTimeout : Infinity
}

function onTimeWait(block: ControlBlock): void {
  report(block, TIME_WAIT, 1)
  block.lastAckDue = block.receiver.ackNow
  block.close('timer')
}

/** RFC 9293 3.8.3 (R2): the peer is told, in case it lives, and the connection is closed. */
function giveUp(block: ControlBlock): void {
  block.resetDue = isSynchronized(block.name)
  block.close('timer', 'timed_out')
}
