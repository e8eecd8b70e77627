/**
 * What the link delivers against what was asked of it, over fixed seeds in virtual time, so that the outcome is
 * always the same. An interval of 99 % misses once in a hundred by its nature; many misses are a wrong model.
 */
import { describe, expect, test } from 'vitest'
import type { DirectionAudit, Measured } from '../../../../shared/link-audit.ts'
import type { DirectionInput } from '../../../../shared/link.ts'
import { parseLinkOptions } from '../../../../shared/link-options.ts'
import { LinkLab } from '../../../support/link-lab.ts'

const FULL = process.env.REXMIT_FULL === '1'
const SEEDS = FULL ? 100 : 20
const PACKETS = FULL ? 10_000 : 5_000

/** One run: a packet of 100 bytes every 10 us, until all are out. */
function run(direction: DirectionInput, seed: number, packets = PACKETS, gap = 10): LinkLab {
  const lab = new LinkLab({ up: direction }, seed)
  lab.sendMany(packets, gap)
  return lab.drain()
}

/** How many seeds' intervals leave out what was asked for; each figure is also there, and asked for rightly. */
function misses(
  direction: DirectionInput,
  requested: Partial<Record<keyof DirectionAudit, number>>,
): Record<string, number> {
  const missed: Record<string, number> = Object.fromEntries(Object.keys(requested).map((key) => [key, 0]))
  for (let seed = 1; seed <= SEEDS; seed++) {
    const audit = run(direction, seed).link.audit().up
    for (const [key, value] of Object.entries(requested)) {
      const measured = audit[key as 'loss'] as Measured
      expect(measured.requested).toBeCloseTo(value, 9)
      const { interval } = measured
      if (interval === null) throw new Error(`${key} has no interval`)
      if (value < interval.low || value > interval.high) missed[key]++
    }
  }
  return missed
}

/** More misses than these have a chance of less than one in a thousand when the intervals are right. */
const MOST = FULL ? 5 : 3

function expectAgreement(
  direction: DirectionInput,
  requested: Partial<Record<keyof DirectionAudit, number>>,
): void {
  for (const [key, count] of Object.entries(misses(direction, requested))) {
    expect(count, `${key}: ${count} of ${SEEDS} intervals missed`).toBeLessThanOrEqual(MOST)
  }
}

describe('loss', () => {
  test.each([0.01, 0.1, 0.5])('Bernoulli %d: rate and mean burst', (rate) => {
    expectAgreement({ loss: { rate } }, { loss: rate, burst: 1 / (1 - rate) })
  })

  test('--loss 2% --burst 3', () => {
    const spec = parseLinkOptions([
      ['loss', '2%'],
      ['burst', '3'],
    ])
    if (!spec.ok) throw new Error(spec.error.allowed)
    expectAgreement(spec.value.up, { loss: 0.02, burst: 3 })
  })

  test('Gilbert-Elliott with loss in both states', () => {
    const bad = 0.05 / (0.05 + 0.25)
    const loss = bad * 0.8 + (1 - bad) * 0.01
    const twice = bad * 0.8 * (0.75 * 0.8 + 0.25 * 0.01) + (1 - bad) * 0.01 * (0.95 * 0.01 + 0.05 * 0.8)
    const gilbertElliott = { p: 0.05, r: 0.25, lossBad: 0.8, lossGood: 0.01 }
    expectAgreement({ gilbertElliott }, { loss, burst: loss / (loss - twice) })
  })

  test('four states', () => {
    // Balance of flows by hand: shares 1 : x2 : x3 : x4 with x3 = p13/p31, x2 = x3 p32/p23, x4 = p14.
    const [p13, p31, p32, p23, p14] = [0.02, 0.4, 0.2, 0.5, 0.01]
    const x3 = p13 / p31
    const x2 = (x3 * p32) / p23
    const loss = (x3 + p14) / (1 + x2 + x3 + p14)
    const begins = (p13 + p14 + x2 * p23) / (1 + x2 + x3 + p14)
    expectAgreement({ markov: { p13, p31, p32, p23, p14 } }, { loss, burst: loss / begins })
  })

  test('several models at once lose what their product says', () => {
    const gilbertElliott = { p: 0.01, r: 0.49 }
    expectAgreement({ loss: { rate: 0.05 }, gilbertElliott }, { loss: 1 - 0.95 * 0.98 })
  })

  test('the audit tells what came out', () => {
    const lab = run({ loss: { rate: 0.1 } }, 3)
    expect(lab.link.audit().up.loss.delivered).toBe((PACKETS - lab.arrivals.length) / PACKETS)
  })

  test('all states of a chain begin in balance: over seeds the first packet is lost as often as any', () => {
    const seeds = 4_000
    let lost = 0
    for (let seed = 1; seed <= seeds; seed++) {
      lost += 1 - run({ gilbertElliott: { p: 0.1, r: 0.3 } }, seed, 1).arrivals.length
    }
    expect(Math.abs(lost - 0.25 * seeds)).toBeLessThan(2.58 * Math.sqrt(seeds * 0.25 * 0.75))
  })
})

