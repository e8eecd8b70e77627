/** Caching: who is believed, what is saved, and when a date is wrong. */
import { expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const PHOTO = 'apps.site.resources./photo'
const claims = (set: Record<string, unknown> = {}) => claimsOf('http-cache', set)

it('holds all its claims, on short paths and long ones', async () => {
  const { held, failed } = await claims()
  expect(failed).toEqual([])
  expect(held).toHaveLength(17)
  for (const delay of [50_000, 150_000])
    expect(await claims({ delay }), `${delay}`).toMatchObject({ held, failed })
})

it.each([
  ['under loss', { loss: 0.05 }],
  ['on a narrow link', { rate: 500_000 }],
  ['with jitter', { jitter: 5_000 }],
])('keeps to what the rules of caching alone decide %s', async (_, set) => {
  const { held, failed } = await claims(set)
  expect(failed).toEqual([])
  expect(held).toEqual(
    expect.arrayContaining([
      'none-bytes',
      'max-age-bytes',
      'max-age-cached',
      'expires-cached',
      'etag-validated',
      'etag-bytes',
    ]),
  )
  expect(held.filter((id) => id.endsWith('round-trips'))).toEqual([])
})

it('gives out the old edition although the server has had another for long', async () => {
  const run = await finishedRun({ experiment: 'http-cache' })
  const finished = [...run.reader.events(['http:response_finished'])]
  const digests = (row: string) =>
    finished.filter(({ node }) => node === `${row}/client`).map(({ data }) => data.sha256)
  const [stale, confirmed] = digests('edited-date')
  const [before, after] = digests('edited-both')
  expect(confirmed).toBe(stale)
  expect(before).toBe(stale)
  expect(after).not.toBe(before)
})

it('tells the way through the cache, step by step', async () => {
  const run = await finishedRun({ experiment: 'http-cache' })
  const steps = [...run.reader.events(['http:cache_decided'])]
  const way = (row: string) =>
    steps
      .filter(({ node, data }) => node === `${row}/client` && data.request === 2)
      .map(({ data }) => `${data.step} ${data.answer}`)
  expect(way('max-age')).toContain('fresh yes')
  expect(way('etag')).toEqual(expect.arrayContaining(['etag yes', 'not_modified yes']))
  expect(way('touched-date')).toEqual(expect.arrayContaining(['last_modified yes', 'not_modified no']))
  expect(way('none')).toEqual([])
})

/** A lane with another photograph. */
const photo = (lane: string, says: Record<string, unknown>) =>
  withLane('http-cache', lane, { [PHOTO]: { type: 'image/jpeg', size: 10_000, ...says } as never })
const ASK = { fields: { 'cache-control': 'no-cache' } }
const CHANGES = [{ at: 3_000_000, kind: 'edit' }]

it.each([
  [
    'a max-age that is over',
    'max-age',
    { fields: { 'cache-control': 'max-age=0' } },
    ['max-age-bytes', 'max-age-cached', 'max-age-round-trips', 'wire-spared'],
  ],
  ['an Expires that is over', 'expires', { expiresIn: -1_000_000 }, ['expires-cached']],
  [
    'a change that the ETag tells',
    'etag',
    { ...ASK, etag: true, changes: CHANGES },
    ['etag-validated', 'etag-bytes'],
  ],
  [
    'a fresh copy that is not asked about',
    'etag',
    { expiresIn: 60_000_000, etag: true },
    ['etag-validated', 'etag-round-trips', 'wire-spared'],
  ],
  ['a file that nobody touched', 'touched-date', { ...ASK, lastModified: true }, ['touched-date-bytes']],
  [
    'a file that was really edited',
    'touched-date',
    { ...ASK, lastModified: true, changes: CHANGES },
    ['touched-date-versions'],
  ],
  [
    'an ETag that differs',
    'touched-both',
    { ...ASK, etag: true, lastModified: true, changes: CHANGES },
    ['touched-both-bytes'],
  ],
  [
    'a date that tells',
    'edited-date',
    { ...ASK, lastModified: true, changes: CHANGES },
    ['edited-date-versions', 'edited-date-validated'],
  ],
  [
    'an edit that never was',
    'edited-both',
    { ...ASK, lastModified: true, etag: true },
    ['edited-both-versions'],
  ],
])('would notice %s', async (_, lane, says, untrue) => {
  expect((await claimsOf(photo(lane, says))).failed).toEqual(expect.arrayContaining(untrue))
})

it('would notice a cache where there should be none, and no first visit', async () => {
  const cached = withLane('http-cache', 'none', {
    'apps.browser.cache': true,
    [PHOTO]: { size: 10_000, expiresIn: 60_000_000 },
  })
  expect((await claimsOf(cached)).failed).toEqual(
    expect.arrayContaining(['none-bytes', 'none-round-trips', 'wire-saved']),
  )
})
