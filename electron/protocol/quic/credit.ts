/** How much the peer may send ahead of what was read (RFC 9000 4.2): a window that grows with what the path holds. */
import type { Micros } from '../../../shared/units.ts'

/** A window that is used up within so many round trips is what keeps the peer back: with half of it told anew, one is the least. */
const ROUND_TRIPS = 2

export class CreditWindow {
  /** Bytes that may be unread. */
  size: number
  private readonly most: number
  private since = 0 as Micros
  private used = 0

  /** `growth`: up to so many times its first size; 1: it stays as it is. */
  constructor(size: number, growth: number) {
    this.size = size
    this.most = size * growth
  }

  /** So many bytes were read. A window's worth within two round trips doubles it. */
  onConsumed(now: Micros, bytes: number, roundTrip: number): void {
    if (now - this.since > ROUND_TRIPS * roundTrip) {
      this.since = now
      this.used = 0
    }
    this.used += bytes
    if (this.used < this.size) return
    this.size = Math.min(2 * this.size, this.most)
    this.since = now
    this.used = 0
  }
}
