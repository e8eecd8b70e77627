/** HTTP/2: streams, pushes, credit, priorities. */
import { expect, it } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import type { Json } from '../../shared/experiment.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const claims = (set: Record<string, unknown> = {}) => claimsOf('http2-frames', set)

it.each([50_000, 100_000, 300_000])('holds all its claims with %d us each way', async (delay) => {
  const { held, failed, metrics } = await claims({ delay })
  expect(failed).toEqual([])
  expect(held).toHaveLength(13)
  for (const [row, count] of Object.entries({ clear: 3, secure: 4, push: 2, window: 5 }))
    expect(metrics[`${row}/page_rtts`], row).toBeCloseTo(count, 1)
})

it.each([
  ['under loss', { loss: 0.03 }],
  ['with large objects', { 'object-size': 100_000 }],
  ['on a narrow link', { rate: 1_000_000 }],
])('claims no round trips %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held.filter((id) => id.endsWith('round-trips'))).toEqual([])
  expect(held).toEqual(expect.arrayContaining(['streams', 'no-even-streams', 'even-streams', 'legacy-frame']))
})

const framesOf = (run: Run, row: string, type: string) =>
  [...run.reader.events(['http:frame'])].filter(
    ({ node, data }) => node.startsWith(`${row}/`) && data.type === type,
  )

it('numbers the streams of the client odd, those of the server even', async () => {
  const run = await finishedRun({ experiment: 'http2-frames' })
  const opened = (row: string) => [...new Set(framesOf(run, row, 'HEADERS').map(({ data }) => data.stream))]
  expect(opened('clear')).toEqual([1, 3, 5, 7])
  expect(opened('push').sort()).toEqual([1, 2, 4, 6])
})

it('takes turns, a credit at a time', async () => {
  const run = await finishedRun({ experiment: 'http2-frames' })
  const data = framesOf(run, 'window', 'DATA').slice(1)
  expect(data.map(({ data: { stream } }) => stream)).toEqual([3, 5, 7, 3, 5, 7, 3, 5, 7])
  expect(data.every(({ data: { length } }) => length === 400)).toBe(true)
})

it('has the same frames in the clear and under TLS', async () => {
  const run = await finishedRun({ experiment: 'http2-frames' })
  // Not their lengths: the seconds of a date may differ, since TLS takes a round trip more.
  const frames = (row: string) =>
    ['HEADERS', 'DATA', 'SETTINGS'].flatMap((type) =>
      framesOf(run, row, type).map(({ data: { from, stream, flags } }) => [type, from, stream, flags]),
    )
  expect(frames('secure')).toEqual(frames('clear'))
})

it('sends the urgent response first, and the old frame in vain', async () => {
  const run = await finishedRun({ experiment: 'http2-frames' })
  const order = (row: string) => framesOf(run, row, 'DATA').map(({ data }) => data.stream)
  expect(order('equal')).toEqual([1, 3, 5, 7])
  expect(order('urgent')).toEqual([7, 1, 3, 5])
  expect(framesOf(run, 'legacy', 'PRIORITY').map(({ data }) => data.stream)).toEqual([7])
})

const requests = (...targets: string[]) => ({
  'apps.browser.requests': targets.map((target) => ({ target })),
})

it.each([
  ['fewer requests', 'clear', requests('/one'), ['streams', 'clear-round-trips']],
  [
    'a connection for each',
    'clear',
    { 'apps.browser.reuse': false },
    ['one-connection', 'clear-round-trips'],
  ],
  ['no TLS', 'secure', { 'apps.browser.tls': null, 'apps.site.tls': null }, ['secure-round-trips']],
  [
    'pushes where there should be none',
    'clear',
    { 'apps.site.resources./page.push': ['/object/1'] },
    ['no-even-streams', 'streams'],
  ],
  ['no pushes', 'push', { 'apps.site.resources./page.push': [] }, ['even-streams', 'push-round-trips']],
  [
    'enough credit',
    'window',
    { 'apps.browser.http2.initialWindow': 65_535 },
    ['window-round-trips', 'window-stall'],
  ],
  ['no priority', 'urgent', requests('/one', '/two'), ['urgent-first']],
  ['no PRIORITY frame', 'legacy', requests('/one'), ['legacy-frame']],
])('would notice %s', async (_, lane, set, untrue) => {
  expect((await claimsOf(withLane('http2-frames', lane, set))).failed).toEqual(expect.arrayContaining(untrue))
})

it('would notice an order where none is asked for, and an old frame in the new scheme', async () => {
  const slow: Json = [{ target: '/one' }, { target: '/two', priority: { urgency: 0 } }]
  expect(
    (await claimsOf(withLane('http2-frames', 'equal', { 'apps.browser.requests': slow }))).failed,
  ).toEqual(['in-order'])
  const old: Json = [{ target: '/one' }, { target: '/two', priority: { urgency: 0 }, priorityFrame: {} }]
  expect(
    (await claimsOf(withLane('http2-frames', 'urgent', { 'apps.browser.requests': old }))).failed,
  ).toContain('no-legacy-frame')
})
