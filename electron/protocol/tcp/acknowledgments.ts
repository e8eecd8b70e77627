/**
 * What an acknowledgment means to the sender: what has arrived (RFC 2018, RFC 2883), how long it took (RFC 6298 3, RFC 7323 4), and
 * which window the peer has now (RFC 9293 3.10.7.4). What follows from it for losses is recovery.ts's.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { isDuplicateReport, Resent } from './duplicates.ts'
import { AckNews } from './news.ts'
import type { Sender } from './sender.ts'
import type { SequenceSpace } from './sequence.ts'

/** An acceptable acknowledgment. */
export interface Acknowledgment {
  /** SEG.ACK as a position, SND.UNA <= ack <= SND.NXT. */
  ack: number
  /** SEG.WND, scaled. */
  window: number
  /** SEG.SEQ as a position of the peer's. */
  sequence: number
  /** The segment has payload, SYN or FIN, so it is no duplicate ACK (RFC 5681 2). */
  occupies: boolean
  /** SACK blocks, sequence numbers, flat. */
  sack: readonly number[] | undefined
  /** It echoes a mark of congestion, and ECN was agreed on (RFC 3168 6.1.2). */
  echoesMark: boolean
  /** The round-trip time by the echoed timestamp in microseconds; -1: none (RFC 7323 4.1). */
  echoedRtt: number
  /** The tick of our clock, in milliseconds, at which that timestamp was sent; -1: none. */
  echoedTick: number
}

export class Acknowledgments {
  private readonly sender: Sender
  private readonly space: SequenceSpace
  private readonly trace: Trace
  private readonly news = new AckNews()
  /** What was sent more than once, of which a D-SACK may tell. */
  readonly resentData = new Resent()
  /** When the ACK came that is taken in, and the round trip that it measured; undefined: none. */
  at = 0 as Micros
  rtt: number | undefined
  /** The shortest round trip; 0: none yet. */
  minRtt = 0
  /** SND.WND, SND.WL1, SND.WL2 and the largest window seen (Max(SND.WND) of RFC 9293 3.8.6.2.1). */
  window = 0
  private windowSequence = 0
  private windowAck = 0
  largestWindow = 0

  constructor(sender: Sender, space: SequenceSpace, trace: Trace) {
    this.sender = sender
    this.space = space
    this.trace = trace
    sender.board.onArrived = (index) => this.onArrived(index)
  }

  /** Takes one in; returns the sequence numbers that it newly covers. */
  take(now: Micros, a: Acknowledgment): number {
    const { sender } = this
    const flight = sender.flight
    const priorInFlight = sender.board.pipe
    this.at = now
    this.rtt = undefined
    const { news } = this
    news.reset(a.echoedTick)
    sender.recovery.rack.beginAck(now, a.echoedTick)
    const windowLimited = sender.una < sender.limitedUntil
    const before = sender.una + sender.board.sackedLength
    if (a.ack > sender.nxt) this.adoptProbe(now, a.ack)
    const newSack = this.takeSack(a.sack, a.ack) > 0
    const advanced = this.advance(now, a)
    const sameWindow = this.updateWindow(a)
    const plain = !a.occupies && advanced === 0 && sameWindow && flight > 0
    const duplicate = sender.sackEnabled ? newSack : plain
    news.advanced = advanced
    news.bare = plain && (a.sack === undefined || a.sack.length === 0)
    news.canSend = sender.canSendNew
    sender.recovery.reduction.delivered = sender.una + sender.board.sackedLength - before
    sender.recovery.reduction.echoed = a.echoesMark
    if (advanced > 0) this.watchSlowStart()
    sender.recovery.onAck(now, advanced, duplicate, flight, windowLimited, news)
    this.sampleRate(now, priorInFlight)
    return advanced
  }

  /** RFC 9406 4.2: the round trip tells whether slow start goes too far. */
  private watchSlowStart(): void {
    const { sender } = this
    const { hystart } = sender.congestion
    if (hystart === undefined) return
    hystart.onAck(this.rtt, sender.una, sender.nxt)
    const change = hystart.takeChange()
    if (change === undefined) return
    const { phase, rtt, threshold } = change
    this.trace.emit('tcp:slow_start_slowed', {
      phase,
      rtt: Math.round(rtt),
      threshold: Math.round(threshold),
    })
    sender.recovery.report('rtt')
  }

  /** What the ACK says of the rate of delivery, once its losses are known, too. */
  private sampleRate(now: Micros, priorInFlight: number): void {
    const { sender } = this
    const surroundings = { rtt: this.rtt, priorInFlight, inFlight: sender.board.pipe }
    const sample = sender.rates?.take(this.minRtt, surroundings)
    if (sample === undefined) return
    sender.congestion.onRateSample?.(now, sample)
    sender.recovery.report('acknowledged')
  }

  /** The octet of a window probe was accepted after all: from now on it counts as sent. */
  private adoptProbe(now: Micros, ack: number): void {
    const { sender } = this
    sender.board.push(sender.nxt, ack - sender.nxt, now)
    sender.nxt = ack
  }

