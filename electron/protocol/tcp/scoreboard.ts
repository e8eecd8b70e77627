/**
 * What was sent and is not cumulatively acknowledged, segment by segment, with what is known of each: the
 * scoreboard of RFC 6675 3. Its functions there (Update, IsLost, SetPipe, NextSeg) look at every octet of the
 * window; here each is kept up to date as things change, so that an ACK costs what it brings and not the size
 * of the window: a segment is looked at once when it is sent, once when it is SACKed, once when it is passed by
 * the loss frontier, once when it is sent again and once when it is acknowledged.
 *
 * Segments live in a ring of typed arrays and are named by an ordinal index that never wraps.
 */
import type { SentMark } from '../congestion/delivery-rate.ts'
import { RangeSet } from '../stream/ranges.ts'
import { SendOrder } from './send-order.ts'

/** `mtu`: a router said that it was too large. */
export const LOSS_TRIGGERS = ['dup_acks', 'sack', 'partial_ack', 'rto', 'mtu', 'rack'] as const
export type LossTrigger = (typeof LOSS_TRIGGERS)[number]

const SACKED = 1
const LOST = 2
/**
 * A retransmission of it is taken to be in flight, until the timer says otherwise. RFC 6675 forgets that when another
 * recovery begins and would send again what it has just sent beyond the last recovery point.
 */
const RESENT = 4
/** It was sent more than once in its life: Karn's rule (RFC 6298 3). */
const EVER_RESENT = 8
/** It was resent because the retransmission timer ran out. */
const RESENT_BY_TIMER = 16

/** What a cumulative acknowledgment took away. */
export interface Acknowledged {
  /** Sequence numbers that it covers. */
  length: number
  /** When the oldest of these segments that were sent once was sent; -1: there is none. */
  sentAt: number
  /** One of these segments was sent more than once: a sample would be ambiguous. */
  resent: boolean
  /** When that segment was sent last. */
  lastSentAt: number
  /** Length of the longest of these segments. */
  longest: number
}

export class Scoreboard {
  private capacity = 64
  private positions = new Float64Array(this.capacity)
  private lengths = new Uint32Array(this.capacity)
  private sentTimes = new Float64Array(this.capacity)
  private flags = new Uint8Array(this.capacity)
  private triggers = new Uint8Array(this.capacity)
  /** Of a congestion control that measures the rate of delivery: when each was last sent. */
  private marks: (SentMark | undefined)[] = []
  private head = 0
  private tail = 0
  /** What the peer holds beyond the cumulative acknowledgment. */
  private readonly sacked = new RangeSet()
  /** Everything before it was looked at by `markLostBySack` and is SACKed or lost (IsLost is monotonic). */
  private frontier = 0
  private sackedBelowFrontier = 0
  /** Below it no segment waits to be resent; at or above `lostEnd` neither. */
  private resendCursor = 0
  private lostEnd = 0
  /** Below it no segment is doubtful (see `nextDoubtful`). */
  private doubtfulCursor = 0
  /** What may still be on its way, by the time of its last sending (RFC 8985 5.2). */
  readonly order = new SendOrder(this.capacity)
  private readonly acknowledged: Acknowledged = {
    length: 0,
    sentAt: -1,
    resent: false,
    lastSentAt: 0,
    longest: 0,
  }

  /** Is told of octets that have arrived, by an acknowledgment or a SACK, with the mark of their segment. */
  onDelivered: (octets: number, mark: SentMark) => void = () => undefined

  /** Is told of each segment when the whole of it is first known to have arrived; what is known of it can still be asked. */
  onArrived: (index: number) => void = () => undefined

  /** RFC 6675's pipe: octets taken to be in the network. */
  pipe = 0
  /** Octets that the peer has SACKed. */
  sackedLength = 0
  /** Segments that the peer has SACKed (RACK.segs_sacked of RFC 8985). */
  sackedSegments = 0
  /** Lost segments that have not been resent. */
  waiting = 0

  get isEmpty(): boolean {
    return this.head === this.tail
  }

  position(index: number): number {
    return this.positions[index & (this.capacity - 1)]
  }

