/**
 * HAR 1.2 by its specification (J. Odvarko, "HAR 1.2 Spec"), strictly: no field that it does not know but those with an
 * underscore, dates with a zone, ids that agree, and times that add up.
 */
import * as v from 'valibot'

/** ISO 8601 with a time zone, as the spec asks for. */
const date = v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/))
/** -1: not known. */
const size = v.pipe(v.number(), v.integer(), v.minValue(-1))
/** -1: does not apply. */
const optionalSpan = v.optional(v.pipe(v.number(), v.minValue(-1)))
const span = v.pipe(v.number(), v.minValue(0))
const comment = v.optional(v.string())

/** Exactly these fields, and any of the application's own. */
const own = <T extends v.ObjectEntries>(entries: T) =>
  v.pipe(
    v.looseObject(entries),
    v.check(
      (value) => Object.keys(value).every((key) => key.startsWith('_') || Object.hasOwn(entries, key)),
      (issue) => `an unknown field among ${Object.keys(issue.input as object).join(', ')}`,
    ),
  )

const nameValue = own({ name: v.string(), value: v.string(), comment })
const cookie = own({
  name: v.string(),
  value: v.string(),
  path: v.optional(v.string()),
  domain: v.optional(v.string()),
  expires: v.optional(date),
  httpOnly: v.optional(v.boolean()),
  secure: v.optional(v.boolean()),
  comment,
})

const request = own({
  method: v.string(),
  url: v.pipe(v.string(), v.url()),
  httpVersion: v.string(),
  cookies: v.array(cookie),
  headers: v.array(nameValue),
  queryString: v.array(nameValue),
  postData: v.optional(
    own({ mimeType: v.string(), params: v.array(v.unknown()), text: v.string(), comment }),
  ),
  headersSize: size,
  bodySize: size,
  comment,
})

const response = own({
  status: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(599)),
  statusText: v.string(),
  httpVersion: v.string(),
  cookies: v.array(cookie),
  headers: v.array(nameValue),
  content: own({
    size,
    compression: v.optional(v.pipe(v.number(), v.integer())),
    mimeType: v.string(),
    text: v.optional(v.string()),
    encoding: v.optional(v.string()),
    comment,
  }),
  redirectURL: v.string(),
  headersSize: size,
  bodySize: size,
  comment,
})

const timings = own({
  blocked: optionalSpan,
  dns: optionalSpan,
  connect: optionalSpan,
  send: span,
  wait: span,
  receive: span,
  ssl: optionalSpan,
  comment,
})

const entry = own({
  pageref: v.optional(v.string()),
  startedDateTime: date,
  time: span,
  request,
  response,
  cache: own({ beforeRequest: v.optional(v.unknown()), afterRequest: v.optional(v.unknown()), comment }),
  timings,
  serverIPAddress: v.optional(v.pipe(v.string(), v.ip())),
  connection: v.optional(v.string()),
  comment,
})

const page = own({
  startedDateTime: date,
  id: v.string(),
  title: v.string(),
  pageTimings: own({ onContentLoad: optionalSpan, onLoad: optionalSpan, comment }),
  comment,
})

const tool = own({ name: v.string(), version: v.string(), comment })

export const Har = v.strictObject({
  log: own({
    version: v.literal('1.2'),
    creator: tool,
    browser: v.optional(tool),
    pages: v.optional(v.array(page)),
    entries: v.array(entry),
    comment,
  }),
})
export type Har = v.InferOutput<typeof Har>
export type HarEntry = Har['log']['entries'][number]

/** Floating point adds up millisecond fractions with errors of this size. */
const ROUNDING = 1e-6

/** What is wrong with the text of a HAR file; empty: nothing. */
export function harProblems(text: string): string[] {
  const parsed = v.safeParse(Har, JSON.parse(text))
  if (!parsed.success) return parsed.issues.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`)
  const { pages = [], entries } = parsed.output.log
  const problems: string[] = []
  const ids = pages.map(({ id }) => id)
  if (new Set(ids).size !== ids.length) problems.push('two pages have one id')
  for (const [i, { pageref, startedDateTime, time, timings: phases }] of entries.entries()) {
    if (pageref !== undefined && !ids.includes(pageref)) problems.push(`entry ${i}: no page ${pageref}`)
    const { blocked = -1, dns = -1, connect = -1, send, wait, receive, ssl = -1 } = phases
    // "The time for SSL is included in connect"; -1 does not count.
    const sum = [blocked, dns, connect, send, wait, receive].reduce(
      (total, part) => total + Math.max(0, part),
      0,
    )
    if (Math.abs(sum - time) > ROUNDING) problems.push(`entry ${i}: phases make ${sum}, time is ${time}`)
    if (ssl > connect + ROUNDING) problems.push(`entry ${i}: ssl ${ssl} is longer than connect ${connect}`)
    if (i > 0 && Date.parse(startedDateTime) < Date.parse(entries[i - 1].startedDateTime))
      problems.push(`entry ${i}: older entries first`)
  }
  return problems
}

/** A file that has been found valid. */
export function readHar(text: string): Har['log'] {
  const problems = harProblems(text)
  if (problems.length > 0) throw new Error(`not HAR 1.2: ${problems.join('; ')}`)
  return (JSON.parse(text) as Har).log
}
