/** Turns 32-bit sequence numbers into ever-growing ones by their distance from the highest so far (RFC 9293 3.4). */
export class Unwrapper {
  private base: number | undefined
  /** The highest so far, relative to the first. */
  private high = 0

  relative(seq: number): number {
    this.base ??= seq
    const highSeq = (this.base + this.high) % 2 ** 32
    return this.high + ((seq - highSeq) | 0)
  }

  /** Everything before `value` has been sent. */
  advance(value: number): void {
    if (value > this.high) this.high = value
  }
}