  length(index: number): number {
    return this.lengths[index & (this.capacity - 1)]
  }

  /** The position after its last octet. */
  end(index: number): number {
    const slot = index & (this.capacity - 1)
    return this.positions[slot] + this.lengths[slot]
  }

  /** It was sent more than once. */
  wasResent(index: number): boolean {
    return (this.flags[index & (this.capacity - 1)] & EVER_RESENT) !== 0
  }

  /** When the last sending of it took place, for a congestion control that measures the rate of delivery. */
  mark(index: number): SentMark | undefined {
    return this.marks[index & (this.capacity - 1)]
  }

  trigger(index: number): LossTrigger {
    return LOSS_TRIGGERS[this.triggers[index & (this.capacity - 1)]]
  }

  /** A new segment was sent. */
  push(position: number, length: number, now: number, mark?: SentMark): void {
    if (this.tail - this.head === this.capacity) this.grow()
    this.order.sent(this.tail, now)
    const slot = this.tail++ & (this.capacity - 1)
    this.positions[slot] = position
    this.lengths[slot] = length
    this.sentTimes[slot] = now
    this.flags[slot] = 0
    this.marks[slot] = mark
    this.pipe += length
  }

  /** Takes away what lies before `position`. The answer is reused by the next call. */
  acknowledge(position: number): Acknowledged {
    const result = this.acknowledged
    result.length = 0
    result.sentAt = -1
    result.resent = false
    result.longest = 0
    while (this.head < this.tail) {
      const slot = this.head & (this.capacity - 1)
      const covered = Math.min(this.lengths[slot], position - this.positions[slot])
      if (covered <= 0) break
      this.noteSample(result, slot)
      if (covered > result.longest) result.longest = covered
      if (covered === this.lengths[slot]) this.leave(slot)
      this.forget(slot, covered)
      result.length += covered
      if (covered < this.lengths[slot]) {
        this.positions[slot] += covered
        this.lengths[slot] -= covered
        break
      }
      if (this.isWaiting(slot)) this.waiting--
      this.head++
    }
    this.sacked.removeBelow(position)
    if (this.frontier < this.head) this.frontier = this.head
    if (this.resendCursor < this.head) this.resendCursor = this.head
    return result
  }

  /** The oldest segment is acknowledged whole. */
  private leave(slot: number): void {
    if (this.flags[slot] & SACKED) this.sackedSegments--
    else this.onArrived(this.head)
    this.order.remove(this.head)
  }

  private noteSample(result: Acknowledged, slot: number): void {
    const flags = this.flags[slot]
    if (flags & EVER_RESENT) {
      if (!result.resent) result.lastSentAt = this.order.sentAt(this.head)
      result.resent = true
    } else if (result.sentAt < 0) {
      // The oldest: it was not SACKed, else SND.UNA would be beyond it, so this is when it was heard of.
      result.sentAt = this.sentTimes[slot]
    }
  }

  /** Takes the first `covered` octets of a segment out of all sums. */
  private forget(slot: number, covered: number): void {
    const flags = this.flags[slot]
    if (flags & SACKED) {
      this.sackedLength -= covered
      if (this.head < this.frontier) this.sackedBelowFrontier -= covered
    } else {
      this.pipe -= covered * weight(flags)
      this.deliver(slot, covered)
    }
  }

  private deliver(slot: number, octets: number): void {
    const mark = this.marks[slot]
    if (mark !== undefined) this.onDelivered(octets, mark)
  }

  /** Notes a SACK block; returns the octets that were not known to have arrived. */
  markSacked(left: number, right: number): number {
    const range = this.sacked.add(left, right)
    const { added } = this.sacked
    if (added.length === 0) return 0
    const rangeLeft = this.sacked.left(range)
    const rangeRight = this.sacked.right(range)
    const before = this.sackedLength
    for (let i = 0; i < added.length; i += 2) {
      // Segments that were covered in part only until now are looked at again: they overlap what is added.
      for (let index = this.indexAt(added[i]); index < this.tail; index++) {
        const slot = index & (this.capacity - 1)
        const start = this.positions[slot]
        if (start >= added[i + 1]) break
        if (start < rangeLeft || start + this.lengths[slot] > rangeRight) continue
        this.sackSegment(index, slot)
      }
    }
    return this.sackedLength - before
  }

