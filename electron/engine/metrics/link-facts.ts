/** What the links of one lane did, direction by direction. */
import { Mean } from './mean.ts'

export class DirectionFacts {
  delivered = 0
  /** Packets that died, by reason. */
  readonly dropped = new Map<string, number>()
  /** Time on the link of packets that came out, microseconds. */
  readonly delay = new Mean()
  /** The same of the last of them; null: none came out. */
  lastDelay: number | null = null
  /** The most that the queue held, bytes. */
  queueMax = 0
  duplicated = 0
  corrupted = 0
  reordered = 0

  get lost(): number {
    let sum = 0
    for (const count of this.dropped.values()) sum += count
    return sum
  }

  drop(reason: string): void {
    this.dropped.set(reason, (this.dropped.get(reason) ?? 0) + 1)
  }
}

export class LinkFacts {
  /** Up, from side a to side b, and down. */
  readonly directions: readonly [DirectionFacts, DirectionFacts] = [
    new DirectionFacts(),
    new DirectionFacts(),
  ]

  direction(number: number): DirectionFacts {
    return this.directions[number === 1 ? 1 : 0]
  }
}
