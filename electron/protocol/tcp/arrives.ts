/** SEGMENT ARRIVES (RFC 9293 3.10.7.4), step by step, with RFC 5961's blind-attack rules and RFC 7323's PAWS. */
import type { Micros } from '../../../shared/units.ts'
import { ACK, FIN, RST, SYN } from '../wire/tcp.ts'
import type { TcpSegment } from '../wire/tcp.ts'
import type { ControlBlock } from './control-block.ts'
import { arrivesInSynSent, echoedRtt, echoedTick, establish } from './handshake.ts'
import { refuse } from './refuse.ts'
import type { Acknowledgment } from './acknowledgments.ts'
import { before } from './sequence.ts'
import { isSynchronized, mayReceive } from './state.ts'
import { TIME_WAIT } from './timers.ts'

/** RFC 7323 5.5: a timestamp this old says nothing any more. */
const TIMESTAMP_LIFETIME = 24 * 86_400e6
/** Two ends that disagree could answer each other's ACKs for ever: one answer in this time is enough. */
const DUPLICATE_ANSWER_INTERVAL = 500_000

/** A segment with this connection's four-tuple; `codepoint`: the ECN field of its IP packet. */
export function segmentArrives(
  block: ControlBlock,
  now: Micros,
  segment: TcpSegment,
  codepoint: number,
): void {
  block.heardAt = now
  block.keepAliveProbes = 0
  let fresh = 0
  if (block.name === 'SYN-SENT') arrivesInSynSent(block, now, segment)
  else if (block.name !== 'CLOSED') fresh = process(block, now, segment, codepoint)
  block.trace.emit('tcp:segment_received', { payload: segment.payload.length, new_data: fresh })
  block.owner.wake(block)
}

/** The steps of 3.10.7.4 in their order; returns the bytes not seen before. */
function process(block: ControlBlock, now: Micros, segment: TcpSegment, codepoint: number): number {
  const { receiver } = block
  const { flags, payload } = segment
  const position = receiver.space.toPosition(segment.sequence, receiver.next)
  if (flags & SYN && !(flags & RST) && isSynchronized(block.name)) {
    arrivesSyn(block, now, flags, position)
    return 0
  }
  if (failsTimestamps(block, now, segment)) return 0
  const length = payload.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
  const verdict = receiver.accepts(position, length)
  if (verdict === 'duplicate' || verdict === 'beyond_window') {
    answerUnacceptable(block, now, segment, position, length, verdict)
    return 0
  }
  if (flags & RST) {
    arrivesReset(block, now, position)
    return 0
  }
  rememberTimestamp(block, now, segment, position)
  if (flags & SYN) {
    arrivesSyn(block, now, flags, position)
    return 0
  }
  if (!(flags & ACK)) {
    refuse(block, 'RFC 9293 3.10.7.4 fifth: no ACK', 'none')
    return 0
  }
  if (!arrivesAck(block, now, segment, position)) return 0
  if (length > 0) block.sender.ecn.onText(flags, codepoint)
  if (verdict === 'window_closed') {
    // 3.10.7.4 first: a closed window takes no text, but the ACK counts. It is a probe: answer it.
    refuse(block, 'RFC 9293 3.10.7.4 first: text for a closed window', 'ack')
    receiver.ackNow = receiver.ackWaiting = true
    return 0
  }
  // Sixth, the urgent pointer: RFC 6093 asks new applications not to use it; its bytes stay in line.
  return length > 0 ? arrivesText(block, now, position, payload, (flags & FIN) !== 0) : 0
}

/** RFC 7323 5.3 R1 (PAWS) and 3.2 (the option missing). RSTs are exempt. True: the segment is dropped. */
function failsTimestamps(block: ControlBlock, now: Micros, segment: TcpSegment): boolean {
  if (!block.timestampsOn || segment.flags & RST) return false
  const { timestamps } = segment.options
  if (timestamps === undefined) {
    refuse(block, 'RFC 7323 3.2: timestamps missing', 'none')
    return true
  }
  if (!block.settings.paws || !before(timestamps.value, block.recentTimestamp)) return false
  if (now - block.recentTimestampAt > TIMESTAMP_LIFETIME) return false
  refuse(block, 'RFC 7323 5.3: PAWS, timestamp from the past', 'ack')
  reportDuplicate(block, segment)
  block.receiver.ackNow = block.receiver.ackWaiting = true
  return true
}

/** What was overtaken is refused by PAWS, too, once its retransmission is there: the sender is to know that it came (RFC 2883 4). */
function reportDuplicate({ receiver }: ControlBlock, { sequence, payload, flags }: TcpSegment): void {
  const position = receiver.space.toPosition(sequence, receiver.next)
  const end = position + payload.length + (flags & FIN ? 1 : 0)
  if (end <= receiver.next && !(flags & SYN)) receiver.noteDuplicate(position, end)
}

