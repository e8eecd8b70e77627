/** The dynamic table (RFC 9204 3.2), the same at encoder and decoder: entries by absolute index, oldest evicted first. */
import type { TableEntry } from './fields.ts'

/** What an entry costs beside its octets (RFC 9204 3.2.1). */
export const ENTRY_OVERHEAD = 32

export const entrySize = (name: string, value: string): number => name.length + value.length + ENTRY_OVERHEAD

const NONE: readonly TableEntry[] = []

export class DynamicTable {
  /** Oldest first, from `first` on; what stands before it is gone. */
  private slots: (TableEntry | undefined)[] = []
  private first = 0
  capacity = 0
  size = 0
  /** Entries that were ever inserted. */
  insertCount = 0

  /** Absolute index of the oldest entry; `insertCount` when there is none. */
  get oldest(): number {
    return this.insertCount - (this.slots.length - this.first)
  }

  /** The entry with this absolute index; undefined: evicted, or not inserted yet. */
  get(absolute: number): TableEntry | undefined {
    return absolute >= this.oldest && absolute < this.insertCount
      ? this.slots[this.first + absolute - this.oldest]
      : undefined
  }

  /** Makes room for an entry of `size` and tells which ones went for it (RFC 9204 3.2.2). */
  makeRoom(size: number): readonly TableEntry[] {
    if (this.size <= this.capacity - size) return NONE
    const evicted: TableEntry[] = []
    while (this.size > this.capacity - size && this.first < this.slots.length) {
      const entry = this.slots[this.first]!
      this.slots[this.first++] = undefined
      this.size -= entry.size
      evicted.push(entry)
    }
    // Moved up only now and then, so that an eviction costs the same however long the table is.
    if (this.first > 64 && this.first * 2 > this.slots.length) {
      this.slots = this.slots.slice(this.first)
      this.first = 0
    }
    return evicted
  }

  /** Adds an entry that fits, after `makeRoom`. */
  add(name: string, value: string): TableEntry {
    const entry = { name, value, absolute: this.insertCount++, size: entrySize(name, value) }
    this.slots.push(entry)
    this.size += entry.size
    return entry
  }

  /** RFC 9204 3.2.2, 3.2.3: a smaller capacity evicts. */
  setCapacity(capacity: number): readonly TableEntry[] {
    this.capacity = capacity
    return this.makeRoom(0)
  }

  /** Oldest first. */
  *entries(): Generator<TableEntry> {
    for (let at = this.first; at < this.slots.length; at++) yield this.slots[at]!
  }
}
