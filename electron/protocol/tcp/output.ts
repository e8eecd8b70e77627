/** What a connection puts on the wire next, and the segments themselves (RFC 9293 3.1, 3.10). */
import type { Micros } from '../../../shared/units.ts'
import { NOT_ECT } from '../wire/ipv4.ts'
import { ACK, FIN, PSH, RST, SYN, TCP_MAX_OPTIONS, type TcpOptions } from '../wire/tcp.ts'
import type { ControlBlock } from './control-block.ts'
import { experimentalOptions } from './experimental.ts'
import type { Fresh, OutgoingSegment } from './events.ts'
import { TIMESTAMPS_SIZE } from './handshake.ts'
import { windowShiftFor } from './receiver.ts'
import type { Transmission } from './sender.ts'
import { isSynchronized } from './state.ts'
import { DELAYED_ACK, RETRANSMIT } from './timers.ts'

const EMPTY = new Uint8Array(0)

/** The next segment, or undefined when the connection has nothing to send at this instant. */
export function nextSegment(block: ControlBlock, now: Micros): OutgoingSegment | undefined {
  if (block.resetDue) return reset(block)
  if (block.synDue) return syn(block, now)
  const { receiver } = block
  if (block.lastAckDue || block.name === 'SYN-RECEIVED') {
    block.lastAckDue = false
    return receiver.ackNow ? pureAck(block, now) : undefined
  }
  if (!isSynchronized(block.name)) return undefined
  if (receiver.duplicateAcks > 0) {
    receiver.duplicateAcks--
    return pureAck(block, now)
  }
  if (block.probeDue !== 'none') return probe(block, now)
  const transmission = block.sender.next(now)
  if (transmission !== undefined) return data(block, now, transmission)
  return receiver.ackNow ? pureAck(block, now) : undefined
}

function reset(block: ControlBlock): OutgoingSegment {
  block.resetDue = false
  return build(block, RST, block.sender.nxt, EMPTY, {}, '', 0)
}

/** A SYN or SYN-ACK with the options that we are willing to use, or that the peer offered first. */
function syn(block: ControlBlock, now: Micros): OutgoingSegment {
  block.synDue = false
  const { settings, state, timers, sender } = block
  const answers = state.name !== 'SYN-SENT'
  const options: TcpOptions = {
    mss: settings.mssOption ? settings.mss : undefined,
    windowScale: block.offersWindowScale ? windowShiftFor(settings.receiveBuffer) : undefined,
    sackPermitted: block.offersSack,
    timestamps: block.offersTimestamps
      ? { value: block.timestamp(now), echo: answers ? block.recentTimestamp : 0 }
      : undefined,
    unknown: experimentalOptions(block),
  }
  const again = block.synSent
  block.synSent = true
  // With a handshake of two the connection is established already, and waits for no ACK.
  if (!isSynchronized(state.name)) {
    sender.nxt = sender.max = 1
    if (!timers.isSet(RETRANSMIT)) block.restartRetransmit(now)
  }
  const flags = (answers ? SYN | ACK : SYN) | sender.ecn.synFlags(answers, again)
  const field = block.receiver.advertise(true)
  if (answers) block.receiver.onAckSent()
  return build(block, flags, 0, EMPTY, options, again ? 'syn' : '', field, field)
}

function data(block: ControlBlock, now: Micros, t: Transmission): OutgoingSegment {
  const { sender, timers } = block
  const payload = t.length > 0 ? sender.buffer.slice(t.position, t.length) : EMPTY
  const end = t.position + t.length
  let flags = ACK
  if (t.fin) flags |= FIN
  // RFC 9293 3.9.1: the last of what the application wrote is pushed.
  if (t.length > 0 && end === sender.buffer.end) flags |= PSH
  if (t.fin && block.name === 'CLOSE-WAIT') block.setState({ name: 'LAST-ACK' }, 'call')
  if (!timers.isSet(RETRANSMIT) && t.cause !== 'window_probe') {
    block.progressAt = now
    block.restartRetransmit(now)
  }
  const cause = t.fin && t.length === 0 && t.cause !== '' && t.cause !== 'window_probe' ? 'fin' : t.cause
  // New text is what ECN is for; all else goes without (RFC 3168 6.1.4 to 6.1.6).
  const fresh = t.length > 0 && (cause === '' || cause === 'limited_transmit' || cause === 'mtu_probe')
  const segment = acknowledging(block, now, flags, t.position, payload, cause, fresh)
  segment.fresh = freshOf(block, t, payload)
  return segment
}

