/** Fewer requests: what each row of the experiment costs, under its knobs and when a claim is made untrue. */
import { expect, it } from 'vitest'
import { claimsOf } from '../support/claims.ts'

const PAGE = 'apps.site.resources./page'
const claims = (set: Record<string, unknown> = {}) => claimsOf('http-requests', set)

const COUNTS = ['many-requests', 'in-view-bytes', 'redirect-requests', 'header-bytes']
const ROUND_TRIPS = ['many', 'bundle', 'in-view', 'redirect', 'h2'].map((row) => `${row}-round-trips`)

it.each([50_000, 150_000, 300_000])('counts the same round trips with %d us each way', async (delay) => {
  const { held, failed, metrics } = await claims({ delay })
  expect(failed).toEqual([])
  expect(held).toEqual(expect.arrayContaining([...COUNTS, ...ROUND_TRIPS]))
  // The tolerance of the claims is for the wall clock; lab time needs next to none.
  for (const [row, count] of Object.entries({ many: 14, bundle: 3, 'in-view': 6, redirected: 6, h2: 3 }))
    expect(metrics[`${row}/page_rtts`], row).toBeCloseTo(count, 1)
})

it('takes fewer steps with six connections, and opens no more than that', async () => {
  const { held, failed, metrics } = await claims({ connections: 6 })
  expect(failed).toEqual([])
  expect(held).toContain('six-connections')
  expect(metrics['many/connections_opened']).toBe(6)
  expect(metrics['h2/connections_opened']).toBe(1)
})

it('takes no steps at all with pipelining', async () => {
  const { held, failed, metrics } = await claims({ pipelining: true })
  expect(failed).toEqual([])
  expect(held).toContain('pipelined')
  expect(metrics['many/connections_opened']).toBe(1)
})

it.each([
  ['on a narrow link', { rate: 1_000_000 }],
  ['under loss', { loss: 0.05 }],
  ['with jitter', { jitter: 5_000 }],
])('claims counts only %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held.filter((id) => id.endsWith('round-trips'))).toEqual([])
  expect(held).toEqual(expect.arrayContaining(COUNTS))
})

it('draws the rows together as the link gets narrower', async () => {
  const ratio = async (rate: number) => {
    const { metrics } = await claims({ rate })
    return metrics['many/page_time']! / metrics['bundle/page_time']!
  }
  expect(await ratio(100_000)).toBeLessThan(0.6 * (await ratio(100_000_000)))
})

it.each([
  ['one object less', { [`${PAGE}.objects`]: 11 }, ['many-requests', 'many-round-trips']],
  ['a server that thinks for a round trip', { [`${PAGE}.delay`]: 200_000 }, ROUND_TRIPS],
  [
    'a redirect that is spared',
    { 'apps.site.resources./start.redirect': '/welcome' },
    ['redirect-requests', 'redirect-round-trips'],
  ],
  ['objects in view larger than the bundle', { [`${PAGE}.objectSize`]: 3_000 }, ['in-view-bytes']],
])('would notice %s', async (_, set, untrue) => {
  expect((await claims(set)).failed).toEqual(expect.arrayContaining(untrue))
})

it('would notice that one object needs no more header than a bundle', async () => {
  expect((await claims({ [`${PAGE}.objects`]: 1 })).failed).toContain('header-bytes')
})

it.each([
  ['six-connections', { connections: 6, [`${PAGE}.objects`]: 14 }],
  ['pipelined', { pipelining: true, [`${PAGE}.delay`]: 200_000 }],
])('would notice if %s were not so', async (id, set) => {
  expect((await claims(set)).failed).toContain(id)
})
