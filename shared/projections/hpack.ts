/**
 * The header blocks of each HTTP/2 connection, what HPACK made of them, and both dynamic tables at any of them (RFC 7541).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { TableChange } from './dynamic-table.ts'
import {
  integerLength,
  plainString,
  readLines,
  sectionAt,
  type EncodedField,
  type FieldForm,
  type HeaderSection,
  type RecordedLine,
} from './field-lines.ts'
import { QuicPackets } from './quic-packets.ts'
import { sideOf, type TlsSide } from './tls.ts'

export type EncoderSide = TlsSide

const SIDES: readonly EncoderSide[] = ['client', 'server']
const FORMS = ['indexed', 'literal_indexed', 'literal', 'literal_never_indexed'] as const

export interface HeaderBlock extends HeaderSection {
  readonly from: EncoderSide
  /** Table changes of each side up to and with this block; and those before it. */
  readonly changes: Readonly<Record<EncoderSide, number>>
  readonly changesBefore: number
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
  const section = sectionAt(store, table, row)
  blocks.push({
    ...section,
    from,
    changes: { client: changes.client.length, server: changes.server.length },
    changesBefore: told[from],
  })
  told[from] = changes[from].length
  const sum = totals[from]
  sum.blocks++
  sum.length += section.length
  sum.uncompressed += section.uncompressed
  for (const field of readFields(store.text(table.columns.fields.data[row]))) {
    if (field.form !== 'indexed') sum.literal++
    else if (field.table === 'static') sum.static++
    else sum.dynamic++
  }
}

/** Entries of the static table (RFC 7541 A); indexes beyond it are of the dynamic one. */
const STATIC_ENTRIES = 61

/** Octets of a literal without Huffman coding (RFC 7541 6.2). */
function plainLiteral({ name, value, index, form }: RecordedLine<FieldForm>): number {
  const head = integerLength(index, form === 'literal_indexed' ? 6 : 4)
  return head + (index === 0 ? plainString(name) : 0) + plainString(value)
}

/** The fields of a block from the JSON of the recording; what is no field is left out. Total. */
export const readFields = (json: string): EncodedField[] =>
  readLines(json, FORMS, (line) => ({
    table: line.index === 0 ? 'none' : line.index <= STATIC_ENTRIES ? 'static' : 'dynamic',
    huffman: line.form !== 'indexed' && line.bytes < plainLiteral(line),
  }))

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
