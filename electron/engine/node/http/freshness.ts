/** How long a stored response is fresh and how old it is (RFC 9111 4.2). Seconds throughout, fractions where time has them. */
import { LAB_EPOCH } from '../../../../shared/units.ts'
import { directivesOf, readHttpDate, valueOf, type Fields } from './fields.ts'

/** What a cache keeps of an exchange. */
export interface StoredResponse {
  readonly status: number
  fields: Fields
  /** The content without its coding. */
  readonly content: Uint8Array
  /** Lab time, when the request went out and when the response was there. */
  requestedAt: number
  receivedAt: number
}

export interface Lifetime {
  readonly seconds: number
  /** How it was found; none: the response says nothing from which it could be. */
  readonly by: 'max_age' | 'expires' | 'heuristic' | 'none'
  readonly detail: string
}

/** The share of the time since the last change that is taken for fresh; RFC 9111 4.2.2 names it as usual. */
const HEURISTIC_SHARE = 0.1

/** Lab time as seconds of Unix time. */
const unix = (time: number): number => LAB_EPOCH / 1000 + time / 1e6

/** The moment at which the response was made, by its `Date`; without one, when it came. */
const dateOf = ({ fields, receivedAt }: StoredResponse): number => {
  const date = readHttpDate(valueOf(fields, 'date'))
  return date === undefined ? unix(receivedAt) : date / 1000
}

/** RFC 9111 4.2.1, for a private cache. */
export function lifetimeOf(response: StoredResponse): Lifetime {
  const { fields } = response
  const maxAge = directivesOf(valueOf(fields, 'cache-control')).get('max-age')
  // What cannot be read is stale: RFC 9111 4.2.1.
  if (maxAge !== undefined)
    return { seconds: /^\d+$/.test(maxAge) ? Number(maxAge) : 0, by: 'max_age', detail: `max-age=${maxAge}` }
  const expires = valueOf(fields, 'expires')
  if (expires !== undefined) {
    const at = readHttpDate(expires)
    return {
      seconds: at === undefined ? 0 : Math.max(0, at / 1000 - dateOf(response)),
      by: 'expires',
      detail: `Expires: ${expires}`,
    }
  }
  const modified = readHttpDate(valueOf(fields, 'last-modified'))
  if (modified !== undefined) {
    const since = Math.max(0, dateOf(response) - modified / 1000)
    const detail = `a tenth of the ${format(since)} s from Last-Modified to Date`
    return { seconds: since * HEURISTIC_SHARE, by: 'heuristic', detail }
  }
  return { seconds: 0, by: 'none', detail: 'nothing tells how long it is fresh' }
}

/** RFC 9111 4.2.3. `Date` counts whole seconds, so that the fraction that it lacks is no age. */
export function ageOf(response: StoredResponse, now: number): number {
  const { fields, requestedAt, receivedAt } = response
  const apparent = Math.max(0, Math.floor(unix(receivedAt)) - dateOf(response))
  const stated = Number(/^\d+$/.exec(valueOf(fields, 'age') ?? '')?.[0] ?? 0)
  const corrected = stated + (receivedAt - requestedAt) / 1e6
  return Math.max(apparent, corrected) + (now - receivedAt) / 1e6
}

/** Seconds with at most three decimals. */
export const format = (seconds: number): string => String(Math.round(seconds * 1000) / 1000)
