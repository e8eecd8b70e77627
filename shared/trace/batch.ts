/**
 * The batch: what the engine sends to the window about every 33 ms, and what a recording is made of
 * (DESIGN 6). Columns of all events since the last batch, with the strings that are new in it.
 *
 * Layout, little-endian, every part padded to 8 bytes:
 *   u32 magic, version, number, events, tables, strings before this batch, new strings, thinned samples
 *   u32 length of each new string, then the UTF-16 code units of all of them
 *   per table: u32 event number, rows; the common columns; the event's fields in the order of `EVENTS`
 *              (a `ranges` field: u32 number of values, 0; the values; the end of each row's list)
 */
import { allocate, bytesPerElement, COMMON_FIELDS, ListColumn, type NumberArray } from './columns.ts'
import { EVENT_NAMES, EVENTS, type EventData, type EventName, type FieldSpec } from './events.ts'

const MAGIC = 0x31425852 // "RXB1"
export const BATCH_VERSION = 5
const HEADER_WORDS = 8

/** A batch as it was received: its arrays are views of the buffer, not copies. */
export interface Batch {
  readonly number: number
  readonly events: number
  /** Number of the first new string. */
  readonly stringBase: number
  readonly strings: readonly string[]
  /** Metric samples left out since the last batch because the window could not keep up. */
  readonly thinned: number
  readonly tables: readonly BatchTable[]
}

export interface BatchTable {
  readonly name: EventName
  readonly rows: number
  readonly seq: NumberArray
  readonly t: NumberArray
  readonly node: NumberArray
  readonly flow: NumberArray
  readonly pkt: NumberArray
  readonly columns: Readonly<Record<string, NumberArray>>
  readonly lists: Readonly<Record<string, { values: NumberArray; ends: NumberArray }>>
}

/** Why a buffer is not a batch; `offset` is the byte at which it was found. */
export interface BatchError {
  readonly reason: string
  readonly offset: number
}

type FieldPlan = readonly (readonly [string, FieldSpec])[]
const PLANS = new Map<EventName, FieldPlan>(
  EVENT_NAMES.map((name) => [name, Object.entries<FieldSpec>(EVENTS[name].fields)]),
)
const COMMON = Object.entries(COMMON_FIELDS) as [keyof typeof COMMON_FIELDS, 'u32' | 'f64' | 'str'][]

// Not with bit operators: a hostile length may lie beyond 2^31.
const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8

/** So many texts are known again for certain; twice as many are kept. */
const KNOWN_TEXTS = 4_096
/** Longer ones are never known again: they are packets in hexadecimal and the like, of which no two are alike. */
const LONGEST_KNOWN = 256

/**
 * Numbers strings in the order in which they first appear; 0 is the empty string. A name has one number for good. Of the texts of
 * fields only those that came up of late are known again, since in a run of hours each packet may say something new; one that was
 * forgotten gets another number.
 */
export class StringTable {
  private readonly names = new Map<string, number>([['', 0]])
  private texts = new Map<string, number>()
  /** Those that were known before `texts` was begun. */
  private olderTexts = new Map<string, number>()
  private next = 1
  private fresh: string[] = []

  /** The number of a node or a flow. */
  number(name: string): number {
    const known = this.names.get(name)
    if (known !== undefined) return known
    const number = this.texts.get(name) ?? this.olderTexts.get(name) ?? this.add(name)
    this.names.set(name, number)
    return number
  }

  /** The number of what a field says. */
  textNumber(text: string): number {
    if (text.length > LONGEST_KNOWN) return this.add(text)
    const known = this.texts.get(text)
    if (known !== undefined) return known
    const number = this.names.get(text) ?? this.olderTexts.get(text) ?? this.add(text)
    if (this.texts.size >= KNOWN_TEXTS) {
      this.olderTexts = this.texts
      this.texts = new Map()
    }
    this.texts.set(text, number)
    return number
  }

  /** Those that have got a number since this was last asked. */
  takeFresh(): string[] {
    const { fresh } = this
    this.fresh = []
    return fresh
  }

  private add(text: string): number {
    this.fresh.push(text)
    return this.next++
  }
}

/** Room that rows begin with: most events are rare, and a run has a table for each. */
const FIRST_ROWS = 16

/**
 * The rows of one event while they are collected: all numbers of a row side by side, since one array that is written in
 * order is several times faster than one for each column. They become columns when the batch is written.
 */
class Rows {
  readonly name: EventName
  readonly plan: FieldPlan
  /** Numbers of a row: the common ones, then a place for each field (unused for a list). */
  readonly width: number
  readonly lists: Readonly<Record<string, ListColumn>>
  data: Float64Array
  length = 0

  constructor(name: EventName) {
    this.name = name
    this.plan = PLANS.get(name)!
    this.width = COMMON.length + this.plan.length
    this.data = new Float64Array(FIRST_ROWS * this.width)
    this.lists = Object.fromEntries(
      this.plan.filter(([, spec]) => spec.type === 'ranges').map(([field]) => [field, new ListColumn()]),
    )
  }

