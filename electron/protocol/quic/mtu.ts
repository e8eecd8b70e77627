/**
 * How large datagrams may be on the path (RFC 9000 14.3, RFC 8899): asked by packets of PING and PADDING, whose loss is no sign of
 * congestion, and halving the distance between what got through and what did not. ICMP is not needed and not believed.
 */
import { after, type Micros } from '../../../shared/units.ts'

/** RFC 8899 5.1.2: BASE_PLPMTU of QUIC, which every path takes (RFC 9000 14). */
const BASE = 1_200
/** RFC 8899 5.1.2: MAX_PROBES, and PMTU_RAISE_TIMER. */
const MOST_PROBES = 3
const RAISE_AFTER = 600_000_000
/** Nearer than this is near enough. */
const STEP = 8
/** Losses of large packets in a row, without one that got through, that make a black hole (RFC 8899 4.3). */
const BLACK_HOLE = 6

export class MtuSearch {
  /** Bytes of a UDP payload that get through. */
  current: number
  private readonly start: number
  private readonly most: number
  /** The smallest size that did not get through, or more than the largest to be tried. */
  private tooLarge: number
  private lostProbes = 0
  private isProbing = false
  private lostInRow = 0
  private raiseAt = Infinity

  /** Begins with `start`, and does not search when `most` is not above it. */
  constructor(start: number, most: number) {
    this.current = this.start = start
    this.most = most
    this.tooLarge = most + 1
  }

  /** The size of a probe that is to be sent now; undefined: none. `limit`: what the peer takes. */
  probeSize(now: Micros, limit: number): number | undefined {
    if (now >= this.raiseAt) {
      this.raiseAt = Infinity
      this.tooLarge = this.most + 1
    }
    const above = Math.min(this.tooLarge, limit + 1)
    if (this.isProbing || this.most <= this.start || above - this.current <= STEP) return undefined
    // The largest first: most paths are uniform. Then the middle.
    return above > Math.min(this.most, limit) ? above - 1 : Math.floor((this.current + above) / 2)
  }

  onProbeSent(): void {
    this.isProbing = true
  }

  onProbeAcked(now: Micros, size: number): void {
    this.isProbing = false
    this.lostProbes = 0
    this.lostInRow = 0
    this.current = Math.max(this.current, size)
    this.noteEnd(now)
  }

  onProbeLost(now: Micros, size: number): void {
    this.isProbing = false
    if (++this.lostProbes < MOST_PROBES) return
    this.lostProbes = 0
    this.tooLarge = Math.min(this.tooLarge, size)
    this.noteEnd(now)
  }

  /** A packet of this size got through. */
  onAcked(size: number): void {
    if (size > BASE) this.lostInRow = 0
  }

  /** A packet of this size was lost. Returns whether that makes a black hole: then `current` is what every path takes. */
  onLost(now: Micros, size: number): boolean {
    if (this.most <= this.start || size <= BASE || ++this.lostInRow < BLACK_HOLE) return false
    return this.fallBack(now)
  }

  /** So many probe timeouts in a row: nothing gets through, and it may be the size. */
  onTimeouts(now: Micros, count: number): boolean {
    return this.most > this.start && count >= MOST_PROBES && this.fallBack(now)
  }

  /** Another path: the search begins anew. */
  restart(): void {
    this.current = this.start
    this.tooLarge = this.most + 1
    this.lostProbes = this.lostInRow = 0
    this.isProbing = false
    this.raiseAt = Infinity
  }

  private fallBack(now: Micros): boolean {
    if (this.current <= BASE) return false
    this.tooLarge = this.current
    this.current = Math.min(BASE, this.start)
    this.lostInRow = this.lostProbes = 0
    this.raiseAt = after(now, RAISE_AFTER)
    return true
  }

  private noteEnd(now: Micros): void {
    if (this.tooLarge - this.current <= STEP) this.raiseAt = after(now, RAISE_AFTER)
  }
}
