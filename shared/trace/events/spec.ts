/** How an event and its fields are described, and short words to do so. */

/**
 * How a field is stored. `flag` is a boolean, `str` an index into the recording's string table, `ranges` a
 * list of [from, to) pairs of unsigned 32-bit numbers.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'f64' | 'flag' | 'str' | 'ranges'

/** What a number means; spans of time are in microseconds of lab time. */
export type FieldUnit = 'B' | 'us' | 'packets' | 'seq'

export interface FieldSpec {
  readonly type: FieldType
  readonly unit?: FieldUnit
  readonly doc: string
}

export interface EventSpec {
  readonly doc: string
  readonly fields: Readonly<Record<string, FieldSpec>>
}

export const u8 = (doc: string) => ({ type: 'u8', doc }) as const
export const u16 = (doc: string, unit?: FieldUnit) => ({ type: 'u16', unit, doc }) as const
export const u32 = (doc: string, unit?: FieldUnit) => ({ type: 'u32', unit, doc }) as const
export const f64 = (doc: string, unit?: FieldUnit) => ({ type: 'f64', unit, doc }) as const
export const flag = (doc: string) => ({ type: 'flag', doc }) as const
export const str = (doc: string) => ({ type: 'str', doc }) as const
export const ranges = (doc: string, unit?: FieldUnit) => ({ type: 'ranges', unit, doc }) as const
