/**
 * The connections of a stack by the time of their next timer: a binary heap. Timers that are put off (the
 * retransmission timer is, with every ACK) do not move a connection in it: it is woken at the old time, finds nothing due
 * and goes back. So a deadline costs O(log n) at most, and nothing on the way of an ACK.
 */
export interface Sleeper {
  /** Place in the heap; -1: not in it. */
  heapIndex: number
  /** When to wake it: its deadline or earlier. */
  wakeAt: number
}

export class Deadlines<S extends Sleeper> {
  private readonly heap: S[] = []

  /** The next time, or Infinity. */
  get earliest(): number {
    return this.heap.length === 0 ? Infinity : this.heap[0].wakeAt
  }

  /** Sees to it that `sleeper` is woken at `at` at the latest. */
  wakeBy(sleeper: S, at: number): void {
    if (sleeper.heapIndex >= 0) {
      if (at >= sleeper.wakeAt) return
      sleeper.wakeAt = at
      this.siftUp(sleeper.heapIndex)
    } else if (at !== Infinity) {
      sleeper.wakeAt = at
      sleeper.heapIndex = this.heap.length
      this.heap.push(sleeper)
      this.siftUp(sleeper.heapIndex)
    }
  }

  /** Takes out one whose time has come, or undefined. */
  takeDue(now: number): S | undefined {
    if (this.heap.length === 0 || this.heap[0].wakeAt > now) return undefined
    const sleeper = this.heap[0]
    this.remove(sleeper)
    return sleeper
  }

  remove(sleeper: S): void {
    const at = sleeper.heapIndex
    if (at < 0) return
    sleeper.heapIndex = -1
    sleeper.wakeAt = Infinity
    const last = this.heap.pop()!
    if (last === sleeper) return
    this.put(last, at)
    this.siftUp(at)
    this.siftDown(last.heapIndex)
  }

  private put(sleeper: S, at: number): void {
    this.heap[at] = sleeper
    sleeper.heapIndex = at
  }

  private siftUp(from: number): void {
    const sleeper = this.heap[from]
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.heap[parent].wakeAt <= sleeper.wakeAt) break
      this.put(this.heap[parent], at)
      at = parent
    }
    this.put(sleeper, at)
  }

  private siftDown(from: number): void {
    const sleeper = this.heap[from]
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.heap.length) break
      if (child + 1 < this.heap.length && this.heap[child + 1].wakeAt < this.heap[child].wakeAt) child++
      if (this.heap[child].wakeAt >= sleeper.wakeAt) break
      this.put(this.heap[child], at)
      at = child
    }
    this.put(sleeper, at)
  }
}
