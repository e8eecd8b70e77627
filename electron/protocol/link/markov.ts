/**
 * Salsano, Ludovici, Ordine, Giannuzzi, "Definition of a general and intuitive loss model for packet
 * networks and its implementation in the Netem module", 2012: the four states of netem's `loss state`.
 */
import type { MarkovSpec } from '../../../shared/link.ts'
import type { Rng } from '../random.ts'
import { PacketDice } from './dice.ts'
import type { RandomLossModel } from './loss.ts'
import type { Transit } from './transit.ts'

/** 1: received in a gap, 2: received in a burst, 3: lost in a burst, 4: lost alone, within a gap. */
type State = 1 | 2 | 3 | 4

export class MarkovLoss extends PacketDice implements RandomLossModel {
  readonly reason = 'markov'
  private spec: MarkovSpec = { p13: 0, p31: 1, p32: 0, p23: 1, p14: 0 }
  private state: State | undefined
  private readonly start: number

  constructor(rng: Rng) {
    super(rng)
    this.start = rng.next()
  }

  configure(spec: MarkovSpec): void {
    this.spec = spec
  }

  get active(): boolean {
    return this.spec.p13 > 0 || this.spec.p14 > 0
  }

  loses(transit: Transit): boolean {
    this.advanceTo(transit.n)
    return this.state === 3 || this.state === 4
  }

  meanLoss(): number {
    const share = this.shares()
    return share[2] + share[3]
  }

  meanBurst(): number {
    const { p13, p14, p23 } = this.spec
    const share = this.shares()
    return this.meanLoss() / (share[0] * (p13 + p14) + share[1] * p23)
  }

  protected override throwOnce(): void {
    const u = this.rng.next()
    this.state = this.step(this.state ?? this.stationaryState(), u)
  }

  private step(from: State, u: number): State {
    const { p13, p14, p31, p32, p23 } = this.spec
    switch (from) {
      case 1:
        return u < p14 ? 4 : u < p14 + p13 ? 3 : 1
      case 2:
        return u < p23 ? 3 : 2
      case 3:
        return u < p32 ? 2 : u < p32 + p31 ? 1 : 3
      case 4:
        return 1
    }
  }

  /** The chain starts as if it had run for ever. */
  private stationaryState(): State {
    const share = this.shares()
    let u = this.start
    for (const state of [1, 2, 3] as const) {
      if (u < share[state - 1]) return state
      u -= share[state - 1]
    }
    return share[3] > 0 ? 4 : 1
  }

  /**
   * Long-run shares of the four states, from the balance of flows: 1<->3, 2<->3 and 1<->4 balance each for
   * itself. A burst that never ends (p31 = 0), or one that falls silent for ever (p23 = 0), keeps all.
   */
  private shares(): [number, number, number, number] {
    const { p13, p14, p31, p32, p23 } = this.spec
    if (p13 > 0 && p32 > 0 && p23 === 0) return [0, 1, 0, 0]
    const inBurst = p13 > 0 && p32 > 0 ? p32 / p23 : 0
    if (p13 > 0 && p31 === 0) return [0, inBurst / (inBurst + 1), 1 / (inBurst + 1), 0]
    const three = p13 === 0 ? 0 : p13 / p31
    const sum = 1 + three * inBurst + three + p14
    return [1 / sum, (three * inBurst) / sum, three / sum, p14 / sum]
  }
}
