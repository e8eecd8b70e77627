/** How many have come in from outside of the lab, and how many of them are there: connections of TCP, mappings of UDP. */

/** Each takes a socket of the kernel on either side, and memory; more than this is not a program but a flood. */
const MOST = 1_024

export class Visitors {
  /** Told of each change. */
  onChange: () => void = () => undefined
  private present = 0
  private came = 0
  private turnedAway = 0

  get open(): number {
    return this.present
  }

  /** All that were ever let in. */
  get total(): number {
    return this.came
  }

  get refused(): number {
    return this.turnedAway
  }

  get isFull(): boolean {
    return this.present >= MOST
  }

  /** One wants to come in; returns whether there is room. */
  admit(): boolean {
    const isLetIn = !this.isFull
    if (isLetIn) {
      this.present++
      this.came++
    } else this.turnedAway++
    this.onChange()
    return isLetIn
  }

  leave(): void {
    this.present--
    this.onChange()
  }
}
