/**
 * How fast the network delivers (draft-cheng-iccrg-delivery-rate-estimation-00, and 4.1 of draft-ietf-ccwg-bbr, which adds what was lost): each packet takes along what had been delivered
 * when it was sent; when it is acknowledged, the difference over the time that this took is a sample. The longer of the time of
 * sending and of the ACKs counts, so that ACKs that come in a bunch do not make the path look faster than it is.
 */
import type { Micros } from '../../../shared/units.ts'

/** State of a packet when it was sent (3.1.2: P). */
export interface SentMark {
  readonly sentAt: number
  /** C.first_sent_time, C.delivered_time and C.delivered at that moment. */
  readonly firstSentAt: number
  readonly deliveredAt: number
  readonly delivered: number
  readonly isAppLimited: boolean
  /** P.tx_in_flight: bytes in flight with it, and C.lost at that moment. */
  readonly inFlight: number
  readonly lost: number
  readonly bytes: number
  /** How many were sent before it, since the connection began. */
  readonly number: number
  /** Its data had been sent before, so an ACK does not tell which of the two it answers (Karn). */
  readonly isRepeated: boolean
}

/** A packet that was found lost; the mark is of when it was sent. */
export interface LostPacket {
  readonly mark: SentMark
  /** Bytes lost since it was sent, with it. */
  readonly lost: number
}

/** What one ACK says (3.1.3: rs). */
export interface RateSample {
  /** Bytes a microsecond; 0: none that can be relied on. */
  readonly rate: number
  readonly isAppLimited: boolean
  /** Bytes delivered in all: now, and when the newest packet of this ACK was sent. */
  readonly delivered: number
  readonly priorDelivered: number
  /** Bytes that this ACK acknowledged, and that were found lost since the last. */
  readonly acked: number
  readonly lost: number
  /** RS.delivered, RS.lost: bytes delivered and lost since the newest packet of this ACK was sent; RS.tx_in_flight: in flight then. */
  readonly deliveredSince: number
  readonly lostSince: number
  readonly txInFlight: number
  /** The packets behind `lost`, in the order in which they were found. */
  readonly losses: readonly LostPacket[]
  /** A round trip in microseconds, of the newest packet where that can be told; undefined: not measured. */
  readonly rtt: number | undefined
  /** Bytes in flight before this ACK and after it. */
  readonly priorInFlight: number
  readonly inFlight: number
}

/** What of an ACK the rate itself does not know. */
export type Surroundings = Pick<RateSample, 'rtt' | 'priorInFlight' | 'inFlight'>

export class DeliveryRate {
  delivered = 0
  private deliveredAt = 0
  private firstSentAt = 0
  /** C.app_limited: samples of packets sent up to here were limited by the application; 0: none. */
  private appLimitedUntil = 0
  private newest: SentMark | undefined
  private acked = 0
  private lost = 0
  /** C.lost. */
  private lostInAll = 0
  private losses: LostPacket[] = []
  private sent = 0

  /** Nothing more was to be sent when there was room, and what was in flight then is not all delivered. */
  get isAppLimited(): boolean {
    return this.appLimitedUntil > 0
  }

  /** A packet of so many bytes leaves; `inFlight` is without it (3.2). The mark is to be kept with it. */
  onSent(now: Micros, inFlight: number, bytes: number, isRepeated = false): SentMark {
    if (inFlight === 0) this.firstSentAt = this.deliveredAt = now
    const { firstSentAt, deliveredAt, delivered } = this
    return {
      sentAt: now,
      firstSentAt,
      deliveredAt,
      delivered,
      isAppLimited: this.isAppLimited,
      inFlight: inFlight + bytes,
      lost: this.lostInAll,
      bytes,
      number: this.sent++,
      isRepeated,
    }
  }

  /** A packet, or so many bytes of it, was acknowledged (3.3, UpdateRateSample). */
  onAcked(now: Micros, bytes: number, mark: SentMark): void {
    this.delivered += bytes
    this.deliveredAt = now
    this.acked += bytes
    if (this.newest === undefined || mark.delivered >= this.newest.delivered) this.newest = mark
  }

  /** Bytes were found lost; `mark`: of the packet that carried them. */
  onLost(bytes: number, mark: SentMark | undefined): void {
    this.lost += bytes
    this.lostInAll += bytes
    if (mark !== undefined) this.losses.push({ mark, lost: this.lostInAll - mark.lost })
  }

  /** Nothing is left to send though there is room (3.4). */
  markAppLimited(inFlight: number): void {
    this.appLimitedUntil = Math.max(this.delivered + inFlight, 1)
  }

  /** The sample of the ACK that was just taken in; undefined: it acknowledged nothing. `minRtt`: 0, not known. */
  take(minRtt: number, surroundings: Surroundings): RateSample | undefined {
    const { newest, acked, lost, losses, delivered } = this
    if (newest === undefined) return undefined
    this.newest = undefined
    this.acked = this.lost = 0
    this.losses = []
    if (delivered > this.appLimitedUntil) this.appLimitedUntil = 0
    this.firstSentAt = newest.sentAt
    const interval = Math.max(newest.sentAt - newest.firstSentAt, this.deliveredAt - newest.deliveredAt)
    // 3.3: a packet that was sent again for nothing makes the interval too short.
    const isReliable = interval > 0 && interval >= minRtt
    return {
      rate: isReliable ? (delivered - newest.delivered) / interval : 0,
      isAppLimited: newest.isAppLimited,
      delivered,
      priorDelivered: newest.delivered,
      acked,
      lost,
      deliveredSince: delivered - newest.delivered,
      lostSince: this.lostInAll - newest.lost,
      txInFlight: newest.inFlight,
      losses,
      ...surroundings,
      ...(!newest.isRepeated && { rtt: this.deliveredAt - newest.sentAt }),
    }
  }
}
