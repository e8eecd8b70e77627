/** What has arrived in one packet number space, and when to say so (RFC 9000 13.2, RFC 9002 A). */
import { after, type Micros } from '../../../shared/units.ts'
import type { AckFrame, AckRange, EcnCounts } from '../wire/quic/frames.ts'

/** The most ranges that are kept and reported; of a peer that leaves more gaps the oldest are forgotten (RFC 9000 13.2.3). */
const MOST_RANGES = 64
/** RFC 9000 13.2.2: an ACK at least for every second ack-eliciting packet. */
const ACK_EVERY = 2

export type Ecn = 'not-ect' | 'ect0' | 'ect1' | 'ce'

export interface AckPolicy {
  /** Ack-eliciting packets that may wait for an ACK; 1: none. */
  readonly every: number
  /** Microseconds that they may wait. */
  readonly delay: number
  /**
   * How far a packet may be ahead of one that is missing before that is told at once (draft-ietf-quic-ack-frequency 6.2); 1: not at
   * all, 0: order is nothing to tell of.
   */
  readonly reordering: number
}

export class ReceivedPackets {
  /** The highest first. */
  private readonly ranges: AckRange[] = []
  /** Numbers below were forgotten: what comes from there counts as a duplicate. */
  private floor = 0
  private largestAt = 0 as Micros
  private unacknowledged = 0
  private ackAt: Micros | undefined
  /** The highest number in the last ACK. */
  private reported = -1
  private readonly ecn = { ect0: 0, ect1: 0, ce: 0 }
  policy: AckPolicy

  /** `delay`: our max_ack_delay; 0 in the Initial and Handshake spaces (RFC 9000 13.2.1). */
  constructor(delay: number) {
    this.policy = { every: ACK_EVERY, delay, reordering: 1 }
  }

  /** The highest number; -1: none. */
  get largest(): number {
    return this.ranges.length === 0 ? -1 : this.ranges[0].to
  }

  /** When an ACK must have gone out; undefined: none is due. */
  get deadline(): Micros | undefined {
    return this.ackAt
  }

  /** Something that asks for an ACK has not had one. */
  get hasUnacknowledged(): boolean {
    return this.unacknowledged > 0
  }

  /** Whether the number was there before (RFC 9000 12.3), or may have been. */
  has(number: number): boolean {
    if (number < this.floor) return true
    return this.ranges.some(({ from, to }) => from <= number && number <= to)
  }

  /** Takes note of a packet that was processed. */
  add(now: Micros, number: number, ackEliciting: boolean, ecn: Ecn): void {
    const previous = this.largest
    this.insert(number)
    if (number > previous) this.largestAt = now
    if (ecn !== 'not-ect') this.ecn[ecn]++
    if (!ackEliciting) return
    this.unacknowledged++
    // RFC 9000 13.2.1: a gap, a packet that fills one, and a mark of congestion are told at once.
    const urgent = this.isFarAhead(number, previous) || ecn === 'ce'
    if (urgent || this.unacknowledged >= this.policy.every || this.policy.delay === 0) this.ackAt = now
    else this.ackAt ??= after(now, this.policy.delay)
  }

  /** With 1: out of order. With more: the highest number is so far ahead of one that is missing and was not reported as such. */
  private isFarAhead(number: number, previous: number): boolean {
    const { reordering } = this.policy
    if (reordering <= 1) return reordering === 1 && number !== previous + 1
    for (let i = this.ranges.length - 1; i > 0; i--) {
      const missing = Math.max(this.ranges[i].to + 1, this.reported - reordering + 1)
      if (missing < this.ranges[i - 1].from) return this.largest - missing >= reordering
    }
    return false
  }

  /** IMMEDIATE_ACK. */
  ackNow(now: Micros): void {
    if (this.unacknowledged > 0) this.ackAt = now
  }

  /** The ACK frame as of now; undefined: nothing has come. `exponent`: our ack_delay_exponent. */
  frame(now: Micros, exponent: number): AckFrame | undefined {
    if (this.ranges.length === 0) return undefined
    const delay = Math.floor((now - this.largestAt) / 2 ** exponent)
    const { ect0, ect1, ce } = this.ecn
    const ecn: EcnCounts | undefined = ect0 + ect1 + ce > 0 ? { ect0, ect1, ce } : undefined
    return { type: 'ack', delay, ranges: [...this.ranges], ...(ecn && { ecn }) }
  }

  /** The ACK was sent: nothing is owed until the next packet. */
  onSent(): void {
    this.unacknowledged = 0
    this.ackAt = undefined
    this.reported = this.largest
  }

  /** The peer has our ACK up to `largest`: what lies below need not be said again (RFC 9000 13.2.4). */
  forgetBelow(largest: number): void {
    const { ranges } = this
    while (ranges.length > 0 && ranges[ranges.length - 1].to < largest) {
      this.floor = Math.max(this.floor, ranges.pop()!.to + 1)
    }
    const last = ranges.at(-1)
    if (last !== undefined && last.from < largest) {
      ranges[ranges.length - 1] = { from: largest, to: last.to }
      this.floor = Math.max(this.floor, largest)
    }
  }

  private insert(number: number): void {
    const { ranges } = this
    // Most packets come in order and lengthen the first range.
    let i = 0
    while (i < ranges.length && ranges[i].from > number + 1) i++
    const range = ranges[i]
    if (range === undefined || range.to + 1 < number) ranges.splice(i, 0, { from: number, to: number })
    else {
      ranges[i] = { from: Math.min(range.from, number), to: Math.max(range.to, number) }
      const below = ranges[i + 1]
      if (below !== undefined && below.to + 1 === ranges[i].from)
        ranges.splice(i, 2, { from: below.from, to: ranges[i].to })
    }
    if (ranges.length > MOST_RANGES) this.floor = Math.max(this.floor, ranges.pop()!.to + 1)
  }
}
