/** Persistent connections and pipelining: what connections cost, and what a slow response does to those behind it. */
import { expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const claims = (set: Record<string, unknown> = {}) => claimsOf('http-keepalive', set)
const ROUND_TRIPS = ['new', 'kept', 'parallel', 'pipelined'].map((row) => `${row}-round-trips`)

it.each([50_000, 150_000, 300_000])('counts the same round trips with %d us each way', async (delay) => {
  const { held, failed, metrics } = await claims({ delay })
  expect(failed).toEqual([])
  for (const [row, count] of Object.entries({ new: 8, kept: 5, parallel: 2, pipelined: 2 }))
    expect(metrics[`${row}/page_rtts`], row).toBeCloseTo(count, 1)
  expect(held).toEqual(expect.arrayContaining([...ROUND_TRIPS, 'blocked-time']))
  // 400 ms are two round trips of the path as it comes only.
  expect(held).not.toContain('blocked-round-trips')
})

it.each([0, 100_000, 1_000_000])(
  'blocks three responses for as long as the slow one takes: %d us',
  async (slow) => {
    const { failed, metrics } = await claims({ slow })
    expect(failed).toEqual([])
    expect(metrics['blocked/pipeline_blocked_time']).toBeCloseTo(3 * slow, -1)
    expect(metrics['aside/pipeline_blocked_time']).toBe(0)
  },
)

it('holds responses back in the order of their requests, though they were ready', async () => {
  const run = await finishedRun({ experiment: 'http-keepalive' })
  const finished = [...run.reader.events(['http:response_finished'])]
  const order = (row: string) =>
    finished.filter(({ node }) => node === `${row}/client`).map(({ data }) => data.request)
  expect(order('blocked')).toEqual([1, 2, 3, 4])
  expect(order('aside')).toEqual([2, 3, 4, 1])
})

it.each([
  ['under loss', { loss: 0.05 }],
  ['on a narrow link', { rate: 200_000 }],
  ['with jitter', { jitter: 5_000 }],
])('claims no round trips %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held.filter((id) => id.endsWith('round-trips'))).toEqual([])
  expect(held).toContain('new-connections')
})

it.each([
  [
    'reuse where there should be none',
    'new',
    { 'apps.browser.reuse': true },
    ['new-round-trips', 'new-connections'],
  ],
  ['a connection that is not kept', 'kept', { 'apps.browser.reuse': false }, ['kept-round-trips']],
  [
    'fewer connections',
    'parallel',
    { 'apps.browser.connections': 2 },
    ['parallel-round-trips', 'parallel-connections'],
  ],
  [
    'no pipelining',
    'pipelined',
    { 'apps.browser.pipelining': false, 'apps.browser.connections': 2 },
    ['pipelined-round-trips', 'pipelined-connections'],
  ],
  [
    'no pipelining behind the slow one',
    'blocked',
    { 'apps.browser.pipelining': false },
    ['blocked-time', 'blocked-round-trips'],
  ],
  [
    'a slow one where there should be none',
    'pipelined',
    { 'apps.site.resources./one.delay': 100_000 },
    ['pipelined-unblocked'],
  ],
  [
    'pipelining beside the slow one',
    'aside',
    { 'apps.browser.connections': 1, 'apps.browser.pipelining': true },
    ['aside-unblocked'],
  ],
])('would notice %s', async (_, lane, set, untrue) => {
  expect((await claimsOf(withLane('http-keepalive', lane, set))).failed).toEqual(
    expect.arrayContaining(untrue),
  )
})
