/**
 * What is done once a connection has nothing more to send at an instant: timers that follow from its state, the stall
 * that it is in, and its metrics. Doing this once, and not with every variable, keeps the trace short and
 * true: nothing is reported that lasted no time.
 */
import type { EventData } from '../../../shared/trace/events.ts'
import type { Micros } from '../../../shared/units.ts'
import type { ControlBlock } from './control-block.ts'
import { PATH_MTU_AGE } from './path-mtu.ts'
import { isSynchronized } from './state.ts'
import { stallCause } from './stall.ts'
import { persistInterval, userTimeoutAt } from './timeouts.ts'
import {
  DELAYED_ACK,
  KEEP_ALIVE,
  LOSS_PROBE,
  PACE,
  PATH_MTU,
  PERSIST,
  REORDERING,
  RETRANSMIT,
  USER_TIMEOUT,
} from './timers.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** `ssthresh` in the trace while there is none. */
const NOT_SET = 0xffff_ffff

export function settle(block: ControlBlock, now: Micros): void {
  if (block.name !== 'CLOSED') {
    armTimers(block, now)
    reportStall(block)
  }
  reportMetrics(block)
}

function armTimers(block: ControlBlock, now: Micros): void {
  const { receiver, timers, sender, settings } = block
  if (receiver.ackWaiting && !timers.isSet(DELAYED_ACK)) timers.set(DELAYED_ACK, now + settings.delayedAck)
  if (!timers.isSet(USER_TIMEOUT)) timers.set(USER_TIMEOUT, userTimeoutAt(block))
  if (!isSynchronized(block.name) || block.name === 'TIME-WAIT') return
  // RFC 9293 3.8.6.1: nothing is out that could bring a window update back, so we must ask.
  if (sender.board.isEmpty && sender.hasUnsent && sender.hold() === 'receive_window') {
    if (!timers.isSet(PERSIST)) timers.set(PERSIST, now + persistInterval(block))
  } else {
    timers.clear(PERSIST)
    block.persistBackOff = 0
  }
  if (sender.pacedUntil > now && (sender.hasUnsent || sender.board.waiting > 0))
    timers.set(PACE, sender.pacedUntil)
  else timers.clear(PACE)
  const { rack } = sender.recovery
  timers.set(REORDERING, sender.usesRack && !sender.board.isEmpty ? rack.deadline : Infinity)
  timers.set(LOSS_PROBE, sender.probeDueAt(timers.at(RETRANSMIT)))
  if (block.pathMtu.ages && !timers.isSet(PATH_MTU)) timers.set(PATH_MTU, now + PATH_MTU_AGE)
  if (settings.keepAliveIdle > 0 && !timers.isSet(KEEP_ALIVE)) {
    timers.set(KEEP_ALIVE, block.heardAt + settings.keepAliveIdle)
  }
}

function reportStall(block: ControlBlock): void {
  const { overdue, tap, timers } = block
  const probes = timers.isSet(LOSS_PROBE)
  const cause = stallCause(block.sender, { handshaking: !isSynchronized(block.name), overdue, probes, tap })
  if (cause === block.stall) return
  block.stall = cause
  block.trace.emit('tcp:stall_changed', { cause })
}

/** What a user may want to know of a connection; the fields of `tcp:metrics_updated`. */
export type TcpMetrics = EventData<'tcp:metrics_updated'>

const empty = (): Writable<TcpMetrics> => ({
  cwnd: 0,
  ssthresh: 0,
  in_flight: 0,
  send_window: 0,
  receive_window: 0,
  smoothed_rtt: 0,
  rtt_variance: 0,
  rto: 0,
  send_buffer: 0,
  receive_buffer: 0,
  out_of_order: 0,
  acked: 0,
})

/** The metrics of this moment. */
export function metricsOf(block: ControlBlock): TcpMetrics {
  const metrics = empty()
  fillMetrics(block, metrics)
  return metrics
}

function fillMetrics(block: ControlBlock, into: Writable<TcpMetrics>): void {
  const { sender, receiver } = block
  const { rtt, congestion } = sender
  into.cwnd = sender.congestionWindow
  into.ssthresh = congestion.ssthresh === Infinity ? NOT_SET : Math.floor(congestion.ssthresh)
  into.in_flight = sender.board.pipe
  into.send_window = sender.window
  into.receive_window = receiver.window
  into.smoothed_rtt = Math.round(rtt.smoothed)
  into.rtt_variance = Math.round(rtt.variance)
  into.rto = Math.round(rtt.rto)
  into.send_buffer = sender.buffer.length
  into.receive_buffer = receiver.readable
  into.out_of_order = receiver.outOfOrder
  into.acked = Math.max(0, Math.min(sender.una, sender.buffer.end) - 1)
}

/** Most moments change nothing, at a receiver above all: the comparison must not cost an object. */
const scratch = empty()

function reportMetrics(block: ControlBlock): void {
  fillMetrics(block, scratch)
  if (block.metrics !== undefined && sameMetrics(scratch, block.metrics)) return
  block.metrics = { ...scratch }
  block.trace.emit('tcp:metrics_updated', block.metrics)
}

function sameMetrics(a: TcpMetrics, b: TcpMetrics): boolean {
  return (
    a.acked === b.acked &&
    a.in_flight === b.in_flight &&
    a.cwnd === b.cwnd &&
    a.ssthresh === b.ssthresh &&
    a.send_window === b.send_window &&
    a.receive_window === b.receive_window &&
    a.smoothed_rtt === b.smoothed_rtt &&
    a.rtt_variance === b.rtt_variance &&
    a.rto === b.rto &&
    a.send_buffer === b.send_buffer &&
    a.receive_buffer === b.receive_buffer &&
    a.out_of_order === b.out_of_order
  )
}
