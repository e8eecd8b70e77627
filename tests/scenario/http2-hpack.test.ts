/** HPACK: what the tables save, and what they cannot. */
import { expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const TABLE = 'apps.site.http2.headerTableSize'
const claims = (set: Record<string, unknown> = {}) => claimsOf('http2-hpack', set)

it.each([
  ['as it comes', {}],
  ['under loss', { loss: 0.05 }],
  ['on a narrow link', { rate: 500_000 }],
  ['on a long path', { delay: 150_000 }],
])('holds all its claims %s: no path changes a header block', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held).toHaveLength(9)
})

/** The fields of the requests of a row: [name, value, representation, bytes, index]. */
async function requestsOf(row: string): Promise<(readonly [string, string, string, number, number])[][]> {
  const run = await finishedRun({ experiment: 'http2-hpack' })
  return [...run.reader.events(['http:message_started'])]
    .filter(({ node, data }) => node === `${row}/client` && data.part === 'request')
    .map(({ data }) => JSON.parse(data.fields))
}

it('names a field by one byte once it is in the table, and spells what is new', async () => {
  const requests = await requestsOf('full')
  expect(requests).toHaveLength(12)
  const cost = (i: number, name: string) => requests[i].find(([field]) => field === name)![3]
  expect(cost(0, 'user-agent')).toBeGreaterThan(40)
  for (let i = 1; i < requests.length; i++) {
    for (const name of ['user-agent', 'accept-language', 'cookie', ':authority'])
      expect(cost(i, name), `${name} of request ${i + 1}`).toBe(1)
    expect(cost(i, 'traceparent')).toBeGreaterThan(30)
    expect(cost(i, ':path')).toBeGreaterThan(1)
  }
})

it('writes the first request with the usual table, since SETTINGS have not arrived; then it is resized', async () => {
  const run = await finishedRun({ experiment: 'http2-hpack' })
  const changes = [...run.reader.events(['http:table_changed'])].filter(
    ({ node, data }) => node === 'static/client' && data.from === 'client',
  )
  expect(changes[0].data).toMatchObject({ what: 'insert', limit: 4_096 })
  expect(changes.find(({ data }) => data.what === 'resize')!.data).toMatchObject({ limit: 0 })
  expect(changes.at(-1)!.data).toMatchObject({ size: 0, limit: 0 })
})

it.each([
  ['no dynamic table', 'full', { [TABLE]: 0 }, ['saves-half', 'small-saves-less', 'full-keeps']],
  ['a table that is large enough', 'small', { [TABLE]: 4_096 }, ['small-saves-less', 'evicts']],
  ['a table where there should be none', 'static', { [TABLE]: 4_096 }, ['static-saves-least']],
  [
    'compression where there should be none',
    'http1',
    { 'apps.browser.version': 'h2', 'apps.site.versions': ['h2'] },
    ['shorter-than-http1'],
  ],
])('would notice %s', async (_, lane, set, untrue) => {
  expect((await claimsOf(withLane('http2-hpack', lane, set))).failed).toEqual(expect.arrayContaining(untrue))
})

const requests = (change: (request: Record<string, Json>) => Json): Record<string, unknown> => {
  const browser = findExperiment('http2-hpack')!.setup.apps.browser
  if (browser.kind !== 'http-client') throw new Error('the browser is no HTTP client')
  return { 'apps.browser.requests': (browser.requests as unknown as Record<string, Json>[]).map(change) }
}

it('would notice that nothing is new', async () => {
  const same = requests(({ fields, ...rest }) => ({
    ...rest,
    target: '/news/1',
    fields: { ...(fields as object), traceparent: '00', cookie: 'x'.repeat(2_000) },
  }))
  expect((await claims(same)).failed).toContain('saves-not-all')
})

it('would notice that there is nothing to save in repetition, nor by Huffman', async () => {
  const odd = requests((request) => ({
    target: request.target,
    fields: { accept: '~'.repeat(2_000) },
    after: true,
  }))
  expect((await claims(odd)).failed).toContain('huffman-saves')
  // What is new in the second request outweighs what it need not repeat.
  const worse = [
    { target: '/news/1' },
    { target: '/news/2', fields: { accept: '~'.repeat(2_000) }, after: true },
  ]
  expect((await claims({ 'apps.browser.requests': worse })).failed).toContain('first-saves-less')
})