/** What of a transmission has never left before: of a window probe's octet that was not accepted, nothing is new. */
function freshOf(block: ControlBlock, t: Transmission, payload: Uint8Array): Fresh | undefined {
  const { tap, tapped } = block
  const end = t.position + t.length + (t.fin ? 1 : 0)
  if (tap === undefined || end <= tapped) return undefined
  block.tapped = end
  const bytes = tapped > t.position ? payload.subarray(tapped - t.position) : payload
  return { tap, bytes, fin: t.fin }
}

function probe(block: ControlBlock, now: Micros): OutgoingSegment | undefined {
  const kind = block.probeDue
  block.probeDue = 'none'
  if (kind === 'loss') {
    const transmission = block.sender.sendLossProbe(now, block.probeWaited)
    return transmission === undefined ? nextSegment(block, now) : data(block, now, transmission)
  }
  if (kind === 'window') return data(block, now, block.sender.probe(now))
  // RFC 9293 3.8.4: an old sequence number, which the peer must answer with an ACK.
  return acknowledging(block, now, ACK, block.sender.nxt - 1, EMPTY, 'keep_alive')
}

function pureAck(block: ControlBlock, now: Micros): OutgoingSegment {
  return acknowledging(block, now, ACK, block.sender.nxt, EMPTY, '')
}

/** A segment of a synchronized connection: with ACK, window, timestamps, and SACK blocks as far as they fit. */
function acknowledging(
  block: ControlBlock,
  now: Micros,
  flags: number,
  position: number,
  payload: Uint8Array,
  cause: string,
  fresh = false,
): OutgoingSegment {
  const { receiver, timers } = block
  const { ecn } = block.sender
  const used = block.timestampsOn ? TIMESTAMPS_SIZE : 0
  // Eff.snd.MSS leaves room for the timestamps (RFC 9293 3.7.1); SACK blocks take what a segment leaves free.
  const room = Math.min(TCP_MAX_OPTIONS - used, block.sender.mss - payload.length)
  const blocks = block.sender.sackEnabled && room >= 12 ? receiver.sackBlocks((room - 4) >> 3) : undefined
  const options: TcpOptions = {
    timestamps: block.timestampsOn ? { value: block.timestamp(now), echo: block.recentTimestamp } : undefined,
    sack: blocks !== undefined && blocks.length > 0 ? blocks : undefined,
  }
  const field = receiver.advertise(false)
  receiver.onAckSent()
  timers.clear(DELAYED_ACK)
  const marked = flags | ecn.flags(fresh)
  const segment = build(block, marked, position, payload, options, cause, field, field * receiver.scale)
  segment.ecn = ecn.codepoint(fresh)
  return segment
}

function build(
  block: ControlBlock,
  flags: number,
  position: number,
  payload: Uint8Array,
  options: TcpOptions,
  cause: string,
  window: number,
  scaledWindow = window,
): OutgoingSegment {
  const { local, remote, receiver } = block
  return {
    destination: remote.address,
    segment: {
      sourcePort: local.port,
      destinationPort: remote.port,
      sequence: block.space.toWire(position),
      acknowledgment: flags & ACK ? receiver.space.toWire(receiver.next) : 0,
      flags,
      window,
      urgent: 0,
      options,
      payload,
    },
    cause,
    flow: block.flow,
    scaledWindow,
    mayBeCut: !block.settings.pathMtuDiscovery && !block.settings.mtuProbing,
    ecn: NOT_ECT,
    fresh: undefined,
  }
}
