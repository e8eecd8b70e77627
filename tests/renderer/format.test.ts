import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exactParts, formatClock, formatQuantity, parseQuantity } from '../../renderer/format.ts'

const shown = (value: number, unit: string): string => formatQuantity(value, unit, (name) => `<${name}>`)

describe('a value with its unit', () => {
  it.each([
    [25_000, 'us', '25 ms'],
    [0, 'us', '0 ms'],
    [1_500_000, 'us', '1.5 s'],
    [100e6, 'bit/s', '100 Mbit/s'],
    [6_291_456, 'B', '6.291 MB'],
    [1460, 'B', '1460 B'],
    [50_000_000, 'B/s', '50 MB/s'],
    [0.005, 'ratio', '0.5 %'],
    [12, 'segments', '12 <segments>'],
    [1.004, 'rtt', '1.004 <rtt>'],
    [0.75, '', '0.75'],
  ])('%d of %s is shown as %s', (value, unit, text) => {
    expect(shown(value, unit)).toBe(text)
  })

  it('a unit without a word is left out', () => {
    expect(formatQuantity(3, 'count', () => '')).toBe('3')
  })
})

describe('a value that is typed', () => {
  it.each([
    ['25 ms', 'us', 25_000],
    ['1.5s', 'us', 1_500_000],
    ['2%', 'ratio', 0.02],
    ['10 Mbit/s', 'bit/s', 10_000_000],
    ['64 kB', 'B', 64_000],
    ['1 MB/s', 'B/s', 1_000_000],
    ['12', 'segments', 12],
    ['0.5', '', 0.5],
  ])('%s as %s is %d', (text, unit, value) => {
    expect(parseQuantity(text, unit)).toEqual({ ok: true, value })
  })

  it('a bare number is taken in the unit that was shown', () => {
    expect(parseQuantity('30', 'us', 'ms')).toEqual({ ok: true, value: 30_000 })
    expect(parseQuantity('5', 'ratio', '%')).toEqual({ ok: true, value: 0.05 })
    expect(parseQuantity('2.5', 'bit/s', 'Mbit/s')).toEqual({ ok: true, value: 2_500_000 })
  })

  it.each([
    ['fast', 'bit/s'],
    ['-3 ms', 'us'],
    ['120 %', 'ratio'],
    ['1.5', 'segments'],
    ['', ''],
    ['1e400', ''],
  ])('%s as %s says what would be right', (text, unit) => {
    const result = parseQuantity(text, unit)
    expect(result.ok).toBe(false)
    if (!result.ok) expect(result.error.allowed).not.toBe('')
  })

  it.each(['us', 'bit/s', 'B', 'B/s', 'segments'])('a whole number of %s comes back as it was', (unit) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (value) => {
        const parts = exactParts(value, unit)
        expect(parseQuantity(`${parts.number} ${parts.unit}`.trim(), unit)).toEqual({ ok: true, value })
      }),
    )
  })
})

it('the clock has the same decimals at all times', () => {
  expect([0, 1_360_000, 999.6, 61_000_000].map((t) => formatClock(t))).toEqual([
    '0.000',
    '1.360',
    '0.001',
    '61.000',
  ])
})
