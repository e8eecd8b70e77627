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

/** Above this many elements a column grows by about an eighth, so that a long run wastes little memory. */
const LARGE = 65_536

/**
 * Columns of one table fill up together. Each grows by a share of its own once it is large (a tenth to a sixth), so that
 * they are copied one after another and not all while the same batch waits.
 */
let made = 0
const SHARES = 16

/** A typed array that grows when it is full. */
export class Column {
  readonly type: FieldType
  data: NumberArray
  length = 0
  private readonly growth = 1.1 + (0.07 * (made++ % SHARES)) / SHARES

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
    const factor = this.data.length < LARGE ? 1.5 : this.growth
    const next = this.allocate(Math.max(needed, Math.ceil(this.data.length * factor)))
    next.set(this.data as Uint8Array)
    this.data = next
  }

  protected allocate(length: number): NumberArray {
    return allocate(this.type, length)
  }
}

/** Numbers of strings in two bytes each, as long as none needs more: few recordings have 65,536 strings. */
export class NarrowColumn extends Column {
  constructor(capacity = 64) {
    super('str', 0)
    this.data = new Uint16Array(capacity)
  }

  override push(value: number): void {
    if (value > NARROWEST) this.widen()
    super.push(value)
  }

  override append(values: NumberArray): void {
    if (this.data instanceof Uint16Array && values.some((value) => value > NARROWEST)) this.widen()
    super.append(values)
  }

  protected override allocate(length: number): NumberArray {
    return this.data instanceof Uint16Array ? new Uint16Array(length) : super.allocate(length)
  }

  private widen(): void {
    if (this.data instanceof Uint16Array) this.data = Uint32Array.from(this.data)
  }
}

const NARROWEST = 0xffff

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
  readonly node: Column
  readonly flow: Column
  readonly pkt = new Column('u32')
  /** The event's own fields in the order of `EVENTS`; a `ranges` field stands in `lists` instead. */
  readonly columns: Readonly<Record<string, Column>>
  readonly lists: Readonly<Record<string, ListColumn>>

  /** `text` makes the columns of string numbers. */
  constructor(name: EventName, text: () => Column = () => new Column('str')) {
    this.name = name
    this.node = text()
    this.flow = text()
    const columns: Record<string, Column> = {}
    const lists: Record<string, ListColumn> = {}
    for (const [field, spec] of Object.entries<FieldSpec>(EVENTS[name].fields)) {
      if (spec.type === 'ranges') lists[field] = new ListColumn()
      else columns[field] = spec.type === 'str' ? text() : new Column(spec.type)
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
