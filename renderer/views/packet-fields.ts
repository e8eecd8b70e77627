/** The decoded fields of a packet as rows of a tree, and which of them a byte belongs to. */
import type { DissectedField, Dissection } from '../../shared/dissection.ts'

export interface FieldRow {
  readonly id: number
  readonly depth: number
  readonly field: DissectedField
  /** Ids of its ancestors, outermost first. */
  readonly parents: readonly number[]
  readonly hasChildren: boolean
}

/** A hostile packet may nest no deeper than this. */
const MOST_DEPTH = 12

/** All fields in the order in which they are read. */
export function fieldRows(dissection: Dissection): FieldRow[] {
  const rows: FieldRow[] = []
  const add = (field: DissectedField, depth: number, parents: readonly number[]): void => {
    const id = rows.length
    const children = depth < MOST_DEPTH ? (field.children ?? []) : []
    rows.push({ id, depth, field, parents, hasChildren: children.length > 0 })
    for (const child of children) add(child, depth + 1, [...parents, id])
  }
  for (const layer of dissection.layers) add(layer, 0, [])
  return rows
}

/** The innermost field that holds a byte. */
export function fieldAt(rows: readonly FieldRow[], offset: number): FieldRow | undefined {
  let best: FieldRow | undefined
  for (const row of rows) {
    const { field } = row
    if (offset < field.offset || offset >= field.offset + field.length) continue
    // Among siblings that share a byte (flags) the first that is no wider is taken.
    if (!best || row.depth > best.depth || (row.depth === best.depth && field.length < best.field.length))
      best = row
  }
  return best
}

const HEX = '0123456789abcdef'
export const hexOf = (byte: number): string => HEX[byte >> 4] + HEX[byte & 15]

/** A byte as a character, a dot where it is none that can be shown. */
export const characterOf = (byte: number): string =>
  byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·'
