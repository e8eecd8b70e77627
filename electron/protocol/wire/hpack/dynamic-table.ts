/** The dynamic table (RFC 7541 2.3.2, 4): newest entry first, the oldest go when it would grow beyond its maximum. */
import type { NameValue } from './static-table.ts'

/** What an entry costs beside its octets (RFC 7541 4.1). */
export const ENTRY_OVERHEAD = 32

export interface TableEntry extends NameValue {
  /** Octets of name and value, and the overhead. */
  readonly size: number
  /** The how-many-th insertion of the connection it was, from 1: its index changes with each later one, this does not. */
  readonly insertion: number
}

/** The table at one moment; it does not change afterwards. */
export interface TableSnapshot {
  readonly maxSize: number
  readonly size: number
  /** Newest first: the first is index 62 in a header block. */
  readonly entries: readonly TableEntry[]
}

const NONE: readonly TableEntry[] = []

export class DynamicTable {
  /** Oldest first, from `first` on; what stands before it is gone. */
  private entries: (TableEntry | undefined)[] = []
  private first = 0
  private insertions = 0
  size = 0
  maxSize: number

  constructor(maxSize: number) {
    this.maxSize = maxSize
  }

  /** Number of entries. */
  get length(): number {
    return this.entries.length - this.first
  }

  /** The `position`-th newest, from 1; undefined when there are not so many. */
  get(position: number): TableEntry | undefined {
    return position >= 1 && position <= this.length ? this.entries[this.entries.length - position] : undefined
  }

  /** Adds an entry and tells which ones went for it. One larger than the table empties it (RFC 7541 4.4). */
  insert(name: string, value: string): { entry?: TableEntry; evicted: readonly TableEntry[] } {
    const size = name.length + value.length + ENTRY_OVERHEAD
    const evicted = this.evict(this.maxSize - size)
    if (size > this.maxSize) return { evicted }
    const entry = { name, value, size, insertion: ++this.insertions }
    this.entries.push(entry)
    this.size += size
    return { entry, evicted }
  }

  /** Sets another maximum and tells which entries went for it (RFC 7541 4.3). */
  resize(maxSize: number): readonly TableEntry[] {
    this.maxSize = maxSize
    return this.evict(maxSize)
  }

  snapshot(): TableSnapshot {
    const entries = (this.entries.slice(this.first) as TableEntry[]).reverse()
    return { maxSize: this.maxSize, size: this.size, entries }
  }

  private evict(room: number): readonly TableEntry[] {
    if (this.size <= room) return NONE
    const evicted: TableEntry[] = []
    while (this.size > room && this.length > 0) {
      const entry = this.entries[this.first]!
      this.entries[this.first++] = undefined
      this.size -= entry.size
      evicted.push(entry)
    }
    // Moved up only now and then, so that an eviction costs the same however long the table is.
    if (this.first > 64 && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first)
      this.first = 0
    }
    return evicted
  }
}
