/** Compression and negotiation: what is chosen, and what it saves. */
import { expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const CODINGS = 'apps.browser.requests.0.fields.accept-encoding'
const claims = (set: Record<string, unknown> = {}) => claimsOf('http-compression', set)

it('holds all its claims', async () => {
  const { held, failed, metrics } = await claims()
  expect(failed).toEqual([])
  expect(held).toHaveLength(9)
  // 50 kB at 500 kbit/s, without headers and round trips.
  expect(metrics['identity/page_time']).toBeGreaterThan(800_000)
})

it.each([
  ['a slow link', { rate: 200_000 }],
  ['a fast link', { rate: 100_000_000 }],
  ['loss', { loss: 0.02 }],
  ['a short text', { size: 1_000 }],
  ['a long path', { delay: 150_000 }],
])('keeps to them with %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held).toEqual(expect.arrayContaining(['lossless', 'weights', 'avif', 'jpeg', 'jpeg-by-weight']))
})

it('draws the rows together as the link gets wider', async () => {
  const ratio = async (rate: number) => {
    const { metrics } = await claims({ rate })
    return metrics['identity/page_time']! / metrics['gzip/page_time']!
  }
  expect(await ratio(200_000)).toBeGreaterThan(await ratio(100_000_000))
})

it('gives every reader the same text, to the byte', async () => {
  const run = await finishedRun({ experiment: 'http-compression' })
  const digest = (row: string) =>
    [...run.reader.events(['http:response_finished'])].find(({ node }) => node === `${row}/client`)!.data
      .sha256
  for (const row of ['gzip', 'br', 'weighted']) expect(digest(row), row).toBe(digest('identity'))
})

it('names what it chose, and what the choice hung on', async () => {
  const run = await finishedRun({ experiment: 'http-compression' })
  const fields = (row: string) => {
    const events = [...run.reader.events(['http:message_started'])]
    const response = events.find(({ node, data }) => node === `${row}/server` && data.part === 'response')!
    return Object.fromEntries(JSON.parse(response.data.fields) as [string, string][])
  }
  expect(fields('br')).toMatchObject({ 'content-encoding': 'br', vary: 'accept-encoding' })
  expect(fields('weighted')).toMatchObject({ 'content-encoding': 'gzip' })
  expect(fields('identity')).not.toHaveProperty('content-encoding')
  expect(fields('new-browser')).toMatchObject({ 'content-type': 'image/avif', vary: 'accept' })
})

const JPEG_FIRST = {
  'apps.browser.requests': [{ target: '/photo', fields: { accept: 'image/jpeg, */*;q=0.1' } }],
}

it.each([
  ['a coding where there should be none', 'identity', { [CODINGS]: 'gzip' }, ['identity-bytes', 'gzip-time']],
  ['no coding', 'gzip', { [CODINGS]: 'identity' }, ['gzip-bytes', 'gzip-time', 'weights']],
  ['no br', 'br', { [CODINGS]: 'gzip' }, ['br-bytes']],
  ['a weight that is not heeded', 'weighted', { [CODINGS]: 'gzip;q=0.3, br' }, ['weights']],
  ['another taste', 'new-browser', JPEG_FIRST, ['avif']],
])('would notice %s', async (_, lane, set, untrue) => {
  expect((await claimsOf(withLane('http-compression', lane, set))).failed).toEqual(
    expect.arrayContaining(untrue),
  )
})

it('would notice a text that is not the same, and photographs of other sizes', async () => {
  const other = withLane('http-compression', 'br', { 'apps.site.resources./article.size': 20_000 })
  expect((await claimsOf(other)).failed).toContain('lossless')
  const variants = [{ type: 'image/jpeg', size: 1_000 }]
  expect((await claims({ 'apps.site.resources./photo.variants': variants })).failed).toEqual([
    'avif',
    'jpeg',
    'jpeg-by-weight',
  ])
})
