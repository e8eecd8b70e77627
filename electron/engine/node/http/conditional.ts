/** Conditional requests (RFC 9110 13): what becomes of a request that names a state of the resource. */
import { membersOf, readHttpDate, valueOf, type Fields } from './fields.ts'

export interface Validators {
  /** Quoted, with `W/` if it is weak. */
  readonly etag?: string
  /** Milliseconds of Unix time, whole seconds. */
  readonly lastModified?: number
}

export type Verdict = 'proceed' | 'not_modified' | 'precondition_failed'

const opaque = (etag: string): string => etag.replace(/^W\//, '')

/** RFC 9110 8.8.3.2: two strong ones are needed, or any two. */
const strongly = (a: string, b: string): boolean => a === b && !a.startsWith('W/')
const weakly = (a: string, b: string): boolean => opaque(a) === opaque(b)

function matches(
  field: string,
  current: string | undefined,
  equal: (a: string, b: string) => boolean,
): boolean {
  if (field.trim() === '*') return true
  return current !== undefined && membersOf(field).some((etag) => equal(etag, current))
}

/** Goes through the preconditions in the order of RFC 9110 13.2.2. A field that cannot be read is not there (13.1.3). */
export function evaluate(method: string, fields: Fields, current: Validators): Verdict {
  const { etag, lastModified } = current
  const safe = method === 'GET' || method === 'HEAD'
  const ifMatch = valueOf(fields, 'if-match')
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, etag, strongly)) return 'precondition_failed'
  } else {
    const since = readHttpDate(valueOf(fields, 'if-unmodified-since'))
    if (since !== undefined && lastModified !== undefined && lastModified > since)
      return 'precondition_failed'
  }
  const ifNoneMatch = valueOf(fields, 'if-none-match')
  if (ifNoneMatch !== undefined) {
    if (!matches(ifNoneMatch, etag, weakly)) return 'proceed'
    return safe ? 'not_modified' : 'precondition_failed'
  }
  const since = safe ? readHttpDate(valueOf(fields, 'if-modified-since')) : undefined
  return since !== undefined && lastModified !== undefined && lastModified <= since
    ? 'not_modified'
    : 'proceed'
}
