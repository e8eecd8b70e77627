/**
 * A set of disjoint, sorted ranges [left, right) of positions. Sender and receiver both keep one: what the
 * peer has selectively acknowledged, and what has arrived out of order. Finding is O(log n); adding costs
 * what is new, not what is there already, so a SACK block that grows by a segment an ACK stays cheap.
 */
export class RangeSet {
  private readonly lefts: number[] = []
  private readonly rights: number[] = []
  /** What the last `add` brought that was not there before: left, right, left, right ... Reused. */
  readonly added: number[] = []

  get size(): number {
    return this.lefts.length
  }

  left(i: number): number {
    return this.lefts[i]
  }

  right(i: number): number {
    return this.rights[i]
  }

  /** The right end of the last range, or -Infinity. */
  get top(): number {
    return this.rights.length === 0 ? -Infinity : this.rights[this.rights.length - 1]
  }

  /** The first range that ends after `position`; `size` when there is none. */
  indexAfter(position: number): number {
    const rights = this.rights
    let low = 0
    let high = rights.length
    // Most questions are about the end of the set.
    if (high > 0 && rights[high - 1] <= position) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (rights[middle] > position) high = middle
      else low = middle + 1
    }
    return low
  }

  /** The range that contains `position`, or -1. */
  indexOf(position: number): number {
    const i = this.indexAfter(position)
    return i < this.lefts.length && this.lefts[i] <= position ? i : -1
  }

  /** How many ranges begin above `position`. */
  countAbove(position: number): number {
    const i = this.indexAfter(position)
    const inside = i < this.lefts.length && this.lefts[i] <= position
    return this.lefts.length - i - (inside ? 1 : 0)
  }

  /** Adds [left, right), fills `added`, and returns the index of the range that now contains it. */
  add(left: number, right: number): number {
    const { lefts, rights, added } = this
    added.length = 0
    // Ranges that touch are merged: the first that ends at or after `left`.
    const first = this.indexAfter(left - 0.5)
    if (first < lefts.length && lefts[first] <= left && rights[first] >= right) return first
    let end = first
    let cursor = left
    while (end < lefts.length && lefts[end] <= right) {
      if (lefts[end] > cursor) added.push(cursor, lefts[end])
      if (rights[end] > cursor) cursor = rights[end]
      end++
    }
    if (cursor < right) added.push(cursor, right)
    if (end === first) {
      lefts.splice(first, 0, left)
      rights.splice(first, 0, right)
      return first
    }
    lefts[first] = Math.min(left, lefts[first])
    rights[first] = Math.max(right, rights[end - 1])
    if (end - first > 1) {
      lefts.splice(first + 1, end - first - 1)
      rights.splice(first + 1, end - first - 1)
    }
    return first
  }

  /** Forgets everything below `position`. */
  removeBelow(position: number): void {
    if (this.lefts.length === 0 || this.lefts[0] >= position) return
    const whole = this.indexAfter(position)
    if (whole > 0) {
      this.lefts.splice(0, whole)
      this.rights.splice(0, whole)
    }
    if (this.lefts.length > 0 && this.lefts[0] < position) this.lefts[0] = position
  }

  clear(): void {
    this.lefts.length = 0
    this.rights.length = 0
  }
}
