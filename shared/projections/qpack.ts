/**
 * QPACK of each HTTP/3 connection, in the order in which it left (RFC 9204): instructions on the encoder and decoder streams, field
 * sections with their Required Insert Count and how long they had to wait, and both dynamic tables at any of them.
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
  type HeaderSection,
  type QpackForm,
  type RecordedLine,
} from './field-lines.ts'
import type { EncoderSide } from './hpack.ts'
import { sideOf } from './tls.ts'

interface Step {
  readonly from: EncoderSide
  readonly t: number
  readonly pkt: number
  /** Octets on the wire. */
  readonly length: number
  /** Table changes of each side up to and with this step; and those of its own side before it. */
  readonly changes: Record<EncoderSide, number>
  readonly changesBefore: number
}

export interface QpackInstruction extends Step {
  readonly kind: 'instruction'
  readonly on: 'encoder' | 'decoder'
  readonly name: string
  readonly detail: string
  /** -1: none. */
  readonly stream: number
}

export interface FieldSection extends Step, HeaderSection {
  readonly kind: 'section'
  /** RFC 9204 4.5.1.1: insertions that it needs; 0: none. */
  readonly required: number
  /** When its receiver had to wait for the encoder stream, and until when; NaN: it did not; infinite: it still does. */
  blocked: number
  unblocked: number
  /** Insertions that the receiver had when it came. */
  known: number
}

export type QpackStep = QpackInstruction | FieldSection

export interface QpackConnection {
  readonly flow: number
  readonly lane: string
  readonly steps: readonly QpackStep[]
  readonly changes: Readonly<Record<EncoderSide, readonly TableChange[]>>
  /** Insertions so far. */
  readonly inserts: Readonly<Record<EncoderSide, number>>
}

interface Connection extends QpackConnection {
  readonly steps: QpackStep[]
  readonly changes: Record<EncoderSide, TableChange[]>
  readonly inserts: Record<EncoderSide, number>
  /** A section may be told of as blocked before it is told of as sent: the receiver's words for stream and sender. */
  readonly waiting: Map<string, { readonly t: number; readonly known: number; until: number }[]>
}

const EVENTS = [
  'http:qpack_instruction',
  'http:table_changed',
  'http:message_started',
  'http:section_blocked',
  'http:section_unblocked',
] as const

export class Qpack {
  /** By the number of the flow's name, in the order of their first step. */
  readonly flows = new Map<number, QpackConnection>()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const text = (field: string): string => store.text(table.columns[field].data[row])
      if (name === 'http:section_blocked' || name === 'http:section_unblocked')
        return onWait(this.open(store, table, row), store, table, row, name === 'http:section_blocked')
      const from = sideOf(text('from'))
      if (from === undefined) return
      if (name === 'http:table_changed') {
        // No table changes without an instruction; what comes without one is HPACK's.
        const known = this.flows.get(table.flow.data[row]) as Connection | undefined
        return known && onChange(known, store, table, row, from)
      }
      if (name === 'http:qpack_instruction')
        addInstruction(this.open(store, table, row), store, table, row, from)
      else if (text('version') === 'h3') addSection(this.open(store, table, row), store, table, row, from)
    })
  }

  private open(store: TraceStore, table: EventTable, row: number): Connection {
    const flow = table.flow.data[row]
    const known = this.flows.get(flow) as Connection | undefined
    if (known) return known
    const made: Connection = {
      flow,
      lane: store.laneOf(table.node.data[row]),
      steps: [],
      changes: { client: [], server: [] },
      inserts: { client: 0, server: 0 },
      waiting: new Map(),
    }
    this.flows.set(flow, made)
    return made
  }
}

const stepOf = ({ changes }: Connection, table: EventTable, row: number, from: EncoderSide): Step => ({
  from,
  t: table.t.data[row],
  pkt: table.pkt.data[row],
  length: table.columns.length.data[row],
  changes: { client: changes.client.length, server: changes.server.length },
  changesBefore: changes[from].length,
})