describe('correlation', () => {
  test.each([
    [0.1, 0.25],
    [0.02, 0.5],
    [0.5, 0.8],
  ])('a loss of %d with correlation %d keeps its rate and groups its losses', (rate, correlation) => {
    expectAgreement(
      { loss: { rate, correlation } },
      { loss: rate, burst: 1 / ((1 - correlation) * (1 - rate)) },
    )
  })

  test('leaves jitter as wide as it was asked for', () => {
    const jitter = { amount: 5_000, correlation: 0.5, reorders: true }
    const measured = run({ delay: 50_000, jitter }, 1).link.audit().up.jitter
    expect(measured.interval).toBeNull()
    expect((measured.delivered ?? 0) / (5_000 / Math.sqrt(3))).toBeCloseTo(1, 1)
  })
})

describe('delay and jitter', () => {
  const delay = 50_000

  test('a fixed delay is exact', () => {
    const audit = run({ delay }, 1).link.audit().up
    expect(audit.delay).toMatchObject({ requested: delay, delivered: delay })
    expect(audit.jitter).toMatchObject({ requested: 0, delivered: 0 })
  })

  test('uniform: mean, and standard deviation of the half width over sqrt 3', () => {
    const jitter = { amount: 5_000, reorders: true }
    expectAgreement({ delay, jitter }, { delay, jitter: 5_000 / Math.sqrt(3) })
  })

  test('normal: mean and standard deviation', () => {
    const jitter = { amount: 5_000, distribution: 'normal', reorders: true } as const
    expectAgreement({ delay, jitter }, { delay, jitter: 5_000 })
  })

  // The tail of a Pareto law of shape 3 has no fourth moment, so its deviation has no useful interval.
  test.each(['pareto', 'paretonormal'] as const)('%s: mean', (distribution) => {
    expectAgreement({ delay, jitter: { amount: 5_000, distribution, reorders: true } }, { delay })
  })

  const NORMAL = { 0.01: -2.3263, 0.1: -1.2816, 0.5: 0, 0.9: 1.2816, 0.99: 2.3263, 0.999: 3.0902 }
  const PARETO = Object.fromEntries(
    [0.01, 0.1, 0.5, 0.9, 0.99, 0.999].map((q) => [q, ((1 - q) ** (-1 / 3) - 1.5) / Math.sqrt(0.75)]),
  )
  const UNIFORM = { 0.01: -0.98, 0.1: -0.8, 0.5: 0, 0.9: 0.8, 0.99: 0.98 }

  test.each([
    ['uniform', UNIFORM],
    ['normal', NORMAL],
    ['pareto', PARETO],
  ] as const)('%s: as many packets below each quantile as the law says', (distribution, quantiles) => {
    const lab = run({ delay, jitter: { amount: 5_000, distribution, reorders: true } }, 7, 50_000)
    const sentAt = (pkt: number) => (pkt - 1) * 10
    const delays = lab.arrivals.map(({ t, id }) => (t - sentAt(id) - delay) / 5_000)
    for (const [q, quantile] of Object.entries(quantiles)) {
      const below = delays.filter((x) => x < quantile).length
      const p = Number(q)
      expect(Math.abs(below - p * delays.length)).toBeLessThan(
        2.58 * Math.sqrt(delays.length * p * (1 - p)) + 1,
      )
    }
  })

  test('who keeps order under jitter wider than the gaps gets no interval: delays depend on each other', () => {
    const audit = run({ delay, jitter: { amount: 5_000 } }, 1).link.audit().up
    expect(audit.delay.interval).toBeNull()
    expect(audit.delay.delivered).toBeGreaterThan(delay)
  })
})

