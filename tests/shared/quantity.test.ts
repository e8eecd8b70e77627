import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatNumber,
  formatRate,
  formatShare,
  formatSize,
  formatSpan,
  parseCount,
  parsePackets,
  parseRate,
  parseShare,
  parseSize,
  parseSpan,
} from '../../shared/quantity.ts'

const valueOf = (quantity: ReturnType<typeof parseRate>) => (quantity.ok ? quantity.value : undefined)

describe('reading', () => {
  test.each([
    ['10mbit', 10e6],
    ['1gbit', 1e9],
    ['500kbit/s', 500e3],
    ['1.5Mbit', 1.5e6],
    ['9600bit', 9600],
    ['0', 0],
    ['64kbps', undefined],
    ['10', undefined],
    ['-1mbit', undefined],
    ['1e6bit', undefined],
    ['', undefined],
    ['10 m bit', undefined],
  ])('the rate %s', (text, value) => expect(valueOf(parseRate(text))).toBe(value))

  test.each([
    ['25ms', 25_000],
    ['1.5s', 1_500_000],
    ['200us', 200],
    ['200µs', 200],
    ['200μs', 200],
    ['2min', 120e6],
    ['0', 0],
    ['25', undefined],
    ['25 parsec', undefined],
    ['constructor', undefined],
  ])('the span %s', (text, value) => expect(valueOf(parseSpan(text))).toBe(value))

  test.each([
    ['1500', 1500],
    ['1500B', 1500],
    ['64kB', 64_000],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['1.5kB', 1500],
    ['12q', undefined],
  ])('the size %s', (text, value) => expect(valueOf(parseSize(text))).toBe(value))

  test.each([
    ['2%', 0.02],
    ['0.02', 0.02],
    ['100%', 1],
    ['101%', undefined],
    ['2', undefined],
    ['%', undefined],
  ])('the share %s', (text, value) => expect(valueOf(parseShare(text))).toBe(value))

  test('packets and counts', () => {
    expect(valueOf(parsePackets('100p'))).toBe(100)
    expect(valueOf(parsePackets('100'))).toBeUndefined()
    expect(valueOf(parseCount('7'))).toBe(7)
    expect(valueOf(parseCount('0', 1))).toBeUndefined()
    expect(valueOf(parseCount('1.5'))).toBeUndefined()
  })

  test('an error names the text as it was given, and what is allowed', () => {
    expect(parseRate(' 64kbps/s')).toEqual({
      ok: false,
      error: { value: ' 64kbps/s', allowed: expect.stringContaining('10mbit') },
    })
  })

  test('any text gives a quantity or an error, never an exception, and no quantity is negative or infinite', () => {
    const parsers = [parseRate, parseSpan, parseSize, parseShare, parseCount, parsePackets]
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,20}[a-z%]{0,5}$/)), (text) => {
        for (const parse of parsers) {
          const result = parse(text)
          if (result.ok) expect(Number.isFinite(result.value) && result.value >= 0).toBe(true)
          else expect(result.error.value).toBe(text)
        }
      }),
    )
  })
})

describe('showing', () => {
  test.each([
    [0, '0'],
    [1234, '1234'],
    [12_345.678, '12\u202f350'],
    [1_234_567, '1\u202f235\u202f000'],
    [0.012345, '0.01235'],
    [-5.5, '−5.5'],
    [NaN, '–'],
    [Infinity, '∞'],
  ])('%d as a number', (value, text) => expect(formatNumber(value)).toBe(text))

  test('in the largest unit that gives at least 1', () => {
    expect(formatRate(10e6)).toBe('10 Mbit/s')
    expect(formatRate(999_999)).toBe('1 Mbit/s')
    expect(formatSpan(25_000)).toBe('25 ms')
    expect(formatSpan(999_960)).toBe('1 s')
    expect(formatSpan(0)).toBe('0 µs')
    expect(formatSpan(0.25)).toBe('0.25 µs')
    expect(formatSize(64_000)).toBe('64 kB')
    expect(formatSize(1500)).toBe('1.5 kB')
    expect(formatShare(0.02)).toBe('2 %')
    expect(formatShare(0.12345)).toBe('12.35 %')
  })
})
