/** The dynamic table that header sections are read with, at any moment (RFC 7541 2.3.2, RFC 9204 3.2). */

export interface TableChange {
  readonly what: string
  readonly name: string
  readonly value: string
  readonly limit: number
}

export interface TableEntry {
  readonly name: string
  readonly value: string
  /** RFC 7541 4.1. */
  readonly size: number
  /** The how-many-th change of this side put it there: unlike its index, this stays. */
  readonly change: number
}

export interface DynamicTable {
  /** Newest first: the first has index 62. */
  readonly entries: readonly TableEntry[]
  readonly size: number
  readonly limit: number
  /** Entries that the changes from `since` on put in and took out. */
  readonly added: number
  readonly evicted: readonly TableEntry[]
}

/** SETTINGS_HEADER_TABLE_SIZE at the start (RFC 9113 6.5.2), and what an entry costs beside its octets. */
const DEFAULT_LIMIT = 4096
const OVERHEAD = 32

/**
 * The table after the first `count` changes, and what those from `since` on have done to it. `capacity`: before any of them.
 */
export function tableAfter(
  changes: readonly TableChange[],
  count: number,
  since: number,
  capacity = DEFAULT_LIMIT,
): DynamicTable {
  /** Oldest first. */
  let entries: TableEntry[] = []
  const evicted: TableEntry[] = []
  let first = 0
  let limit = capacity
  changes.slice(0, count).forEach(({ what, name, value, limit: now }, change) => {
    limit = now
    if (what === 'insert') entries.push({ name, value, size: name.length + value.length + OVERHEAD, change })
    else if (what === 'evict' && first < entries.length) {
      if (change >= since) evicted.push(entries[first])
      first++
    }
  })
  entries = entries.slice(first).reverse()
  const added = entries.filter(({ change }) => change >= since).length
  return { entries, size: entries.reduce((sum, { size }) => sum + size, 0), limit, added, evicted }
}
