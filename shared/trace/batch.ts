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
import { allocate, bytesPerElement, COMMON_FIELDS, EventTable, type NumberArray } from './columns.ts'
import { EVENT_NAMES, EVENTS, type EventData, type EventName, type FieldSpec } from './events.ts'

const MAGIC = 0x31425852 // "RXB1"
export const BATCH_VERSION = 1
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

/** Numbers strings in the order in which they first appear; 0 is the empty string. */
export class StringTable {
  readonly list: string[] = ['']
  private readonly numbers = new Map<string, number>([['', 0]])

  number(text: string): number {
    const known = this.numbers.get(text)
    if (known !== undefined) return known
    const next = this.list.length
    this.list.push(text)
    this.numbers.set(text, next)
    return next
  }
}

/** Collects events and turns them into batches. */
export class BatchBuilder {
  readonly strings = new StringTable()
  private readonly tables = new Map<EventName, EventTable>()
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
    const table = this.table(name)
    table.seq.push(seq)
    table.t.push(t)
    table.node.push(node)
    table.flow.push(flow)
    table.pkt.push(pkt)
    const values = data as Record<string, number | string | boolean | readonly number[]>
    const plan = PLANS.get(name)!
    for (let i = 0; i < plan.length; i++) {
      const [field, spec] = plan[i]
      const value = values[field]
      if (spec.type === 'ranges') table.lists[field].push(value as readonly number[])
      else if (spec.type === 'str') table.columns[field].push(this.strings.number(value as string))
      else table.columns[field].push(+(value as number))
    }
    this.rows++
  }

  /** Counts a metric sample that was left out under pressure. */
  countThinned(): void {
    this.thinned++
  }

  /** All events since the last batch as one buffer; undefined when there are none. */
  flush(): ArrayBuffer | undefined {
    if (this.rows === 0 && this.thinned === 0) return undefined
    const fresh = this.strings.list.slice(this.stringsSent)
    const tables = [...this.tables.values()].filter((table) => table.length > 0)
    const buffer = new ArrayBuffer(encodedLength(fresh, tables))
    const writer = new Writer(buffer)
    writer.words([
      MAGIC,
      BATCH_VERSION,
      this.number++,
      this.rows,
      tables.length,
      this.stringsSent,
      fresh.length,
      this.thinned,
    ])
    writeStrings(writer, fresh)
    for (const table of tables) {
      writeTable(writer, table)
      table.clear()
    }
    this.stringsSent += fresh.length
    this.rows = 0
    this.thinned = 0
    return buffer
  }

  private table(name: EventName): EventTable {
    let table = this.tables.get(name)
    if (!table) this.tables.set(name, (table = new EventTable(name)))
    return table
  }
}

/** The same batch as one buffer again; for those who leave rows out. */
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

function encodedLength(strings: readonly string[], tables: readonly EventTable[]): number {
  let length = HEADER_WORDS * 4 + padded(strings.length * 4)
  length += padded(2 * strings.reduce((sum, text) => sum + text.length, 0))
  for (const table of tables) {
    length += 8
    for (const [, type] of COMMON) length += padded(table.length * bytesPerElement(type))
    for (const [field, spec] of PLANS.get(table.name)!) {
      if (spec.type === 'ranges') {
        length += 8 + padded(table.lists[field].values.length * 4) + padded(table.length * 4)
      } else length += padded(table.length * bytesPerElement(spec.type))
    }
  }
  return length
}

function writeStrings(writer: Writer, strings: readonly string[]): void {
  writer.column(Uint32Array.from(strings, (text) => text.length))
  const units = new Uint16Array(strings.reduce((sum, text) => sum + text.length, 0))
  let at = 0
  for (const text of strings) for (let i = 0; i < text.length; i++) units[at++] = text.charCodeAt(i)
  writer.column(units)
}

function writeTable(writer: Writer, table: EventTable): void {
  writer.words([EVENT_NAMES.indexOf(table.name), table.length])
  for (const [name] of COMMON) writer.column(table[name].view())
  for (const [field, spec] of PLANS.get(table.name)!) {
    if (spec.type === 'ranges') {
      const list = table.lists[field]
      writer.words([list.values.length, 0])
      writer.column(list.values.view())
      writer.column(list.ends.view())
    } else writer.column(table.columns[field].view())
  }
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
      text += String.fromCharCode(...units.subarray(from, Math.min(from + 4096, at + length)))
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
