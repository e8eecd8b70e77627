/**
 * Head-of-line blocking on a lossy link, as `http-versions` shows it: not of one lucky run but of many seeds, and with
 * every lane meeting the same losses. `npx vitest run tests/scenario/http-versions.test.ts` prints the tables; with REXMIT_FULL=1
 * that of 2 % loss is of thirty seeds, the others are of ten.
 */
import { describe, expect, it } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'
import { medianInterval } from '../support/statistics.ts'

const full = process.env.REXMIT_FULL === '1'
/** How many runs of each loss: where the most is said, most of them. */
const seedsOf = (loss: number): number[] =>
  Array.from({ length: loss === 0.02 ? (full ? 30 : 3) : full ? 10 : 1 }, (_, i) => i + 1)
const LANES = ['h1', 'h1x6', 'h2', 'h3'] as const
type LaneName = (typeof LANES)[number]
const HELD = ['self', 'cross', 'record', 'key', 'qpack'] as const

type Metrics = Readonly<Record<string, number | null>>

const run = (seed: number, set: Record<string, unknown> = {}) =>
  finishedRun({ experiment: 'http-versions', seed, set })

const of = (all: readonly Metrics[], figure: string): number[] => all.map((metrics) => metrics[figure]!)
const median = (all: readonly Metrics[], figure: string): number => medianInterval(of(all, figure)).median

/** Median in milliseconds, and where it lies with 95 % confidence. */
function spread(values: readonly number[]): string {
  const { median: middle, interval } = medianInterval(values)
  const ms = (us: number): string => (us / 1000).toFixed(0)
  return interval === null ? ms(middle) : `${ms(middle)} (${ms(interval[0])} to ${ms(interval[1])})`
}

/** A table of Markdown: what each lane came to over all seeds. */
function table(title: string, all: readonly Metrics[]): string {
  const figures = ['page_time', ...HELD.map((condition) => `${condition}_blocked_time`)]
  const rows = LANES.map((lane) => {
    const cells = figures.map((figure) => spread(of(all, `${lane}/${figure}`)))
    return `| ${[lane, ...cells].join(' | ')} |`
  })
  const names = `| ${['lane', ...figures].join(' | ')} |`
  const rule = `|${' --- |'.repeat(figures.length + 1)}`
  return [`${title}, ${all.length} seeds: median (95 % confidence) in ms`, '', names, rule, ...rows].join(
    '\n',
  )
}

/** What holds in every run: nothing fails, and no stream of HTTP/3 ever waits for another. */
function expectSound({ metrics, expectations }: NonNullable<Run['summary']>): void {
  expect(expectations.filter(({ holds }) => holds === false)).toEqual([])
  for (const lane of LANES) expect(metrics[`${lane}/requests_failed`]).toBe(0)
  for (const figure of ['time', 'byte_ms', 'streams']) expect(metrics[`h3/cross_blocked_${figure}`]).toBe(0)
}

describe.each(full ? [0.01, 0.02, 0.05] : [0.02])('at a loss of %d', (loss) => {
  const all: Metrics[] = []

  it.each(seedsOf(loss))(
    'seed %d: streams of HTTP/2 wait for each other, those of HTTP/3 never',
    async (seed) => {
      const summary = (await run(seed, { loss })).summary!
      const { metrics } = summary
      all.push(metrics)
      expectSound(summary)
      expect(metrics['h2/cross_blocked_time']).toBeGreaterThan(0)
      expect(metrics['h2/cross_blocked_streams']).toBeGreaterThan(1)
      expect(metrics['h3/self_blocked_time']).toBeGreaterThan(0)
      // A connection has one exchange at a time; at most its first waits for the end of the TLS handshake.
      expect(metrics['h1/cross_blocked_streams']).toBeLessThanOrEqual(metrics['h1/connections_opened']!)
      expect(metrics['h1x6/cross_blocked_streams']).toBeLessThanOrEqual(metrics['h1x6/connections_opened']!)
    },
  )

  it('at the median one connection of HTTP/1.1 is the slowest', () => {
    console.log(table(`${loss * 100} % loss`, all))
    expect(all.length).toBe(seedsOf(loss).length)
    for (const lane of ['h1x6', 'h2', 'h3'])
      expect(median(all, `${lane}/page_time`)).toBeLessThan(median(all, 'h1/page_time'))
  })

  it('at the median streams of HTTP/3 wait less in sum than those of HTTP/2', () => {
    const held = (lane: LaneName): number =>
      HELD.reduce((sum, condition) => sum + median(all, `${lane}/${condition}_blocked_time`), 0)
    expect(held('h3')).toBeLessThan(held('h2'))
  })
})

