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
 * A uniform number a packet, correlated in the manner of Linux netem (`get_crandom`): x' = (1-c)u + cx.
 * This is not uniform any more when c > 0: it keeps its mean of 1/2, but its variance shrinks by
 * (1-c)/(1+c). A threshold far from 1/2 is therefore passed less often than asked for; the audit shows it.
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
    const u = this.rng.next()
    this.value = this.correlation === 0 ? u : (1 - this.correlation) * u + this.correlation * this.value
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

  get correlated(): boolean {
    return this.dice.correlation > 0
  }

  happens(n: number): boolean {
    return this.dice.at(n) < this.rate
  }
}
