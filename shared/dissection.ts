/** The decoded fields of a packet, for the packet table and the view of its bytes. */
export interface DissectedField {
  /** Standard term of the field, such as `Acknowledgment number`. */
  readonly name: string
  /** Its value in words. */
  readonly text: string
  /** Where it lies in the packet, in bytes. */
  readonly offset: number
  readonly length: number
  /** What is wrong with it. */
  readonly problem?: string
  readonly children?: readonly DissectedField[]
}

export interface Dissection {
  /** One line, as a packet table shows it. */
  readonly summary: string
  /** The layers, outermost first. */
  readonly layers: readonly DissectedField[]
}

/** More fields, or fields nested deeper, than any message of an honest conversation has. */
const MOST_FIELDS = 20_000
const MOST_DEPTH = 16

/** `DissectedField[]` from the JSON of a recording, which may hold anything: what is no field is left out. Total. */
export function parseFields(json: string): readonly DissectedField[] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return []
  }
  let left = MOST_FIELDS
  const isPlace = (place: unknown): place is number => Number.isInteger(place) && (place as number) >= 0
  const read = (list: unknown, depth: number): DissectedField[] => {
    if (!Array.isArray(list) || depth > MOST_DEPTH) return []
    return list.flatMap((item: unknown) => {
      if (typeof item !== 'object' || item === null || left-- <= 0) return []
      const { name, text, offset, length, problem, children } = item as Record<string, unknown>
      if (typeof name !== 'string' || typeof text !== 'string' || !isPlace(offset) || !isPlace(length))
        return []
      const inner = read(children, depth + 1)
      const field = { name, text, offset, length }
      const wrong = typeof problem === 'string' && problem !== '' ? { problem } : {}
      return [{ ...field, ...wrong, ...(inner.length > 0 ? { children: inner } : {}) }]
    })
  }
  return read(value, 1)
}

/** The first field of this name, at any depth. */
export function findField(fields: readonly DissectedField[], name: string): DissectedField | undefined {
  for (const field of fields) {
    const found = field.name === name ? field : findField(field.children ?? [], name)
    if (found) return found
  }
  return undefined
}
