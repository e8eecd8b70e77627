/**
 * The encoder's dynamic table: what the decoder's will be, with what may be found, referred to and evicted (RFC 9204 2.1).
 */
import { DynamicTable, entrySize } from './dynamic-table.ts'
import type { TableEntry } from './fields.ts'

/** Below this share of the capacity, counted from the end at which entries go, one is worth a copy (RFC 9204 2.1.1.1). */
const DRAINING = 0.25

/** Any octets may stand in a name, so its length says where it ends. */
const lineKey = (name: string, value: string): string => `${name.length} ${name}${value}`

export class EncoderTable extends DynamicTable {
  /** Insertions that the decoder has acknowledged (RFC 9204 2.1.4). */
  known = 0
  /** Sections on the way that refer to an entry, by its absolute index. */
  private readonly references = new Map<number, number>()
  /** Newest entry of each name, and of each name with value. */
  private readonly byName = new Map<string, number>()
  private readonly byLine = new Map<string, number>()

  /** The newest entry with this name and value. */
  findLine(name: string, value: string): TableEntry | undefined {
    return this.found(this.byLine.get(lineKey(name, value)))
  }

  /** The newest entry with this name. */
  findName(name: string): TableEntry | undefined {
    return this.found(this.byName.get(name))
  }

  /** It is among the next to go. */
  isDraining({ absolute }: TableEntry): boolean {
    let end = this.capacity - this.size
    for (const entry of this.entries()) {
      end += entry.size
      if (end > this.capacity * DRAINING) return false
      if (entry.absolute === absolute) return true
    }
    return false
  }

  /** Whether an entry may be inserted: those that go for it are acknowledged, and nothing refers to them (RFC 9204 2.1.1). */
  canInsert(name: string, value: string): boolean {
    const size = entrySize(name, value)
    return size <= this.capacity && this.canMakeRoom(this.capacity - size)
  }

  /** Whether the oldest entries down to `room` octets may be evicted. */
  canMakeRoom(room: number): boolean {
    let left = this.size
    for (const { absolute, size } of this.entries()) {
      if (left <= room) return true
      if (absolute >= this.known || this.references.has(absolute)) return false
      left -= size
    }
    return left <= room
  }

  insert(
    name: string,
    value: string,
  ): { readonly entry: TableEntry; readonly evicted: readonly TableEntry[] } {
    const evicted = this.makeRoom(entrySize(name, value))
    for (const gone of evicted) this.forget(gone)
    const entry = this.add(name, value)
    this.byName.set(name, entry.absolute)
    this.byLine.set(lineKey(name, value), entry.absolute)
    return { entry, evicted }
  }

  /** RFC 9204 3.2.3, after `canMakeRoom`. */
  resize(capacity: number): readonly TableEntry[] {
    const evicted = this.setCapacity(capacity)
    for (const gone of evicted) this.forget(gone)
    return evicted
  }

  refer(absolute: number): void {
    this.references.set(absolute, (this.references.get(absolute) ?? 0) + 1)
  }

  unrefer(absolute: number): void {
    const count = this.references.get(absolute) ?? 0
    if (count > 1) this.references.set(absolute, count - 1)
    else this.references.delete(absolute)
  }

  private found(absolute: number | undefined): TableEntry | undefined {
    return absolute === undefined ? undefined : this.get(absolute)
  }

  private forget({ name, value, absolute }: TableEntry): void {
    if (this.byName.get(name) === absolute) this.byName.delete(name)
    const line = lineKey(name, value)
    if (this.byLine.get(line) === absolute) this.byLine.delete(line)
  }
}