/** RFC 7323 4.3 (2): TS.Recent is of the segment that the last ACK stood before, so delays count. */
function rememberTimestamp(block: ControlBlock, now: Micros, segment: TcpSegment, position: number): void {
  const { timestamps } = segment.options
  if (!block.timestampsOn || timestamps === undefined || position > block.receiver.lastAckSent) return
  if (before(timestamps.value, block.recentTimestamp)) return
  block.recentTimestamp = timestamps.value
  block.recentTimestampAt = now
}

/** First: the sequence number is not acceptable. An ACK tells the peer where we are, unless it is a RST. */
function answerUnacceptable(
  block: ControlBlock,
  now: Micros,
  segment: TcpSegment,
  position: number,
  length: number,
  verdict: 'duplicate' | 'beyond_window',
): void {
  const rule =
    verdict === 'duplicate' ? 'RFC 9293 3.10.7.4 first: duplicate' : 'RFC 9293 3.10.7.4 first: out of window'
  const { receiver, state } = block
  if (segment.flags & RST) return refuse(block, rule, 'none')
  if (state.name === 'SYN-RECEIVED' && (segment.flags & (SYN | ACK)) === SYN && position === 0) {
    // The SYN again: our SYN-ACK was lost, and waiting for our timer would only cost time.
    refuse(block, rule, 'ack')
    block.sender.ecn.learn(segment.flags)
    return block.sendSyn()
  }
  if (state.name === 'TIME-WAIT' && segment.flags & FIN && position + length === receiver.next) {
    // 3.10.7.4 eighth: the FIN again; our last ACK was lost. The quiet time starts anew.
    block.timers.set(TIME_WAIT, now + 2 * block.settings.msl)
  }
  const keepAlive = position === receiver.next - 1
  if (length === 0 && !keepAlive && now - block.lastDuplicateAnswer < DUPLICATE_ANSWER_INTERVAL) {
    return refuse(block, rule, 'none')
  }
  if (length === 0) block.lastDuplicateAnswer = now
  refuse(block, rule, 'ack')
  if (verdict === 'duplicate' && !(segment.flags & SYN)) receiver.noteDuplicate(position, position + length)
  answerAtOnce(block)
}

function answerAtOnce(block: ControlBlock): void {
  block.receiver.ackNow = block.receiver.ackWaiting = true
}

/** Second (RFC 5961 3.2): only a RST with exactly the next sequence number resets; others are challenged. */
function arrivesReset(block: ControlBlock, now: Micros, position: number): void {
  if (position !== block.receiver.next) {
    return challenge(block, now, 'RFC 5961 3.2: RST in the window, not at its edge')
  }
  const { state } = block
  if (state.name === 'SYN-RECEIVED') return block.close('segment', 'refused')
  const orderly = state.name === 'CLOSING' || state.name === 'LAST-ACK' || state.name === 'TIME-WAIT'
  block.close('segment', orderly ? undefined : 'reset')
}

/**
 * Fourth: a SYN. For a synchronized connection it proves nothing, whatever its numbers: its peer may have forgotten the connection,
 * be somebody else, or repeat itself. A challenge lets it choose (RFC 5961 4.2).
 */
function arrivesSyn(block: ControlBlock, now: Micros, flags: number, position: number): void {
  const { state } = block
  if (state.name === 'SYN-RECEIVED' && state.passive) {
    refuse(block, 'RFC 9293 3.10.7.4 fourth: SYN in the window, back to LISTEN', 'none')
    return block.close('segment', 'reset')
  }
  const isFirstAgain = position === 0 && !(flags & ACK)
  if (block.settings.twoWayHandshake && block.listener !== undefined && isFirstAgain) {
    refuse(block, 'the SYN again, in a handshake of two', 'ack')
    return block.sendSyn()
  }
  challenge(block, now, 'RFC 5961 4.2: SYN in a synchronized state')
}

function challenge(block: ControlBlock, now: Micros, rule: string): void {
  const allowed = block.mayChallenge(now)
  refuse(block, rule, allowed ? 'challenge_ack' : 'none')
  if (allowed) answerAtOnce(block)
}

const acknowledgment: Acknowledgment = {
  ack: 0,
  window: 0,
  sequence: 0,
  occupies: false,
  sack: undefined,
  echoesMark: false,
  echoedRtt: -1,
  echoedTick: -1,
}

