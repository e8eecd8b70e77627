/** Whatever a header block holds: the decoder throws nothing, keeps its bounds, and tells where it stopped. */
import { expect, it } from 'vitest'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { HpackDecoder } from '../../electron/protocol/wire/hpack/decoder.ts'
import { join, wound } from '../support/cuts.ts'
import { indexed, literal, sizeUpdate } from '../support/hpack-encode.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 1_000_000 : 20_000

const NAMES = ['a', ':path', 'x-long-name', 'set-cookie', '\xff\0']
const VALUES = ['', '1', 'some value', 'v'.repeat(60), '\0\xff{}~']
const FORMS = ['indexed', 'plain', 'never'] as const

function representation(rng: Rng): Uint8Array {
  const kind = rng.int(8)
  if (kind === 0) return sizeUpdate([0, 31, 100, 4096, 5000][rng.int(5)])
  if (kind < 3) return indexed(rng.int(70))
  const name = rng.int(2) === 0 ? rng.int(70) : NAMES[rng.int(NAMES.length)]
  return literal(FORMS[rng.int(3)], name, VALUES[rng.int(VALUES.length)], rng.int(2) === 0)
}

/** Blocks to take from: encoding a million would take longer than decoding them. */
const corpus = (rng: Rng): Uint8Array[] =>
  Array.from({ length: 2_000 }, () =>
    join(...Array.from({ length: 1 + rng.int(8) }, () => representation(rng))),
  )

it('no block breaks it', () => {
  const rng = createRng(2)
  const blocks = corpus(rng)
  const limits = { tableSize: 1_000, listSize: 500 }
  const seen = new Map<string, number>()
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
  let decoder = new HpackDecoder(limits)
  for (let i = 0; i < COUNT; i++) {
    if (rng.int(8) === 0) decoder = new HpackDecoder(limits)
    if (rng.int(20) === 0) decoder.allowTableSize([0, 100, 4096, 5000, 2 ** 32 - 1][rng.int(5)])
    const bytes = wound(rng, blocks[rng.int(blocks.length)])
    const block = decoder.decode(bytes)
    count(block.error?.reason ?? 'read')
    if (block.omitted > 0) count('omitted')
    if (block.error && !(block.error.offset >= 0 && block.error.offset <= bytes.length))
      throw new Error(`${block.error.reason} at ${block.error.offset} of ${bytes.length}`)
    let end = 0
    for (const { offset, length } of [...block.updates, ...block.fields]) {
      if (offset !== end || length < 1) throw new Error(`a field at ${offset}+${length}, not ${end}`)
      end += length
    }
    const { size, length, maxSize } = decoder.table
    if (size > limits.tableSize || size > maxSize || length * 32 > size)
      throw new Error(`${length} entries of ${size}`)
  }
  const all = [
    'read',
    'omitted',
    'truncated',
    'integer_overflow',
    'huffman_eos',
    'huffman_padding',
    'index_zero',
    'index_out_of_range',
    'size_update_too_large',
    'size_update_misplaced',
    'size_update_missing',
  ]
  expect(all.filter((what) => !seen.has(what))).toEqual([])
})
