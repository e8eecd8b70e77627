/** What is due when: a binary heap in which each entry knows its place, so that a changed time is moved, not added. */

export interface Due {
  /** Infinity: never. */
  dueAt: number
  /** Place in the order of those that are due at the same time. */
  order: number
  /** Index in the heap; -1: not in it. Owned by the agenda. */
  place: number
}

const isBefore = (a: Due, b: Due): boolean => a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order)

/** Entries by time, and by the order in which they were put down among equals (DESIGN 4.3). */
export class Agenda<T extends Due> {
  private readonly heap: T[] = []
  private insertions = 0

  /** The entry that is due first. */
  first(): T | undefined {
    return this.heap[0]
  }

  /** Puts `entry` down for `dueAt`; an entry that is already down for that time keeps its place. */
  set(entry: T, dueAt: number): void {
    if (entry.place >= 0 && entry.dueAt === dueAt) return
    entry.dueAt = dueAt
    if (dueAt === Infinity) {
      if (entry.place >= 0) this.remove(entry)
      return
    }
    entry.order = this.insertions++
    if (entry.place < 0) {
      entry.place = this.heap.length
      this.heap.push(entry)
    }
    this.siftDown(this.siftUp(entry), entry)
  }

  private remove(entry: T): void {
    const last = this.heap.pop()!
    const hole = entry.place
    entry.place = -1
    if (last === entry) return
    last.place = hole
    this.heap[hole] = last
    this.siftDown(this.siftUp(last), last)
  }

  private siftUp(entry: T): number {
    let i = entry.place
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(entry, this.heap[parent])) break
      this.put(this.heap[parent], i)
      i = parent
    }
    this.put(entry, i)
    return i
  }

  private siftDown(from: number, entry: T): void {
    let i = from
    for (;;) {
      let child = 2 * i + 1
      if (child >= this.heap.length) break
      if (child + 1 < this.heap.length && isBefore(this.heap[child + 1], this.heap[child])) child++
      if (!isBefore(this.heap[child], entry)) break
      this.put(this.heap[child], i)
      i = child
    }
    this.put(entry, i)
  }

  private put(entry: T, place: number): void {
    this.heap[place] = entry
    entry.place = place
  }
}
