/**
 * Segments that may still be on their way, in the order in which each was sent last: the list that RFC 8985 wants to be walked "from
 * the oldest". Sending, sending again, taking out and finding the oldest cost the same whatever the window is, so that RACK looks
 * at no segment that an ACK does not concern.
 *
 * Segments are named by the ordinal indices of the scoreboard, which keeps them in a ring of a power of two.
 */
const NONE = -1
const OUTSIDE = -2

export class SendOrder {
  private capacity: number
  /** The neighbours of each; `previous` is OUTSIDE of what is not in the list. */
  private previous: Float64Array
  private following: Float64Array
  private times: Float64Array
  private newest = NONE
  /** Sent before all others; -1: the list is empty. */
  oldest = NONE
  /** The newest of those that RACK knows to have been overtaken; -1: none was. What is older was, too. */
  overtaken = NONE

  constructor(capacity: number) {
    this.capacity = capacity
    this.previous = new Float64Array(capacity).fill(OUTSIDE)
    this.following = new Float64Array(capacity)
    this.times = new Float64Array(capacity)
  }

  /** When a segment was sent last, whether it is in the list or not. */
  sentAt(index: number): number {
    return this.times[index & (this.capacity - 1)]
  }

  /** The one that was sent after `index`, the oldest after -1; -1: there is none. */
  after(index: number): number {
    return index === NONE ? this.oldest : this.following[index & (this.capacity - 1)]
  }

  /** A segment leaves, for the first time or again. */
  sent(index: number, now: number): void {
    this.remove(index)
    const slot = index & (this.capacity - 1)
    this.times[slot] = now
    this.previous[slot] = this.newest
    this.following[slot] = NONE
    if (this.newest === NONE) this.oldest = index
    else this.following[this.newest & (this.capacity - 1)] = index
    this.newest = index
  }

  /** A segment has arrived or is taken for lost. */
  remove(index: number): void {
    const mask = this.capacity - 1
    const previous = this.previous[index & mask]
    if (previous === OUTSIDE) return
    const following = this.following[index & mask]
    if (previous === NONE) this.oldest = following
    else this.following[previous & mask] = following
    if (following === NONE) this.newest = previous
    else this.previous[following & mask] = previous
    if (this.overtaken === index) this.overtaken = previous
    this.previous[index & mask] = OUTSIDE
  }

  /** Room for twice as many; `head` and `tail` bound the indices in use. */
  grow(head: number, tail: number): void {
    const mask = this.capacity - 1
    const capacity = this.capacity * 2
    const move = (from: Float64Array, to: Float64Array): Float64Array => {
      for (let index = head; index < tail; index++) to[index & (capacity - 1)] = from[index & mask]
      return to
    }
    this.previous = move(this.previous, new Float64Array(capacity).fill(OUTSIDE))
    this.following = move(this.following, new Float64Array(capacity))
    this.times = move(this.times, new Float64Array(capacity))
    this.capacity = capacity
  }

  /** Makes the list anew of those that belong in it, by their times. */
  arrange(head: number, tail: number, belongs: (index: number) => boolean): void {
    const indices: number[] = []
    for (let index = head; index < tail; index++) if (belongs(index)) indices.push(index)
    indices.sort((a, b) => this.sentAt(a) - this.sentAt(b) || a - b)
    this.clear()
    for (const index of indices) this.sent(index, this.sentAt(index))
  }

  clear(): void {
    this.previous.fill(OUTSIDE)
    this.oldest = this.newest = this.overtaken = NONE
  }
}
