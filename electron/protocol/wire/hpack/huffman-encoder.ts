/** Writing of the Huffman code of RFC 7541 appendix B. */
import { HUFFMAN_CODE } from './huffman.ts'

const BITS = new Uint8Array(257)
const CODES = new Uint32Array(257)
for (const { symbol, bits, code } of HUFFMAN_CODE) {
  BITS[symbol] = bits
  CODES[symbol] = code
}

/** Octets that `text`, one octet a character, takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i) & 0xff]
  return Math.ceil(bits / 8)
}

/** Encodes `text`, one octet a character, into `into` at `at` and returns the offset behind it (RFC 7541 5.2). */
export function encodeHuffman(text: string, into: Uint8Array, at: number): number {
  // Fewer than 8 bits wait; the longest codeword of an octet has 30, so a shift by a whole one would not fit: by octets, then.
  let waiting = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff
    for (let left = BITS[symbol]; left > 0;) {
      const taken = Math.min(left, 8 - count)
      left -= taken
      waiting = (waiting << taken) | ((CODES[symbol] >>> left) & ((1 << taken) - 1))
      count += taken
      if (count < 8) continue
      into[at++] = waiting
      waiting = count = 0
    }
  }
  // Padding is the beginning of EOS, which is ones.
  if (count > 0) into[at++] = (waiting << (8 - count)) | (0xff >> count)
  return at
}
