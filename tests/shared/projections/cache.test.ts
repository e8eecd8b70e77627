import { describe, expect, test } from 'vitest'
import { CacheDecisions, savingsOf } from '../../../shared/projections/cache.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

type Finished = EventData<'http:response_finished'>
const finished = (request: number, fields: Partial<Finished>): Finished => ({
  request,
  content: 1000,
  encoded: 1000,
  encoding: '',
  source: 'network',
  sha256: '',
  error: '',
  message: '',
  ...fields,
})
const queued = (request: number, attempt = 1) => ({
  ...{ request, method: 'GET', url: 'http://server.lab/a', initiator: 0, attempt },
})
const decided = (request: number, step: string, answer: string, detail = '') => ({
  ...{ request, step, answer, detail },
})

const run = () =>
  new TraceMaker()
    .pair('a')
    .pair('b')
    .add(0, 'http:request_queued', queued(1), { node: 'a/client' })
    .add(0, 'http:cache_decided', decided(1, 'stored', 'no', 'nothing for /a'), { node: 'a/client' })
    .add(9, 'http:response_finished', finished(1, {}), { node: 'a/client', flow: 'f' })
    .add(9, 'http:cache_decided', decided(1, 'no_store', 'no'), { node: 'a/client', flow: 'f' })
    .add(20, 'http:request_queued', queued(2), { node: 'a/client' })
    .add(20, 'http:response_finished', finished(2, { source: 'cache', encoded: 0 }), { node: 'a/client' })
    .add(30, 'http:request_queued', queued(3), { node: 'a/client' })
    .add(39, 'http:response_started', { request: 3, status: 304, content_type: '' }, { node: 'a/client' })
    .add(40, 'http:response_finished', finished(3, { source: 'validated', encoded: 0 }), { node: 'a/client' })
    .add(50, 'http:request_queued', queued(1), { node: 'b/client' })

function requestsOf(maker: TraceMaker, lane: string) {
  const decisions = new CacheDecisions()
  decisions.update(maker.store())
  return decisions.of(lane)
}

describe('requests and the cache', () => {
  test('each lane has its own; a request that is not answered is pending', () => {
    expect(requestsOf(run(), 'a').map(({ request, outcome }) => [request, outcome])).toEqual([
      [1, 'fetched'],
      [2, 'cache'],
      [3, 'validated'],
    ])
    expect(requestsOf(run(), 'b')).toMatchObject([{ request: 1, outcome: 'pending', end: Infinity }])
  })

  test('the steps of a request stand in the order in which they were taken, whatever flow they carry', () => {
    expect(requestsOf(run(), 'a')[0].steps).toEqual([
      { step: 'stored', yes: false, detail: 'nothing for /a' },
      { step: 'no_store', yes: false, detail: '' },
    ])
  })

  test('a retry keeps the steps, a failure is one', () => {
    const again = run()
      .add(60, 'http:cache_decided', decided(1, 'stored', 'no'), { node: 'b/client' })
      .add(70, 'http:request_queued', queued(1, 2), { node: 'b/client' })
      .add(80, 'http:response_finished', finished(1, { error: 'ECONNRESET' }), { node: 'b/client' })
    const [request] = requestsOf(again, 'b')
    expect(request).toMatchObject({ outcome: 'failed', error: 'ECONNRESET', t: 50, end: 80 })
    expect(request.steps).toHaveLength(1)
  })

  test('what is saved: content that did not cross, and exchanges that did not take place', () => {
    expect(savingsOf(requestsOf(run(), 'a'))).toEqual({
      requests: 3,
      cache: 1,
      validated: 1,
      bytes: 2000,
      roundTrips: 1,
    })
  })
})
