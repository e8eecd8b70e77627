import { describe, expect, test } from 'vitest'
import { LinkLab } from '../../../support/link-lab.ts'

const times = (lab: LinkLab) => lab.drain().arrivals.map(({ t }) => t)

describe('a schedule', () => {
  test('the rate changes in the middle of a packet', () => {
    const schedule = [
      { at: 1_500, limit: 4_000_000 },
      { at: 10_000, limit: 16_000_000 },
    ]
    const lab = new LinkLab({ up: { rate: { limit: 8_000_000, schedule } } })
    lab.send(0, 1_000)
    lab.send(0, 1_000) // half of it at 8 Mbit/s until 1.5 ms, the other half takes 1 ms more
    lab.send(10_000, 1_000)
    expect(times(lab)).toEqual([1_000, 2_500, 10_500])
  })

  test('0 is no limit from then on', () => {
    const lab = new LinkLab({ up: { rate: { limit: 8_000_000, schedule: [{ at: 500, limit: 0 }] } } })
    lab.send(0, 1_000)
    lab.send(0, 1_000)
    expect(times(lab)).toEqual([500, 500])
  })
})

describe('a token bucket', () => {
  const rate = { limit: 8_000_000, bucket: 3_000 }

  test('lets its content through at once, then as the tokens come', () => {
    const lab = new LinkLab({ up: { rate } })
    for (let i = 0; i < 5; i++) lab.send(0, 1_000)
    expect(times(lab)).toEqual([0, 0, 0, 1_000, 2_000])
  })

  test('fills while the link is idle, to its size and not beyond', () => {
    const lab = new LinkLab({ up: { rate } })
    for (let i = 0; i < 3; i++) lab.send(0, 1_000)
    lab.send(1_000_000, 1_000)
    for (let i = 0; i < 3; i++) lab.send(1_000_000, 1_000)
    expect(times(lab).slice(3)).toEqual([1_000_000, 1_000_000, 1_000_000, 1_001_000])
  })

  test('a packet larger than the bucket waits for a full one, and the next pays the debt', () => {
    const lab = new LinkLab({ up: { rate: { limit: 8_000_000, bucket: 500 }, mtu: 9_000 } })
    lab.send(0, 1_500)
    lab.send(0, 500)
    expect(times(lab)).toEqual([0, 1_500])
  })
})

describe("mahimahi's trace", () => {
  test('each line lets 1,504 bytes go; small packets share one, a large one takes several', () => {
    const lab = new LinkLab({ up: { rate: { mahimahi: [2, 3, 10] }, mtu: 9_000 } })
    for (const size of [500, 500, 504, 1_505]) lab.send(0, size)
    expect(times(lab)).toEqual([2_000, 2_000, 2_000, 10_000])
  })

  test('starts anew at its end', () => {
    const lab = new LinkLab({ up: { rate: { mahimahi: [2, 10] } } })
    for (let i = 0; i < 4; i++) lab.send(0, 1_500)
    expect(times(lab)).toEqual([2_000, 10_000, 12_000, 20_000])
  })

  test('several chances in one millisecond', () => {
    const lab = new LinkLab({ up: { rate: { mahimahi: [5, 5, 5] } } })
    for (let i = 0; i < 4; i++) lab.send(0, 1_500)
    expect(times(lab)).toEqual([5_000, 5_000, 5_000, 10_000])
  })

  test('a chance that finds no packet is lost', () => {
    const lab = new LinkLab({ up: { rate: { mahimahi: [1, 2, 3, 50] } } })
    for (let i = 0; i < 2; i++) lab.send(2_500, 1_500)
    expect(times(lab)).toEqual([3_000, 50_000])
  })

  test('an entry at the end of a repetition and one at 0 of the next are two chances', () => {
    const lab = new LinkLab({ up: { rate: { mahimahi: [0, 10] } } })
    for (let i = 0; i < 3; i++) lab.send(10_000, 1_500)
    expect(times(lab)).toEqual([10_000, 10_000, 20_000])
  })
})

describe('turning the rate knob', () => {
  const at = (limit: number) => ({ up: { rate: { limit } } })

  test('what is left of the packet in transmission goes at the new rate', () => {
    const lab = new LinkLab(at(8_000_000))
    lab.send(0, 1_000)
    lab.runTo(250)
    lab.configure(at(4_000_000))
    expect(times(lab)).toEqual([250 + 1_500])
  })

  test('to unlimited: the queue goes out at once, in order', () => {
    const lab = new LinkLab(at(8_000))
    for (let i = 0; i < 3; i++) lab.send(0, 1_000)
    lab.runTo(10)
    lab.configure(at(0))
    expect(lab.arrivals.map(({ t, id }) => [t, id])).toEqual([
      [10, 1],
      [10, 2],
      [10, 3],
    ])
  })

  test('from unlimited: the next packet is the first that takes its time', () => {
    const lab = new LinkLab(at(0))
    lab.send(0, 1_000)
    lab.configure(at(8_000_000))
    lab.send(0, 1_000)
    expect(times(lab)).toEqual([0, 1_000])
  })

  test('a knob elsewhere does not disturb a token bucket', () => {
    const rate = { limit: 8_000_000, bucket: 1_000 }
    const lab = new LinkLab({ up: { rate } })
    lab.send(0, 1_000)
    lab.send(0, 1_000)
    lab.runTo(500)
    lab.configure({ up: { rate, loss: { rate: 0 }, delay: 7 } })
    expect(times(lab)).toEqual([0, 1_007])
  })
})

test('a live driver that wakes up late loses no rate: each packet begins when the one before it ended', () => {
  const lab = new LinkLab({ up: { rate: { limit: 8_000_000 } } })
  for (let i = 0; i < 3; i++) lab.send(0, 1_000)
  lab.now = 2_700
  lab.runTo(2_700)
  expect(lab.arrivals.map(({ id }) => id)).toEqual([1, 2])
  expect(lab.link.pollTimeout()).toBe(3_000)
})
