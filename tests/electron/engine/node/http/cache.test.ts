/** The rules of RFC 9111, without any connection: what is stored, how long it is fresh, how it is validated. */
import { describe, expect, it } from 'vitest'
import { Cache, type Decision } from '../../../../../electron/engine/node/http/cache.ts'
import { httpDate, type Fields } from '../../../../../electron/engine/node/http/fields.ts'
import { ageOf, lifetimeOf, type StoredResponse } from '../../../../../electron/engine/node/http/freshness.ts'
import { LAB_EPOCH } from '../../../../../shared/units.ts'

const SECOND = 1e6
const at = (seconds: number): string => httpDate(new Date(LAB_EPOCH + seconds * 1000))
const bytes = (text: string): Uint8Array => Buffer.from(text)

const response = (fields: Fields, over: Partial<StoredResponse> = {}): StoredResponse => ({
  ...{
    status: 200,
    fields: { date: at(0), ...fields },
    content: bytes('old'),
    requestedAt: 0,
    receivedAt: 0,
  },
  ...over,
})

const get = (fields: Record<string, string> = {}, target = '/a') => ({ method: 'GET', target, fields })

/** A cache that was given these responses to GETs of `/a` at time 0; asks again and tells the way taken. */
function cacheWith(...stored: StoredResponse[]) {
  const cache = new Cache()
  for (const one of stored) cache.handleResponse(get(), { kind: 'fetch' }, one, () => undefined)
  const ask = (seconds: number, request = get()): { decision: Decision; way: string } => {
    const way: string[] = []
    const decision = cache.decide(seconds * SECOND, request, (step, answer) =>
      way.push(`${step}:${answer ? 'yes' : 'no'}`),
    )
    return { decision, way: way.join(' ') }
  }
  return { cache, ask }
}

describe('freshness lifetime (RFC 9111 4.2.1)', () => {
  it.each<[string, Fields, number, string]>([
    ['max-age', { 'cache-control': 'max-age=60' }, 60, 'max_age'],
    ['max-age before Expires', { 'cache-control': 'public, max-age=60', expires: at(5) }, 60, 'max_age'],
    ['max-age of 0', { 'cache-control': 'max-age=0', expires: at(500) }, 0, 'max_age'],
    ['a max-age that is no number is stale', { 'cache-control': 'max-age=long' }, 0, 'max_age'],
    ['a quoted max-age', { 'cache-control': 'max-age="60"' }, 60, 'max_age'],
    ['Expires less Date', { date: at(10), expires: at(40) }, 30, 'expires'],
    ['Expires in the past', { expires: at(-1) }, 0, 'expires'],
    ['Expires that is no date: 0', { expires: '0' }, 0, 'expires'],
    ['a tenth of the age of the content', { 'last-modified': at(-100) }, 10, 'heuristic'],
    ['s-maxage is for shared caches', { 'cache-control': 's-maxage=99' }, 0, 'none'],
    ['nothing', {}, 0, 'none'],
  ])('%s', (_name, fields, seconds, by) => {
    expect(lifetimeOf(response(fields))).toMatchObject({ seconds, by })
  })
})

describe('age (4.2.3)', () => {
  it('counts from the request, for the answer may have been old when it came', () => {
    const slow = response({}, { requestedAt: 0, receivedAt: 0.4 * SECOND })
    expect(ageOf(slow, 2.4 * SECOND)).toBeCloseTo(2.4, 9)
  })

  it('has Age added, and Date believed if that is older', () => {
    expect(ageOf(response({ age: '30' }), SECOND)).toBe(31)
    expect(ageOf(response({ date: at(-50) }), SECOND)).toBe(51)
  })
})

