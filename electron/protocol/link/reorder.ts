import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Transit } from './transit.ts'

interface Held {
  readonly transit: Transit
  readonly until: Micros
  ahead: number
}

/**
 * Packets that were chosen to come out late: each waits, at the far end, until `gap` others have come out since
 * its turn, or until `hold` is over.
 */
export class HoldBack {
  private held: Held[] = []

  get size(): number {
    return this.held.length
  }

  hold(now: Micros, transit: Transit, hold: number): void {
    this.held.push({ transit, until: after(now, hold), ahead: transit.gap })
  }

  /** Another packet came out; gives those whose wait is over by it. */
  onDelivered(): Transit[] {
    for (const held of this.held) held.ahead--
    return this.release((held) => held.ahead <= 0)
  }

  /** Those that have waited as long as may be. */
  expire(now: Micros): Transit[] {
    return this.release((held) => held.until <= now)
  }

  nextExpiry(): Micros {
    return this.held.reduce((first, held) => (held.until < first ? held.until : first), micros(Infinity))
  }

  take(id: number): Transit | undefined {
    return this.release((held) => held.transit.id === id)[0]
  }

  list(): readonly { readonly transit: Transit; readonly until: Micros }[] {
    return this.held
  }

  private release(over: (held: Held) => boolean): Transit[] {
    const free = this.held.filter(over)
    if (free.length > 0) this.held = this.held.filter((held) => !free.includes(held))
    return free.map((held) => held.transit)
  }
}
