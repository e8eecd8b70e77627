/**
 * Reading of QUIC's notation (RFC 9000 1.3) in order. Where bytes are missing the cursor is `failed` and every later read gives
 * nothing, so that a decoder needs one test at its end and not one after each field.
 */
import { read32 } from '../bytes.ts'
import { varintLengthOf } from './varint.ts'

const NOTHING = new Uint8Array(0)

export class Cursor {
  readonly bytes: Uint8Array
  /** Where the next read begins. */
  at: number
  readonly end: number
  failed = false

  /** Reads `bytes` from `at` to `end`, which is at most their length. */
  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** Bytes that are still to be read; 0 once some were missing, so that loops end. */
  get left(): number {
    return this.failed ? 0 : this.end - this.at
  }

  octet(): number {
    return this.has(1) ? this.bytes[this.at++] : 0
  }

  uint16(): number {
    return (this.octet() << 8) | this.octet()
  }

  uint32(): number {
    if (!this.has(4)) return 0
    this.at += 4
    return read32(this.bytes, this.at - 4)
  }

  /** RFC 9000 16. */
  varint(): number {
    if (!this.has(1)) return 0
    const { bytes, at } = this
    const first = bytes[at]
    if (first < 0x40) {
      this.at++
      return first
    }
    const length = varintLengthOf(first)
    if (!this.has(length)) return 0
    this.at += length
    if (length === 2) return ((first & 0x3f) << 8) | bytes[at + 1]
    const head = read32(bytes, at) & 0x3fff_ffff
    return length === 4 ? head : head * 0x1_0000_0000 + read32(bytes, at + 4)
  }

  /** The next `length` bytes, a view. */
  take(length: number): Uint8Array {
    if (!this.has(length)) return NOTHING
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Bytes with their length before them as a variable-length integer; a view. */
  vector(): Uint8Array {
    return this.take(this.varint())
  }

  /** All that is left; a view. */
  rest(): Uint8Array {
    return this.take(this.left)
  }

  private has(length: number): boolean {
    if (!this.failed && length <= this.end - this.at) return true
    this.failed = true
    return false
  }
}
