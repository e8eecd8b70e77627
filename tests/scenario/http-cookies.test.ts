/** Cookies and sessions: whom the server knows again. */
import { expect, it } from 'vitest'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const SESSION = 'apps.site.resources./account.session'
const claims = (set: Record<string, unknown> = {}) => claimsOf('http-cookies', set)

it('holds all its claims; on an unpunctual path, all but that about a moment', async () => {
  const { held, failed } = await claims()
  expect(failed).toEqual([])
  expect(held).toHaveLength(11)
  for (const set of [{ delay: 150_000 }, { rate: 200_000 }, { 'http-only': false }])
    expect(await claims(set), JSON.stringify(set)).toMatchObject({ held, failed })
  const late = await claims({ jitter: 5_000, loss: 0.05 })
  expect(late.failed).toEqual([])
  expect(late.held).toEqual(held.filter((id) => id !== 'expired'))
})

it('sends a short-lived cookie as long as it is good', async () => {
  const { held, failed, metrics } = await claims({ pause: 500_000 })
  expect(failed).toEqual([])
  expect(held).toContain('in-time')
  expect(metrics['short/sessions_created']).toBe(2)
})

it('carries the id in the target when it rewrites, and never in a cookie', async () => {
  const run = await finishedRun({ experiment: 'http-cookies' })
  const messages = [...run.reader.events(['http:message_started'])].filter(
    ({ node, data }) => node === 'rewritten/client' && data.part === 'request',
  )
  expect(messages.map(({ data }) => /\?sid=[0-9a-f]{32}$/.test(data.target))).toEqual([
    false,
    true,
    true,
    true,
  ])
  for (const { data } of messages) expect(data.fields).not.toMatch(/"cookie"/i)
})

it('says why a Secure cookie stays at home', async () => {
  const run = await finishedRun({ experiment: 'http-cookies' })
  const deeds = [...run.reader.events(['http:cookie'])].filter(({ node }) => node === 'secure/client')
  expect(deeds.map(({ data }) => data.action)).toEqual(['withheld', 'withheld', 'withheld', 'withheld'])
  expect(deeds[0].data.detail).toMatch(/Secure/)
})

it('takes no SameSite=None without Secure, and claims nothing of those rows then', async () => {
  const { held, failed, metrics } = await claims({ 'same-site': 'none' })
  expect(failed).toEqual([])
  expect(held).not.toContain('one-session')
  expect(metrics['kept/sessions_created']).toBe(4)
  expect(metrics['secure-tls/sessions_created']).toBe(1)
})

it('keeps a cookie at home from what another site causes, as its SameSite says', async () => {
  const strict = await claims({ 'same-site': 'strict' })
  expect(strict.failed).toEqual([])
  expect(strict.held).toContain('forged-strict')
  expect(strict.held).not.toContain('forged-post')
  const run = await finishedRun({ experiment: 'http-cookies' })
  const deeds = [...run.reader.events(['http:cookie'])].filter(({ node }) => node === 'forged/client')
  expect(deeds.map(({ data }) => `${data.request} ${data.action}`)).toEqual([
    '1 stored',
    '2 withheld',
    '2 withheld',
    '3 sent',
  ])
})

it('would notice a forged request that carries the cookie', async () => {
  const home = [{ target: '/account' }, { method: 'POST', target: '/account', after: true }]
  const forged = withLane('http-cookies', 'forged', { 'apps.browser.requests': [...home, home[1]] as never })
  expect((await claimsOf(forged)).failed).toEqual(['forged-post', 'forged-stranger'])
  expect((await claimsOf(forged, { 'same-site': 'strict' })).failed).toEqual(['forged-strict'])
})

it.each([
  ['a Secure cookie in the clear', { [`${SESSION}.secure`]: true }, ['one-session', 'cookies-sent', 'cost']],
  [
    'a session that ends too soon',
    { [`${SESSION}.maxAge`]: 1_000_000 },
    ['one-session', 'secure-sent', 'rewritten-session'],
  ],
  [
    'fewer requests',
    { 'apps.browser.requests': [{ target: '/account' }] },
    ['strangers', 'cookies-sent', 'secure-withheld', 'cost'],
  ],
])('would notice %s', async (_, set, untrue) => {
  expect((await claims(set)).failed).toEqual(expect.arrayContaining(untrue))
})

it('would notice cookies where there should be none, and a longer life', async () => {
  const rewritten = withLane('http-cookies', 'rewritten', { 'apps.browser.cookies': 'on' })
  expect((await claimsOf(rewritten)).failed).toEqual(['rewritten-cookies'])
  const short = withLane('http-cookies', 'short', { [`${SESSION}.maxAge`]: 60_000_000 })
  expect((await claimsOf(short)).failed).toEqual(['expired'])
  expect((await claimsOf(short, { pause: 500_000 })).failed).toEqual(['in-time'])
})
