import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Series } from '../../../shared/projections/series.ts'

function seriesOf(points: readonly (readonly [number, number])[]): Series {
  const series = new Series()
  for (const [t, value] of points) series.push(t, value)
  return series
}

/** Points in the order of time, some at the same moment. */
const points = fc
  .array(fc.tuple(fc.nat(50), fc.integer({ min: -1000, max: 1000 })), {
    minLength: 1,
    maxLength: 600,
    size: 'max',
  })
  .map((steps) => {
    let t = 0
    return steps.map(([step, value]) => [(t += step), value] as const)
  })

describe('values over time', () => {
  test('a value holds until the next; of several at one moment the last holds', () => {
    const series = seriesOf([
      [10, 1],
      [20, 2],
      [20, 3],
      [30, 4],
    ])
    expect([9, 10, 19, 20, 29, 30, 99].map((t) => series.valueAt(t))).toEqual([undefined, 1, 1, 3, 3, 4, 4])
  })

  test('a step that changes nothing is not kept', () => {
    const series = new Series()
    for (const [t, value] of [
      [1, 5],
      [2, 5],
      [3, 6],
      [4, Infinity],
      [5, Infinity],
    ])
      series.step(t, value)
    expect([...series.times.view()]).toEqual([1, 3, 4])
  })

  test('extremes are those of a plain search', () => {
    fc.assert(
      fc.property(points, fc.nat(), fc.nat(), (list, a, b) => {
        const from = a % list.length
        const to = from + 1 + (b % (list.length - from))
        const values = list.slice(from, to).map(([, value]) => value)
        const [low, high] = seriesOf(list).extremes(from, to)
        expect([list[low][1], list[high][1]]).toEqual([Math.min(...values), Math.max(...values)])
        expect(low >= from && low < to && high >= from && high < to).toBe(true)
      }),
    )
  })

  test('what is added to the last point counts as if it had come with it', () => {
    fc.assert(
      fc.property(points, fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1 }), (some, more) => {
        const grown = new Series()
        for (const [i, [t, value]] of some.entries()) {
          grown.push(t, value)
          grown.addToLast(more[i % more.length])
        }
        const whole = seriesOf(some.map(([t, value], i) => [t, value + more[i % more.length]]))
        const { length } = whole
        const values = (series: Series) => series.extremes(0, length).map((at) => series.values.data[at])
        expect(values(grown)).toEqual(values(whole))
      }),
    )
  })
})

describe('thinning for a picture', () => {
  const picture = fc.record({ list: points, from: fc.nat(5000), width: fc.integer({ min: 1, max: 9000 }) })

  test('what is picked are points of the series, in order, none twice', () => {
    fc.assert(
      fc.property(picture, fc.integer({ min: 1, max: 40 }), ({ list, from, width }, columns) => {
        const picked = seriesOf(list).thin(from, from + width, columns)
        expect(picked).toEqual([...new Set(picked)].sort((a, b) => a - b))
        expect(picked.every((at) => at >= 0 && at < list.length)).toBe(true)
      }),
    )
  })

  test('each column of pixels keeps its first, smallest, largest and last value', () => {
    fc.assert(
      fc.property(picture, fc.integer({ min: 1, max: 40 }), ({ list, from, width }, columns) => {
        const picked = new Set(seriesOf(list).thin(from, from + width, columns))
        for (let column = 0; column < columns; column++) {
          const left = column === 0 ? from : from + (width * column) / columns
          const right = from + (width * (column + 1)) / columns
          const inside = list.flatMap(([t], at) => (t >= left && t < right ? [at] : []))
          if (inside.length === 0) continue
          const shown = inside.filter((at) => picked.has(at)).map((at) => list[at][1])
          const values = inside.map((at) => list[at][1])
          expect([Math.min(...shown), Math.max(...shown)]).toEqual([Math.min(...values), Math.max(...values)])
          expect([inside[0], inside.at(-1)!].every((at) => picked.has(at))).toBe(true)
        }
      }),
    )
  })

  test('the points on either side are kept, so that a line enters and leaves the picture', () => {
    const series = seriesOf(Array.from({ length: 10 }, (_, i) => [i * 10, i] as const))
    expect(series.thin(31, 59, 100)).toEqual([3, 4, 5, 6])
    expect(series.thin(32, 38, 100)).toEqual([3, 4])
  })

  test('a million points come down to a few a column', () => {
    const series = new Series()
    for (let i = 0; i < 1_000_000; i++) series.push(i, Math.sin(i / 1000) * (i === 777_777 ? 9 : 1))
    const picked = series.thin(0, 1_000_000, 800)
    expect(picked.length).toBeLessThanOrEqual(3200)
    expect(picked).toContain(777_777)
  })
})
