/** The representations of RFC 7541 6, written by hand: for tests that need a block of a certain form. */
import { HUFFMAN_CODE } from '../../electron/protocol/wire/hpack/huffman.ts'
import { join, octets } from './cuts.ts'

/** RFC 7541 5.1; `high` are the bits before the prefix. */
export function integer(value: number, prefix: number, high = 0): Uint8Array {
  const mask = 2 ** prefix - 1
  if (value < mask) return Uint8Array.of(high | value)
  const out = [high | mask]
  let rest = value - mask
  for (; rest >= 128; rest = Math.floor(rest / 128)) out.push((rest % 128) | 128)
  return Uint8Array.from([...out, rest])
}

const CODES = new Map(HUFFMAN_CODE.map((codeword) => [codeword.symbol, codeword]))

/** Huffman-coded octets, padded with ones. */
export function huffman(text: string): Uint8Array {
  let bits = ''
  for (const octet of octets(text)) {
    const { code, bits: length } = CODES.get(octet)!
    bits += code.toString(2).padStart(length, '0')
  }
  bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1')
  return Uint8Array.from({ length: bits.length / 8 }, (_, i) => parseInt(bits.slice(i * 8, i * 8 + 8), 2))
}

export function string(text: string, coded = false): Uint8Array {
  const body = coded ? huffman(text) : octets(text)
  return join(integer(body.length, 7, coded ? 0x80 : 0), body)
}

export const indexed = (index: number): Uint8Array => integer(index, 7, 0x80)
export const sizeUpdate = (size: number): Uint8Array => integer(size, 5, 0x20)

const FORMS = { indexed: [6, 0x40], plain: [4, 0], never: [4, 0x10] } as const

/** A literal; the name is text, or the index of one. */
export function literal(
  form: keyof typeof FORMS,
  name: string | number,
  value: string,
  coded = false,
): Uint8Array {
  const [prefix, high] = FORMS[form]
  const head =
    typeof name === 'number'
      ? integer(name, prefix, high)
      : join(integer(0, prefix, high), string(name, coded))
  return join(head, string(value, coded))
}
