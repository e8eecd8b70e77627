/** The windows of the congestion controls, ACK by ACK: RFC 5681 3.1, RFC 3465, RFC 9438. */
import { describe, expect, it } from 'vitest'
import { millis, seconds } from '../../../../shared/units.ts'
import type { Micros } from '../../../../shared/units.ts'
import { Cubic } from '../../../../electron/protocol/congestion/cubic.ts'
import { NewReno } from '../../../../electron/protocol/congestion/newreno.ts'
import { NoCongestionControl } from '../../../../electron/protocol/congestion/none.ts'
import { rule } from '../../../support/rule.ts'

const MSS = 1000
const options = { segmentSize: MSS, initialWindow: 10 * MSS }
const at = millis(0)

describe('NewReno (RFC 5681 3.1)', () => {
  rule(3465, '2.2', 'slow start grows by what is acknowledged, two segments an ACK at most', () => {
    const cc = new NewReno(options)
    const windows = [1000, 2000, 5000, 300].map((bytes) => (cc.onAck(at, bytes, 0, true), cc.window))
    expect(windows).toEqual([11_000, 13_000, 15_000, 15_300])
  })

  rule(5681, '3.1 (4)', 'a loss halves the window, to two segments at least', () => {
    const cc = new NewReno(options)
    cc.onLoss(at, 10_000)
    expect([cc.window, cc.ssthresh]).toEqual([5_000, 5_000])
    cc.onLoss(at, 1_000)
    expect([cc.window, cc.ssthresh]).toEqual([2_000, 2_000])
  })

  rule(5681, '3.1', 'congestion avoidance grows by one segment a window of acknowledged bytes', () => {
    const cc = new NewReno(options)
    cc.onLoss(at, 10_000)
    const windows = Array.from({ length: 11 }, () => (cc.onAck(at, 1_000, 0, true), cc.window))
    expect(windows.map((w) => w / MSS)).toEqual([5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7])
  })

  rule(
    3465,
    '2.3',
    'after a timeout slow start begins with one segment and grows by one an ACK up to ssthresh',
    () => {
      const cc = new NewReno(options)
      cc.onTimeout(at, 8_000, true)
      expect([cc.window, cc.ssthresh]).toEqual([1_000, 4_000])
      const windows = Array.from({ length: 4 }, () => (cc.onAck(at, 2_000, 0, true), cc.window))
      expect(windows).toEqual([2_000, 3_000, 4_000, 4_000])
      cc.onTimeout(at, 4_000, false)
      expect([cc.window, cc.ssthresh]).toEqual([1_000, 4_000])
    },
  )

  it('does not grow while the window is not the limit', () => {
    const cc = new NewReno(options)
    cc.onAck(at, 10_000, 0, false)
    expect(cc.window).toBe(10_000)
  })
})

/** Round trips of a full window each, one ACK a segment; the window after each in segments. */
function rounds(cc: Cubic, start: number, rtt: Micros, count: number): number[] {
  return Array.from({ length: count }, (_, round) => {
    const acks = Math.round(cc.window / MSS)
    for (let i = 1; i <= acks; i++) {
      cc.onAck((start + rtt * (round + i / acks)) as Micros, MSS, rtt, true)
    }
    return cc.window / MSS
  })
}

