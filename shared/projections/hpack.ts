/**
 * The header blocks of each HTTP/2 connection, what HPACK made of them, and both dynamic tables at any of them (RFC 7541).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { QuicPackets } from './quic-packets.ts'
import { sideOf, type TlsSide } from './tls.ts'

export type EncoderSide = TlsSide

const SIDES: readonly EncoderSide[] = ['client', 'server']

/** RFC 7541 6.1 and 6.2.1 to 6.2.3. */
export type FieldForm = 'indexed' | 'literal_indexed' | 'literal' | 'literal_never_indexed'
const FORMS: readonly string[] = ['indexed', 'literal_indexed', 'literal', 'literal_never_indexed']

/** RFC 9204 4.5.2 to 4.5.6. */
export type QpackForm =
  'indexed' | 'indexed_post_base' | 'name_reference' | 'name_reference_post_base' | 'literal'
export const QPACK_FORMS: readonly string[] = [
  'indexed',
  'indexed_post_base',
  'name_reference',
  'name_reference_post_base',
  'literal',
]

export interface EncodedField {
  readonly name: string
  readonly value: string
  readonly form: FieldForm | QpackForm
  /** Octets on the wire. */
  readonly bytes: number
  /** Of the entry, or of the one that lends its name; 0: the name is a literal. In QPACK absolute, from 0 on. */
  readonly index: number
  readonly table: 'static' | 'dynamic' | 'none'
  /** At least one of its literals is Huffman-coded: it is shorter than it would be without. */
  readonly huffman: boolean
  /** Octets that HTTP/1.1 would spend on it. */
  readonly plain: number
}

export interface HeaderBlock {
  readonly from: EncoderSide
  readonly t: number
  readonly pkt: number
  /** Row in `http:message_started`. */
  readonly row: number
  readonly stream: number
  readonly part: string
  readonly method: string
  readonly target: string
  /** 0: a request. */
  readonly status: number
  /** Octets on the wire, and as HTTP/1.1 would write it. */
  readonly length: number
  readonly uncompressed: number
  /** Table changes of each side up to and with this block; and those before it. */
  readonly changes: Readonly<Record<EncoderSide, number>>
  readonly changesBefore: number
}

export interface TableChange {
  readonly what: string
  readonly name: string
  readonly value: string
  readonly limit: number
}

export interface HeaderTotals {
  blocks: number
  length: number
  uncompressed: number
  /** Fields by where they came from whole; of a literal the name may yet be an entry's. */
  static: number
  dynamic: number
  literal: number
}

export interface HeaderConnection {
  readonly flow: number
  readonly lane: string
  readonly blocks: readonly HeaderBlock[]
  readonly changes: Readonly<Record<EncoderSide, readonly TableChange[]>>
  readonly totals: Readonly<Record<EncoderSide, Readonly<HeaderTotals>>>
}

interface Connection extends HeaderConnection {
  readonly blocks: HeaderBlock[]
  readonly changes: Record<EncoderSide, TableChange[]>
  readonly totals: Record<EncoderSide, HeaderTotals>
  /** Changes of each side that were known with its last block: what came since belongs to the next. */
  readonly told: Record<EncoderSide, number>
}

const noTotals = (): HeaderTotals => ({
  blocks: 0,
  length: 0,
  uncompressed: 0,
  static: 0,
  dynamic: 0,
  literal: 0,
})

export class HeaderBlocks {
  /** By the number of the flow's name, in the order of their first block. */
  readonly flows = new Map<number, HeaderConnection>()
  private readonly cursor = new Cursor('http:table_changed', 'http:message_started')

  update(store: TraceStore): void {
    const quic = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      const { columns } = table
      const text = (field: string): string => store.text(columns[field].data[row])
      const from = sideOf(text('from'))
      // The tables of HTTP/3 are QPACK's.
      if (from === undefined || quic.ofFlow(table.flow.data[row]).length > 0) return
      if (name === 'http:message_started') {
        if (text('version') === 'h2') addBlock(this.open(store, table, row), store, table, row, from)
        return
      }
      const [what, entry, value] = [text('what'), text('name'), text('value')]
      const limit = columns.limit.data[row]
      this.open(store, table, row).changes[from].push({ what, name: entry, value, limit })
    })
  }

  private open(store: TraceStore, table: EventTable, row: number): Connection {
    const flow = table.flow.data[row]
    const known = this.flows.get(flow) as Connection | undefined
    if (known) return known
    const made: Connection = {
      flow,
      lane: store.laneOf(table.node.data[row]),
      blocks: [],
      changes: { client: [], server: [] },
      totals: { client: noTotals(), server: noTotals() },
      told: { client: 0, server: 0 },
    }
    this.flows.set(flow, made)
    return made
  }
}

