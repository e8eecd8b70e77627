/** The cookies of a client (RFC 6265), by lab time. One jar for one site: what belongs to other hosts is refused. */
import { LAB_EPOCH } from '../../../../shared/units.ts'
import { readHttpDate } from './fields.ts'

export interface Cookie {
  readonly name: string
  readonly value: string
  /** Lab time; Infinity: as long as the client runs. */
  readonly expiresAt: number
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'strict' | 'lax' | 'none'
}

/** What was done with a cookie, and why. */
export interface CookieDeed {
  readonly action: 'stored' | 'sent' | 'expired' | 'withheld'
  readonly name: string
  readonly value: string
  readonly detail: string
}

/** The request that a cookie may go with. */
export interface CookieRequest {
  /** Path and query. */
  readonly target: string
  readonly secure: boolean
  /** It is made for a page of another site. */
  readonly crossSite: boolean
  /** GET, HEAD or OPTIONS: `lax` lets them go across sites as a link would. */
  readonly safe: boolean
}

const MOST_COOKIES = 50
const MOST_OCTETS = 4_096

export class CookieJar {
  private readonly host: string
  private cookies: Cookie[] = []

  /** A jar for the site at `host`, a name without a port. */
  constructor(host: string) {
    this.host = host
  }

  /** Takes in a `Set-Cookie` (RFC 6265 5.2, 5.3) that came at `now` in answer to a request. */
  store(now: number, line: string, request: CookieRequest): CookieDeed[] {
    const [pair, ...attributes] = line.split(';')
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(pair) ?? []
    const cookie = { name: name.trim(), value: value.trim() }
    if (cookie.name === '' || pair.length > MOST_OCTETS)
      return [{ ...cookie, action: 'withheld', detail: 'not a cookie that can be kept' }]
    const read = this.readAttributes(now, attributes, request)
    const refusal = typeof read === 'string' ? read : refusalOf(read, request)
    if (refusal !== undefined) return [{ ...cookie, action: 'withheld', detail: refusal }]
    const kept: Cookie = { ...cookie, ...(read as Attributes) }
    // RFC 6265 5.3, 11: name, domain and path tell cookies apart; the age of the one replaced stays.
    const at = this.cookies.findIndex(({ name, path }) => name === kept.name && path === kept.path)
    if (kept.expiresAt <= now) {
      if (at >= 0) this.cookies.splice(at, 1)
      return [{ ...cookie, action: 'expired', detail: 'the server has ended it' }]
    }
    if (at >= 0) this.cookies[at] = kept
    else this.cookies.push(kept)
    if (this.cookies.length > MOST_COOKIES) this.cookies.shift()
    return [
      { ...cookie, action: 'stored', detail: attributes.map((attribute) => attribute.trim()).join('; ') },
    ]
  }

  /** The value of `Cookie` for a request (RFC 6265 5.4); undefined: none goes with it. */
  cookiesFor(now: number, request: CookieRequest): { field: string | undefined; deeds: CookieDeed[] } {
    const deeds: CookieDeed[] = []
    const sent: Cookie[] = []
    for (const cookie of [...this.cookies]) {
      const { name, value } = cookie
      if (cookie.expiresAt <= now) {
        this.cookies.splice(this.cookies.indexOf(cookie), 1)
        deeds.push({ action: 'expired', name, value, detail: 'its max-age is over' })
        continue
      }
      const reason = reasonToWithhold(cookie, request)
      if (reason === undefined) sent.push(cookie)
      else deeds.push({ action: 'withheld', name, value, detail: reason })
    }
    // The longer path first, and of equals the older one.
    sent.sort((a, b) => b.path.length - a.path.length)
    for (const { name, value, path } of sent)
      deeds.push({ action: 'sent', name, value, detail: `path ${path}` })
    const field = sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    return { field: field === '' ? undefined : field, deeds }
  }

  /** What the attributes say (RFC 6265 5.2.1 to 5.2.6), the last of a name; a text: why the cookie must be ignored. */
  private readAttributes(
    now: number,
    attributes: readonly string[],
    { target }: CookieRequest,
  ): Attributes | string {
    const read = new Map<string, string>()
    for (const attribute of attributes) {
      const [, name, value = ''] = /^\s*([^=]*?)\s*(?:=\s*(.*?)\s*)?$/s.exec(attribute) ?? ['', '']
      read.set(name.toLowerCase(), value)
    }
    const domain = read.get('domain')?.toLowerCase().replace(/^\./, '') ?? ''
    if (!domainMatches(this.host, domain)) return `${domain} is not the domain of ${this.host}`
    const path = read.get('path') ?? ''
    const sameSite = read.get('samesite')?.toLowerCase()
    return {
      expiresAt: expiryOf(now, read.get('max-age'), read.get('expires')),
      path: path.startsWith('/') ? path : defaultPath(target),
      secure: read.has('secure'),
      httpOnly: read.has('httponly'),
      // RFC 6265bis 5.6.7.2: what says nothing is treated as Lax by browsers.
      sameSite: sameSite === 'strict' || sameSite === 'none' ? sameSite : 'lax',
    }
  }
}

type Attributes = Omit<Cookie, 'name' | 'value'>

/** Lab time at which a cookie ends; `Max-Age` goes before `Expires` (RFC 6265 5.3, 3). */
function expiryOf(now: number, maxAge = '', expires: string | undefined): number {
  if (/^-?\d+$/.test(maxAge)) return Number(maxAge) > 0 ? now + Number(maxAge) * 1e6 : 0
  const date = readHttpDate(expires)
  return date === undefined ? Infinity : (date - LAB_EPOCH) * 1000
}

/** RFC 6265bis 5.7: what a client does not take. */
function refusalOf({ secure, sameSite }: Attributes, request: CookieRequest): string | undefined {
  if (secure && !request.secure) return 'Secure, but it came in the clear'
  if (sameSite === 'none' && !secure) return 'SameSite=None needs Secure'
  if (sameSite !== 'none' && request.crossSite && !request.safe)
    return 'SameSite, and the request crossed sites'
  return undefined
}

function reasonToWithhold({ path, secure, sameSite }: Cookie, request: CookieRequest): string | undefined {
  if (!pathMatches(request.target.split('?', 1)[0], path)) return `only for ${path}`
  if (secure && !request.secure) return 'Secure, and this request is in the clear'
  if (request.crossSite && sameSite === 'strict')
    return 'SameSite=Strict, and this request comes from another site'
  if (request.crossSite && sameSite === 'lax' && !request.safe)
    return 'SameSite=Lax, and this request changes something from another site'
  return undefined
}

/** RFC 6265 5.1.3. */
const domainMatches = (host: string, domain: string): boolean =>
  domain === '' || host === domain || (host.endsWith(`.${domain}`) && domain.includes('.'))

/** RFC 6265 5.1.4. */
function defaultPath(target: string): string {
  const [path] = target.split('?', 1)
  const last = path.lastIndexOf('/')
  return last <= 0 ? '/' : path.slice(0, last)
}

const pathMatches = (path: string, cookiePath: string): boolean =>
  path === cookiePath ||
  (path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/'))
