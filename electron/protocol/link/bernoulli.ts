import type { LossSpec } from '../../../shared/link.ts'
import type { Rng } from '../random.ts'
import { Chance } from './dice.ts'
import type { RandomLossModel } from './loss.ts'
import type { Transit } from './transit.ts'

/**
 * Each packet is lost with the same probability p. With a correlation c (see `CorrelatedDice`) losses group: a
 * loss is followed by another with c + (1-c)p.
 */
export class BernoulliLoss implements RandomLossModel {
  readonly reason = 'bernoulli'
  private readonly chance: Chance

  constructor(rng: Rng) {
    this.chance = new Chance(rng)
  }

  configure(spec: LossSpec): void {
    this.chance.configure(spec)
  }

  get active(): boolean {
    return this.chance.rate > 0
  }

  loses(transit: Transit): boolean {
    return this.chance.happens(transit.n)
  }

  meanLoss(): number {
    return this.chance.rate
  }

  meanBurst(): number {
    return 1 / ((1 - this.chance.correlation) * (1 - this.chance.rate))
  }
}