function addInstruction(
  connection: Connection,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: EncoderSide,
): void {
  const { columns } = table
  const on = store.text(columns.on.data[row])
  if (on !== 'encoder' && on !== 'decoder') return
  connection.steps.push({
    ...stepOf(connection, table, row, from),
    kind: 'instruction',
    on,
    name: store.text(columns.name.data[row]),
    detail: store.text(columns.detail.data[row]),
    stream: columns.stream.data[row],
  })
}

/** What an instruction did is told right after it. */
function onChange(
  connection: Connection,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: EncoderSide,
): void {
  const text = (field: string): string => store.text(table.columns[field].data[row])
  const what = text('what')
  const limit = table.columns.limit.data[row]
  connection.changes[from].push({ what, name: text('name'), value: text('value'), limit })
  if (what === 'insert') connection.inserts[from]++
  const last = connection.steps.at(-1)
  if (last?.from === from && last.kind === 'instruction' && last.on === 'encoder') last.changes[from]++
}

function addSection(
  connection: Connection,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: EncoderSide,
): void {
  const section = sectionAt(store, table, row)
  const wait = connection.waiting.get(`${from} ${section.stream}`)?.shift()
  connection.steps.push({
    ...stepOf(connection, table, row, from),
    ...section,
    kind: 'section',
    required: requiredBy(readSection(store.text(table.columns.fields.data[row]))),
    blocked: wait?.t ?? NaN,
    unblocked: wait?.until ?? NaN,
    known: wait?.known ?? 0,
  })
}

/** The receiver tells of it; the section is one that the other side sent on this stream. */
function onWait(
  connection: Connection,
  store: TraceStore,
  table: EventTable,
  row: number,
  begins: boolean,
): void {
  const stream = table.columns.stream.data[row]
  const t = table.t.data[row]
  const from = store.nodes.get(table.node.data[row])?.role === 'client' ? 'server' : 'client'
  const sections = connection.steps.filter(
    (step): step is FieldSection => step.kind === 'section' && step.from === from && step.stream === stream,
  )
  const section = sections.at(-1)
  const key = `${from} ${stream}`
  if (begins && section && Number.isNaN(section.blocked)) {
    section.blocked = t
    section.unblocked = Infinity
    section.known = table.columns.known.data[row]
  } else if (begins) {
    const waits = connection.waiting.get(key) ?? []
    waits.push({ t, known: table.columns.known.data[row], until: Infinity })
    connection.waiting.set(key, waits)
  } else if (section?.unblocked === Infinity) section.unblocked = t
  else {
    const wait = connection.waiting.get(key)?.at(-1)
    if (wait) wait.until = t
  }
}

/** How long a section waited, up to `now`; 0: not at all. */
export const waitOf = ({ blocked, unblocked }: FieldSection, now: number): number =>
  Number.isNaN(blocked) ? 0 : Math.max(0, Math.min(unblocked, now) - blocked)

/** One more than the largest absolute index that is referred to (RFC 9204 4.5.1.1). */
const requiredBy = (fields: readonly EncodedField[]): number =>
  Math.max(0, ...fields.filter(({ table }) => table === 'dynamic').map(({ index }) => index + 1))

const FORMS = [
  'indexed',
  'indexed_post_base',
  'name_reference',
  'name_reference_post_base',
  'literal',
] as const

/** The field lines of a section from the JSON of the recording; what is none is left out. Total. */
export const readSection = (json: string): EncodedField[] =>
  readLines(json, FORMS, (line) => ({
    table: line.table === 'static' || line.table === 'dynamic' ? line.table : 'none',
    huffman: line.bytes < plainLength(line),
  }))

/** Octets of a field line without Huffman coding (RFC 9204 4.5.4 to 4.5.6); of an indexed one, none. */
function plainLength({ name, value, form, index }: RecordedLine<QpackForm>): number {
  if (form === 'indexed' || form === 'indexed_post_base') return 0
  if (form === 'literal') return integerLength(name.length, 3) + name.length + plainString(value)
  return integerLength(form === 'name_reference' ? Math.min(index, 14) : 0, 4) + plainString(value)
}
