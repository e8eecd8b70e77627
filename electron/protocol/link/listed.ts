import type { LossModel } from './loss.ts'
import type { Transit } from './transit.ts'

/** Every n-th packet of the direction. */
export class EveryNthLoss implements LossModel {
  readonly reason = 'every_nth'
  private readonly every: number

  /** `every` is at least 1. */
  constructor(every: number) {
    this.every = every
  }

  loses(transit: Transit): boolean {
    return transit.n % this.every === 0
  }
}

/** Exactly the packets with these numbers. */
export class ListedLoss implements LossModel {
  readonly reason = 'listed'
  private readonly numbers: ReadonlySet<number>

  constructor(numbers: readonly number[]) {
    this.numbers = new Set(numbers)
  }

  loses(transit: Transit): boolean {
    return this.numbers.has(transit.n)
  }
}
