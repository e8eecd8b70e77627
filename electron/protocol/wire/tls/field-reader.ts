/**
 * Reading of TLS's presentation language (RFC 8446 3) in order: each read gives the value and notes the field with its
 * place. Where bytes are missing the field says so, and all later reads of this vector give nothing and note nothing, so
 * that decoders need no test after each read; what follows a broken vector of known length is read all the same.
 */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { hexDump } from '../dissect/reader.ts'
import { Cursor } from '../quic/cursor.ts'
import { varintLengthOf } from '../quic/varint.ts'
import type { WireError } from '../result.ts'

const NOTHING = new Uint8Array(0)

/** Bytes of ASCII as text; all others, control characters too, as `\xNN`. */
export function asciiText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes.subarray(0, 255)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return bytes.length > 255 ? `${text}...` : text
}

export const bytesText = (bytes: Uint8Array): string => (bytes.length === 0 ? 'empty' : hexDump(bytes))

export class FieldReader {
  readonly fields: DissectedField[] = []
  /** The first thing that was wrong. */
  error: WireError | undefined
  /** Bytes were missing: what would come next has no known place. */
  private stopped = false
  private readonly bytes: Uint8Array
  private at: number
  private readonly end: number

  /** Reads `bytes` from `start` to `end`, which is at most their length. */
  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  /** Bytes that are still to be read; 0 once some were missing, so that a loop over items ends. */
  get left(): number {
    return this.stopped ? 0 : this.end - this.at
  }

  /** Reads a number of 1 to 4 bytes. */
  number(name: string, size: number, describe: (value: number) => string = String): number {
    const offset = this.take(name, size)
    if (offset < 0) return 0
    const value = this.numberAt(offset, size)
    this.fields.push({ name, text: describe(value), offset, length: size })
    return value
  }

  /** Reads a variable-length integer of QUIC (RFC 9000 16). */
  varint(name: string, describe: (value: number) => string = String): number {
    const size = this.left > 0 ? varintLengthOf(this.bytes[this.at]) : 1
    const offset = this.take(name, size)
    if (offset < 0) return 0
    const value = new Cursor(this.bytes, offset).varint()
    this.fields.push({ name, text: describe(value), offset, length: size })
    return value
  }

  /** Reads `length` bytes; a view. */
  opaque(name: string, length: number, describe: (bytes: Uint8Array) => string = bytesText): Uint8Array {
    const offset = this.take(name, length)
    if (offset < 0) return NOTHING
    const value = this.bytes.subarray(offset, offset + length)
    this.fields.push({ name, text: describe(value), offset, length })
    return value
  }

  /** All bytes that are left; a view. */
  rest(name: string, describe?: (bytes: Uint8Array) => string): Uint8Array {
    return this.opaque(name, this.left, describe)
  }

  /** Reads bytes with their length before them in `size` bytes; a view. The field covers both. */
  vector(name: string, size: number, describe: (bytes: Uint8Array) => string = bytesText): Uint8Array {
    const offset = this.at
    const length = this.lengthPrefix(name, size)
    if (length < 0) return NOTHING
    const value = this.bytes.subarray(this.at, this.at + length)
    this.at += length
    this.fields.push({ name, text: describe(value), offset, length: size + length })
    return value
  }

  /**
   * Reads a vector with its length before it in `size` bytes by `read`, whose fields become its children and whose
   * result is this one's. `text` is asked for after that.
   */
  block<T>(name: string, size: number, read: (inner: FieldReader) => T, text: (value: T) => string): T {
    const offset = this.at
    const length = this.lengthPrefix(name, size)
    const start = length < 0 ? this.end : this.at
    const inner = new FieldReader(this.bytes, start, length < 0 ? start : start + length)
    if (length < 0) {
      inner.stopped = true
      return read(inner)
    }
    this.at += length
    const value = read(inner)
    inner.finish()
    this.error ??= inner.error
    this.fields.push({ name, text: text(value), offset, length: size + length, children: inner.fields })
    return value
  }

  /** Reads items until the bytes end. */
  list<T>(
    name: string,
    size: number,
    item: (inner: FieldReader) => T,
    describe?: (items: T[]) => string,
  ): T[] {
    const text = describe ?? ((items: T[]) => `${items.length}`)
    return this.block(name, size, (inner) => inner.repeat(item), text)
  }

  /** Notes what `read` notes as children of one field, named by the result. */
  group<T>(read: (inner: FieldReader) => T, name: (value: T) => string): T {
    const inner = new FieldReader(this.bytes, this.at, this.end)
    inner.stopped = this.stopped
    const offset = this.at
    const value = read(inner)
    this.at = inner.stopped ? this.end : inner.at
    this.stopped ||= inner.stopped
    this.error ??= inner.error
    const length = this.at - offset
    if (length > 0) this.fields.push({ name: name(value), text: '', offset, length, children: inner.fields })
    return value
  }

  /** What is left, without reading it; a view. */
  remaining(): Uint8Array {
    return this.bytes.subarray(this.at, this.at + this.left)
  }

  repeat<T>(item: (inner: FieldReader) => T): T[] {
    const items: T[] = []
    while (this.left > 0) items.push(item(this))
    return items
  }

  /** Notes that what was read last is not allowed. */
  reject(reason: string, problem: string): void {
    const last = this.fields.at(-1)
    if (this.stopped || last === undefined) return
    this.fail(reason, last.offset)
    this.fields[this.fields.length - 1] = { ...last, problem }
  }

  /** To be called when all is read: bytes that nobody asked for are an error (RFC 8446 6.2, decode_error). */
  finish(): void {
    if (this.left === 0) return
    const offset = this.at
    const length = this.left
    this.fail('trailing_bytes', offset)
    const text = bytesText(this.bytes.subarray(offset, this.end))
    this.fields.push({ name: 'Trailing bytes', text, offset, length, problem: 'not part of the structure' })
  }

  private fail(reason: string, offset: number): void {
    this.error ??= { layer: 'tls', reason, offset }
  }

  private numberAt(offset: number, size: number): number {
    let value = 0
    for (let i = 0; i < size; i++) value = value * 256 + this.bytes[offset + i]
    return value
  }

  /** Steps over `length` bytes and returns where they begin; -1 when they are not there. */
  private take(name: string, length: number): number {
    if (this.stopped) return -1
    const offset = this.at
    if (length > this.end - offset) {
      this.cutShort(name, offset, length)
      return -1
    }
    this.at += length
    return offset
  }

  /** Steps over a length and returns it; -1 when not as many bytes follow. */
  private lengthPrefix(name: string, size: number): number {
    const offset = this.take(name, size)
    if (offset < 0) return -1
    const length = this.numberAt(offset, size)
    if (length <= this.end - this.at) return length
    this.cutShort(name, offset, size + length)
    return -1
  }

  private cutShort(name: string, offset: number, length: number): void {
    const left = this.end - offset
    this.fail('truncated', offset)
    this.stopped = true
    const problem = `cut short: ${left} of ${length} bytes`
    this.fields.push({ name, text: '', offset, length: left, problem })
  }
}
