/** Reads one layer of a packet field by field and notes each with its place. Never reads past the layer's end. */
import type { DissectedField } from '../../../../shared/dissection.ts'

type Describe = (value: number) => string

export const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

/** Bytes in hexadecimal, cut after 32 of them. */
export function hexDump(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  return bytes.length > 32 ? `${shown} ...` : shown
}

export class LayerReader {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly fields: DissectedField[] = []
  /** A field did not fit; it and those that could not be noted after it read as 0. */
  cut = false

  /** The layer lies in `bytes` from `start` to `end`, which is at most their length. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** The number in `size` bytes (1, 2 or 4), `at` bytes into the layer, without a note. */
  peek(at: number, size: number): number {
    const from = this.start + at
    if (from + size > this.end) return 0
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + this.bytes[from + i]
    return value
  }

  /** Reads and notes the number in `size` bytes. */
  number(name: string, at: number, size: number, describe: Describe = String): number {
    const value = this.peek(at, size)
    this.note(name, at, size, describe(value))
    return value
  }

  /** Notes a field whose text is known already: a part of a byte, or one with children. */
  note(name: string, at: number, length: number, text: string, more: Partial<DissectedField> = {}): void {
    const offset = this.start + at
    if (!this.cut && offset + length <= this.end) {
      this.fields.push({ name, text, offset, length, ...more })
    } else if (!this.cut) {
      this.cut = true
      const left = Math.max(this.end - offset, 0)
      const problem = `cut short: ${left} of ${length} bytes`
      this.fields.push({ name, text: '', offset: Math.min(offset, this.end), length: left, problem })
    }
  }

  /** A checksum field: whether it is `expected`; undefined: that cannot be told. */
  checksum(name: string, at: number, expected: number | undefined): void {
    const value = this.peek(at, 2)
    const text = hex(value, 4)
    if (expected === undefined) this.note(name, at, 2, `${text} (not verified)`)
    else if (value === expected) this.note(name, at, 2, `${text} (correct)`)
    else this.note(name, at, 2, text, { problem: `wrong, should be ${hex(expected, 4)}` })
  }

  /** The layer as a field of its own, from its start to `end`. */
  layer(name: string, text: string, end = this.end, problem?: string): DissectedField {
    const { start, fields } = this
    const length = Math.max(end - start, 0)
    return {
      name,
      text,
      offset: start,
      length,
      children: fields,
      ...(problem === undefined ? {} : { problem }),
    }
  }
}

/** A bit field: the whole, and each bit by name from the highest down; nameless ones are left out. */
export const bits = (
  value: number,
  names: readonly string[],
  offset: number,
  length: number,
): DissectedField[] =>
  names.flatMap((name, i) => {
    const set = (value >>> (names.length - 1 - i)) & 1
    return name === '' ? [] : [{ name, text: set ? 'set' : 'not set', offset, length }]
  })

/** An option list as TCP and IPv4 have them: End (0), No-Operation (1), all others kind, length, data. */
export function readOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  describe: (kind: number, data: Uint8Array) => { name: string; text: string; problem?: string },
): DissectedField[] {
  const fields: DissectedField[] = []
  let at = start
  while (at < end) {
    const kind = bytes[at]
    if (kind === 0) {
      fields.push({ name: 'End of option list', text: 'padding follows', offset: at, length: end - at })
      break
    }
    if (kind === 1) {
      fields.push({ name: 'No-Operation', text: '', offset: at++, length: 1 })
      continue
    }
    const length = at + 1 < end ? bytes[at + 1] : 0
    if (length < 2 || at + length > end) {
      const problem = at + 1 < end ? `length ${length} is impossible` : 'cut short'
      fields.push({ name: `Option ${kind}`, text: '', offset: at, length: end - at, problem })
      break
    }
    fields.push({ ...describe(kind, bytes.subarray(at + 2, at + length)), offset: at, length })
    at += length
  }
  return fields
}