describe('without loss', () => {
  const all: Metrics[] = []

  it.each(seedsOf(0))('seed %d: no stream waits for another, or for itself, exactly', async (seed) => {
    const summary = (await run(seed, { loss: 0 })).summary!
    const { metrics } = summary
    all.push(metrics)
    expectSound(summary)
    for (const lane of LANES) {
      expect(metrics[`${lane}/packets_lost`]).toBe(0)
      for (const condition of ['self', 'cross', 'key', 'qpack'])
        for (const figure of ['time', 'byte_ms'])
          expect(metrics[`${lane}/${condition}_blocked_${figure}`], `${lane} ${condition}`).toBe(0)
      expect(metrics[`${lane}/transferring_time`]).toBeGreaterThan(0)
    }
  })

  it('at the median HTTP/3 is ahead of HTTP/2, by the handshake that it saves, and HTTP/2 of six connections', () => {
    console.log(table('0 % loss', all))
    expect(median(all, 'h3/page_time')).toBeLessThan(median(all, 'h2/page_time'))
    expect(median(all, 'h2/page_time')).toBeLessThan(median(all, 'h1x6/page_time'))
  })
})

describe('under what the knobs can do', () => {
  it('HTTP/2 with the initial connection window falls behind six connections, with no loss at all', async () => {
    const { held, failed } = await claimsOf('http-versions', { loss: 0, 'connection-window': 65_535 })
    expect(failed).toEqual([])
    expect(held).toEqual(expect.arrayContaining(['narrow-least', 'six-before-two', 'h2-cross-lossless']))
    expect(held).not.toContain('two-before-six')
  })

  const changes = [
    { loss: 0.05, objects: 20 },
    { loss: 0.01, 'object-size': 50_000, objects: 20 },
    ...(full ? [{ loss: 0.05 }] : []),
  ]
  it.each(changes)('what is claimed of %j holds', async (set) => {
    expect((await claimsOf('http-versions', set)).failed).toEqual([])
  })
})

describe('at 2 % loss without congestion control, where a loss takes no window', () => {
  const all: Metrics[] = []

  it.each(seedsOf(0.02).slice(0, 9))(
    'seed %d: streams of HTTP/2 wait for each other all the same',
    async (seed) => {
      const { metrics } = (await run(seed, { congestion: 'none' })).summary!
      all.push(metrics)
      expect(metrics['h2/cross_blocked_time']).toBeGreaterThan(0)
    },
  )

  it('at the median HTTP/2 and HTTP/3 are ahead of six connections', () => {
    console.log(table('2 % loss without congestion control', all))
    for (const lane of ['h2', 'h3'])
      expect(median(all, `${lane}/page_time`)).toBeLessThan(median(all, 'h1x6/page_time'))
  })
})

describe('its claims fail where they are not true', () => {
  it('HTTP/1.1 in the lane of HTTP/2: nothing is cross-blocked, and it is not the faster one without loss', async () => {
    const swapped = withLane('http-versions', 'h2', { 'apps.browser.version': 'http/1.1' })
    expect((await claimsOf(swapped, {}, 2)).failed).toEqual(['h2-cross-blocked'])
    expect((await claimsOf(swapped, { loss: 0 })).failed).toEqual(['two-before-six'])
  })

  it('HTTP/2 in a lane of HTTP/1.1: exchanges wait for each other, and fewer round trips are enough', async () => {
    const swapped = withLane('http-versions', 'h1', { 'apps.browser.version': 'h2' })
    expect((await claimsOf(swapped)).failed).toEqual(['h1-own-order', 'h1-least'])
  })
})

it('its claims of HTTP/3 fail where they are not true: with HTTP/2 in its lane', async () => {
  const swapped = withLane('http-versions', 'h3', { 'apps.browser.version': 'h2' })
  expect((await claimsOf(swapped, {}, 2)).failed).toEqual(['h3-never-crossed', 'h3-no-records'])
  expect((await claimsOf(swapped, { loss: 0 })).failed).toEqual(['h3-no-records', 'three-before-two'])
})

describe('the dice of the link', () => {
  /** By lane and direction: how many packets entered the link, and the numbers of those that were lost, from 1. */
  function fates(of: Run): Map<string, { entered: number; lost: number[] }> {
    const found = new Map<string, { entered: number; lost: number[] }>()
    const numbers = new Map<number, number>()
    for (const { name, node, pkt, data } of of.reader.events([
      'link:packet_enqueued',
      'link:packet_dropped',
    ])) {
      const key = `${node} ${data.direction}`
      const fate = found.get(key) ?? { entered: 0, lost: [] }
      found.set(key, fate)
      if (name === 'link:packet_enqueued') numbers.set(pkt, ++fate.entered)
      else if (data.reason === 'bernoulli') fate.lost.push(numbers.get(pkt)!)
      else throw new Error(`a packet was lost by ${data.reason}`)
    }
    return found
  }

  it.each([
    ['up', 0],
    ['down', 1],
  ])('do not know their lane: the k-th packet %s is lost in all lanes or in none', async (_, direction) => {
    const all = fates(await run(1))
    const of = (lane: LaneName) => all.get(`${lane}/link ${direction}`)!
    const common = Math.min(...LANES.map((lane) => of(lane).entered))
    const lists = LANES.map((lane) => of(lane).lost.filter((k) => k <= common))
    expect(common).toBeGreaterThan(300)
    expect(lists[0].length).toBeGreaterThan(3)
    for (const list of lists.slice(1)) expect(list).toEqual(lists[0])
  })
})