/** What a block does to its table is told before the block itself. */
function addBlock(
  { blocks, changes, totals, told }: Connection,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: EncoderSide,
): void {
  const { columns } = table
  const text = (field: string): string => store.text(columns[field].data[row])
  const number = (field: string): number => columns[field].data[row]
  const [length, uncompressed] = [number('length'), number('uncompressed')]
  blocks.push({
    from,
    t: table.t.data[row],
    pkt: table.pkt.data[row],
    row,
    stream: number('exchange'),
    part: text('part'),
    method: text('method'),
    target: text('target'),
    status: number('status'),
    length,
    uncompressed,
    changes: { client: changes.client.length, server: changes.server.length },
    changesBefore: told[from],
  })
  told[from] = changes[from].length
  const sum = totals[from]
  sum.blocks++
  sum.length += length
  sum.uncompressed += uncompressed
  for (const field of readFields(text('fields'))) {
    if (field.form !== 'indexed') sum.literal++
    else if (field.table === 'static') sum.static++
    else sum.dynamic++
  }
}

/** Entries of the static table (RFC 7541 A); indexes beyond it are of the dynamic one. */
const STATIC_ENTRIES = 61

/** Octets of an integer in a prefix of so many bits (RFC 7541 5.1). */
export function integerLength(value: number, prefix: number): number {
  const most = 2 ** prefix - 1
  if (value < most) return 1
  let octets = 2
  for (let rest = value - most; rest >= 128; rest /= 128) octets++
  return octets
}

/** Octets of a string without Huffman coding (RFC 7541 5.2). */
export const plainString = (text: string): number => integerLength(text.length, 7) + text.length

/** Octets of a literal without Huffman coding (RFC 7541 6.2). */
function plainLiteral(name: string, value: string, index: number, form: FieldForm): number {
  const head = integerLength(index, form === 'literal_indexed' ? 6 : 4)
  return head + (index === 0 ? plainString(name) : 0) + plainString(value)
}

const CRLF = 2
const VERSION = ' HTTP/1.1'

/** What HTTP/1.1 would spend on a field: `:method` and `:path` become the request line, `:authority` is `host`. */
export function http1Length(name: string, value: string): number {
  if (name === ':method') return value.length + 1 + VERSION.length + CRLF
  if (name === ':path') return value.length
  if (name === ':scheme') return 0
  if (name === ':status') return 'HTTP/1.1 200 '.length + CRLF
  const shown = name === ':authority' ? 'host' : name
  return shown.length + 2 + value.length + CRLF
}

/** The fields of a block from the JSON of the recording; what is no field is left out. Total. */
export function readFields(json: string): EncodedField[] {
  let list: unknown
  try {
    list = JSON.parse(json)
  } catch {
    return []
  }
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    const [name, value, form, bytes, index] = Array.isArray(item) ? (item as unknown[]) : []
    if (typeof name !== 'string' || typeof value !== 'string' || !FORMS.includes(form as string)) return []
    if (!isCount(bytes) || !isCount(index)) return []
    return [encodedField(name, value, form as FieldForm, bytes, index)]
  })
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0

function encodedField(
  name: string,
  value: string,
  form: FieldForm,
  bytes: number,
  index: number,
): EncodedField {
  const table = index === 0 ? 'none' : index <= STATIC_ENTRIES ? 'static' : 'dynamic'
  const huffman = form !== 'indexed' && bytes < plainLiteral(name, value, index, form)
  return { name, value, form, bytes, index, table, huffman, plain: http1Length(name, value) }
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

/** Share of the octets that HPACK has spared; 0 where there were none. */
export const savingOf = ({ length, uncompressed }: { length: number; uncompressed: number }): number =>
  uncompressed === 0 ? 0 : 1 - length / uncompressed

/** Both sides together. */
export function totalOf({ totals }: HeaderConnection): HeaderTotals {
  const sum = noTotals()
  for (const side of SIDES)
    for (const key of Object.keys(sum) as (keyof HeaderTotals)[]) sum[key] += totals[side][key]
  return sum
}