/** Fifth: the ACK field. False: the segment is dropped. */
function arrivesAck(block: ControlBlock, now: Micros, segment: TcpSegment, position: number): boolean {
  const { sender } = block
  const ack = block.space.toPosition(segment.acknowledgment, sender.una)
  if (block.state.name === 'SYN-RECEIVED' && !finishHandshake(block, now, segment, ack)) return false
  if (ack > sender.max) {
    challenge(block, now, 'RFC 9293 3.10.7.4 fifth: ACK of what was not sent')
    return false
  }
  if (ack < sender.una) {
    // RFC 5961 5.2: an old ACK may be a duplicate; one older than a window is an attempt.
    if (ack >= sender.una - sender.acks.largestWindow) return true
    challenge(block, now, 'RFC 5961 5.2: ACK too old')
    return false
  }
  acknowledgment.ack = ack
  acknowledgment.window = segment.window * block.sendScale
  acknowledgment.sequence = position
  acknowledgment.occupies = segment.payload.length > 0 || (segment.flags & FIN) !== 0
  acknowledgment.sack = segment.options.sack
  acknowledgment.echoesMark = sender.ecn.isEcho(segment.flags)
  acknowledgment.echoedRtt = echoedRtt(block, now, segment)
  acknowledgment.echoedTick = echoedTick(block, now, segment)
  takeAck(block, now)
  return block.name !== 'CLOSED'
}

/** SYN-RECEIVED: the ACK of our SYN-ACK, or nonsense. */
function finishHandshake(block: ControlBlock, now: Micros, segment: TcpSegment, ack: number): boolean {
  if (ack < 1 || ack > block.sender.max) {
    refuse(block, 'RFC 9293 3.10.7.4 fifth: ACK of a SYN that was not sent', 'rst')
    block.owner.answerWithReset(block.remote.address, segment)
    return false
  }
  if (block.listener?.isFull === true) {
    // What stacks do with a full accept queue: as if the ACK had been lost. SYN-ACK and data will come again.
    refuse(block, 'accept queue full', 'none')
    block.listener.onOverflow()
    return false
  }
  establish(block, now, segment)
  return true
}

function takeAck(block: ControlBlock, now: Micros): void {
  const { sender } = block
  const outstanding = !sender.board.isEmpty
  const sackedBefore = sender.board.sackedLength
  const advanced = sender.acks.take(now, acknowledgment)
  if (advanced > 0) {
    block.progressAt = now
    // RFC 6298 5.2 and 5.3.
    if (sender.board.isEmpty) block.stopRetransmit()
    else block.restartRetransmit(now)
    block.offerRoom()
    if (sender.finAcknowledged) onFinAcknowledged(block, now)
  } else if (outstanding && sender.board.sackedLength > sackedBefore) {
    block.expectAck(now)
  }
}

/** 3.10.7.4 fifth, by state: our FIN has arrived. */
function onFinAcknowledged(block: ControlBlock, now: Micros): void {
  if (block.name === 'FIN-WAIT-1') block.setState({ name: 'FIN-WAIT-2' }, 'segment')
  else if (block.name === 'CLOSING') enterTimeWait(block, now)
  else if (block.name === 'LAST-ACK') block.close('segment')
}

/** Seventh and eighth: text and FIN. */
function arrivesText(
  block: ControlBlock,
  now: Micros,
  position: number,
  payload: Uint8Array,
  fin: boolean,
): number {
  if (!mayReceive(block.name)) {
    // Only a FIN from the peer leads here, and nothing comes after that.
    refuse(block, 'RFC 9293 3.10.7.4 seventh: text after the FIN', 'ack')
    answerAtOnce(block)
    return 0
  }
  const { receiver } = block
  const readable = receiver.readable
  const fresh = receiver.receive(position, payload, fin)
  if (receiver.readable > readable && !block.readableTold) {
    block.readableTold = true
    block.tell('readable')
  }
  if (receiver.finReached) onFinReached(block, now)
  return fresh
}

function onFinReached(block: ControlBlock, now: Micros): void {
  block.receiver.ackWaiting = true
  const { name } = block
  // An application that closes within the delayed ACK's time merges ACK and FIN; when ours is sent, nothing can merge.
  if (name !== 'ESTABLISHED' || block.settings.delayedAck === 0) block.receiver.ackNow = true
  block.tap?.handleReceivedEnd()
  block.tell('peer_closed')
  if (name === 'ESTABLISHED') block.setState({ name: 'CLOSE-WAIT' }, 'segment')
  else if (name === 'FIN-WAIT-1') block.setState({ name: 'CLOSING' }, 'segment')
  else if (name === 'FIN-WAIT-2') enterTimeWait(block, now)
}

/** RFC 9293 3.4.2: quiet for two segment lifetimes. The last ACK goes out even when there is no TIME-WAIT. */
export function enterTimeWait(block: ControlBlock, now: Micros): void {
  block.timers.clearAll()
  block.setState({ name: 'TIME-WAIT' }, 'segment')
  block.timers.set(TIME_WAIT, now + 2 * block.settings.msl)
}
