/** What of a channel has come in: how often each message, and whether later ones were here before it. */
export interface Counted {
  /** 1 for the first time, 2 for the first duplicate. */
  readonly copy: number
  /** A message with a higher number was here before. */
  readonly late: boolean
}

export class Tally {
  private readonly copies = new Map<number, number>()
  /** The largest number so far; 0: nothing has come. */
  highest = 0

  count(number: number): Counted {
    const copy = (this.copies.get(number) ?? 0) + 1
    const late = number < this.highest
    this.copies.set(number, copy)
    this.highest = Math.max(this.highest, number)
    return { copy, late }
  }
}
