/** The rules of RFC 6265 and its revision, without any connection. */
import { describe, expect, it } from 'vitest'
import { CookieJar, type CookieRequest } from '../../../../../electron/engine/node/http/cookies.ts'

const plain: CookieRequest = { target: '/', secure: false, crossSite: false, safe: true }
const secure = { ...plain, secure: true }
const SECOND = 1e6

/** A jar that was given these `Set-Cookie` at time 0, and what it did with them. */
function jarWith(lines: string[], request: CookieRequest = secure) {
  const jar = new CookieJar('server.lab')
  const deeds = lines.flatMap((line) => jar.store(0, line, request))
  const sent = (now: number, of: Partial<CookieRequest> = {}) =>
    jar.cookiesFor(now, { ...secure, ...of }).field
  const why = (now: number, of: Partial<CookieRequest> = {}) =>
    jar.cookiesFor(now, { ...secure, ...of }).deeds.map(({ action, name }) => `${name} ${action}`)
  return { jar, deeds, sent, why }
}

describe('a cookie', () => {
  it('goes with every later request (RFC 6265 5.4)', () => {
    const { sent, deeds } = jarWith(['SID=31d4; Path=/', 'lang=en-US; Path=/'])
    expect(deeds.map(({ action }) => action)).toEqual(['stored', 'stored'])
    expect(sent(1)).toBe('SID=31d4; lang=en-US')
  })

  it('is replaced by one of the same name and path, and keeps its place (5.3, 11)', () => {
    const { sent } = jarWith(['a=1; Path=/', 'b=2; Path=/', 'a=3; Path=/'])
    expect(sent(1)).toBe('a=3; b=2')
  })

  it('goes before others if its path is longer (5.4, 2)', () => {
    const { sent } = jarWith(['a=1; Path=/', 'b=2; Path=/shop'])
    expect(sent(1, { target: '/shop/cart' })).toBe('b=2; a=1')
  })

  it('needs a name and must not be endless', () => {
    expect(jarWith(['=x', 'no-sign', `a=${'x'.repeat(5000)}`]).deeds.map(({ action }) => action)).toEqual(
      Array(3).fill('withheld'),
    )
  })
})

describe('Max-Age and Expires (5.2.1, 5.2.2)', () => {
  it.each<[string, string, number, string | undefined]>([
    ['is over at its second', 'a=1; Max-Age=10', 10 * SECOND, undefined],
    ['is good until then', 'a=1; Max-Age=10', 10 * SECOND - 1, 'a=1'],
    ['goes before Expires', 'a=1; Max-Age=10; Expires=Thu, 01 Jan 2026 00:01:00 GMT', 30 * SECOND, undefined],
    ['counts as Expires otherwise', 'a=1; Expires=Thu, 01 Jan 2026 00:01:00 GMT', 59 * SECOND, 'a=1'],
    ['is over with it', 'a=1; Expires=Thu, 01 Jan 2026 00:01:00 GMT', 60 * SECOND, undefined],
    ['is not heeded when it is no number', 'a=1; Max-Age=soon', 1e12, 'a=1'],
    ['is not heeded when it is no date', 'a=1; Expires=tomorrow', 1e12, 'a=1'],
  ])('%s: %s', (_name, line, now, field) => {
    expect(jarWith([line]).sent(now)).toBe(field)
  })

  it('of 0 ends the one that is there', () => {
    const { deeds, sent } = jarWith(['a=1', 'a=1; Max-Age=0'])
    expect(deeds.map(({ action }) => action)).toEqual(['stored', 'expired'])
    expect(sent(1)).toBeUndefined()
  })

  it('are told of when they are over, once', () => {
    const { why } = jarWith(['a=1; Max-Age=10'])
    expect(why(11 * SECOND)).toEqual(['a expired'])
    expect(why(12 * SECOND)).toEqual([])
  })
})

describe('Path (5.1.4)', () => {
  it.each([
    ['/shop', '/shop', true],
    ['/shop', '/shop/cart', true],
    ['/shop', '/shop?x=/y', true],
    ['/shop', '/shopping', false],
    ['/shop/', '/shop', false],
    ['/', '/any', true],
  ])('%s and %s: %s', (path, target, goes) => {
    expect(jarWith([`a=1; Path=${path}`]).sent(1, { target })).toBe(goes ? 'a=1' : undefined)
  })

  it('is that of the request up to its last slash by default', () => {
    const { sent } = jarWith(['a=1'], { ...secure, target: '/shop/cart?x=1/2' })
    expect(sent(1, { target: '/shop/other' })).toBe('a=1')
    expect(sent(1, { target: '/other' })).toBeUndefined()
  })
})

describe('Domain (5.3, 6)', () => {
  it.each([
    ['server.lab', 'stored'],
    ['.server.lab', 'stored'],
    ['other.lab', 'withheld'],
    ['lab', 'withheld'],
    ['www.server.lab', 'withheld'],
  ])('%s: %s', (domain, action) => {
    expect(jarWith([`a=1; Domain=${domain}`]).deeds).toMatchObject([{ action }])
  })
})

describe('Secure', () => {
  it('keeps a cookie off the clear, both ways', () => {
    expect(jarWith(['a=1; Secure']).why(1, { secure: false })).toEqual(['a withheld'])
    expect(jarWith(['a=1; Secure']).sent(1)).toBe('a=1')
    expect(jarWith(['a=1; Secure'], plain).deeds).toMatchObject([{ action: 'withheld' }])
  })
})

describe('SameSite (RFC 6265bis 5.6.7)', () => {
  it.each<[string, Partial<CookieRequest>, boolean]>([
    ['SameSite=Strict', {}, true],
    ['SameSite=Strict', { crossSite: true }, false],
    ['SameSite=Lax', { crossSite: true }, true],
    ['SameSite=Lax', { crossSite: true, safe: false }, false],
    ['', { crossSite: true, safe: false }, false],
    ['SameSite=None; Secure', { crossSite: true, safe: false }, true],
  ])('%s, %j: %s', (attribute, request, goes) => {
    expect(jarWith([`a=1; ${attribute}`]).sent(1, request)).toBe(goes ? 'a=1' : undefined)
  })

  it('None is not taken without Secure', () => {
    expect(jarWith(['a=1; SameSite=None']).deeds).toMatchObject([{ action: 'withheld' }])
  })
})
