/** How the rate of delivery is measured, packet by packet. */
import { describe, expect, test } from 'vitest'
import { DeliveryRate } from '../../../../electron/protocol/congestion/delivery-rate.ts'
import { MaxFilter } from '../../../../electron/protocol/congestion/max-filter.ts'
import type { Micros } from '../../../../shared/units.ts'

describe('the rate of delivery (draft-cheng-iccrg-delivery-rate-estimation)', () => {
  const at = (t: number): Micros => t as Micros
  const around = { rtt: 1_000, priorInFlight: 0, inFlight: 0 }

  test('ten packets, a round trip of 10 ms, ACKs a millisecond apart: a packet a millisecond', () => {
    const rate = new DeliveryRate()
    const marks = Array.from({ length: 10 }, (_, i) => rate.onSent(at(i * 1_000), i * 1_000, 1_000))
    let last = 0
    for (const [i, mark] of marks.entries()) {
      rate.onAcked(at(10_000 + i * 1_000), 1_000, mark)
      last = rate.take(10_000, around)?.rate ?? 0
    }
    // All of the first flight was sent before anything came back: ten packets in nineteen milliseconds.
    expect(last).toBeCloseTo(10_000 / 19_000, 3)
    const again = Array.from({ length: 10 }, (_, i) =>
      rate.onSent(at(20_000 + i * 1_000), 1_000 + i * 1_000, 1_000),
    )
    for (const [i, mark] of again.entries()) rate.onAcked(at(30_000 + i * 1_000), 1_000, mark)
    expect(rate.take(10_000, around)?.rate).toBeCloseTo(10_000 / 20_000, 1)
  })

  test('ACKs that come all at once do not make the path look faster than it was sent to', () => {
    const rate = new DeliveryRate()
    const marks = Array.from({ length: 10 }, (_, i) => rate.onSent(at(1 + i * 1_000), i * 1_000, 1_000))
    for (const mark of marks) rate.onAcked(at(10_000), 1_000, mark)
    expect(rate.take(0, around)!.rate).toBeLessThanOrEqual(10_000 / 9_000)
  })

  test('samples are marked until what was in flight when the application ran dry is delivered', () => {
    const rate = new DeliveryRate()
    const first = rate.onSent(at(0), 0, 1_000)
    rate.markAppLimited(1_000)
    const second = rate.onSent(at(5), 1_000, 1_000)
    rate.onAcked(at(100), 1_000, first)
    expect(rate.take(0, around)!.isAppLimited).toBe(false)
    rate.onAcked(at(105), 1_000, second)
    expect(rate.take(0, around)!.isAppLimited).toBe(true)
    rate.onAcked(at(210), 1_000, rate.onSent(at(110), 0, 1_000))
    expect(rate.take(0, around)!.isAppLimited).toBe(false)
  })

  test('a packet takes along what was in flight with it and what had been lost (draft-ietf-ccwg-bbr 4.1.2)', () => {
    const rate = new DeliveryRate()
    const marks = Array.from({ length: 10 }, (_, i) => rate.onSent(at(i), i * 1_000, 1_000))
    expect(marks.map(({ inFlight }) => inFlight)).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => n * 1_000),
    )
    rate.onLost(1_000, marks[0])
    rate.onLost(1_000, marks[1])
    rate.onAcked(at(100), 1_000, marks[4])
    const sample = rate.take(0, around)!
    expect(sample).toMatchObject({ txInFlight: 5_000, lostSince: 2_000, lost: 2_000, deliveredSince: 1_000 })
    expect(sample.losses.map(({ mark, lost }) => [mark.number, lost])).toEqual([
      [0, 1_000],
      [1, 2_000],
    ])
    // What was sent after the losses knows nothing of them, and they are told once.
    const later = rate.onSent(at(200), 5_000, 1_000)
    rate.onAcked(at(300), 1_000, later)
    expect(rate.take(0, around)).toMatchObject({ lostSince: 0, lost: 0, losses: [] })
  })

  test('the round trip is that of the newest packet, unless nobody knows which sending was answered', () => {
    const rate = new DeliveryRate()
    const first = rate.onSent(at(0), 0, 1_000)
    const second = rate.onSent(at(50), 1_000, 1_000)
    rate.onAcked(at(100), 1_000, first)
    rate.onAcked(at(100), 1_000, second)
    expect(rate.take(0, around)!.rtt).toBe(50)
    rate.onAcked(at(300), 1_000, rate.onSent(at(200), 0, 1_000, true))
    expect(rate.take(0, around)!.rtt).toBe(around.rtt)
  })

  test('an ACK of nothing new is no sample', () => {
    expect(new DeliveryRate().take(0, around)).toBeUndefined()
  })
})

test('the largest of late, compared with a plain search', () => {
  const filter = new MaxFilter(10)
  const values = Array.from({ length: 500 }, (_, i) => (i * 7_919) % 101)
  for (const [i, value] of values.entries()) {
    filter.add(i, value)
    expect(filter.max).toBe(Math.max(...values.slice(Math.max(0, i - 10), i + 1)))
  }
})
