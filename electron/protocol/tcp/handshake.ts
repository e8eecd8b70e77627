/** Segments of the opening of a connection (RFC 9293 3.5, 3.10.7.3) and the options agreed on in it. */
import type { Micros } from '../../../shared/units.ts'
import { ACK, RST, SYN } from '../wire/tcp.ts'
import type { TcpSegment } from '../wire/tcp.ts'
import type { ControlBlock } from './control-block.ts'
import { learnExperiment } from './experimental.ts'
import { MAX_WINDOW_SHIFT, Receiver, windowShiftFor } from './receiver.ts'
import { refuse } from './refuse.ts'
import { SequenceSpace } from './sequence.ts'

/** What a peer without MSS option takes (RFC 9293 3.7.1). */
export const DEFAULT_MSS = 536
/** IPv4 and TCP headers without options. */
export const HEADERS = 40
/** The timestamps option with padding, in every segment once agreed on (RFC 7323 3.2, appendix A). */
export const TIMESTAMPS_SIZE = 12

/** A segment for a connection in SYN-SENT (RFC 9293 3.10.7.3). */
export function arrivesInSynSent(block: ControlBlock, now: Micros, segment: TcpSegment): void {
  const { flags } = segment
  const acknowledges = (flags & ACK) !== 0
  const acceptable = acknowledges && segment.acknowledgment === block.space.toWire(1)
  if (acknowledges && !acceptable) {
    // First: it answers a SYN of another life of this connection.
    if (flags & RST) return refuse(block, 'RFC 9293 3.10.7.3 first: RST with a wrong ACK', 'none')
    refuse(block, 'RFC 9293 3.10.7.3 first: ACK of a SYN that was not sent', 'rst')
    block.owner.answerWithReset(block.remote.address, segment)
    return
  }
  if (flags & RST) {
    if (acceptable) block.close('segment', 'refused')
    else refuse(block, 'RFC 9293 3.10.7.3 second: RST without ACK', 'none')
    return
  }
  if (!(flags & SYN)) return refuse(block, 'RFC 9293 3.10.7.3 fifth: neither SYN nor RST', 'none')
  learnPeer(block, now, segment)
  const { state } = block
  if (acceptable) {
    block.receiver.ackNow = block.receiver.ackWaiting = true
    establish(block, now, segment)
  } else if (state.name === 'SYN-SENT') {
    // Simultaneous open (RFC 9293 3.5, figure 7).
    block.setState({ ...state, name: 'SYN-RECEIVED', passive: false }, 'segment')
    block.sendSyn()
  }
}

/**
 * Takes from the peer's SYN its initial sequence number and its options. Text in a SYN is not kept: the peer sends
 * it again, and what a stranger sends before it has shown that it can hear us costs no memory.
 */
export function learnPeer(block: ControlBlock, now: Micros, segment: TcpSegment): void {
  const { settings, sender } = block
  const { options } = segment
  block.receiver = new Receiver(settings, new SequenceSpace(segment.sequence))
  block.offersTimestamps = settings.timestamps && options.timestamps !== undefined
  block.offersSack = settings.sack && options.sackPermitted === true
  block.offersWindowScale = settings.windowScaling && options.windowScale !== undefined
  block.timestampsOn = block.offersTimestamps
  if (options.timestamps !== undefined) {
    block.recentTimestamp = options.timestamps.value
    block.recentTimestampAt = now
  }
  if (block.offersWindowScale) {
    // RFC 7323 2.3: a larger shift is taken for 14.
    block.sendScale = 2 ** Math.min(options.windowScale ?? 0, MAX_WINDOW_SHIFT)
    block.receiver.scale = 2 ** windowShiftFor(settings.receiveBuffer)
  }
  block.peerMss = options.mss ?? DEFAULT_MSS
  learnExperiment(block, options)
  sender.ecn.learn(segment.flags)
  sender.sackEnabled = block.offersSack
  sender.acks.setWindow(segment.window)
}

/** The largest segment that both ends allow, its options included, whatever the path does. */
export function largestSegment({ settings, peerMss }: ControlBlock): number {
  // Without the option there is no limit but one's own: what it is for shows when it is gone.
  return settings.mssOption ? Math.min(peerMss, settings.mss) : settings.mss
}

/** Payload of a full segment (Eff.snd.MSS of RFC 9293 3.7.1). */
export function effectiveMss(block: ControlBlock): number {
  const own = Math.min(largestSegment(block), block.pathMtu.size - HEADERS)
  return Math.max(1, own - (block.timestampsOn ? TIMESTAMPS_SIZE : 0))
}

/** Our SYN is acknowledged: the connection is established (RFC 9293 3.10.7.3 and 3.10.7.4, fifth). */
export function establish(block: ControlBlock, now: Micros, segment: TcpSegment): void {
  const { sender, state, receiver } = block
  if (state.name !== 'SYN-SENT' && state.name !== 'SYN-RECEIVED') return
  sender.una = 1
  sender.nxt = Math.max(sender.nxt, 1)
  sender.max = Math.max(sender.max, 1)
  sender.acks.setWindow(segment.flags & SYN ? segment.window : segment.window * block.sendScale)
  sender.acks.setWindowOrigin(receiver.space.toPosition(segment.sequence, receiver.next), 1)
  // Karn's rule holds for SYNs, too; with timestamps the echo tells which one was answered.
  if (state.resent === 0 && state.firstSentAt !== undefined)
    sender.acks.sample(Math.max(1, now - state.firstSentAt), 'segment', 1)
  else if (state.resent > 0 && block.timestampsOn) {
    const echoed = echoedRtt(block, now, segment)
    if (echoed >= 0) sender.acks.sample(echoed, 'timestamp', 1)
  }
  sender.rtt.backOff = 0
  sender.retries = 0
  sender.establish(effectiveMss(block), state.resent)
  block.synDue = false
  block.stopRetransmit()
  block.heardAt = now
  block.tap = receiver.tap = block.owner.tapOf(block)
  const ecn = sender.ecn.verdict()
  if (ecn !== undefined) block.trace.emit('tcp:ecn_negotiated', ecn)
  const passive = state.name === 'SYN-RECEIVED' && state.passive
  block.setState({ name: 'ESTABLISHED' }, 'segment')
  if (passive) block.listener?.onEstablished(block)
  else block.tell('connected')
  // The application closed before the connection was there (RFC 9293 3.10.4, SYN-RECEIVED).
  if (sender.finQueued) block.setState({ name: 'FIN-WAIT-1' }, 'call')
}

/** The tick of our clock, in milliseconds, that a segment's timestamp echoes; -1: none. */
export function echoedTick(block: ControlBlock, now: Micros, segment: TcpSegment): number {
  const { timestamps } = segment.options
  if (!block.timestampsOn || timestamps === undefined || timestamps.echo === 0) return -1
  return Math.floor(now / 1_000) - ((block.timestamp(now) - timestamps.echo) | 0)
}

/** The round-trip time by the timestamp that a segment echoes, in microseconds; -1: none (RFC 7323 4.1). */
export function echoedRtt(block: ControlBlock, now: Micros, segment: TcpSegment): number {
  const { timestamps } = segment.options
  if (!block.timestampsOn || timestamps === undefined || timestamps.echo === 0) return -1
  const ticks = (block.timestamp(now) - timestamps.echo) | 0
  // A tick lasts a millisecond: less cannot be told apart from one.
  return ticks < 0 ? -1 : Math.max(ticks, 1) * 1_000
}
