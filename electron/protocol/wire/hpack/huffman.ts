/**
 * The Huffman code of RFC 7541 appendix B, read four bits at a time. The code is canonical: ordered by length, then by
 * symbol, each codeword is the one before plus one. So its lengths alone say all of it.
 */

/** Bits of the codeword of each octet, 16 a line; last that of EOS. */
const LENGTHS = [
  [13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28],
  [28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28],
  [6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6],
  [5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10],
  [13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  [7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  [15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5],
  [6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28],
  [20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  [24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  [22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23],
  [21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23],
  [26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25],
  [19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27],
  [20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23],
  [26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
  [30],
].flat()

const EOS = 256

export interface Codeword {
  readonly symbol: number
  readonly bits: number
  readonly code: number
}

/** All codewords, shortest first. */
export const HUFFMAN_CODE: readonly Codeword[] = (() => {
  const order = LENGTHS.map((bits, symbol) => ({ bits, symbol })).sort(
    (a, b) => a.bits - b.bits || a.symbol - b.symbol,
  )
  let next = 0
  let length = order[0].bits
  return order.map(({ bits, symbol }) => {
    next *= 2 ** (bits - length)
    length = bits
    return { symbol, bits, code: next++ }
  })
})()

/** A step of the reader, by node of the code tree and next four bits: the node reached, and what was found on the way. */
const EMIT = 1 << 8
const FAIL = 1 << 9
const SYMBOL = 16

/** The tree of the code: `tree[node * 2 + bit]` is an inner node, or ~symbol. 257 leaves make 256 inner nodes. */
function buildTree(): Int16Array {
  const tree = new Int16Array(512)
  let nodes = 1
  for (const { symbol, bits, code } of HUFFMAN_CODE) {
    let node = 0
    for (let bit = bits - 1; bit > 0; bit--) {
      const at = node * 2 + ((code >>> bit) & 1)
      if (tree[at] === 0) tree[at] = nodes++
      node = tree[at]
    }
    tree[node * 2 + (code & 1)] = ~symbol
  }
  return tree
}

function step(tree: Int16Array, node: number, nibble: number): number {
  let found = 0
  for (let bit = 3; bit >= 0; bit--) {
    const next = tree[node * 2 + ((nibble >>> bit) & 1)]
    if (next === ~EOS) return FAIL
    // The shortest codeword has five bits, so four never end two of them.
    if (next < 0) found = EMIT | (~next << SYMBOL)
    node = next < 0 ? 0 : next
  }
  return found | node
}

const TREE = buildTree()
const STEPS = Uint32Array.from({ length: 256 * 16 }, (_, at) => step(TREE, at >> 4, at & 15))

/** Whether a string may end at a node: less than eight bits of EOS, which are ones, lead to it (RFC 7541 5.2). */
const MAY_END = new Uint8Array(256)
for (let node = 0, depth = 0; depth < 8; depth++, node = TREE[node * 2 + 1]) MAY_END[node] = 1

/** Octets that a string of `length` encoded ones can have at most. */
export const huffmanRoom = (length: number): number => Math.ceil((length * 8) / 5)

export const HUFFMAN_EOS = -1
export const HUFFMAN_PADDING = -2

/**
 * Decodes the octets from `from` to `to` into `into`, which has `huffmanRoom` for them. Returns how many came out, or
 * HUFFMAN_EOS (the string contains EOS) or HUFFMAN_PADDING (it ends in more than 7 bits of padding, or not in ones).
 */
export function decodeHuffman(bytes: Uint8Array, from: number, to: number, into: Uint8Array): number {
  let node = 0
  let length = 0
  for (let at = from; at < to; at++) {
    const high = STEPS[(node << 4) | (bytes[at] >>> 4)]
    if (high & EMIT) into[length++] = high >>> SYMBOL
    const low = STEPS[((high & 0xff) << 4) | (bytes[at] & 15)]
    if (low & EMIT) into[length++] = low >>> SYMBOL
    if ((high | low) & FAIL) return HUFFMAN_EOS
    node = low & 0xff
  }
  return MAY_END[node] === 1 ? length : HUFFMAN_PADDING
}