describe('CUBIC (RFC 9438)', () => {
  const lossAt = (window: number) => {
    const cc = new Cubic({ segmentSize: MSS, initialWindow: window * MSS })
    cc.onLoss(at, window * MSS)
    return cc
  }

  rule(9438, '4.6', 'a loss leaves 0.7 of the window, two segments at least', () => {
    const cc = lossAt(100)
    expect([cc.window, cc.ssthresh]).toEqual([70 * MSS, 70 * MSS])
    expect(lossAt(2).window).toBe(2 * MSS)
  })

  rule(9438, '4.2', 'on a long path the window follows W_cubic(t) = C (t - K)^3 + W_max', () => {
    const cc = lossAt(1000)
    const rtt = millis(200)
    // K = cbrt(W_max (1 - beta) / C), from the first ACK of congestion avoidance on.
    const k = Math.cbrt((1000 * 0.3) / 0.4)
    const measured = rounds(cc, 0, rtt, 60)
    for (const [round, window] of measured.entries()) {
      const t = ((round + 1) * 200) / 1000
      const curve = 0.4 * (t - k) ** 3 + 1000
      expect(Math.abs(window - curve) / curve).toBeLessThan(0.02)
    }
    expect(measured[Math.round(k / 0.2)]).toBeCloseTo(1000, -1)
  })

  rule(9438, '4.4, 4.5', 'growth is concave up to the old window and convex beyond', () => {
    const steps = rounds(lossAt(1000), 0, millis(200), 90)
    const growth = steps.slice(1).map((w, i) => w - steps[i])
    const plateau = Math.round(Math.cbrt(750) / 0.2)
    expect(growth[5]).toBeGreaterThan(growth[plateau - 5])
    expect(growth[plateau + 20]).toBeGreaterThan(growth[plateau + 2])
  })

  rule(
    9438,
    '4.3',
    "it goes at Reno's pace where that is faster: alpha = 9/17 a round trip until the old window",
    () => {
      const cc = lossAt(20)
      const measured = rounds(cc, 0, millis(10), 8)
      for (const [round, window] of measured.entries()) {
        expect(window).toBeCloseTo(14 + ((round + 1) * 9) / 17, 0)
      }
    },
  )

  rule(9438, '4.3', 'beyond the old window by a whole segment a round trip', () => {
    const cc = lossAt(20)
    const measured = rounds(cc, 0, millis(1), 40)
    expect(measured[39] - measured[29]).toBeGreaterThan(9)
    expect(measured[39] - measured[29]).toBeLessThan(11)
  })

  rule(9438, '4.2', 'the target is at most one and a half windows', () => {
    const cc = lossAt(10)
    rounds(cc, 0, millis(100), 3)
    const before = cc.window
    // A very long silence with the window in use: the curve is far above.
    rounds(cc, seconds(60), millis(100), 1)
    expect(cc.window).toBeLessThanOrEqual(1.65 * before)
  })

  rule(9438, '4.7', 'W_max falls further when losses come at smaller windows (fast convergence)', () => {
    const cc = lossAt(100)
    cc.onLoss(at, 70 * MSS)
    expect(cc.metrics().w_max).toBeCloseTo((70 * MSS * 1.7) / 2, 6)
  })

  rule(9438, '4.8', 'after a timeout one segment, then a curve with K = 0 from where slow start ends', () => {
    const cc = lossAt(100)
    cc.onTimeout(at, 70 * MSS, true)
    expect([cc.window, cc.ssthresh / MSS]).toEqual([MSS, expect.closeTo(49, 6)])
    for (let i = 0; i < 60; i++) cc.onAck(seconds(1), MSS, millis(100), true)
    expect(cc.metrics().k).toBe(0)
    expect(cc.metrics().w_max).toBeCloseTo(49 * MSS, 6)
  })

  rule(9438, '5.8', 'time in which the window was not used does not count', () => {
    const used = lossAt(1000)
    const paused = lossAt(1000)
    const rtt = millis(200)
    rounds(used, 0, rtt, 10)
    rounds(paused, 0, rtt, 10)
    paused.onAck(seconds(2), MSS, rtt, false)
    rounds(used, seconds(2), rtt, 5)
    rounds(paused, seconds(12), rtt, 5)
    expect(Math.abs(paused.window / used.window - 1)).toBeLessThan(0.02)
  })
})

describe('none', () => {
  it('never limits', () => {
    const cc = new NoCongestionControl()
    cc.onTimeout()
    expect(cc.window).toBeGreaterThanOrEqual(0xffff * 2 ** 14)
  })
})
