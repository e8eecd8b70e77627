/** The Required Insert Count on the wire: modulo twice the entries that fit into the table, plus one (RFC 9204 4.5.1.1). */
import { ENTRY_OVERHEAD } from './dynamic-table.ts'

/** MaxEntries, from SETTINGS_QPACK_MAX_TABLE_CAPACITY of the decoder. */
export const maxEntries = (maxCapacity: number): number => Math.floor(maxCapacity / ENTRY_OVERHEAD)

export const encodeInsertCount = (required: number, maxCapacity: number): number =>
  required === 0 ? 0 : (required % (2 * maxEntries(maxCapacity))) + 1

/** The count that was meant, given how many insertions the decoder has seen; undefined: no encoder would write this. */
export function decodeInsertCount(
  encoded: number,
  maxCapacity: number,
  inserted: number,
): number | undefined {
  if (encoded === 0) return 0
  const entries = maxEntries(maxCapacity)
  const range = 2 * entries
  if (encoded > range) return undefined
  const most = inserted + entries
  let required = Math.floor(most / range) * range + encoded - 1
  if (required > most) required -= range
  return required > 0 ? required : undefined
}
