/** HPACK by the clauses of RFC 7541. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_TABLE_SIZE, HpackDecoder } from '../../../../../electron/protocol/wire/hpack/decoder.ts'
import {
  decodeHuffman,
  HUFFMAN_CODE,
  HUFFMAN_EOS,
  HUFFMAN_PADDING,
  huffmanRoom,
} from '../../../../../electron/protocol/wire/hpack/huffman.ts'
import { STATIC_TABLE } from '../../../../../electron/protocol/wire/hpack/static-table.ts'
import { join } from '../../../../support/cuts.ts'
import { huffman, indexed, literal, sizeUpdate } from '../../../../support/hpack-encode.ts'

const decode = (...parts: Uint8Array[]) => new HpackDecoder().decode(join(...parts))
const error = (reason: string, offset: number) => ({ layer: 'hpack', reason, offset })

describe('2.3 tables', () => {
  test('appendix A: 61 entries, from :authority to www-authenticate', () => {
    expect(STATIC_TABLE).toHaveLength(61)
    expect(STATIC_TABLE[0]).toEqual({ name: ':authority', value: '' })
    expect(STATIC_TABLE[15]).toEqual({ name: 'accept-encoding', value: 'gzip, deflate' })
    expect(STATIC_TABLE[60]).toEqual({ name: 'www-authenticate', value: '' })
  })

  test('2.3.3 the newest dynamic entry is index 62', () => {
    const { fields } = decode(
      literal('indexed', 'a', '1'),
      literal('indexed', 'b', '2'),
      indexed(62),
      indexed(63),
    )
    expect(fields.map((field) => field.name + field.value)).toEqual(['a1', 'b2', 'b2', 'a1'])
  })

  test('2.3.3 an index beyond both tables is an error, and what stands before it is kept', () => {
    const block = decode(indexed(2), indexed(62))
    expect(block.fields).toHaveLength(1)
    expect(block.error).toEqual(error('index_out_of_range', 1))
  })
})

describe('4 the dynamic table', () => {
  test('4.1, 4.4 each change tells what went in and out', () => {
    const decoder = new HpackDecoder()
    decoder.decode(sizeUpdate(70))
    const [first] = decoder.decode(literal('indexed', 'a', '1')).fields
    expect(first.change).toMatchObject({ sizeBefore: 0, sizeAfter: 34, evicted: [] })
    decoder.decode(literal('indexed', 'b', '2'))
    const [third] = decoder.decode(literal('indexed', 'c', '3')).fields
    expect(third.change).toMatchObject({
      sizeBefore: 68,
      sizeAfter: 68,
      inserted: { name: 'c', insertion: 3, size: 34 },
      evicted: [{ name: 'a', insertion: 1 }],
    })
  })

  test('4.4 an entry larger than the table empties it and is no error', () => {
    const decoder = new HpackDecoder()
    decoder.decode(join(sizeUpdate(70), literal('indexed', 'a', '1')))
    const block = decoder.decode(literal('indexed', 'long', 'x'.repeat(40)))
    expect(block.error).toBeUndefined()
    expect(block.fields[0].value).toHaveLength(40)
    expect(block.fields[0].change).toMatchObject({
      sizeAfter: 0,
      inserted: undefined,
      evicted: [{ name: 'a' }],
    })
    expect(decoder.table.length).toBe(0)
  })

  test('4.4 a name may come from the entry that goes for it', () => {
    const decoder = new HpackDecoder()
    decoder.decode(join(sizeUpdate(40), literal('indexed', 'name', '1')))
    const block = decoder.decode(literal('indexed', 62, '2'))
    expect(block.fields[0]).toMatchObject({ name: 'name', value: '2' })
  })

  test('4.3 an update to 0 empties the table', () => {
    const decoder = new HpackDecoder()
    decoder.decode(literal('indexed', 'a', '1'))
    const block = decoder.decode(join(sizeUpdate(0), sizeUpdate(100)))
    expect(block.updates.map(({ maxSize, change }) => [maxSize, change.evicted.length])).toEqual([
      [0, 1],
      [100, 0],
    ])
    expect(decoder.table.snapshot()).toEqual({ maxSize: 100, size: 0, entries: [] })
  })

  test('4.2 an update stands at the start of a block only', () => {
    expect(decode(indexed(2), sizeUpdate(0)).error).toEqual(error('size_update_misplaced', 1))
  })

  test('4.2 a lowered maximum has to be answered in the next block', () => {
    const silent = new HpackDecoder()
    silent.allowTableSize(100)
    expect(silent.decode(indexed(2)).error).toEqual(error('size_update_missing', 0))
    const obedient = new HpackDecoder()
    obedient.allowTableSize(100)
    expect(obedient.decode(join(sizeUpdate(100), indexed(2))).error).toBeUndefined()
    expect(obedient.decode(indexed(2)).error).toBeUndefined()
  })

  test('4.2 of several maxima the smallest has to be answered', () => {
    const make = () => {
      const decoder = new HpackDecoder()
      decoder.allowTableSize(0)
      decoder.allowTableSize(4096)
      return decoder
    }
    expect(make().decode(join(sizeUpdate(4096), indexed(2))).error?.reason).toBe('size_update_missing')
    expect(make().decode(join(sizeUpdate(0), sizeUpdate(4096), indexed(2))).error).toBeUndefined()
  })

  test('6.3 an update beyond what the settings allow is an error', () => {
    expect(decode(sizeUpdate(DEFAULT_TABLE_SIZE + 1)).error).toEqual(error('size_update_too_large', 0))
    const decoder = new HpackDecoder()
    decoder.allowTableSize(10_000)
    expect(decoder.decode(sizeUpdate(10_000)).error).toBeUndefined()
  })
})

describe('5.1 integers', () => {
  test('one that does not end is truncated', () => {
    expect(decode(Uint8Array.of(0xff, 0x80)).error).toEqual(error('truncated', 0))
  })

  test('one beyond any meaning is an overflow, however it is written', () => {
    expect(decode(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f)).error).toEqual(
      error('integer_overflow', 0),
    )
    expect(decode(Uint8Array.of(0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0)).error?.reason).toBe(
      'integer_overflow',
    )
  })
})

describe('5.2 strings', () => {
  test('appendix B is a full prefix code, EOS all ones', () => {
    expect(HUFFMAN_CODE.reduce((sum, { bits }) => sum + 2 ** -bits, 0)).toBe(1)
    expect(HUFFMAN_CODE.at(-1)).toEqual({ symbol: 256, bits: 30, code: 0x3fffffff })
    const of = (symbol: number) => HUFFMAN_CODE.find((codeword) => codeword.symbol === symbol)
    // One row of each region of the table.
    expect(of(0)).toMatchObject({ code: 0x1ff8, bits: 13 })
    expect(of(0x7e)).toMatchObject({ code: 0x1ffd, bits: 13 })
    expect(of(0xf9)).toMatchObject({ code: 0xffffffe, bits: 28 })
    expect(of(0xff)).toMatchObject({ code: 0x3ffffee, bits: 26 })
  })

  test('any octets survive Huffman coding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const coded = huffman(String.fromCharCode(...bytes))
        const out = new Uint8Array(huffmanRoom(coded.length))
        const length = decodeHuffman(coded, 0, coded.length, out)
        expect(out.subarray(0, length)).toEqual(bytes)
      }),
    )
  })

  test.each([
    ['EOS in a string', [0xff, 0xff, 0xff, 0xff], HUFFMAN_EOS],
    ['more than seven bits of padding', [0x1f, 0xff], HUFFMAN_PADDING],
    ['padding of zeros', [0x18], HUFFMAN_PADDING],
  ])('%s is an error', (_, wire, expected) => {
    expect(decodeHuffman(Uint8Array.from(wire), 0, wire.length, new Uint8Array(20))).toBe(expected)
  })

  test('a string longer than its block is truncated', () => {
    expect(decode(Uint8Array.of(0x40, 0x05, 0x61)).error).toEqual(error('truncated', 1))
  })
})

describe('6 representations', () => {
  test('6.1 index 0 is an error', () => {
    expect(decode(indexed(0)).error).toEqual(error('index_zero', 0))
  })

  test('each tells index, place, cost and coding', () => {
    const block = decode(indexed(2), literal('plain', 4, '/x', true), literal('never', 'k', 'v'))
    expect(block.fields).toMatchObject([
      { representation: 'indexed', index: 2, offset: 0, length: 1, plainLength: 10 },
      {
        representation: 'literal',
        index: 4,
        offset: 1,
        plainLength: 7,
        huffmanName: false,
        huffmanValue: true,
      },
      { representation: 'literal_never_indexed', index: 0, length: 5, plainLength: 2, huffmanValue: false },
    ])
    expect(block.fields.every((field) => field.change === undefined)).toBe(true)
  })
})

describe('limits', () => {
  test('fields beyond the list limit are counted, not kept, and the table stays right', () => {
    const decoder = new HpackDecoder({ tableSize: 4096, listSize: 100 })
    const block = decoder.decode(
      join(literal('indexed', 'a', '1'), indexed(62), indexed(62), literal('indexed', 'b', '2')),
    )
    expect([block.fields.length, block.omitted, block.error]).toEqual([2, 2, undefined])
    expect(decoder.decode(indexed(62)).fields[0].name).toBe('b')
  })

  test('the table never takes more than its limit, whatever the endpoints agree on', () => {
    const decoder = new HpackDecoder({ tableSize: 100, listSize: 1e6 })
    decoder.allowTableSize(1e9)
    decoder.decode(sizeUpdate(1e9))
    for (let i = 0; i < 50; i++) decoder.decode(literal('indexed', `name-${i}`, 'value'))
    expect(decoder.table.size).toBeLessThanOrEqual(100)
    expect(decoder.decode(indexed(62)).fields[0].name).toBe('name-49')
  })

  test('after an error later blocks are read on, and are in doubt', () => {
    const decoder = new HpackDecoder()
    expect(decoder.decode(indexed(0)).inDoubt).toBe(false)
    expect(decoder.decode(indexed(2))).toMatchObject({ inDoubt: true, fields: [{ name: ':method' }] })
  })
})