  private sackSegment(index: number, slot: number): void {
    const flags = this.flags[slot]
    if (flags & SACKED) return
    this.onArrived(index)
    this.order.remove(index)
    this.sackedSegments++
    if (this.isWaiting(slot)) this.waiting--
    this.pipe -= this.lengths[slot] * weight(flags)
    this.flags[slot] = flags | SACKED
    this.sackedLength += this.lengths[slot]
    this.deliver(slot, this.lengths[slot])
    if (index < this.frontier) this.sackedBelowFrontier += this.lengths[slot]
  }

  /**
   * Marks what IsLost of RFC 6675 4 calls lost: `dupThresh` separate ranges, or more than dupThresh - 1 full segments'
   * worth of octets, were SACKed above it. What is above a segment only grows, so the frontier between
   * lost and not only moves up.
   */
  markLostBySack(dupThresh: number, segmentSize: number, onLost: (index: number) => void): void {
    for (; this.frontier < this.tail; this.frontier++) {
      const slot = this.frontier & (this.capacity - 1)
      const isSacked = (this.flags[slot] & SACKED) !== 0
      const own = isSacked ? this.lengths[slot] : 0
      const above = this.sackedLength - this.sackedBelowFrontier - own
      if (above <= (dupThresh - 1) * segmentSize) {
        if (above === 0 || this.sacked.countAbove(this.positions[slot]) < dupThresh) return
      }
      if (isSacked) this.sackedBelowFrontier += own
      else if (this.markLost(this.frontier, 'sack')) onLost(this.frontier)
    }
  }

  /** The oldest segment is taken for lost; false when it was known, or is SACKed. */
  markHeadLost(trigger: LossTrigger): boolean {
    return this.head < this.tail && this.markLost(this.head, trigger)
  }

  get headIndex(): number {
    return this.head
  }

  /**
   * RFC 6675 5.1: after a retransmission timeout everything that is not SACKed is to be sent again. If the
   * oldest segment itself is SACKed the peer has gone back on its word (RFC 2018 8) and nothing of that counts.
   * @param sentBy RFC 8985 6.3: only what was sent by then, and the oldest segment
   */
  markAllLost(onLost: (index: number) => void, sentBy = Infinity): void {
    if (this.head < this.tail && this.flags[this.head & (this.capacity - 1)] & SACKED) this.forgetSacks()
    this.resendCursor = this.head
    for (let index = this.head; index < this.tail; index++) {
      const slot = index & (this.capacity - 1)
      const flags = this.flags[slot]
      if (flags & SACKED || (index > this.head && this.order.sentAt(index) > sentBy)) continue
      if (this.markSendingLost(index, 'rto')) onLost(index)
      else this.triggers[slot] = LOSS_TRIGGERS.indexOf('rto')
    }
  }

  /** The last sending of a segment is lost, be it the first or a retransmission; false: that was known, or it is SACKed. */
  markSendingLost(index: number, trigger: LossTrigger): boolean {
    const slot = index & (this.capacity - 1)
    const flags = this.flags[slot]
    if (flags & SACKED || !(flags & RESENT)) return this.markLost(index, trigger)
    this.pipe -= this.lengths[slot]
    this.flags[slot] = flags & ~RESENT
    if (!(flags & LOST)) return this.markLost(index, trigger)
    this.waiting++
    this.order.remove(index)
    if (index < this.resendCursor) this.resendCursor = index
    this.triggers[slot] = LOSS_TRIGGERS.indexOf(trigger)
    return true
  }

  /**
   * Nothing was lost after all: what was taken for lost is on its way again. None of it is called lost a second time on the same
   * evidence: the frontier stays where it is, and the list of sendings without them. If one is missing in truth the timer finds it.
   */
  unmarkLost(): void {
    for (let index = this.head; index < this.lostEnd; index++) {
      const slot = index & (this.capacity - 1)
      const flags = this.flags[slot]
      if (!(flags & LOST) || flags & SACKED) continue
      if (this.isWaiting(slot)) this.waiting--
      this.flags[slot] = flags & ~LOST
      this.pipe += this.lengths[slot]
    }
    this.lostEnd = this.head
    this.resendCursor = this.head
  }

