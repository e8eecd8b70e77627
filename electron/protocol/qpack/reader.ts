/**
 * Integers and string literals (RFC 9204 4.1), read one after the other. What is missing at the end is `incomplete` and not a
 * fault: on a stream of instructions the rest is still to come.
 */
import { decodeHuffman, HUFFMAN_EOS, huffmanRoom } from '../wire/hpack/huffman.ts'
import { octetText } from '../wire/octets.ts'

/** RFC 9204 4.1.1: integers up to 62 bits are to be understood; above 2^53 as the nearest number that there is. */
const MAX_INTEGER = 2 ** 62
/** Nine octets after the prefix hold any of them. */
const MAX_SHIFT = 56
/** The longest codeword has 30 bits: so many octets at least come out of encoded ones. */
const leastDecoded = (length: number): number => Math.floor((length * 8) / 30)

export class Reader {
  readonly bytes: Uint8Array
  at: number
  /** What is wrong, with the clause; reads after it give 0 or the empty string. */
  fault: string | undefined
  incomplete = false
  /** Octets of a string that are taken at most. */
  private readonly longest: number

  constructor(bytes: Uint8Array, longest: number, at = 0) {
    this.bytes = bytes
    this.longest = longest
    this.at = at
  }

  /** Reading makes sense no more. */
  get stopped(): boolean {
    return this.incomplete || this.fault !== undefined
  }

  get left(): number {
    return this.bytes.length - this.at
  }

  /** The integer in the low `prefix` bits of the next octet, and in as many after it as it takes. */
  integer(prefix: number): number {
    const mask = (1 << prefix) - 1
    let value = this.octet() & mask
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      if (shift > MAX_SHIFT) return this.fail('9204 4.1.1: an integer of more than 62 bits')
      const octet = this.octet()
      if (this.stopped) return 0
      value += (octet & 0x7f) * 2 ** shift
      if (value >= MAX_INTEGER) return this.fail('9204 4.1.1: an integer of more than 62 bits')
      if (octet < 0x80) return value
    }
  }

  /** The string whose length has a prefix of `prefix` bits, with the Huffman bit before it (RFC 9204 4.1.2). */
  string(prefix: number): string {
    if (this.stopped) return ''
    const huffman = this.left > 0 && (this.bytes[this.at] & (1 << prefix)) !== 0
    const length = this.integer(prefix)
    if (this.stopped) return ''
    // Before all of it has come: nobody makes us wait for what we would not take.
    if ((huffman ? leastDecoded(length) : length) > this.longest) return this.failText()
    if (length > this.left) {
      this.incomplete = true
      return ''
    }
    const from = this.at
    this.at += length
    const text = huffman ? this.expand(from) : octetText(this.bytes, from, this.at)
    return text.length > this.longest ? this.failText() : text
  }

  private expand(from: number): string {
    const into = new Uint8Array(huffmanRoom(this.at - from))
    const length = decodeHuffman(this.bytes, from, this.at, into)
    if (length >= 0) return octetText(into, 0, length)
    this.fail(
      length === HUFFMAN_EOS
        ? '7541 5.2: EOS inside a Huffman-coded string'
        : '7541 5.2: padding of a Huffman-coded string is not the beginning of EOS',
    )
    return ''
  }

  private octet(): number {
    if (this.at < this.bytes.length) return this.bytes[this.at++]
    this.incomplete = true
    return 0
  }

  private failText(): string {
    this.fail(`9204 7.4: a string of more than ${this.longest} octets`)
    return ''
  }

  private fail(fault: string): 0 {
    this.fault ??= fault
    return 0
  }
}