describe('a cache', () => {
  it('has nothing at first', () => {
    expect(cacheWith().ask(0)).toMatchObject({ decision: { kind: 'fetch' }, way: 'stored:no' })
  })

  it('uses what is fresh without asking, and not a moment longer', () => {
    const { ask } = cacheWith(response({ 'cache-control': 'max-age=10', etag: '"1"' }))
    expect(ask(9.9)).toMatchObject({ decision: { kind: 'use' }, way: 'stored:yes max_age:yes fresh:yes' })
    expect(ask(10).decision.kind).toBe('validate')
  })

  it('goes through all questions on the way to validation, with both validators (4.3.1)', () => {
    const fields = { expires: at(5), etag: '"1"', 'last-modified': at(-9) }
    expect(cacheWith(response(fields)).ask(6)).toMatchObject({
      way: 'stored:yes max_age:no expires:yes fresh:no validator:yes etag:yes last_modified:yes',
      decision: { kind: 'validate', fields: { 'if-none-match': '"1"', 'if-modified-since': at(-9) } },
    })
  })

  it('fetches anew what is stale and has no validator', () => {
    expect(cacheWith(response({})).ask(1)).toMatchObject({
      way: 'stored:yes max_age:no expires:no heuristic:no fresh:no validator:no',
      decision: { kind: 'fetch' },
    })
  })

  it.each<[string, Fields, Record<string, string>]>([
    ['the response says no-cache', { 'cache-control': 'no-cache, max-age=60', etag: '"1"' }, {}],
    [
      'the request says no-cache',
      { 'cache-control': 'max-age=60', etag: '"1"' },
      { 'cache-control': 'no-cache' },
    ],
    [
      'the request wants it younger',
      { 'cache-control': 'max-age=60', etag: '"1"' },
      { 'cache-control': 'max-age=0' },
    ],
    [
      'the request wants it fresh for longer',
      { 'cache-control': 'max-age=60', etag: '"1"' },
      { 'cache-control': 'min-fresh=60' },
    ],
  ])('validates what is fresh when %s (5.2)', (_name, fields, asked) => {
    expect(cacheWith(response(fields)).ask(1, get(asked)).decision.kind).toBe('validate')
  })

  it('uses what must be revalidated as long as it is fresh: must-revalidate is about the stale (5.2.2.2)', () => {
    const { ask } = cacheWith(response({ 'cache-control': 'max-age=10, must-revalidate', etag: '"1"' }))
    expect(ask(9).decision.kind).toBe('use')
  })

  it.each<[string, StoredResponse]>([
    ['the response says no-store', response({ 'cache-control': 'no-store, max-age=60' })],
    ['it varies with everything', response({ vary: '*', 'cache-control': 'max-age=60' })],
    ['its status is not cacheable unasked', response({}, { status: 500 })],
    ['it is a redirect for now', response({}, { status: 302 })],
  ])('stores nothing when %s (3)', (_name, one) => {
    expect(cacheWith(one).ask(0).way).toBe('stored:no')
  })

  it('stores a redirect for now that says how long', () => {
    expect(cacheWith(response({ 'cache-control': 'max-age=60' }, { status: 302 })).ask(0).decision.kind).toBe(
      'use',
    )
  })

  it('takes 304 as: what is stored holds, from now, with its new fields (4.3.4)', () => {
    const { cache, ask } = cacheWith(response({ 'cache-control': 'max-age=10', etag: '"1"' }))
    const { decision } = ask(20)
    const validated = response(
      { date: at(20), 'cache-control': 'max-age=30', 'content-length': '0' },
      { status: 304, content: bytes(''), requestedAt: 20 * SECOND, receivedAt: 20 * SECOND },
    )
    cache.handleResponse(get(), decision, validated, () => undefined)
    expect(ask(49).decision).toMatchObject({ kind: 'use', stored: { status: 200, content: bytes('old') } })
    expect(ask(49).decision).not.toHaveProperty('stored.fields.content-length')
    expect(ask(50).decision.kind).toBe('validate')
  })

  it('puts a new answer in the place of the old one', () => {
    const { cache, ask } = cacheWith(response({ 'cache-control': 'max-age=10', etag: '"1"' }))
    const fresh = { content: bytes('new'), requestedAt: 20 * SECOND, receivedAt: 20 * SECOND }
    cache.handleResponse(
      get(),
      ask(20).decision,
      response({ date: at(20), 'cache-control': 'max-age=10' }, fresh),
      () => undefined,
    )
    expect(ask(21).decision).toMatchObject({ kind: 'use', stored: { content: bytes('new') } })
  })

  it('tells apart what the request must select by (4.1)', () => {
    const { ask } = cacheWith(response({ vary: 'Accept-Encoding', 'cache-control': 'max-age=60' }))
    expect(ask(1).decision.kind).toBe('use')
    expect(ask(1, get({ 'accept-encoding': 'gzip' })).decision.kind).toBe('fetch')
    expect(ask(1, get({ accept: 'text/html' })).decision.kind).toBe('use')
  })

  it('forgets what an unsafe method has changed (4.4), unless that failed', () => {
    const { cache, ask } = cacheWith(response({ 'cache-control': 'max-age=60' }))
    const post = { method: 'POST', target: '/a', fields: {} }
    cache.handleResponse(post, { kind: 'fetch' }, response({}, { status: 500 }), () => undefined)
    expect(ask(1).decision.kind).toBe('use')
    cache.handleResponse(post, { kind: 'fetch' }, response({}), () => undefined)
    expect(ask(1).decision.kind).toBe('fetch')
  })
})