describe('shares', () => {
  test('duplicates', () => expectAgreement({ duplicate: { rate: 0.02 } }, { duplicate: 0.02 }))
  test('corruption', () => expectAgreement({ corrupt: { rate: 0.02 } }, { corrupt: 0.02 }))
  test('reordering', () => expectAgreement({ reorder: { rate: 0.02 } }, { reorder: 0.02 }))

  test('the audit tells what came out', () => {
    const lab = run({ duplicate: { rate: 0.1 } }, 3)
    const { delivered } = lab.link.audit().up.duplicate
    expect(lab.arrivals.length).toBe(Math.round(PACKETS * (1 + (delivered ?? 0))))
  })
})

describe('rate', () => {
  /** Bits a second that came out between the first and the last packet of a standing queue. */
  function delivered(rate: DirectionInput['rate'], packets = 2_000): { outside: number; audit: Measured } {
    const lab = new LinkLab({ up: { rate, queue: { limit: 0 } } })
    for (let i = 0; i < packets; i++) lab.send(0, 1_000)
    lab.drain()
    const span = lab.arrivals[packets - 1].t - lab.arrivals[0].t
    return { outside: ((packets - 1) * 8_000 * 1e6) / span, audit: lab.link.audit().up.rate }
  }

  test.each([1e5, 1e7, 1e9])('fixed at %d', (limit) => {
    const { outside, audit } = delivered({ limit })
    expect(outside / limit).toBeCloseTo(1, 9)
    expect(audit.requested).toBeCloseTo(limit, 0)
    expect((audit.delivered ?? 0) / limit).toBeCloseTo(1, 9)
  })

  test('a token bucket in the long run, apart from its one content', () => {
    const { outside, audit } = delivered({ limit: 1e7, bucket: 10_000 })
    expect(outside / 1e7).toBeCloseTo(1, 2)
    expect((audit.delivered ?? 0) / 1e7).toBeCloseTo(1, 2)
  })

  test('a schedule: the mean over the time that it took', () => {
    const { outside, audit } = delivered({ limit: 8e6, schedule: [{ at: 1e6, limit: 4e6 }] })
    // 1,000 packets in the first second, the other thousand in two more.
    expect(outside / (16e6 / 3)).toBeCloseTo(1, 2)
    expect((audit.requested ?? 0) / (16e6 / 3)).toBeCloseTo(1, 6)
    expect((audit.delivered ?? 0) / (16e6 / 3)).toBeCloseTo(1, 6)
  })

  test("mahimahi: chances a period, whatever the packets' size", () => {
    const mahimahi = [1, 1, 4, 7, 10]
    const { outside, audit } = delivered({ mahimahi })
    expect(outside / ((5 * 1_504 * 8) / 0.01)).toBeCloseTo(1, 2)
    expect((audit.requested ?? 0) / ((5 * 1_504 * 8) / 0.01)).toBeCloseTo(1, 2)
  })

  test('a rate that changed in mid-run is asked for in the mean over time', () => {
    const lab = new LinkLab({ up: { rate: { limit: 8e6 }, queue: { limit: 0 } } })
    for (let i = 0; i < 3; i++) lab.send(0, 1_000)
    lab.runTo(1_500)
    lab.configure({ up: { rate: { limit: 4e6 }, queue: { limit: 0 } } })
    const { requested, delivered: done } = lab.drain().link.audit().up.rate
    // 12,000 bits at 8 Mbit/s in 1.5 ms, 12,000 at 4 Mbit/s in 3 ms.
    expect(requested).toBeCloseTo(24_000 / 0.0045, 3)
    expect(done).toBeCloseTo(24_000 / 0.0045, 3)
  })
})

