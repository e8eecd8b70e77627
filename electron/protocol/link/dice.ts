import type { Rng } from '../random.ts'

/**
 * Dice that are thrown once for every packet of a direction, by its number. A packet that never came this
 * far (it died in the queue, or the impairment was off) has its throw made up for, so what the n-th packet
 * meets depends on the seed, the direction and n, and on no other knob.
 */
export abstract class PacketDice {
  protected readonly rng: Rng
  private thrown = 0

  constructor(rng: Rng) {
    this.rng = rng
  }

  /** Throws for all packets up to the n-th. */
  protected advanceTo(n: number): void {
    while (this.thrown < n) {
      this.thrown++
      this.throwOnce()
    }
  }

  /** The throw of one packet: always the same number of draws, whatever the settings. */
  protected abstract throwOnce(): void
}

/**
 * A uniform number a packet; with probability c it is the one of the packet before. So any two neighbours have
 * the correlation c, and each number by itself stays uniform: what is asked for by a threshold or a distribution is
 * what comes out. (Linux netem mixes instead, x' = (1-c)u + cx, which draws towards 1/2: of a loss of 10 %
 * with c = 0.25 it delivers 1.7 %.)
 */
export class CorrelatedDice extends PacketDice {
  correlation = 0
  private value: number

  constructor(rng: Rng) {
    super(rng)
    this.value = rng.next()
  }

  /** The number of the n-th packet, in [0, 1). */
  at(n: number): number {
    this.advanceTo(n)
    return this.value
  }

  protected override throwOnce(): void {
    const fresh = this.rng.next()
    if (this.rng.next() >= this.correlation) this.value = fresh
  }
}

/** A share of the packets, as `duplicate`, `corrupt`, `reorder` and `loss` want it. */
export class Chance {
  rate = 0
  private readonly dice: CorrelatedDice

  constructor(rng: Rng) {
    this.dice = new CorrelatedDice(rng)
  }

  configure(spec: { readonly rate: number; readonly correlation: number }): void {
    this.rate = spec.rate
    this.dice.correlation = spec.correlation
  }

  get correlation(): number {
    return this.dice.correlation
  }

  get correlated(): boolean {
    return this.dice.correlation > 0
  }

  happens(n: number): boolean {
    return this.dice.at(n) < this.rate
  }
}