  /** Where the next row begins, with room for it. */
  next(): number {
    const at = this.length++ * this.width
    if (at + this.width > this.data.length) {
      const larger = new Float64Array(this.data.length * 2)
      larger.set(this.data)
      this.data = larger
    }
    return at
  }

  /** The numbers at `place` of all rows, as a column of `type`. */
  column(place: number, type: FieldSpec['type']): NumberArray {
    const column = allocate(type, this.length)
    const { data, width } = this
    for (let row = 0, at = place; row < column.length; row++, at += width) column[row] = data[at]
    return column
  }

  clear(): void {
    this.length = 0
    for (const list of Object.values(this.lists)) list.clear()
  }
}

type Value = number | string | boolean | readonly number[]

/** Collects events and turns them into batches. */
export class BatchBuilder {
  readonly strings = new StringTable()
  private readonly tables = new Map<EventName, Rows>()
  private number = 0
  /** Strings that earlier batches carried; the empty one is known to all. */
  private stringsSent = 1
  private rows = 0
  private thinned = 0

  /** Events since the last batch. */
  get pending(): number {
    return this.rows
  }

  add<N extends EventName>(
    name: N,
    data: EventData<N>,
    seq: number,
    t: number,
    node: number,
    flow: number,
    pkt: number,
  ): void {
    const rows = this.tables.get(name) ?? this.table(name)
    let at = rows.next()
    const out = rows.data
    out[at++] = seq
    out[at++] = t
    out[at++] = node
    out[at++] = flow
    out[at++] = pkt
    const values = data as Record<string, Value>
    let i = 0
    // Walking an object is three times as fast as asking it for each field by name; most are written in our order.
    for (const field in values) {
      if (i === rows.plan.length || rows.plan[i][0] !== field) break
      this.put(rows, i, values[field], out, at + i)
      i++
    }
    for (; i < rows.plan.length; i++) this.put(rows, i, values[rows.plan[i][0]], out, at + i)
    this.rows++
  }

  private put(rows: Rows, i: number, value: Value, out: Float64Array, at: number): void {
    if (typeof value === 'number') out[at] = value
    else if (typeof value === 'string') out[at] = this.strings.textNumber(value)
    else if (typeof value === 'boolean') out[at] = value ? 1 : 0
    else rows.lists[rows.plan[i][0]].push(value)
  }

  /** Counts a metric sample that was left out under pressure. */
  countThinned(): void {
    this.thinned++
  }

  /** All events since the last batch as one buffer; undefined when there are none. */
  flush(): ArrayBuffer | undefined {
    if (this.rows === 0 && this.thinned === 0) return undefined
    const strings = this.strings.takeFresh()
    const filled = [...this.tables.values()].filter((rows) => rows.length > 0)
    const { number, rows: events, stringsSent: stringBase, thinned } = this
    const buffer = encodeBatch({ number, events, stringBase, strings, thinned, tables: filled.map(tableOf) })
    for (const rows of filled) rows.clear()
    this.number++
    this.stringsSent += strings.length
    this.rows = 0
    this.thinned = 0
    return buffer
  }

  private table(name: EventName): Rows {
    const rows = new Rows(name)
    this.tables.set(name, rows)
    return rows
  }
}

/** Collected rows as the columns of a batch. */
function tableOf(rows: Rows): BatchTable {
  const [seq, t, node, flow, pkt] = COMMON.map(([, type], place) => rows.column(place, type))
  const columns: Record<string, NumberArray> = {}
  const lists: Record<string, { values: NumberArray; ends: NumberArray }> = {}
  for (const [i, [field, spec]] of rows.plan.entries()) {
    if (spec.type === 'ranges') {
      const { values, ends } = rows.lists[field]
      lists[field] = { values: values.view(), ends: ends.view() }
    } else columns[field] = rows.column(COMMON.length + i, spec.type)
  }
  return { name: rows.name, rows: rows.length, seq, t, node, flow, pkt, columns, lists }
}

/** A batch as one buffer. */
export function encodeBatch(batch: Batch): ArrayBuffer {
  const { number, events, stringBase, strings, thinned, tables } = batch
  const parts: NumberArray[][] = tables.map((table) => [
    Uint32Array.of(EVENT_NAMES.indexOf(table.name), table.rows),
    ...COMMON.map(([name]) => table[name]),
    ...PLANS.get(table.name)!.flatMap(([field, spec]) => {
      if (spec.type !== 'ranges') return [table.columns[field]]
      const { values, ends } = table.lists[field]
      return [Uint32Array.of(values.length, 0), values, ends]
    }),
  ])
  let length = HEADER_WORDS * 4 + padded(strings.length * 4)
  length += padded(2 * strings.reduce((sum, text) => sum + text.length, 0))
  for (const part of parts.flat()) length += padded(part.byteLength)
  const buffer = new ArrayBuffer(length)
  const writer = new Writer(buffer)
  writer.words([MAGIC, BATCH_VERSION, number, events, tables.length, stringBase, strings.length, thinned])
  writeStrings(writer, strings)
  for (const part of parts.flat()) writer.column(part)
  return buffer
}

