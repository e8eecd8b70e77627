/** DER (ITU-T X.690), as far as certificates need it: tag, length, content. Total and free of recursion. */

export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
}

export const BOOLEAN = 0x01
export const INTEGER = 0x02
export const BIT_STRING = 0x03
export const OCTET_STRING = 0x04
export const OID = 0x06
export const UTC_TIME = 0x17
export const GENERALIZED_TIME = 0x18
export const SEQUENCE = 0x30
export const BMP_STRING = 0x1e
/** `[n]` of a module with explicit tags. */
export const explicit = (number: number): number => 0xa0 | number

const NOTHING = new Uint8Array(0)
/** What stands where something else was asked for. */
export const ABSENT: DerValue = { tag: 0, content: NOTHING }

/** The values in `bytes` one after another, up to the first that is cut short or of a form that DER does not have. */
export function valuesOf(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const tag = bytes[at]
    const first = bytes[at + 1]
    // Tags of several bytes do not occur in certificates; a length is of four bytes at most.
    const count = first < 0x80 ? 0 : first & 0x7f
    if ((tag & 0x1f) === 0x1f || first === 0x80 || count > 4 || at + 2 + count > bytes.length) break
    let length = first < 0x80 ? first : 0
    for (let i = 0; i < count; i++) length = length * 256 + bytes[at + 2 + i]
    const start = at + 2 + count
    if (start + length > bytes.length) break
    values.push({ tag, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return values
}

/** The parts of a SEQUENCE; none, if it is none. */
export const partsOf = ({ tag, content }: DerValue): DerValue[] => (tag === SEQUENCE ? valuesOf(content) : [])

/** An object identifier in dots; empty, if it is none. */
export function oidOf({ tag, content }: DerValue): string {
  if (tag !== OID || content.length === 0) return ''
  const numbers: number[] = []
  let number = 0
  for (const byte of content) {
    number = number * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    numbers.push(number)
    number = 0
  }
  const [head = 0, ...rest] = numbers
  const root = Math.min(2, Math.floor(head / 40))
  return [root, head - 40 * root, ...rest].join('.')
}

/** A text of any of DER's string types. Bytes that are no UTF-8 are taken for Latin-1. */
export function textOf({ tag, content }: DerValue): string {
  if (tag === BMP_STRING) {
    let text = ''
    for (let i = 0; i + 1 < content.length; i += 2)
      text += String.fromCharCode(content[i] * 256 + content[i + 1])
    return text
  }
  try {
    return decodeURIComponent(
      Array.from(content, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    )
  } catch {
    return Array.from(content, (byte) => String.fromCharCode(byte)).join('')
  }
}

/** `2026-01-01 00:00:00 UTC` (RFC 5280 4.1.2.5); what is no time, as it stands. */
export function timeOf(value: DerValue): string {
  const text = textOf(value)
  const match = /^(\d{2}|\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (!match) return text
  const [, year, month, day, hour, minute, second] = match
  const century = year.length === 4 ? '' : Number(year) < 50 ? '20' : '19'
  return `${century}${year}-${month}-${day} ${hour}:${minute}:${second} UTC`
}
