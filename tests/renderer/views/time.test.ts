/** Which part of the run is on show: on the charts, on the ladder, on the timeline. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { moved, shownRange, zoomed } from '../../../renderer/charts/range.ts'
import { fittingWindow, scaled, scrolled } from '../../../renderer/views/ladder-window.ts'
import { timeToX, xToTime } from '../../../renderer/views/timeline-paint.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

const time = fc.double({ min: 0, max: 1e9, noNaN: true })
const range = fc
  .tuple(time, fc.double({ min: 10, max: 1e9, noNaN: true }))
  .map(([from, span]) => ({ from, to: from + span }))

describe('time axes', () => {
  test('a zoom that was chosen holds, whatever comes', () => {
    expect(shownRange({ from: 3, to: 9 }, 1e6, true)).toEqual({ from: 3, to: 9 })
  })

  test('all of a finished run; of a growing one a little more, in round steps', () => {
    expect(shownRange(null, 3_988_905, false)).toEqual({ from: 0, to: 3_988_905 })
    expect(shownRange(null, 3_988_905, true)).toEqual({ from: 0, to: 4_000_000 })
    expect(shownRange(null, 4_000_001, true).to).toBeGreaterThan(4_000_001)
    expect(shownRange(null, 0, true).to).toBeGreaterThan(0)
  })

  test('zooming keeps the moment under the pointer where it is', () => {
    fc.assert(
      fc.property(range, fc.double({ min: 0, max: 1, noNaN: true }), (before, share) => {
        const at = before.from + share * (before.to - before.from)
        const after = zoomed(before, at, 0.5, 1e12)!
        expect((at - after.from) / (after.to - after.from)).toBeCloseTo(share, 6)
      }),
    )
  })

  test('zoomed out beyond the run is all of the run', () => {
    expect(zoomed({ from: 10, to: 90 }, 50, 4, 100)).toBeNull()
    expect(zoomed({ from: 0, to: 50 }, 10, 1.1, 100)).not.toBeNull()
  })

  test('moving keeps the span and stays within the run', () => {
    fc.assert(
      fc.property(range, fc.double({ min: -5, max: 5, noNaN: true }), (before, share) => {
        const after = moved(before, share, 2e9)
        expect(after.to - after.from).toBeCloseTo(before.to - before.from, 3)
        expect(after.from).toBeGreaterThanOrEqual(0)
      }),
    )
    expect(moved({ from: 20, to: 40 }, 10, 100)).toEqual({ from: 80, to: 100 })
  })
})

describe('the window of a ladder', () => {
  function pathsOf(count: number): { paths: Paths; end: number } {
    const maker = new TraceMaker()
    for (let i = 0; i < count; i++) maker.sent(i * 1_000, i + 1, 'client', {})
    const store = maker.store()
    const paths = new Paths()
    paths.update(store)
    return { paths, end: store.end }
  }

  test('all of a short run', () => {
    const { paths, end } = pathsOf(6)
    const window = fittingWindow(paths, { from: 0, to: end }, end, 400, 0, false)
    expect(window.from).toBe(0)
    expect(window.to).toBeGreaterThan(end)
  })

  test('of a long run the newest packets while it is followed, else those from a moment on', () => {
    const { paths, end } = pathsOf(1_000)
    const all = { from: 0, to: end }
    const newest = fittingWindow(paths, all, end, 400, 0, true)
    expect(newest.to).toBeGreaterThan(end)
    expect(end - newest.from).toBeLessThan(40_000)
    const chosen = fittingWindow(paths, all, end, 400, 500_000, false)
    expect(chosen.from).toBeLessThan(500_000)
    expect(chosen.to).toBeGreaterThan(515_000)
    expect(chosen.to).toBeLessThan(560_000)
  })

  test('there is one even without packets', () => {
    const { from, to } = fittingWindow(new Paths(), { from: 0, to: 100_000 }, 0, 400, 0, true)
    expect(to).toBeGreaterThan(from)
  })

  test('scrolled and scaled, it never begins before the run or turns round', () => {
    const number = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(range, number, time, (window, by, end) => {
        for (const after of [
          scrolled(window, by, end),
          scaled(window, window.from, 0.1),
          scaled(window, window.to, 9),
        ]) {
          expect(after.from).toBeGreaterThanOrEqual(0)
          expect(after.to).toBeGreaterThan(after.from)
        }
      }),
    )
    expect(scrolled({ from: 0, to: 10 }, -Infinity, 100).from).toBe(0)
  })
})

test('on the timeline a moment and its pixel are each other', () => {
  const whole = { from: 0, to: 4_000_000 }
  for (const t of [0, 1, 1_234_567, 4_000_000])
    expect(xToTime(900, whole, timeToX(900, whole, t))).toBeCloseTo(t, 3)
  expect(xToTime(900, whole, -50)).toBe(0)
  expect(xToTime(900, whole, 5_000)).toBe(4_000_000)
})
