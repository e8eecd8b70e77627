import type { SpikeSpec } from '../../../shared/link.ts'
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Rng } from '../random.ts'

/** More mean intervals than this without a packet are skipped: the exponential law has no memory. */
const LONG_IDLE = 64

/** Sudden extra delays that come at random (a Poisson process) and decay linearly. Dice by time, not by packet. */
export class Spikes {
  private readonly rng: Rng
  private spec: SpikeSpec = { every: 0, extra: 0, duration: 0 }
  private begun: Micros | undefined
  private next: Micros | undefined

  constructor(rng: Rng) {
    this.rng = rng
  }

  configure(spec: SpikeSpec): void {
    if (spec.every !== this.spec.every) this.next = undefined
    this.spec = spec
  }

  get active(): boolean {
    return this.spec.every > 0 && this.spec.extra > 0
  }

  /** Microseconds that a packet sent at `now` is late by. */
  extraAt(now: Micros): number {
    const { extra, duration, every } = this.spec
    const idle = this.next === undefined ? 0 : now - this.next
    if (this.next === undefined || idle > LONG_IDLE * every) {
      this.next = this.gapAfter(idle > 0 ? micros(now - LONG_IDLE * every) : now)
    }
    while (this.next <= now) {
      this.begun = this.next
      this.next = this.gapAfter(this.next)
    }
    const age = this.begun === undefined ? Infinity : now - this.begun
    return age < duration ? extra * (1 - age / duration) : 0
  }

  private gapAfter(t: Micros): Micros {
    return after(t, -this.spec.every * Math.log(1 - this.rng.next()))
  }
}
