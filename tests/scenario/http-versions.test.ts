/**
 * Head-of-line blocking on a lossy link, as `http-versions` shows it: not of one lucky run but of many seeds, and with
 * every lane meeting the same losses. `npx vitest run tests/scenario/http-versions.test.ts` prints the distributions.
 */
import { describe, expect, it } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const SEEDS = Array.from({ length: process.env.REXMIT_FULL === '1' ? 50 : 30 }, (_, i) => i + 1)
const LANES = ['h1', 'h1x6', 'h2'] as const
type LaneName = (typeof LANES)[number]
const FIGURES = ['page_time', 'self_blocked_time', 'cross_blocked_time', 'record_blocked_time'] as const

type Metrics = Readonly<Record<string, number | null>>

const run = (seed: number, set: Record<string, unknown> = {}) =>
  finishedRun({ experiment: 'http-versions', seed, set })

const median = (all: readonly Metrics[], figure: string): number =>
  all.map((metrics) => metrics[figure]!).sort((a, b) => a - b)[Math.floor(all.length / 2)]

/** Least, median and most of some figures, in milliseconds. */
function spread(values: readonly number[]): string {
  const sorted = values.map((us) => us / 1000).sort((a, b) => a - b)
  const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))].toFixed(0)
  return `${at(0.5)} (${at(0)} to ${at(1)})`
}

/** A table of Markdown: what each lane came to over all seeds. */
function table(title: string, all: readonly Metrics[]): string {
  const rows = LANES.map((lane) => {
    const cells = FIGURES.map((figure) => spread(all.map((metrics) => metrics[`${lane}/${figure}`]!)))
    return `| ${[lane, ...cells].join(' | ')} |`
  })
  const names = `| ${['lane', ...FIGURES].join(' | ')} |`
  return [`${title}, ${all.length} seeds: median (least to most) in ms`, names, ...rows].join('\n')
}

describe('at 2 % loss', () => {
  const all: Metrics[] = []

  it.each(SEEDS)(
    'seed %d: streams of HTTP/2 wait for each other, exchanges of HTTP/1.1 do not',
    async (seed) => {
      const { metrics, expectations } = (await run(seed)).summary!
      all.push(metrics)
      expect(expectations.filter(({ holds }) => holds === false)).toEqual([])
      for (const lane of LANES) expect(metrics[`${lane}/requests_failed`]).toBe(0)
      expect(metrics['h2/cross_blocked_time']).toBeGreaterThan(0)
      expect(metrics['h2/cross_blocked_streams']).toBeGreaterThan(1)
      // A connection has one exchange at a time; at most its first waits for the end of the TLS handshake.
      expect(metrics['h1/cross_blocked_streams']).toBeLessThanOrEqual(1)
      expect(metrics['h1x6/cross_blocked_streams']).toBeLessThanOrEqual(6)
      expect(metrics['h1x6/self_blocked_time']).toBeGreaterThan(0)
    },
  )

  it('at the median six connections are ahead of HTTP/2, and HTTP/2 is of one connection', () => {
    console.log(table('2 % loss', all))
    expect(all).toHaveLength(SEEDS.length)
    expect(median(all, 'h1x6/page_time')).toBeLessThan(median(all, 'h2/page_time'))
    expect(median(all, 'h2/page_time')).toBeLessThan(median(all, 'h1/page_time'))
  })

  it('at the median streams of HTTP/2 wait for the rest of a TLS record longer than for holes of both kinds', () => {
    const holes = median(all, 'h2/self_blocked_time') + median(all, 'h2/cross_blocked_time')
    expect(median(all, 'h2/record_blocked_time')).toBeGreaterThan(holes)
  })
})

describe('at 0 % loss', () => {
  it('no stream waits for another, or for itself, exactly', async () => {
    const all: Metrics[] = []
    for (const seed of SEEDS.slice(0, 3)) all.push((await run(seed, { loss: 0 })).summary!.metrics)
    console.log(table('0 % loss', all))
    for (const metrics of all)
      for (const lane of LANES) {
        expect(metrics[`${lane}/packets_lost`]).toBe(0)
        expect(metrics[`${lane}/cross_blocked_time`]).toBe(0)
        expect(metrics[`${lane}/cross_blocked_byte_ms`]).toBe(0)
        expect(metrics[`${lane}/self_blocked_time`]).toBe(0)
        expect(metrics[`${lane}/self_blocked_byte_ms`]).toBe(0)
        expect(metrics[`${lane}/transferring_time`]).toBeGreaterThan(0)
      }
  })
})

describe('under what the knobs can do', () => {
  it('HTTP/2 with the initial connection window falls behind six connections, with no loss at all', async () => {
    const { held, failed } = await claimsOf('http-versions', { loss: 0, 'connection-window': 65_535 })
    expect(failed).toEqual([])
    expect(held).toEqual(expect.arrayContaining(['narrow-least', 'six-before-two', 'h2-cross-lossless']))
    expect(held).not.toContain('two-before-six')
  })

  it.each([{ loss: 0.05, objects: 20 }, { loss: 0.05 }, { loss: 0.01, 'object-size': 50_000, objects: 20 }])(
    'what is claimed of %j holds',
    async (set) => {
      expect((await claimsOf('http-versions', set)).failed).toEqual([])
    },
  )
})

describe('at 2 % loss without congestion control, where a loss takes no window', () => {
  const all: Metrics[] = []

  it.each(SEEDS.slice(0, 9))('seed %d: streams of HTTP/2 wait for each other all the same', async (seed) => {
    const { metrics } = (await run(seed, { congestion: 'none' })).summary!
    all.push(metrics)
    expect(metrics['h2/cross_blocked_time']).toBeGreaterThan(0)
  })

  it('at the median HTTP/2 is ahead of six connections', () => {
    console.log(table('2 % loss without congestion control', all))
    expect(median(all, 'h2/page_time')).toBeLessThan(median(all, 'h1x6/page_time'))
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
    expect(lists[1]).toEqual(lists[0])
    expect(lists[2]).toEqual(lists[0])
  })
})
