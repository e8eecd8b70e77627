/** What an experiment does at set moments: a node of the world that has no port. */
import type { Micros } from '../../shared/units.ts'
import type { SansIo } from '../protocol/sansio.ts'

export class Timeline<Step extends { readonly at: number }> implements SansIo<never> {
  private readonly steps: readonly Step[]
  private readonly apply: (now: Micros, step: Step) => void
  private next = 0

  constructor(steps: readonly Step[], apply: (now: Micros, step: Step) => void) {
    this.steps = [...steps].sort((a, b) => a.at - b.at)
    this.apply = apply
  }

  handleDatagram(): void {
    // It has no port, so nothing comes.
  }

  handleTimeout(now: Micros): void {
    while (this.next < this.steps.length && this.steps[this.next].at <= now)
      this.apply(now, this.steps[this.next++])
  }

  pollTransmit(): undefined {
    return undefined
  }

  pollTimeout(): Micros | undefined {
    return this.steps[this.next]?.at as Micros | undefined
  }

  pollEvent(): undefined {
    return undefined
  }
}
