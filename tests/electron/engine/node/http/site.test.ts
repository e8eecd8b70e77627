/** What a site answers, without any connection: methods, redirects, negotiation, validators, orders, sessions. */
import { gunzipSync, brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { wholeOf } from '../../../../../electron/engine/node/http/content.ts'
import { evaluate } from '../../../../../electron/engine/node/http/conditional.ts'
import { chooseCoding, chooseType } from '../../../../../electron/engine/node/http/negotiation.ts'
import { Site, type Answer } from '../../../../../electron/engine/node/http/site.ts'
import type { Surroundings } from '../../../../../electron/engine/node/program.ts'
import type { EventName } from '../../../../../shared/trace/events.ts'
import type { Trace } from '../../../../../shared/trace/sink.ts'
import { LAB_EPOCH, type Micros } from '../../../../../shared/units.ts'
import { serverSetup, type ResourcesInput } from '../../../../support/http-lab.ts'

/** A site, a clock for it, and what it told. */
function siteOf(resources: ResourcesInput) {
  const clock = { now: 0 }
  const told: [EventName, object][] = []
  const trace: Trace = { emit: (name, data) => void told.push([name, data]), scope: () => trace }
  const lab = {
    now: () => clock.now as Micros,
    date: () => new Date(LAB_EPOCH + Math.floor(clock.now / 1000)),
    rng: createRng(1),
  }
  const site = new Site(serverSetup({ resources }).resources, lab as unknown as Surroundings)
  const ask = (target: string, fields: Record<string, string> = {}, method = 'GET'): Answer =>
    site.answer({ method, target, fields, trace })
  const toldOf = (name: EventName) => told.filter(([event]) => event === name).map(([, data]) => data)
  return { ask, clock, toldOf }
}

const textOf = ({ content }: Answer): string => wholeOf(content).toString('latin1')

describe('a site', () => {
  it('has what its data say, of the size they say, made from the seed', () => {
    const { ask } = siteOf({ '/a': { size: 100_000 }, '/b': { size: 100_000 } })
    const [a, b] = [wholeOf(ask('/a').content), wholeOf(ask('/b').content)]
    expect(a).toHaveLength(100_000)
    expect(a.equals(b)).toBe(false)
    expect(wholeOf(siteOf({ '/a': { size: 100_000 } }).ask('/a').content).equals(a)).toBe(true)
    expect(ask('/a').fields).toEqual({
      'content-type': 'application/octet-stream',
      'content-length': '100000',
    })
  })

  it('has nothing at other targets: 404 (RFC 9110 15.5.5)', () => {
    expect(siteOf({}).ask('/nowhere').status).toBe(404)
  })

  it('does not know every method: 405 names those that it does (RFC 9110 15.5.6)', () => {
    const { ask } = siteOf({ '/a': {}, '/orders': { behaviour: 'orders' } })
    expect(ask('/a', {}, 'POST')).toMatchObject({ status: 405, fields: { allow: 'GET, HEAD, OPTIONS' } })
    expect(ask('/a', {}, 'OPTIONS')).toMatchObject({ status: 204, fields: { allow: 'GET, HEAD, OPTIONS' } })
    expect(ask('/orders', {}, 'DELETE').fields.allow).toBe('GET, HEAD, OPTIONS, POST, PUT')
  })

  it('answers HEAD as it would GET, without content (RFC 9110 9.3.2)', () => {
    const { ask } = siteOf({ '/a': { size: 500, etag: true } })
    expect(ask('/a', {}, 'HEAD')).toMatchObject({ status: 200, fields: ask('/a').fields })
    expect(ask('/a', {}, 'HEAD').content.length).toBe(0)
  })

  it('sends elsewhere: 302 with Location (RFC 9110 15.4.3)', () => {
    const { ask } = siteOf({ '/old': { redirect: '/new' } })
    expect(ask('/old')).toMatchObject({ status: 302, fields: { location: '/new', 'content-length': '0' } })
  })

  it('names the objects of a page, each at its place, with the fields of the page', () => {
    const { ask } = siteOf({
      '/': { objects: 3, objectSize: 700, size: 5_000, fields: { 'cache-control': 'max-age=60' } },
      '/object/2': { size: 9 },
    })
    const page = textOf(ask('/'))
    expect(page).toHaveLength(5_000)
    expect(page.match(/src="[^"]*"/g)).toEqual(['src="/object/1"', 'src="/object/2"', 'src="/object/3"'])
    expect(ask('/object/1')).toMatchObject({
      fields: { 'content-length': '700', 'cache-control': 'max-age=60' },
    })
    expect(ask('/object/2').fields['content-length']).toBe('9')
    expect(ask('/object/4').status).toBe(404)
  })

  it('takes the time to think that its data say', () => {
    expect(siteOf({ '/a': { delay: 1234 } }).ask('/a').delay).toBe(1234)
  })
})

describe('content codings (RFC 9110 12.5.3)', () => {
  it.each([
    [undefined, 'identity'],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['deflate', 'identity'],
    ['', 'identity'],
    ['*', 'br'],
    ['*, br;q=0', 'gzip'],
    ['gzip;q=0, br;q=0', 'identity'],
    ['identity, gzip;q=0.5', 'identity'],
    ['identity;q=0', undefined],
    ['*;q=0', undefined],
    ['gzip;q=0.2, *;q=0', 'gzip'],
    ['gzip;q=x', 'gzip'],
  ])('%s gives %s', (field, coding) => {
    expect(chooseCoding(field)).toBe(coding)
  })

  it('make a text shorter, whole after decoding, with another ETag for each', () => {
    const { ask } = siteOf({ '/text': { size: 50_000, compressible: true, etag: true } })
    const plain = ask('/text')
    const [gzip, br] = ['gzip', 'br'].map((coding) => ask('/text', { 'accept-encoding': coding }))
    expect(gzip.fields).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' })
    expect(gunzipSync(wholeOf(gzip.content)).equals(wholeOf(plain.content))).toBe(true)
    expect(brotliDecompressSync(wholeOf(br.content)).equals(wholeOf(plain.content))).toBe(true)
    expect(gzip.content.length).toBeLessThan(25_000)
    expect(br.content.length).toBeLessThan(gzip.content.length)
    expect(plain.content.length).toBe(50_000)
    expect(new Set([plain, gzip, br].map(({ fields }) => fields.etag)).size).toBe(3)
    expect(gzip.fields['content-length']).toBe(String(gzip.content.length))
  })

  it('are not for what does not say that it compresses, and 406 tells that nothing will do', () => {
    const { ask } = siteOf({ '/a': { size: 10 }, '/text': { size: 10, compressible: true } })
    expect(ask('/a', { 'accept-encoding': 'gzip' }).fields).not.toHaveProperty('content-encoding')
    expect(ask('/text', { 'accept-encoding': 'identity;q=0' }).status).toBe(406)
  })
})

describe('media types (RFC 9110 12.5.1)', () => {
  const types = ['image/png', 'image/jpeg', 'image/webp']
  it.each([
    [undefined, 0],
    ['*/*', 0],
    ['image/webp', 2],
    ['image/png;q=0.8, image/jpeg', 1],
    ['image/*;q=0.5, image/jpeg;q=0.9', 1],
    ['image/*, image/png;q=0', 1],
    ['text/html', undefined],
    ['text/html, */*;q=0.1', 0],
  ])('%s gives number %s', (field, index) => {
    expect(chooseType(field, types)).toBe(index)
  })

  it('have sizes of their own, and the answer says that it varies', () => {
    const variants = [
      { type: 'image/png', size: 300 },
      { type: 'image/jpeg', size: 40 },
    ]
    const { ask } = siteOf({ '/picture': { variants } })
    const answer = ask('/picture', { accept: 'image/png;q=0.3, image/jpeg;q=0.9' })
    expect(answer.fields).toEqual({ 'content-type': 'image/jpeg', 'content-length': '40', vary: 'accept' })
    expect(ask('/picture', { accept: 'text/plain' }).status).toBe(406)
  })
})

describe('preconditions (RFC 9110 13.2.2)', () => {
  const [old, now] = ['Thu, 01 Jan 2026 00:00:00 GMT', 'Thu, 01 Jan 2026 00:00:10 GMT']
  const state = { etag: '"v2"', lastModified: Date.parse(now) }
  it.each<[string, Record<string, string>, string]>([
    ['GET', {}, 'proceed'],
    ['GET', { 'if-none-match': '"v1"' }, 'proceed'],
    ['GET', { 'if-none-match': '"v1", "v2"' }, 'not_modified'],
    ['HEAD', { 'if-none-match': 'W/"v2"' }, 'not_modified'],
    ['GET', { 'if-none-match': '*' }, 'not_modified'],
    ['PUT', { 'if-none-match': '*' }, 'precondition_failed'],
    ['GET', { 'if-modified-since': old }, 'proceed'],
    ['GET', { 'if-modified-since': now }, 'not_modified'],
    // The ETag has precedence: the date is not even looked at.
    ['GET', { 'if-none-match': '"v1"', 'if-modified-since': now }, 'proceed'],
    ['GET', { 'if-none-match': '"v2"', 'if-modified-since': old }, 'not_modified'],
    ['POST', { 'if-modified-since': now }, 'proceed'],
    ['GET', { 'if-modified-since': '2026-01-01' }, 'proceed'],
    ['PUT', { 'if-match': '"v1"' }, 'precondition_failed'],
    ['PUT', { 'if-match': '"v2"' }, 'proceed'],
    ['PUT', { 'if-match': 'W/"v2"' }, 'precondition_failed'],
    ['PUT', { 'if-unmodified-since': old }, 'precondition_failed'],
    ['PUT', { 'if-unmodified-since': now }, 'proceed'],
  ])('%s %j: %s', (method, fields, verdict) => {
    expect(evaluate(method, fields, state)).toBe(verdict)
  })
})

describe('validators', () => {
  it('spare the content: 304 with what a cache may have to renew (RFC 9110 15.4.5)', () => {
    const { ask } = siteOf({
      '/a': {
        size: 900,
        etag: true,
        lastModified: true,
        fields: { 'cache-control': 'no-cache', 'x-other': 'y' },
      },
    })
    const { etag } = ask('/a').fields
    const answer = ask('/a', { 'if-none-match': etag })
    expect(answer.status).toBe(304)
    expect(answer.fields).toEqual({ etag, 'cache-control': 'no-cache' })
    expect(answer.content.length).toBe(0)
  })

  it('see an edit; a touch changes the date alone', () => {
    const { ask, clock } = siteOf({
      '/a': {
        size: 50,
        etag: true,
        lastModified: true,
        changes: [
          { at: 5e6, kind: 'touch' },
          { at: 9e6, kind: 'edit' },
        ],
      },
    })
    const versions = [0, 6e6, 9e6].map((now) => {
      clock.now = now
      const { fields, content } = ask('/a')
      return { etag: fields.etag, date: fields['last-modified'], text: wholeOf(content).toString() }
    })
    const [first, touched, edited] = versions
    expect(first.date).toBe('Wed, 31 Dec 2025 00:00:00 GMT')
    expect(touched).toEqual({ ...first, date: 'Thu, 01 Jan 2026 00:00:05 GMT' })
    expect(edited.date).toBe('Thu, 01 Jan 2026 00:00:09 GMT')
    expect(edited.etag).not.toBe(first.etag)
    expect(edited.text).not.toBe(first.text)
  })

  it('of dates are blind within a second, those of content are not (RFC 9110 8.8.2.2)', () => {
    const { ask, clock } = siteOf({
      '/a': {
        size: 50,
        etag: true,
        lastModified: true,
        changes: [
          { at: 5.1e6, kind: 'edit' },
          { at: 5.7e6, kind: 'edit' },
        ],
      },
    })
    clock.now = 5.2e6
    const { etag, 'last-modified': date } = ask('/a').fields
    clock.now = 6e6
    expect(ask('/a', { 'if-modified-since': date }).status).toBe(304)
    expect(ask('/a', { 'if-none-match': etag }).status).toBe(200)
  })

  it('come with `expires` by lab time', () => {
    const { ask, clock } = siteOf({ '/a': { expiresIn: 60e6 }, '/past': { expiresIn: -1e6 } })
    clock.now = 30e6
    expect(ask('/a').fields.expires).toBe('Thu, 01 Jan 2026 00:01:30 GMT')
    expect(ask('/past').fields.expires).toBe('Thu, 01 Jan 2026 00:00:29 GMT')
  })
})

describe('orders (RFC 9110 9.2.2)', () => {
  it('are made by each POST, but once for each key', () => {
    const { ask, toldOf } = siteOf({ '/orders': { behaviour: 'orders' } })
    const post = (fields = {}) => textOf(ask('/orders', fields, 'POST'))
    expect([post(), post()]).toEqual(['{"order":1}\n', '{"order":2}\n'])
    const key = { 'idempotency-key': 'k' }
    expect([post(key), post(key), post({ 'idempotency-key': 'other' })]).toEqual([
      '{"order":3}\n',
      '{"order":3}\n',
      '{"order":4}\n',
    ])
    expect(textOf(ask('/orders'))).toBe('{"orders":4}\n')
    expect(toldOf('app:counted')).toEqual([1, 2, 3, 4].map((count) => ({ what: 'orders', count })))
  })
})

describe('an order at an address of the client (RFC 9110 9.3.4)', () => {
  it('is made by the first PUT and written again by the others', () => {
    const { ask } = siteOf({ '/orders': { behaviour: 'orders' } })
    const answers = [1, 2, 3].map(() => ask('/orders', {}, 'PUT'))
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200])
    expect(textOf(ask('/orders'))).toBe('{"orders":1}\n')
  })
})