function writeStrings(writer: Writer, strings: readonly string[]): void {
  writer.column(Uint32Array.from(strings, (text) => text.length))
  const units = new Uint16Array(strings.reduce((sum, text) => sum + text.length, 0))
  let at = 0
  for (const text of strings) for (let i = 0; i < text.length; i++) units[at++] = text.charCodeAt(i)
  writer.column(units)
}

class Writer {
  private readonly bytes: Uint8Array
  private offset = 0

  constructor(buffer: ArrayBuffer) {
    this.bytes = new Uint8Array(buffer)
  }

  words(values: readonly number[]): void {
    this.column(Uint32Array.from(values))
  }

  column(values: NumberArray): void {
    this.bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.offset)
    this.offset += padded(values.byteLength)
  }
}

/** Thrown inside this file only, where a read would leave the buffer. */
class Malformed extends Error {
  readonly offset: number

  constructor(reason: string, offset: number) {
    super(reason)
    this.offset = offset
  }
}

class Reader {
  offset = 0
  private readonly buffer: ArrayBuffer

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer
  }

  column(type: Parameters<typeof allocate>[0], length: number): NumberArray {
    const bytes = length * bytesPerElement(type)
    if (this.offset + padded(bytes) > this.buffer.byteLength) throw new Malformed('truncated', this.offset)
    const kind = allocate(type, 0).constructor as new (b: ArrayBuffer, o: number, n: number) => NumberArray
    const view = new kind(this.buffer, this.offset, length)
    this.offset += padded(bytes)
    return view
  }
}

/**
 * Reads a batch. Total: whatever the bytes, it returns a batch whose columns all have their full length and
 * whose string numbers are in range, or says what is wrong and where.
 */
export function decodeBatch(buffer: ArrayBuffer): Batch | BatchError {
  const reader = new Reader(buffer)
  try {
    const [magic, version, number, events, tableCount, stringBase, stringCount, thinned] = reader.column(
      'u32',
      HEADER_WORDS,
    )
    if (magic !== MAGIC) return { reason: 'not a batch', offset: 0 }
    if (version !== BATCH_VERSION) return { reason: `version ${version}, not ${BATCH_VERSION}`, offset: 4 }
    const strings = readStrings(reader, stringCount)
    const tables: BatchTable[] = []
    for (let i = 0; i < tableCount; i++) tables.push(readTable(reader, stringBase + stringCount))
    const rows = tables.reduce((sum, table) => sum + table.rows, 0)
    if (rows !== events) return { reason: `${rows} rows where ${events} were announced`, offset: 12 }
    return { number, events, stringBase, strings, thinned, tables }
  } catch (error) {
    if (error instanceof Malformed) return { reason: error.message, offset: error.offset }
    throw error
  }
}

/** Applied, not spread: a spread walks an iterator, which costs ten times as much. */
const textOf = (units: NumberArray): string => Reflect.apply(String.fromCharCode, undefined, units)

function readStrings(reader: Reader, count: number): string[] {
  const lengths = reader.column('u32', count)
  let total = 0
  for (const length of lengths) total += length
  const units = reader.column('u16', total)
  const strings: string[] = []
  let at = 0
  for (const length of lengths) {
    let text = ''
    // In pieces, because the number of arguments of a call is limited.
    for (let from = at; from < at + length; from += 4096)
      text += textOf(units.subarray(from, Math.min(from + 4096, at + length)))
    strings.push(text)
    at += length
  }
  return strings
}

function readTable(reader: Reader, stringLimit: number): BatchTable {
  const start = reader.offset
  const [eventNumber, rows] = reader.column('u32', 2)
  const name = EVENT_NAMES[eventNumber]
  if (name === undefined) throw new Malformed(`no event has the number ${eventNumber}`, start)
  const readField = (type: FieldSpec['type']): NumberArray => {
    const at = reader.offset
    const values = reader.column(type, rows)
    if (type === 'str')
      for (const value of values)
        if (value >= stringLimit) throw new Malformed(`no string has the number ${value}`, at)
    return values
  }
  const [seq, t, node, flow, pkt] = COMMON.map(([, type]) => readField(type))
  const columns: Record<string, NumberArray> = {}
  const lists: Record<string, { values: NumberArray; ends: NumberArray }> = {}
  for (const [field, spec] of PLANS.get(name)!) {
    if (spec.type === 'ranges') lists[field] = readList(reader, rows)
    else columns[field] = readField(spec.type)
  }
  return { name, rows, seq, t, node, flow, pkt, columns, lists }
}

function readList(reader: Reader, rows: number): { values: NumberArray; ends: NumberArray } {
  const [valueCount] = reader.column('u32', 2)
  const values = reader.column('u32', valueCount)
  const at = reader.offset
  const ends = reader.column('u32', rows)
  let last = 0
  for (const end of ends) {
    if (end < last || end > valueCount) throw new Malformed('list ends out of order', at)
    last = end
  }
  return { values, ends }
}
