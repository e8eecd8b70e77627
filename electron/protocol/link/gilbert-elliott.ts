/**
 * Gilbert, "Capacity of a burst-noise channel", 1960; Elliott, "Estimates of error rates for codes on
 * burst-noise channels", 1963. Two states, each with its own loss; a step of the chain for each packet.
 */
import type { GilbertElliottSpec } from '../../../shared/link.ts'
import type { Rng } from '../random.ts'
import { PacketDice } from './dice.ts'
import type { RandomLossModel } from './loss.ts'
import type { Transit } from './transit.ts'

export class GilbertElliottLoss extends PacketDice implements RandomLossModel {
  readonly reason = 'gilbert_elliott'
  private spec: GilbertElliottSpec = { p: 0, r: 1, lossBad: 1, lossGood: 0 }
  private bad: boolean | undefined
  private lost = false
  private readonly start: number

  constructor(rng: Rng) {
    super(rng)
    this.start = rng.next()
  }

  configure(spec: GilbertElliottSpec): void {
    this.spec = spec
  }

  get active(): boolean {
    return this.spec.lossGood > 0 || (this.spec.p > 0 && this.spec.lossBad > 0)
  }

  loses(transit: Transit): boolean {
    this.advanceTo(transit.n)
    return this.lost
  }

  meanLoss(): number {
    const bad = this.shareBad()
    return bad * this.spec.lossBad + (1 - bad) * this.spec.lossGood
  }

  /** Losses for each loss that follows a packet which got through. */
  meanBurst(): number {
    const { p, r, lossBad, lossGood } = this.spec
    const bad = this.shareBad()
    const lostTwice =
      bad * lossBad * ((1 - r) * lossBad + r * lossGood) +
      (1 - bad) * lossGood * ((1 - p) * lossGood + p * lossBad)
    return this.meanLoss() / (this.meanLoss() - lostTwice)
  }

  protected override throwOnce(): void {
    const { p, r, lossBad, lossGood } = this.spec
    const step = this.rng.next()
    const loss = this.rng.next()
    // The chain starts as if it had run for ever, so that the first packets are no exception.
    this.bad ??= this.start < this.shareBad()
    this.bad = this.bad ? step >= r : step < p
    this.lost = loss < (this.bad ? lossBad : lossGood)
  }

  /** The long-run share of packets that meet the bad state. */
  private shareBad(): number {
    const { p, r } = this.spec
    return p === 0 ? 0 : p / (p + r)
  }
}
