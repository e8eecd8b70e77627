import type { SlotSpec } from '../../../shared/link.ts'
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Rng } from '../random.ts'

/**
 * Packets are let go in slots, in the order in which they were sent (a packet that would overtake by its
 * jitter goes with the slot that is open). The grid of slots begins with the run. Dice by slot.
 */
export class Slots {
  private readonly rng: Rng
  private spec: SlotSpec = { min: 0, max: 0, packets: 0 }
  private slot: Micros = micros(0)
  private taken = 0

  constructor(rng: Rng) {
    this.rng = rng
  }

  configure(spec: SlotSpec): void {
    this.spec = spec
  }

  get active(): boolean {
    return this.spec.max > 0
  }

  /** When a packet that is due at `due` may go. */
  next(due: Micros): Micros {
    const { packets, max } = this.spec
    // A long idle time is passed over in whole steps of `max`: the grid stays a grid, and this stays short.
    if (due > this.slot) this.open(after(this.slot, Math.floor((due - this.slot) / max) * max))
    while (this.slot < due || (packets > 0 && this.taken >= packets)) {
      const { min } = this.spec
      this.open(after(this.slot, min + (max - min) * this.rng.next()))
    }
    this.taken++
    return this.slot
  }

  private open(at: Micros): void {
    if (at > this.slot) this.taken = 0
    this.slot = at
  }
}