  private forgetSacks(): void {
    for (let index = this.head; index < this.tail; index++) {
      const slot = index & (this.capacity - 1)
      if (!(this.flags[slot] & SACKED)) continue
      this.flags[slot] &= EVER_RESENT | RESENT_BY_TIMER
      this.pipe += this.lengths[slot]
    }
    this.sacked.clear()
    this.sackedLength = 0
    this.sackedSegments = 0
    this.sackedBelowFrontier = 0
    this.frontier = this.head
  }

  private markLost(index: number, trigger: LossTrigger): boolean {
    const slot = index & (this.capacity - 1)
    const flags = this.flags[slot]
    if (flags & (LOST | SACKED)) return false
    this.flags[slot] = flags | LOST
    this.triggers[slot] = LOSS_TRIGGERS.indexOf(trigger)
    this.pipe -= this.lengths[slot]
    if (!(flags & RESENT)) {
      this.waiting++
      this.order.remove(index)
      if (index < this.resendCursor) this.resendCursor = index
    }
    if (index >= this.lostEnd) this.lostEnd = index + 1
    return true
  }

  /** The oldest retransmission is lost, too (a partial ACK without SACK says so): it may be sent again. */
  resendHead(trigger: LossTrigger): void {
    const slot = this.head & (this.capacity - 1)
    if (this.flags[slot] & RESENT) {
      this.pipe -= this.lengths[slot]
      this.flags[slot] &= ~RESENT
      if (this.flags[slot] & LOST) {
        this.waiting++
        this.order.remove(this.head)
      }
      this.resendCursor = this.head
    }
    this.triggers[slot] = LOSS_TRIGGERS.indexOf(trigger)
  }

  /** A segment waits to be sent again that congestion may have lost. */
  get congestionLoss(): boolean {
    const index = this.nextLost()
    return index >= 0 && this.trigger(index) !== 'mtu'
  }

  /** NextSeg rule 1 of RFC 6675 4: the oldest lost segment that was not resent, or -1. */
  nextLost(): number {
    if (this.waiting === 0) return -1
    for (; this.resendCursor < this.lostEnd; this.resendCursor++) {
      if (this.isWaiting(this.resendCursor & (this.capacity - 1))) return this.resendCursor
    }
    return -1
  }

  /**
   * NextSeg rule 3: the oldest segment that is neither SACKed nor resent, with something SACKed above it, though
   * not enough to call it lost; or -1.
   */
  nextDoubtful(): number {
    const { top } = this.sacked
    if (this.doubtfulCursor < this.head) this.doubtfulCursor = this.head
    for (; this.doubtfulCursor < this.tail; this.doubtfulCursor++) {
      const slot = this.doubtfulCursor & (this.capacity - 1)
      if (this.positions[slot] >= top) return -1
      if (!(this.flags[slot] & (SACKED | RESENT))) return this.doubtfulCursor
    }
    return -1
  }

  /** NextSeg rule 4: the newest segment that is not SACKed, or -1. */
  newestUnsacked(): number {
    for (let index = this.tail - 1; index >= this.head; index--) {
      if (!(this.flags[index & (this.capacity - 1)] & SACKED)) return index
    }
    return -1
  }

  /** The segment was sent again. */
  resent(index: number, now: number, mark?: SentMark): void {
    this.order.sent(index, now)
    const slot = index & (this.capacity - 1)
    this.marks[slot] = mark
    const flags = this.flags[slot]
    if (this.isWaiting(slot)) this.waiting--
    const byTimer = flags & LOST && LOSS_TRIGGERS[this.triggers[slot]] === 'rto' ? RESENT_BY_TIMER : 0
    if (!(flags & RESENT)) this.pipe += this.lengths[slot]
    this.flags[slot] = flags | RESENT | EVER_RESENT | byTimer
  }

  /** The oldest segment was sent again by the retransmission timer already (RFC 5681 3.1). */
  get headResentByTimer(): boolean {
    return this.head < this.tail && (this.flags[this.head & (this.capacity - 1)] & RESENT_BY_TIMER) !== 0
  }

