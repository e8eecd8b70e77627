import { describe, expect, test } from 'vitest'
import {
  DelayMeter,
  LossMeter,
  RateMeter,
  ShareMeter,
  wilson,
} from '../../../../electron/protocol/link/meters.ts'

describe("Wilson's interval at 99 %", () => {
  test('ends where the score test just refuses (Wilson, 1927): |p - hits/n| = z sqrt(p (1 - p) / n)', () => {
    for (const [hits, n] of [
      [10, 100],
      [1, 30],
      [999, 1_000],
    ]) {
      const { low, high } = wilson(hits, n)
      for (const p of [low, high]) {
        expect(Math.abs(p - hits / n) / Math.sqrt((p * (1 - p)) / n)).toBeCloseTo(2.575829, 5)
      }
    }
  })

  test('of nothing seen and of nothing but: it stays within 0 and 1 and is not empty', () => {
    expect(wilson(0, 50).low).toBe(0)
    expect(wilson(0, 50).high).toBeGreaterThan(0.05)
    expect(wilson(50, 50).high).toBe(1)
  })
})

describe('losses', () => {
  const meterOf = (pattern: string): LossMeter => {
    const meter = new LossMeter()
    for (const sign of pattern) meter.count(sign === 'x', 0.5, 2)
    return meter
  }

  test('bursts are runs; one that is still open does not count', () => {
    const meter = meterOf('..xx.x..xxx.x')
    expect(meter.readRate()).toMatchObject({ delivered: 7 / 13, requested: 0.5, samples: 13 })
    expect(meter.readBurst()).toMatchObject({ delivered: 2, requested: 2, samples: 3 })
  })

  test('as many losses in bursts of five have an interval sqrt 5 times as wide: they say a fifth as much', () => {
    const widthOf = (burst: number) => {
      const cycle = (i: number) => 'x'.repeat(burst) + '.'.repeat(burst * (i % 3 === 0 ? 4 : 9))
      const { interval } = meterOf(
        Array.from({ length: 1_500 / burst }, (_, i) => cycle(i)).join(''),
      ).readRate()
      return (interval?.high ?? 0) - (interval?.low ?? 0)
    }
    expect(widthOf(5) / widthOf(1)).toBeCloseTo(Math.sqrt(5), 1)
  })

  test('of no packets there is nothing to say', () => {
    expect(new LossMeter().readRate()).toEqual({
      requested: null,
      delivered: null,
      interval: null,
      samples: 0,
    })
    expect(meterOf('...').readBurst()).toEqual({ requested: 2, delivered: null, interval: null, samples: 0 })
  })
})

describe('delays', () => {
  test('mean and deviation, also when the delay asked for changes', () => {
    const meter = new DelayMeter()
    for (let i = 0; i < 100; i++) {
      meter.count(1_000 + (i % 2) * 20, 1_010, 10, true)
      meter.count(5_000 + (i % 2) * 20, 5_010, 10, true)
    }
    expect(meter.readDelay()).toMatchObject({ requested: 3_010, delivered: 3_010, samples: 200 })
    expect(meter.readJitter()).toMatchObject({ requested: 10, delivered: 10 })
    // Two values only: the fourth moment is the square of the second, and the deviation is known exactly.
    expect(meter.readJitter().interval).toEqual({ low: 10, high: 10 })
  })

  test('no interval when one delay depended on others', () => {
    const meter = new DelayMeter()
    for (let i = 0; i < 100; i++) meter.count(i, 0, 0, i !== 50)
    expect(meter.readDelay().interval).toBeNull()
  })
})

test('a share that was changed in mid-run is asked for in the mean', () => {
  const meter = new ShareMeter()
  for (let i = 0; i < 100; i++) meter.count(i % 10 === 0, i < 50 ? 0.1 : 0.3, false)
  expect(meter.read()).toMatchObject({ delivered: 0.1, samples: 100 })
  expect(meter.read().requested).toBeCloseTo(0.2)
})

test('an unlimited stretch leaves the rate without a figure to ask for', () => {
  const meter = new RateMeter()
  meter.count(1_000, 1_000, Infinity)
  expect(meter.read()).toMatchObject({ requested: null, delivered: 8_000_000 })
})