  /** The board learns that a segment has arrived. */
  private onArrived(index: number): void {
    const { sender } = this
    this.news.onArrived(sender.board.end(index), sender.board.wasResent(index))
    if (sender.usesRack) sender.recovery.rack.onArrived(index)
  }

  private takeSack(blocks: readonly number[] | undefined, ack: number): number {
    const { sender } = this
    if (blocks === undefined || !sender.sackEnabled) return 0
    const hasReport = sender.settings.dsack && isDuplicateReport(blocks, this.space.toWire(ack))
    if (hasReport) this.takeDuplicate(blocks[0], blocks[1])
    let fresh = 0
    for (let i = hasReport ? 2 : 0; i + 1 < blocks.length; i += 2) {
      const left = this.space.toPosition(blocks[i], sender.una)
      const right = this.space.toPosition(blocks[i + 1], sender.una)
      // A block below SND.UNA is a D-SACK or old; one beyond SND.NXT is nonsense (RFC 2018, RFC 2883 4).
      if (left >= right || left < sender.una || right > sender.nxt) continue
      fresh += sender.board.markSacked(left, right)
    }
    return fresh
  }

  /** A D-SACK: [left, right) has arrived twice. One of what was never sent is nonsense. */
  private takeDuplicate(left: number, right: number): void {
    const { news, space } = this
    const { una, nxt } = this.sender
    const from = space.toPosition(left, una)
    const to = space.toPosition(right, una)
    if (from < 1 || from >= to || to > nxt) return
    news.duplicateLeft = from
    news.duplicateEnd = to
    news.duplicateOctets = this.resentData.within(from, to)
    const resent = news.duplicateOctets > 0
    this.trace.emit('tcp:duplicate_reported', { seq: left, length: to - from, resent })
  }

  private advance(now: Micros, a: Acknowledgment): number {
    const { sender } = this
    if (a.ack <= sender.una) return 0
    const advanced = a.ack - sender.una
    const taken = sender.board.acknowledge(a.ack)
    sender.una = a.ack
    sender.buffer.release(a.ack)
    sender.longestAcked = Math.max(sender.longestAcked, taken.longest)
    sender.mtuProbe.onAck(sender.una)
    sender.retries = 0
    sender.recovery.probe.start(now)
    // A duplicate can be on its way for about as long as what is acknowledged was.
    this.resentData.forgetBelow(a.ack - 2 * this.largestWindow)
    const expected = Math.ceil((sender.flight + advanced) / (2 * sender.mss))
    if (!taken.resent && taken.sentAt >= 0) this.sample(now - taken.sentAt, 'segment', expected)
    else if (a.echoedRtt >= 0) this.sample(a.echoedRtt, 'timestamp', expected)
    else if (taken.resent) this.sampleResent(now - taken.lastSentAt, expected)
    return advanced
  }

  /**
   * Karn's rule: which of the sendings is acknowledged nobody knows, so nothing is learnt (RFC 6298 3). Without the rule the last
   * sending is taken for the one: a round trip that became longer than the timeout then looks short, and stays misjudged.
   */
  private sampleResent(rtt: number, expected: number): void {
    if (this.sender.settings.karn) this.trace.emit('tcp:rtt_discarded', { rtt: Math.round(rtt) })
    else this.sample(rtt, 'segment', expected)
  }

  /** Takes a round-trip sample and ends the back-off (RFC 6298 5, last paragraph). */
  sample(rtt: number, source: string, expected: number): void {
    const { sender } = this
    sender.rtt.sample(rtt, expected)
    sender.rtt.backOff = 0
    sender.recovery.probe.onSample()
    this.rtt = rtt
    this.minRtt = this.minRtt === 0 ? rtt : Math.min(this.minRtt, rtt)
    this.trace.emit('tcp:rtt_sampled', { rtt: Math.round(rtt), source })
  }

  /** RFC 9293 3.10.7.4, fifth: only a newer segment may change the window. True: it stays as it was. */
  private updateWindow(a: Acknowledgment): boolean {
    const { sender } = this
    const newer = this.windowSequence < a.sequence
    if (!newer && (this.windowSequence !== a.sequence || this.windowAck > a.ack)) return true
    this.windowSequence = a.sequence
    this.windowAck = a.ack
    const same = this.window === a.window
    this.setWindow(a.window)
    // A peer that answers is alive, though it has no room for what is sent again: RFC 9293 3.8.6.1, and 3.8.6 (SHLD-17).
    if (a.window < Math.max(1, Math.min(sender.mss, sender.flight))) sender.retries = 0
    return same
  }

  /** SND.WND of a segment of the handshake, or of one that was checked. */
  setWindow(window: number): void {
    this.window = window
    if (window > this.largestWindow) this.largestWindow = window
  }

  /** SND.WL1 and SND.WL2 at the end of the handshake. */
  setWindowOrigin(sequence: number, ack: number): void {
    this.windowSequence = sequence
    this.windowAck = ack
  }
}
