import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Transit } from './transit.ts'

interface Held {
  readonly transit: Transit
  readonly until: Micros
  /** It comes out when so many packets have passed. */
  readonly behind: number
}

/**
 * Packets that were chosen to come out late: each waits, at the far end, until `gap` others have come out since
 * its turn, or until `hold` is over.
 */
export class HoldBack {
  private held: Held[] = []
  private passed = 0
  /** The least of those that are held; every packet that passes asks for them. */
  private firstBehind = Infinity
  private firstUntil = micros(Infinity)

  get size(): number {
    return this.held.length
  }

  hold(now: Micros, transit: Transit, hold: number): void {
    const held = { transit, until: after(now, hold), behind: this.passed + transit.gap }
    this.held.push(held)
    this.firstBehind = Math.min(this.firstBehind, held.behind)
    if (held.until < this.firstUntil) this.firstUntil = held.until
  }

  /** Another packet came out; gives those whose wait is over by it. */
  onDelivered(): Transit[] {
    this.passed++
    return this.passed < this.firstBehind ? [] : this.release((held) => held.behind <= this.passed)
  }

  /** Those that have waited as long as may be. */
  expire(now: Micros): Transit[] {
    return this.release((held) => held.until <= now)
  }

  nextExpiry(): Micros {
    return this.firstUntil
  }

  take(id: number): Transit | undefined {
    return this.release((held) => held.transit.id === id)[0]
  }

  list(): readonly { readonly transit: Transit; readonly until: Micros }[] {
    return this.held
  }

  private release(over: (held: Held) => boolean): Transit[] {
    const free = this.held.filter(over)
    this.held = this.held.filter((held) => !over(held))
    this.findFirst()
    return free.map((held) => held.transit)
  }

  private findFirst(): void {
    this.firstBehind = Infinity
    this.firstUntil = micros(Infinity)
    for (const { behind, until } of this.held) {
      if (behind < this.firstBehind) this.firstBehind = behind
      if (until < this.firstUntil) this.firstUntil = until
    }
  }
}
