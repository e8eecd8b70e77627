/** Field lines as QPACK takes and gives them, and what is told of them to whoever looks on. */

/** One octet a character, in the name and in the value. */
export interface FieldLine {
  readonly name: string
  readonly value: string
  /** Never to be put into a table, here or by anyone who passes it on (RFC 9204 7.1.3: the N bit). */
  readonly sensitive?: boolean
}

/** The representations of RFC 9204 4.5.2 to 4.5.6. */
export type Representation =
  'indexed' | 'indexed_post_base' | 'name_reference' | 'name_reference_post_base' | 'literal'

/** A field line with how it is written. */
export interface EncodedLine extends FieldLine {
  readonly representation: Representation
  /** Index in the static table, absolute index in the dynamic one; undefined: a literal. */
  readonly index: number | undefined
  readonly table: 'static' | 'dynamic' | undefined
  /** Octets of its representation. */
  readonly length: number
}

/** An encoded field section (RFC 9204 4.5). */
export interface Section {
  readonly lines: readonly EncodedLine[]
  readonly requiredInsertCount: number
  readonly base: number
  readonly encodedLength: number
  /** Size as RFC 9114 4.2.2 counts it: names, values and 32 for each line. */
  readonly size: number
  /** Lines that were read but not kept, the section being larger than its limit. */
  readonly omitted: number
}

export interface TableEntry {
  readonly name: string
  readonly value: string
  /** The how-many-th insertion it was, from 0 (RFC 9204 3.2.4). */
  readonly absolute: number
  readonly size: number
}

/** What happened to a dynamic table. */
export interface TableChange {
  readonly instruction: 'set_capacity' | 'insert_with_name' | 'insert_literal' | 'duplicate'
  readonly inserted: TableEntry | undefined
  readonly evicted: readonly TableEntry[]
  readonly capacity: number
  readonly size: number
  readonly insertCount: number
}
export type OnTableChange = (change: TableChange) => void

/** Names and values with 32 for each line (RFC 9114 4.2.2). */
export const sectionSize = (lines: readonly FieldLine[]): number =>
  lines.reduce((sum, { name, value }) => sum + name.length + value.length + 32, 0)
