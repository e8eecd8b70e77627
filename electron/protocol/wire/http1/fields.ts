/** Field lines (RFC 9112 5), of a head or of trailers. */
import type { Line } from './lines.ts'
import { TOKEN } from './start-line.ts'

export interface Field {
  /** As it came; compare in lower case. */
  readonly name: string
  /** Without white space around it; folded lines joined by one space (RFC 9112 5.2). */
  readonly value: string
  /** Where its line or lines lie. */
  readonly offset: number
  readonly length: number
}

export type FieldReason =
  | 'no_colon'
  | 'space_before_colon'
  | 'bad_field_name'
  | 'bad_field_value'
  | 'obs_fold'
  | 'space_before_first_field'

/** Octets that no value may have (RFC 9110 5.5): CR and NUL; LF has ended the line. */
const FORBIDDEN = /[\0\r]/

const isBlank = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t'

/** `trim`, of spaces and tabs only: other white space is part of the value. */
function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text, from)) from++
  while (to > from && isBlank(text, to - 1)) to--
  return text.slice(from, to)
}

export class FieldSection {
  fields: Field[] = []
  /** The pieces of the last field's value that stand on lines of their own; joined when the next field begins. */
  private folds: string[] = []
  private foldedLength = 0

  /** Takes in a line; returns what is wrong with it. A line that holds no field is left out. */
  add(line: Line): FieldReason | undefined {
    if (isBlank(line.text, 0)) return this.fold(line)
    this.unfold()
    const colon = line.text.indexOf(':')
    if (colon < 0) return 'no_colon'
    const written = line.text.slice(0, colon)
    const name = trimBlanks(written)
    const value = trimBlanks(line.text.slice(colon + 1))
    if (!TOKEN.test(name)) return 'bad_field_name'
    this.fields.push({ name, value, offset: line.offset, length: line.length })
    // RFC 9112 5.1: a way to smuggle, where two readers disagree.
    if (name !== written) return 'space_before_colon'
    return FORBIDDEN.test(value) ? 'bad_field_value' : undefined
  }

  /** The fields, complete. */
  take(): Field[] {
    this.unfold()
    const { fields } = this
    this.fields = []
    return fields
  }

  private fold(line: Line): FieldReason {
    if (this.fields.length === 0) return 'space_before_first_field'
    this.folds.push(trimBlanks(line.text))
    this.foldedLength += line.length
    return 'obs_fold'
  }

  private unfold(): void {
    if (this.folds.length === 0) return
    const { name, value, offset, length } = this.fields.pop()!
    const joined = [value, ...this.folds].join(' ')
    this.fields.push({ name, value: joined, offset, length: length + this.foldedLength })
    this.folds = []
    this.foldedLength = 0
  }
}

/** The values of all fields of this lower-case name. */
export const valuesOf = (fields: readonly Field[], name: string): string[] =>
  fields.filter((field) => field.name.toLowerCase() === name).map((field) => field.value)

/** The members of all lists of this name, in lower case (RFC 9110 5.6.1). */
export const membersOf = (fields: readonly Field[], name: string): string[] =>
  valuesOf(fields, name)
    .flatMap((value) => value.split(','))
    .map((member) => trimBlanks(member).toLowerCase())
    .filter((member) => member !== '')
