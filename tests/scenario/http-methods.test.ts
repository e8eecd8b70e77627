/** Safe and idempotent methods: what a retry does, and what makes it unnecessary. */
import { expect, it } from 'vitest'
import { finishedRun } from '../support/runs.ts'
import { claimsOf, withLane } from '../support/claims.ts'

const claims = (set: Record<string, unknown> = {}) => claimsOf('http-methods', set)

it('doubles the order of a POST, and no other', async () => {
  const { held, failed, metrics } = await claims()
  expect(failed).toEqual([])
  expect(held).toEqual(['two-orders', 'one-order', 'put-order', 'no-order', 'second-connection'])
  for (const row of ['get', 'post', 'key', 'put']) {
    expect(metrics[`${row}/requests`], row).toBe(2)
    expect(metrics[`${row}/requests_failed`], row).toBe(0)
  }
})

it('has the request arrive before the way back is cut, and the response die of it', async () => {
  const run = await finishedRun({ experiment: 'http-methods' })
  const events = [
    ...run.reader.events(['http:request_queued', 'app:counted', 'sim:knob_changed', 'link:packet_dropped']),
  ]
  const orders = events.filter(({ node, name }) => node === 'post/server' && name === 'app:counted')
  const cut = events.find(({ name }) => name === 'sim:knob_changed')!
  const lost = events.find(({ node, name }) => node === 'post/link' && name === 'link:packet_dropped')!
  expect(orders).toHaveLength(2)
  expect(orders[0].t).toBeLessThan(cut.t)
  expect(cut.t).toBeLessThan(lost.t)
  expect(lost.data).toMatchObject({ direction: 1, reason: 'outage' })
  expect(lost.t).toBeLessThan(orders[1].t)
})

it('leaves the repair to TCP when the client is patient', async () => {
  const run = await finishedRun({ experiment: 'http-methods', set: { timeout: 5_000_000 } })
  const claimed = run.summary!.expectations.filter(({ holds }) => holds !== null)
  expect(claimed.map(({ id, holds }) => [id, holds])).toEqual([
    ['no-order', true],
    ['patient-order', true],
    ['patient-connection', true],
  ])
  const again = [...run.reader.events(['tcp:segment_sent'])].filter(
    ({ node, data }) => node === 'post/server' && data.payload > 0 && data.cause !== '',
  )
  expect(again.map(({ data }) => data.cause)).toContain('rto')
  expect(run.summary!.metrics['post/requests']).toBe(1)
})

it('leaves a client that does not try again in the dark', async () => {
  const { held, failed } = await claims({ retries: 0 })
  expect(failed).toEqual([])
  expect(held).toEqual(['no-order', 'failed-request', 'failed-order'])
})

it.each([
  ['another path', { delay: 150_000 }],
  ['loss', { loss: 0.1 }],
  ['a faster server', { thinking: 0 }],
])('makes no claim about the timeline with %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held).toEqual(['no-order'])
})

it.each([
  ['keys with every POST', { 'apps.shop-client.idempotencyKey': true }, ['two-orders']],
  ['a request made twice', { 'apps.shop-client.requests.0.times': 2 }, ['two-orders', 'one-order']],
  [
    'a patience that TCP outlasts',
    { timeout: 5_000_000, 'hosts.server.tcp.minRto': 10_000_000 },
    ['patient-order', 'patient-connection'],
  ],
  [
    'an outage that never comes',
    { retries: 0, 'apps.shop-client.requests.0.at': 2_000_000 },
    ['failed-request'],
  ],
  ['no order at all', { retries: 0, 'apps.shop-client.requests.0.at': 260_000 }, ['failed-order']],
])('would notice %s', async (_, set, untrue) => {
  expect((await claims(set)).failed).toEqual(expect.arrayContaining(untrue))
})

it('would notice a retry on the same connection, or none', async () => {
  expect((await claims({ 'apps.shop-client.requests.0.at': 2_000_000 })).failed).toContain(
    'second-connection',
  )
})

it('would notice a GET that orders, and a PUT that does so twice', async () => {
  const method = (lane: string) =>
    withLane('http-methods', lane, { 'apps.shop-client.requests.0.method': 'POST' })
  expect((await claimsOf(method('get'))).failed).toEqual(['no-order'])
  expect((await claimsOf(method('put'))).failed).toEqual(['put-order'])
})
