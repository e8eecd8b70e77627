/**
 * The private cache of a client (RFC 9111), by lab time. Each question that it asks itself is told, in this order: is there
 * something `stored`; how its freshness is found (`max_age`, else `expires`, else `heuristic`); is it `fresh`; has it a
 * `validator`, an `etag`, a `last_modified`; and when the answer is there: is it `not_modified`; does a `no_store` keep it out.
 */
import { directivesOf, membersOf, valueOf, type Fields } from './fields.ts'
import { ageOf, format, lifetimeOf, type StoredResponse } from './freshness.ts'

export type CacheStep =
  | 'stored'
  | 'max_age'
  | 'expires'
  | 'heuristic'
  | 'fresh'
  | 'validator'
  | 'etag'
  | 'last_modified'
  | 'not_modified'
  | 'no_store'

/** Hears each step. */
export type TellStep = (step: CacheStep, answer: boolean, detail: string) => void

export interface CacheRequest {
  readonly method: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
}

export type Decision =
  /** The answer is there. */
  | { readonly kind: 'use'; readonly stored: StoredResponse }
  /** It may be there: ask with these fields. */
  | {
      readonly kind: 'validate'
      readonly stored: StoredResponse
      readonly fields: Readonly<Record<string, string>>
    }
  | { readonly kind: 'fetch' }

/** What a response may be stored for without saying so (RFC 9110 15.1), as far as the laboratory's sites send it. */
const CACHEABLE = new Set([200, 203, 204, 300, 301, 404, 405, 410])
/** The most responses that are kept; the oldest goes. */
const MOST_STORED = 10_000

interface Entry {
  readonly target: string
  /** What the request had in the fields that `vary` names (RFC 9111 4.1). */
  readonly selecting: ReadonlyMap<string, string | undefined>
  readonly response: StoredResponse
}

export class Cache {
  private readonly entries = new Set<Entry>()

  /** What becomes of a request at `now`. */
  decide(now: number, request: CacheRequest, tell: TellStep): Decision {
    const { method, target, fields } = request
    if (method !== 'GET' && method !== 'HEAD') return { kind: 'fetch' }
    const stored = this.find(request)?.response
    tell(
      'stored',
      stored !== undefined,
      stored === undefined ? `nothing for ${target}` : `a ${stored.status}`,
    )
    if (stored === undefined) return { kind: 'fetch' }
    if (this.isFresh(now, stored, fields, tell)) return { kind: 'use', stored }
    const validating = this.validators(stored, tell)
    return Object.keys(validating).length > 0
      ? { kind: 'validate', stored, fields: validating }
      : { kind: 'fetch' }
  }

  /** Takes in a response; a 304 makes the stored one current again (RFC 9111 4.3.4). */
  handleResponse(request: CacheRequest, decision: Decision, response: StoredResponse, tell: TellStep): void {
    const { method, target } = request
    if (decision.kind === 'validate') {
      const same = response.status === 304
      tell('not_modified', same, same ? 'what is stored holds' : `a ${response.status}, with what it is now`)
      if (same) {
        const { stored } = decision
        stored.fields = { ...stored.fields, ...renewing(response.fields) }
        stored.requestedAt = response.requestedAt
        stored.receivedAt = response.receivedAt
        return
      }
    }
    // What an unsafe method has changed is not to be answered from memory (RFC 9111 4.4).
    if (!['GET', 'HEAD', 'OPTIONS'].includes(method) && response.status < 400) this.forget(target)
    if (method === 'GET') this.store(request, response, tell)
  }

  private find({ target, fields }: CacheRequest): Entry | undefined {
    for (const entry of this.entries) {
      if (entry.target !== target) continue
      if ([...entry.selecting].every(([name, value]) => fields[name] === value)) return entry
    }
    return undefined
  }

  private forget(target: string): void {
    for (const entry of this.entries) if (entry.target === target) this.entries.delete(entry)
  }

  /** RFC 9111 3. */
  private store(request: CacheRequest, response: StoredResponse, tell: TellStep): void {
    const { target, fields } = request
    const says = (of: Fields): boolean => directivesOf(valueOf(of, 'cache-control')).has('no-store')
    const vary = membersOf(valueOf(response.fields, 'vary')).map((name) => name.toLowerCase())
    const refusal = says(response.fields)
      ? 'the response says no-store'
      : says(fields)
        ? 'the request says no-store'
        : !isStorable(response)
          ? `a ${response.status} is not stored unasked`
          : vary.includes('*')
            ? 'it varies with everything'
            : undefined
    tell('no_store', refusal !== undefined, refusal ?? 'it is stored')
    if (refusal !== undefined) return
    const old = this.find(request)
    if (old !== undefined) this.entries.delete(old)
    this.entries.add({ target, selecting: new Map(vary.map((name) => [name, fields[name]])), response })
    if (this.entries.size > MOST_STORED) this.entries.delete(this.entries.values().next().value!)
  }

  private isFresh(now: number, stored: StoredResponse, fields: Fields, tell: TellStep): boolean {
    const lifetime = lifetimeOf(stored)
    for (const way of ['max_age', 'expires', 'heuristic'] as const) {
      const found = lifetime.by === way
      tell(way, found, found ? lifetime.detail : 'it does not say')
      if (found) break
    }
    const age = ageOf(stored, now)
    const asked = directivesOf(valueOf(fields, 'cache-control'))
    const most = Number(asked.get('max-age') ?? Infinity)
    const least = Number(asked.get('min-fresh') ?? 0)
    const says = directivesOf(valueOf(stored.fields, 'cache-control'))
    const forbidden = asked.has('no-cache')
      ? 'the request says no-cache'
      : says.has('no-cache') && 'it says no-cache'
    const inTime = `${format(age)} s old, fresh for ${format(lifetime.seconds)} s`
    const fresh = !forbidden && lifetime.seconds > age + least && age <= most
    tell(
      'fresh',
      fresh,
      forbidden || (age > most ? `${inTime}, but the request says max-age=${most}` : inTime),
    )
    return fresh
  }

  /** The fields of a conditional request (RFC 9111 4.3.1): all that are known, of which the server takes the ETag. */
  private validators({ fields }: StoredResponse, tell: TellStep): Record<string, string> {
    const etag = valueOf(fields, 'etag')
    const lastModified = valueOf(fields, 'last-modified')
    const any = etag !== undefined || lastModified !== undefined
    tell(
      'validator',
      any,
      any ? 'the server can be asked whether it holds' : 'neither ETag nor Last-Modified',
    )
    if (!any) return {}
    tell('etag', etag !== undefined, etag === undefined ? 'none' : `If-None-Match: ${etag}`)
    tell(
      'last_modified',
      lastModified !== undefined,
      lastModified === undefined ? 'none' : `If-Modified-Since: ${lastModified}`,
    )
    return {
      ...(etag !== undefined && { 'if-none-match': etag }),
      ...(lastModified !== undefined && { 'if-modified-since': lastModified }),
    }
  }
}

/** What a 304 renews: all but the fields that are about the content, which is the one that is stored (RFC 9111 3.2). */
function renewing(fields: Fields): Fields {
  const ofContent = ['content-encoding', 'content-length', 'content-range', 'content-type', ':status']
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !ofContent.includes(name)))
}

function isStorable({ status, fields }: StoredResponse): boolean {
  const says = directivesOf(valueOf(fields, 'cache-control'))
  const explicit = says.has('max-age') || says.has('public') || valueOf(fields, 'expires') !== undefined
  return CACHEABLE.has(status) || (explicit && status >= 200 && status !== 206 && status !== 304)
}