describe('the same seed', () => {
  const everything: DirectionInput = {
    rate: { limit: 50e6 },
    delay: 10_000,
    loss: { rate: 0.02 },
    gilbertElliott: { p: 0.01, r: 0.3 },
    jitter: { amount: 2_000, distribution: 'paretonormal', reorders: true },
    spikes: { every: 50_000, extra: 5_000, duration: 10_000 },
    duplicate: { rate: 0.02 },
    reorder: { rate: 0.02 },
    corrupt: { rate: 0.02 },
  }

  test('gives the same trace; ten other seeds give others', () => {
    const traces = Array.from({ length: 11 }, (_, i) => JSON.stringify(run(everything, i + 1, 500).events))
    expect(JSON.stringify(run(everything, 1, 500).events)).toBe(traces[0])
    expect(new Set(traces).size).toBe(11)
  })

  const lossList = (direction: DirectionInput, seed = 5) =>
    run(direction, seed, 3_000)
      .of('link:packet_dropped')
      .filter(({ data }) => data.reason === 'bernoulli')

  /** Packets are numbered as they come in; copies have numbers of their own, so place tells, not number. */
  function lostPlaces(direction: DirectionInput): number[] {
    const sent: number[] = []
    const lab = new LinkLab({ up: direction }, 5)
    for (let i = 0; i < 3_000; i++) sent.push(lab.send(i * 10))
    const lost = new Set(
      lab
        .drain()
        .of('link:packet_dropped')
        .filter(({ data }) => data.reason === 'bernoulli')
        .map(({ pkt }) => pkt),
    )
    return sent.flatMap((pkt, i) => (lost.has(pkt) ? [i + 1] : []))
  }

  test.each([
    ['a delay', { delay: 5_000 }],
    ['a rate', { rate: { limit: 100e6 } }],
    ['jitter', { jitter: { amount: 500, reorders: true } }],
    ['duplicates', { duplicate: { rate: 0.2 } }],
    ['corruption', { corrupt: { rate: 0.2 } }],
    ['reordering', { reorder: { rate: 0.2 } }],
    ['spikes and slots', { spikes: { every: 1_000, extra: 10, duration: 10 }, slots: { min: 10, max: 50 } }],
  ] as const)('loses the same packets with %s as without', (_, other) => {
    const alone = lostPlaces({ loss: { rate: 0.05 } })
    expect(alone.length).toBeGreaterThan(100)
    expect(lostPlaces({ loss: { rate: 0.05 }, ...other })).toEqual(alone)
  })

  test('a packet that the queue drops takes its dice with it', () => {
    const alone = lostPlaces({ loss: { rate: 0.05 } })
    const queue = { unit: 'packets', limit: 5 } as const
    const narrow = lostPlaces({ loss: { rate: 0.05 }, rate: { limit: 60e6 }, queue })
    expect(narrow.length).toBeGreaterThan(10)
    expect(narrow.length).toBeLessThan(alone.length)
    expect(narrow.filter((n) => !alone.includes(n))).toEqual([])
  })

  test('loss that is switched on late loses what it would have lost by then', () => {
    const alone = lossList({ loss: { rate: 0.05 } }).map(({ pkt }) => pkt)
    const lab = new LinkLab({}, 5)
    lab.sendMany(1_000, 10)
    lab.configure({ up: { loss: { rate: 0.05 } } })
    lab.sendMany(2_000, 10)
    expect(lab.drops().map(([pkt]) => pkt)).toEqual(alone.filter((pkt) => pkt > 1_000))
  })

  test('each direction has dice of its own', () => {
    const lab = new LinkLab({ up: { loss: { rate: 0.05 } }, down: { loss: { rate: 0.05 } } }, 5)
    const lost: string[] = ['', '']
    for (let i = 0; i < 1_000; i++) {
      for (const port of [0, 1]) {
        const before = lab.arrivals.length
        lab.send(i, 100, port)
        lost[port] += lab.arrivals.length - before
      }
    }
    expect(lost[0]).not.toBe(lost[1])
  })
})
