/** Field lines of header sections as HPACK and QPACK encode them, and what HTTP/1.1 would spend on them. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'

/** RFC 7541 6.1 and 6.2.1 to 6.2.3. */
export type FieldForm = 'indexed' | 'literal_indexed' | 'literal' | 'literal_never_indexed'

/** RFC 9204 4.5.2 to 4.5.6. */
export type QpackForm =
  'indexed' | 'indexed_post_base' | 'name_reference' | 'name_reference_post_base' | 'literal'

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

/** A header section as an onlooker at its sender saw it. */
export interface HeaderSection {
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
}

/** The header section in a row of `http:message_started`. */
export function sectionAt(store: TraceStore, { t, pkt, columns }: EventTable, row: number): HeaderSection {
  const text = (field: string): string => store.text(columns[field].data[row])
  const number = (field: string): number => columns[field].data[row]
  return {
    t: t.data[row],
    pkt: pkt.data[row],
    row,
    stream: number('exchange'),
    part: text('part'),
    method: text('method'),
    target: text('target'),
    status: number('status'),
    length: number('length'),
    uncompressed: number('uncompressed'),
  }
}

/** A line as the recording has it: `table` only in HTTP/3. */
export interface RecordedLine<F extends string> {
  readonly name: string
  readonly value: string
  readonly form: F
  readonly bytes: number
  readonly index: number
  readonly table: unknown
}

/** The field lines in the JSON of a recording whose form is one of `forms`; what is none is left out. Total. */
export function readLines<F extends FieldForm | QpackForm>(
  json: string,
  forms: readonly F[],
  decode: (line: RecordedLine<F>) => Pick<EncodedField, 'table' | 'huffman'>,
): EncodedField[] {
  let list: unknown
  try {
    list = JSON.parse(json)
  } catch {
    return []
  }
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown): EncodedField[] => {
    const [name, value, kind, bytes, index, table] = Array.isArray(item) ? (item as unknown[]) : []
    const form = forms.find((known) => known === kind)
    if (typeof name !== 'string' || typeof value !== 'string' || form === undefined) return []
    if (!isCount(bytes) || !isCount(index)) return []
    const line = { name, value, form, bytes, index }
    return [{ ...line, ...decode({ ...line, table }), plain: http1Length(name, value) }]
  })
}

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0

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

const CRLF = 2
const VERSION = ' HTTP/1.1'

/** What HTTP/1.1 would spend on a field: `:method` and `:path` become the request line, `:authority` is `host`. */
function http1Length(name: string, value: string): number {
  if (name === ':method') return value.length + 1 + VERSION.length + CRLF
  if (name === ':path') return value.length
  if (name === ':scheme') return 0
  if (name === ':status') return 'HTTP/1.1 200 '.length + CRLF
  const shown = name === ':authority' ? 'host' : name
  return shown.length + 2 + value.length + CRLF
}
