/** The intervals that the tables of scenarios give, against the tables of others. */
import { expect, it } from 'vitest'
import { medianInterval } from '../support/statistics.ts'

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => n - i)

// Ranks for 95 %: Conover, "Practical Nonparametric Statistics", table A3 (p = 0.5).
it.each([
  [6, 1, 6],
  [9, 2, 8],
  [20, 6, 15],
  [30, 10, 21],
  [50, 18, 33],
])('of %d values, from the %d. to the %d.', (n, from, to) => {
  expect(medianInterval(upTo(n))).toEqual({ median: (n + 1) / 2, interval: [from, to] })
})

it('of fewer than six values there is none', () => {
  expect(medianInterval([3, 1, 2, 5, 4])).toEqual({ median: 3, interval: null })
})