describe('sessions', () => {
  const account = {
    behaviour: 'session',
    session: { maxAge: 10e6, secure: true, sameSite: 'strict' },
  } as const

  it('begin with a cookie and are found by it', () => {
    const { ask, toldOf } = siteOf({ '/account': account })
    const cookie = ask('/account').fields['set-cookie']
    expect(cookie).toMatch(/^SID=[0-9a-f]{32}; Path=\/; Max-Age=10; Secure; HttpOnly; SameSite=Strict$/)
    const second = ask('/account', { cookie: `other=1; ${cookie.split(';')[0]}` })
    expect(second.fields).not.toHaveProperty('set-cookie')
    expect(textOf(second)).toContain('Visit 2')
    expect(toldOf('http:session')).toMatchObject([
      { action: 'created', visits: 1 },
      { action: 'found', visits: 2 },
    ])
  })

  it('are found by the target, too, which the links carry until a cookie comes back', () => {
    const { ask } = siteOf({ '/account': { ...account, objects: 1 } })
    const page = textOf(ask('/account'))
    const id = /src="\/object\/1\?sid=([0-9a-f]{32})"/.exec(page)?.[1]
    expect(id).toBeDefined()
    expect(textOf(ask(`/account?sid=${id}`))).toContain('Visit 2')
    expect(textOf(ask('/account', { cookie: `SID=${id}` }))).toContain('src="/object/1"')
  })

  it('expire, and an id that is not known begins a new one', () => {
    const { ask, clock, toldOf } = siteOf({ '/account': account })
    const [cookie] = ask('/account').fields['set-cookie'].split(';')
    clock.now = 10e6
    expect(textOf(ask('/account', { cookie }))).toContain('Visit 1')
    ask('/account', { cookie: 'SID=0123' })
    const actions = toldOf('http:session').map((data) => (data as { action: string }).action)
    expect(actions).toEqual(['created', 'expired', 'created', 'unknown', 'created'])
    expect(toldOf('app:counted').at(-1)).toEqual({ what: 'sessions', count: 2 })
  })
})
