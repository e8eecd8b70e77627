/** RFC 9000 16 and appendix A.1: variable-length integers. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cursor } from '../../../../../electron/protocol/wire/quic/cursor.ts'
import {
  MAX_EXACT,
  varintLength,
  writeVarint,
  type VarintLength,
} from '../../../../../electron/protocol/wire/quic/varint.ts'

const read = (hex: string): { readonly value: number; readonly failed: boolean; readonly at: number } => {
  const cursor = new Cursor(new Uint8Array(Buffer.from(hex, 'hex')))
  const value = cursor.varint()
  return { value, failed: cursor.failed, at: cursor.at }
}

describe('A.1 the examples', () => {
  test.each([
    ['9d7f3e7d', 494_878_333, 4],
    ['7bbd', 15_293, 2],
    ['25', 37, 1],
    ['4025', 37, 2],
  ])('%s is %d', (hex, value, at) => expect(read(hex)).toEqual({ value, failed: false, at }))

  test('c2197c5eff14e88c is beyond what a number holds exactly: the nearest one', () =>
    expect(read('c2197c5eff14e88c').value).toBe(Number(151_288_809_941_952_652n)))
})

test('what is written is read, in as few bytes as it takes or in more', () => {
  const lengths: readonly VarintLength[] = [1, 2, 4, 8]
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.constantFrom(...lengths), (value, wanted) => {
      const length = Math.max(wanted, varintLength(value)) as VarintLength
      const bytes = new Uint8Array(10).fill(0xaa)
      expect(writeVarint(bytes, 1, value, length)).toBe(1 + length)
      const cursor = new Cursor(bytes, 1)
      expect([cursor.varint(), cursor.at, cursor.failed]).toEqual([value, 1 + length, false])
      expect([bytes[0], bytes[1 + length]]).toEqual([0xaa, 0xaa].slice(0, length < 9 ? 2 : 1))
    }),
  )
})

test.each([0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, MAX_EXACT])(
  'the edges of a length: %d',
  (value) => {
    const bytes = new Uint8Array(8)
    const end = writeVarint(bytes, 0, value)
    expect(end).toBe(varintLength(value))
    expect(new Cursor(bytes).varint()).toBe(value)
  },
)

test('a number that has no exact form is a bug of ours', () => {
  for (const value of [-1, NaN, 2 ** 53])
    expect(() => writeVarint(new Uint8Array(8), 0, value)).toThrow(RangeError)
})

test.each(['', '40', '80', '800000', 'c0', 'c0000000000000'])('%j is cut short', (hex) =>
  expect(read(hex)).toMatchObject({ value: 0, failed: true }),
)
