import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Lasting, silencesIn, TimeScale } from '../../../renderer/views/time-scale.ts'

/** A handshake of 0.2 s round trips, silence, and one more exchange, in microseconds. */
const exchange: Lasting[] = [
  { t: 0, until: 100_000 },
  { t: 100_000, until: 200_000 },
  { t: 200_000, until: 300_000 },
  { t: 1_700_000, until: 1_800_000 },
  { t: 1_800_000, until: 1_900_000 },
]
const whole = { from: 0, to: 1_950_000 }

describe('silences', () => {
  it('are the times without a packet, but for a little at both ends', () => {
    expect(silencesIn(exchange, whole)).toEqual([{ from: 325_000, to: 1_675_000, lasts: 1_400_000 }])
  })

  it('are none while answers are waited for, nor before the first packet and after the last', () => {
    expect(silencesIn(exchange.slice(0, 3), { from: 0, to: 10_000_000 })).toEqual([])
    expect(silencesIn([{ t: 5_000_000, until: 5_100_000 }], { from: 0, to: 6_000_000 })).toEqual([])
    expect(silencesIn([], whole)).toEqual([])
  })

  it('are not folded where the window only shows a part of them', () => {
    expect(silencesIn(exchange, { from: 0, to: 1_000_000 })).toEqual([])
  })
})

describe('the scale', () => {
  it('is even without folds', () => {
    const scale = new TimeScale({ from: 0, to: 1_000 }, 10, 110, [], 20)
    expect(scale.toY(0)).toBe(10)
    expect(scale.toY(500)).toBe(60)
    expect(scale.toTime(85)).toBe(750)
    expect(scale.folds).toEqual([])
  })

  it('gives a fold a fixed room, and the rest the same scale before and after it', () => {
    const scale = new TimeScale(whole, 0, 620, silencesIn(exchange, whole), 20)
    expect(scale.open).toBe(600_000)
    expect(scale.toY(325_000)).toBeCloseTo(325, 9)
    expect(scale.toY(1_675_000)).toBeCloseTo(345, 9)
    expect(scale.toY(1_950_000)).toBeCloseTo(620, 9)
    expect(scale.folds).toHaveLength(1)
  })

  it('goes on beyond its ends', () => {
    const scale = new TimeScale({ from: 100, to: 200 }, 0, 100, [], 0)
    expect(scale.toY(50)).toBe(-50)
    expect(scale.toY(250)).toBe(150)
  })

  it('never turns back, and its two directions agree', () => {
    const times = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 2, maxLength: 30 })
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 50_000 }), (starts, way) => {
        const lasting = starts.sort((a, b) => a - b).map((t) => ({ t, until: t + way }))
        const range = { from: 0, to: 1_100_000 }
        const scale = new TimeScale(range, 10, 610, silencesIn(lasting, range), 25)
        for (const [i, { t }] of lasting.entries()) {
          expect(scale.toTime(scale.toY(t))).toBeCloseTo(t, 3)
          if (i > 0) expect(scale.toY(t)).toBeGreaterThanOrEqual(scale.toY(lasting[i - 1].t))
        }
      }),
    )
  })
})