  /**
   * Cuts every segment to `limit` sequence numbers at most, when the path has become narrower (RFC 1191 6.4). Those
   * that are cut are to be sent again.
   */
  split(limit: number, onLost?: (index: number) => void): void {
    const old = this.snapshot()
    this.order.clear()
    this.head = this.tail = this.frontier = this.resendCursor = this.lostEnd = this.doubtfulCursor = 0
    this.pipe = this.sackedLength = this.sackedBelowFrontier = this.sackedSegments = this.waiting = 0
    for (const segment of old) {
      const { flags } = segment
      for (let offset = 0; offset < segment.length; offset += limit) {
        const length = Math.min(limit, segment.length - offset)
        this.push(segment.position + offset, length, segment.lastSentAt)
        const slot = (this.tail - 1) & (this.capacity - 1)
        this.flags[slot] = flags
        this.sentTimes[slot] = segment.sentAt
        this.triggers[slot] = segment.trigger
        this.pipe += length * ((flags & SACKED ? 0 : weight(flags)) - 1)
        if (flags & SACKED) this.sackedLength += length
        if (flags & SACKED) this.sackedSegments++
        if (flags & LOST) this.lostEnd = this.tail
        if (this.isWaiting(slot)) this.waiting++
        if (onLost !== undefined && segment.length > limit) this.markTooLong(this.tail - 1, onLost)
      }
    }
    const isOnItsWay = (flags: number) => !(flags & SACKED) && (flags & (LOST | RESENT)) !== LOST
    this.order.arrange(this.head, this.tail, (index) => isOnItsWay(this.flags[index & (this.capacity - 1)]))
  }

  private snapshot() {
    const segments = []
    for (let index = this.head; index < this.tail; index++) {
      const slot = index & (this.capacity - 1)
      segments.push({
        position: this.positions[slot],
        length: this.lengths[slot],
        sentAt: this.sentTimes[slot],
        lastSentAt: this.order.sentAt(index),
        flags: this.flags[slot],
        trigger: this.triggers[slot],
      })
    }
    return segments
  }

  private markTooLong(index: number, onLost: (index: number) => void): void {
    const slot = index & (this.capacity - 1)
    if (this.markLost(index, 'mtu')) onLost(index)
    else if (!(this.flags[slot] & (SACKED | RESENT))) this.triggers[slot] = LOSS_TRIGGERS.indexOf('mtu')
  }

  private isWaiting(slot: number): boolean {
    return (this.flags[slot] & (LOST | SACKED | RESENT)) === LOST
  }

  /** The segment that contains `position`, or the first after it. */
  private indexAt(position: number): number {
    let low = this.head
    let high = this.tail
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const slot = middle & (this.capacity - 1)
      if (this.positions[slot] + this.lengths[slot] > position) high = middle
      else low = middle + 1
    }
    return low
  }

  private grow(): void {
    const capacity = this.capacity * 2
    const move = <A extends Float64Array | Uint32Array | Uint8Array>(from: A, to: A): A => {
      for (let index = this.head; index < this.tail; index++) {
        to[index & (capacity - 1)] = from[index & (this.capacity - 1)]
      }
      return to
    }
    this.positions = move(this.positions, new Float64Array(capacity))
    this.lengths = move(this.lengths, new Uint32Array(capacity))
    this.sentTimes = move(this.sentTimes, new Float64Array(capacity))
    this.flags = move(this.flags, new Uint8Array(capacity))
    this.triggers = move(this.triggers, new Uint8Array(capacity))
    const marks: (SentMark | undefined)[] = []
    for (let index = this.head; index < this.tail; index++)
      marks[index & (capacity - 1)] = this.marks[index & (this.capacity - 1)]
    this.marks = marks
    this.order.grow(this.head, this.tail)
    this.capacity = capacity
  }
}

/** How often SetPipe of RFC 6675 4 counts an octet that is not SACKed: the original and the retransmission. */
const weight = (flags: number): number => (flags & LOST ? 0 : 1) + (flags & RESENT ? 1 : 0)
