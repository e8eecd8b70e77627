/** Writing of integers and string literals (RFC 9204 4.1) into a buffer that grows. */
import { encodeHuffman, huffmanLength } from '../wire/hpack/huffman-encoder.ts'

export class Writer {
  length = 0
  private buffer = new Uint8Array(64)
  private readonly huffman: boolean

  /** Without `huffman` all strings are written as they are. */
  constructor(huffman = true) {
    this.huffman = huffman
  }

  /** An integer in the low `prefix` bits of an octet whose other bits are `high`. */
  integer(value: number, prefix: number, high: number): void {
    this.reserve(12)
    const mask = (1 << prefix) - 1
    if (value < mask) {
      this.buffer[this.length++] = high | value
      return
    }
    this.buffer[this.length++] = high | mask
    let rest = value - mask
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.buffer[this.length++] = (rest % 128) | 128
    this.buffer[this.length++] = rest
  }

  /** A string, one octet a character, Huffman-coded where that is shorter; the bit for it stands before the prefix. */
  string(text: string, prefix: number, high: number): void {
    const coded = this.huffman ? huffmanLength(text) : text.length
    const huffman = coded < text.length
    const length = huffman ? coded : text.length
    this.integer(length, prefix, huffman ? high | (1 << prefix) : high)
    this.reserve(length)
    if (huffman) this.length = encodeHuffman(text, this.buffer, this.length)
    else for (let i = 0; i < length; i++) this.buffer[this.length++] = text.charCodeAt(i)
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** Gives all that was written, and begins anew. */
  take(): Uint8Array {
    const bytes = this.buffer.slice(0, this.length)
    this.length = 0
    return bytes
  }

  private reserve(more: number): void {
    if (this.length + more <= this.buffer.length) return
    const grown = new Uint8Array(Math.max(this.length + more, this.buffer.length * 2))
    grown.set(this.buffer.subarray(0, this.length))
    this.buffer = grown
  }
}
