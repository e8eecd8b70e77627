import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  axisLabel,
  axisUnit,
  momentText,
  niceScale,
  niceStep,
  valueText,
} from '../../../shared/charts/axes.ts'

const positive = fc.double({ min: 1e-3, max: 1e12, noNaN: true })

describe('steps', () => {
  test.each([
    [10, 5, 2],
    [1, 4, 0.25],
    [97, 4, 25],
    [3_970_000, 6, 1_000_000],
    [0.9, 3, 0.5],
  ])('%d in at most %d parts: %d', (span, count, step) => {
    expect(niceStep(span, count)).toBeCloseTo(step, 12)
  })

  test('are round, and no more than asked for', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 1, max: 20 }), (span, count) => {
        const step = niceStep(span, count)
        expect(span / step).toBeLessThanOrEqual(count * (1 + 1e-6))
        const mantissa = step / 10 ** Math.floor(Math.log10(step) + 1e-9)
        expect([1, 2, 2.5, 5].some((round) => Math.abs(mantissa - round) < 1e-6)).toBe(true)
      }),
    )
  })

  test('a scale holds its largest value with a little room, and ends on a step', () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 1, max: 10 }), (max, count) => {
        const scale = niceScale(max, count)
        expect(scale.max).toBeGreaterThan(max)
        expect(scale.max / scale.step).toBeCloseTo(Math.round(scale.max / scale.step), 6)
      }),
    )
  })

  test('of nothing there is still an axis', () => {
    expect(niceScale(0, 4)).toEqual({ max: 1, step: 1 })
    expect(niceScale(NaN, 4)).toEqual({ max: 1, step: 1 })
  })
})

describe('labels', () => {
  test.each([
    ['B', 80_000, 20_000, 40_000, '40', 'kB'],
    ['B', 1_500, 250, 1_250, '1250', 'B'],
    ['us', 5_000_000, 500_000, 1_500_000, '1.5', 's'],
    ['us', 50_000, 2_500, 7_500, '7.5', 'ms'],
    ['bit/s', 40e6, 5e6, 15e6, '15', 'Mbit/s'],
    ['us', 12_000_000_000, 2_000_000_000, 10_000_000_000, '10\u202f000', 's'],
  ] as const)('%s up to %d by %d: %d is %s %s', (kind, max, step, value, text, symbol) => {
    const unit = axisUnit(kind, max)
    expect(unit.symbol).toBe(symbol)
    expect(axisLabel(unit, step)(value)).toBe(text)
  })

  test('no two steps have the same label', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e9, noNaN: true }),
        fc.integer({ min: 2, max: 12 }),
        (max, count) => {
          const { max: end, step } = niceScale(max, count)
          const label = axisLabel(axisUnit('B', end), step)
          const labels = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => label(i * step))
          expect(new Set(labels).size).toBe(labels.length)
        },
      ),
    )
  })
})

test('moments and values in words', () => {
  expect(momentText(20_010)).toBe('20.010 ms')
  expect(momentText(3_988_905)).toBe('3.9889 s')
  expect(valueText(14_480, 'B')).toBe('14.48 kB')
  expect(valueText(Infinity, 'B')).toBe('∞')
})
