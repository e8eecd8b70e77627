/** Reading of an encoded field section (RFC 9204 4.5) once its insertions have come. */
import type { DynamicTable } from './dynamic-table.ts'
import { qpackError, type QpackError } from './errors.ts'
import type { EncodedLine, FieldLine, Representation, Section } from './fields.ts'
import { decodeInsertCount } from './insert-count.ts'
import { Reader } from './reader.ts'
import { STATIC_TABLE } from './static-table.ts'

/** The prefix of a section (RFC 9204 4.5.1). */
export interface SectionPrefix {
  readonly requiredInsertCount: number
  readonly base: number
  /** Octets of it. */
  readonly length: number
}

const failed = (reason: string): QpackError => qpackError('QPACK_DECOMPRESSION_FAILED', reason)

export function readPrefix(
  bytes: Uint8Array,
  maxCapacity: number,
  insertCount: number,
): SectionPrefix | QpackError {
  const reader = new Reader(bytes, 0)
  const encoded = reader.integer(8)
  const isNegative = reader.left > 0 && bytes[reader.at] >= 0x80
  const delta = reader.integer(7)
  if (reader.fault !== undefined) return failed(reader.fault)
  if (reader.incomplete) return failed('9204 4.5.1: the prefix of a section is cut short')
  const required = decodeInsertCount(encoded, maxCapacity, insertCount)
  if (required === undefined)
    return failed(`9204 4.5.1.1: no Required Insert Count is written as ${encoded} here`)
  const base = isNegative ? required - delta - 1 : required + delta
  if (base < 0) return failed('9204 4.5.1.2: the Base is negative')
  return { requiredInsertCount: required, base, length: reader.at }
}

/** A field line, or a name, that a representation refers to. */
interface Reference {
  readonly table: 'static' | 'dynamic'
  readonly index: number
  readonly entry: { readonly name: string; readonly value: string }
}

class SectionReader {
  private readonly reader: Reader
  private readonly table: DynamicTable
  private readonly prefix: SectionPrefix
  error: QpackError | undefined

  constructor(bytes: Uint8Array, prefix: SectionPrefix, table: DynamicTable, longest: number) {
    this.reader = new Reader(bytes, longest, prefix.length)
    this.prefix = prefix
    this.table = table
  }

  get done(): boolean {
    return this.error !== undefined || this.reader.left === 0
  }

  /** The next line; undefined: there is an `error`. */
  line(): EncodedLine | undefined {
    const { reader } = this
    const start = reader.at
    const first = reader.bytes[start]
    const line = this.represented(first)
    if (this.error === undefined && reader.fault !== undefined) this.error = failed(reader.fault)
    if (this.error === undefined && reader.incomplete)
      this.error = failed('9204 4.5: a field line is cut short')
    return this.error === undefined && line !== undefined ? { ...line, length: reader.at - start } : undefined
  }

  private represented(first: number): Omit<EncodedLine, 'length'> | undefined {
    const { reader } = this
    if (first >= 0x80) return this.indexed('indexed', this.relative(6, (first & 0x40) !== 0))
    if (first >= 0x40) {
      const name = this.relative(4, (first & 0x10) !== 0)
      return this.named('name_reference', name, (first & 0x20) !== 0)
    }
    if (first >= 0x20) {
      const name = reader.string(3)
      const value = reader.string(7)
      return plain('literal', { name, value, ...((first & 0x10) !== 0 && { sensitive: true }) })
    }
    if (first >= 0x10) return this.indexed('indexed_post_base', this.postBase(4))
    return this.named('name_reference_post_base', this.postBase(3), (first & 0x08) !== 0)
  }

  private indexed(representation: Representation, reference: Reference | undefined) {
    return reference && plain(representation, reference.entry, reference)
  }

  private named(representation: Representation, reference: Reference | undefined, sensitive: boolean) {
    const value = this.reader.string(7)
    if (reference === undefined) return undefined
    const line = { name: reference.entry.name, value, ...(sensitive && { sensitive }) }
    return plain(representation, line, reference)
  }

  /** An index of the static table, or one that counts backward from the Base (RFC 9204 3.2.5). */
  private relative(prefix: number, isStatic: boolean): Reference | undefined {
    const index = this.reader.integer(prefix)
    if (this.reader.stopped) return undefined
    if (!isStatic) return this.dynamic(this.prefix.base - index - 1)
    const entry = STATIC_TABLE[index]
    if (entry !== undefined) return { table: 'static', index, entry }
    this.error = failed(`9204 3.1: the static table has no index ${index}`)
    return undefined
  }

  /** RFC 9204 3.2.6. */
  private postBase(prefix: number): Reference | undefined {
    const index = this.reader.integer(prefix)
    return this.reader.stopped ? undefined : this.dynamic(this.prefix.base + index)
  }

  private dynamic(absolute: number): Reference | undefined {
    const { requiredInsertCount } = this.prefix
    const entry = this.table.get(absolute)
    if (absolute >= requiredInsertCount)
      this.error = failed(
        `9204 2.2.1: entry ${absolute} is not among the ${requiredInsertCount} that the section is said to require`,
      )
    else if (entry === undefined)
      this.error = failed(`9204 2.2.3: entry ${absolute} was evicted or never there`)
    return this.error === undefined ? { table: 'dynamic', index: absolute, entry: entry! } : undefined
  }
}

const plain = (
  representation: Representation,
  { name, value, sensitive }: FieldLine,
  reference?: Reference,
): Omit<EncodedLine, 'length'> => ({
  name,
  value,
  ...(sensitive && { sensitive }),
  representation,
  index: reference?.index,
  table: reference?.table,
})

/** Reads the lines of a section; `maxSize` bounds what is kept of them (counted as in `Section.size`). */
export function readSection(
  bytes: Uint8Array,
  prefix: SectionPrefix,
  table: DynamicTable,
  maxSize: number,
): Section | QpackError {
  const reader = new SectionReader(bytes, prefix, table, maxSize)
  const lines: EncodedLine[] = []
  let size = 0
  let omitted = 0
  while (!reader.done) {
    const line = reader.line()
    if (line === undefined) break
    size += line.name.length + line.value.length + 32
    if (size > maxSize) omitted++
    else lines.push(line)
  }
  if (reader.error !== undefined) return reader.error
  const { requiredInsertCount, base } = prefix
  return { lines, requiredInsertCount, base, encodedLength: bytes.length, size, omitted }
}
