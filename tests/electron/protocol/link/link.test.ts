import { describe, expect, test } from 'vitest'
import { LinkLab } from '../../../support/link-lab.ts'

describe('a link with everything off', () => {
  test('gives each packet at once to the other side, untouched', () => {
    const lab = new LinkLab({})
    const bytes = new Uint8Array([1, 2, 3])
    lab.send(10, bytes, 0)
    lab.send(20, bytes, 1)
    expect(lab.arrivals).toEqual([
      { t: 10, id: 1, port: 1, bytes },
      { t: 20, id: 2, port: 0, bytes },
    ])
    expect(lab.arrivals[0].bytes).toBe(bytes)
    expect(lab.link.pollTimeout()).toBeUndefined()
  })
})

describe('delay and rate', () => {
  test('a packet takes its size over the rate, and the propagation delay', () => {
    const lab = new LinkLab({ up: { rate: { limit: 8_000_000 }, delay: 5_000 } })
    lab.send(0, 1_000)
    lab.send(0, 500)
    lab.drain()
    expect(lab.arrivals.map(({ t, id }) => [t, id])).toEqual([
      [6_000, 1],
      [6_500, 2],
    ])
  })

  test('each direction has its own', () => {
    const lab = new LinkLab({ up: { delay: 5_000 }, down: { delay: 1_000 } })
    lab.send(0, 100, 0)
    lab.send(0, 100, 1)
    lab.drain()
    expect(lab.arrivals.map(({ t, id, port }) => [t, id, port])).toEqual([
      [1_000, 2, 0],
      [5_000, 1, 1],
    ])
  })
})

describe('loss', () => {
  test('the list names packets of a direction by their number', () => {
    const lab = new LinkLab({ up: { drop: [2, 3] } })
    lab.sendMany(4, 10)
    expect(lab.arrivals.map(({ id }) => id)).toEqual([1, 4])
    expect(lab.drops()).toEqual([
      [2, 'listed'],
      [3, 'listed'],
    ])
  })

  test('Bernoulli at 2 % is within its interval', () => {
    const lab = new LinkLab({ up: { loss: { rate: 0.02 } } })
    lab.sendMany(50_000, 10)
    const { loss } = lab.link.audit().up
    expect(loss.interval?.low).toBeLessThan(0.02)
    expect(loss.interval?.high).toBeGreaterThan(0.02)
  })
})
