/** Growable columns of numbers, the only place where a trace is kept in memory. */
import { EVENTS, type EventName, type FieldSpec, type FieldType } from './events.ts'

export type NumberArray = Uint8Array | Uint16Array | Uint32Array | Float64Array

const ARRAYS = {
  u8: Uint8Array,
  flag: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  str: Uint32Array,
  f64: Float64Array,
  ranges: Uint32Array,
} as const satisfies Record<FieldType, unknown>

/** An empty typed array of the kind that stores fields of `type`; for `ranges`, that of its values. */
export function allocate(type: FieldType, length: number): NumberArray {
  return new ARRAYS[type](length)
}

export const bytesPerElement = (type: FieldType): number => ARRAYS[type].BYTES_PER_ELEMENT

/** Above this many elements a column grows by an eighth, so that a long run wastes little memory. */
const LARGE = 65_536

/** A typed array that grows by half when it is full, by an eighth when it is large. */
export class Column {
  readonly type: FieldType
  data: NumberArray
  length = 0

  constructor(type: FieldType, capacity = 64) {
    this.type = type
    this.data = allocate(type, capacity)
  }

  push(value: number): void {
    if (this.length === this.data.length) this.grow(this.length + 1)
    this.data[this.length++] = value
  }

  append(values: NumberArray): void {
    if (this.length + values.length > this.data.length) this.grow(this.length + values.length)
    this.data.set(values as Uint8Array, this.length)
    this.length += values.length
  }

  get(row: number): number {
    return this.data[row]
  }

  /** The filled part, not a copy; valid until the next push. */
  view(): NumberArray {
    return this.data.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
  }

  get byteLength(): number {
    return this.data.byteLength
  }

  private grow(needed: number): void {
    const next = allocate(
      this.type,
      Math.max(needed, Math.ceil(this.data.length * (this.data.length < LARGE ? 1.5 : 1.125))),
    )
    next.set(this.data as Uint8Array)
    this.data = next
  }
}

/** A column of lists: row i holds values[ends[i - 1]] to values[ends[i]]. */
export class ListColumn {
  readonly values = new Column('u32', 16)
  readonly ends = new Column('u32', 16)

  push(list: readonly number[]): void {
    for (let i = 0; i < list.length; i++) this.values.push(list[i])
    this.ends.push(this.values.length)
  }

  append(values: NumberArray, ends: NumberArray): void {
    const base = this.values.length
    this.values.append(values)
    for (let i = 0; i < ends.length; i++) this.ends.push(base + ends[i])
  }

  get(row: number): NumberArray {
    return this.values.data.subarray(row === 0 ? 0 : this.ends.get(row - 1), this.ends.get(row))
  }

  get length(): number {
    return this.ends.length
  }

  clear(): void {
    this.values.clear()
    this.ends.clear()
  }

  get byteLength(): number {
    return this.values.byteLength + this.ends.byteLength
  }
}

/** The columns that every event has. `node` and `flow` are string numbers, `pkt` 0 means none. */
export const COMMON_FIELDS = {
  seq: 'u32',
  t: 'f64',
  node: 'str',
  flow: 'str',
  pkt: 'u32',
} as const satisfies Record<string, FieldType>

/** All events of one name, a row each. */
export class EventTable {
  readonly name: EventName
  readonly seq = new Column('u32')
  readonly t = new Column('f64')
  readonly node = new Column('str')
  readonly flow = new Column('str')
  readonly pkt = new Column('u32')
  /** The event's own fields in the order of `EVENTS`; a `ranges` field stands in `lists` instead. */
  readonly columns: Readonly<Record<string, Column>>
  readonly lists: Readonly<Record<string, ListColumn>>

  constructor(name: EventName) {
    this.name = name
    const columns: Record<string, Column> = {}
    const lists: Record<string, ListColumn> = {}
    for (const [field, spec] of Object.entries<FieldSpec>(EVENTS[name].fields)) {
      if (spec.type === 'ranges') lists[field] = new ListColumn()
      else columns[field] = new Column(spec.type)
    }
    this.columns = columns
    this.lists = lists
  }

  get length(): number {
    return this.seq.length
  }

  clear(): void {
    for (const key of Object.keys(COMMON_FIELDS) as (keyof typeof COMMON_FIELDS)[]) this[key].clear()
    for (const column of Object.values(this.columns)) column.clear()
    for (const list of Object.values(this.lists)) list.clear()
  }

  /** Memory held, in bytes. */
  get byteLength(): number {
    let sum = 0
    for (const key of Object.keys(COMMON_FIELDS) as (keyof typeof COMMON_FIELDS)[])
      sum += this[key].byteLength
    for (const column of Object.values(this.columns)) sum += column.byteLength
    for (const list of Object.values(this.lists)) sum += list.byteLength
    return sum
  }
}
