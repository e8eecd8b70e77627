/** Integers and string literals (RFC 7541 5.1, 5.2), read one after the other until one is wrong. */
import { octetText } from '../octets.ts'
import { decodeHuffman, HUFFMAN_EOS, huffmanRoom } from './huffman.ts'

export type PrimitiveFault = 'truncated' | 'integer_overflow' | 'huffman_eos' | 'huffman_padding'

/** Larger integers have no meaning in HPACK; RFC 7541 5.1 asks for a bound. */
const MAX_INTEGER = 0xffff_ffff
/** Five continuation octets hold any such integer. */
const MAX_SHIFT = 28

const NOTHING: Uint8Array = new Uint8Array(0)

export class PrimitiveReader {
  bytes = NOTHING
  at = 0
  /** What was wrong first, and where; reads after it give 0 or the empty string. */
  fault: PrimitiveFault | undefined
  faultAt = 0
  /** Whether the string read last was Huffman-coded. */
  huffman = false

  private scratch = NOTHING

  constructor(bytes: Uint8Array = NOTHING) {
    this.start(bytes)
  }

  /** Begins anew with other octets. */
  start(bytes: Uint8Array): void {
    this.bytes = bytes
    this.at = 0
    this.fault = undefined
    this.faultAt = 0
  }

  get done(): boolean {
    return this.fault !== undefined || this.at >= this.bytes.length
  }

  /** The integer in the low `prefix` bits of the next octet, and in as many after it as it takes. */
  integer(prefix: number): number {
    const { bytes } = this
    const start = this.at
    if (start >= bytes.length) return this.fail('truncated', start)
    const mask = (1 << prefix) - 1
    let value = bytes[this.at++] & mask
    if (value < mask) return value
    for (let shift = 0; this.at < bytes.length; shift += 7) {
      if (shift > MAX_SHIFT) return this.fail('integer_overflow', start)
      const octet = bytes[this.at++]
      value += (octet & 0x7f) * 2 ** shift
      if (value > MAX_INTEGER) return this.fail('integer_overflow', start)
      if (octet < 0x80) return value
    }
    return this.fail('truncated', start)
  }

  /** The string whose length has a prefix of `prefix` bits, with the Huffman bit before it. */
  string(prefix = 7): string {
    const start = this.at
    this.huffman = start < this.bytes.length && (this.bytes[start] & (1 << prefix)) !== 0
    const length = this.integer(prefix)
    if (this.fault !== undefined) return ''
    const from = this.at
    if (length > this.bytes.length - from) {
      this.fail('truncated', start)
      return ''
    }
    this.at = from + length
    return this.huffman ? this.expand(from, this.at, start) : octetText(this.bytes, from, this.at)
  }

  private expand(from: number, to: number, start: number): string {
    const room = huffmanRoom(to - from)
    if (room > this.scratch.length) this.scratch = new Uint8Array(room * 2)
    const length = decodeHuffman(this.bytes, from, to, this.scratch)
    if (length >= 0) return octetText(this.scratch, 0, length)
    this.fail(length === HUFFMAN_EOS ? 'huffman_eos' : 'huffman_padding', start)
    return ''
  }

  private fail(fault: PrimitiveFault, at: number): 0 {
    if (this.fault === undefined) {
      this.fault = fault
      this.faultAt = at
    }
    return 0
  }
}
