/** Rules of messages (RFC 9114 4.1.2 to 4.4): a field section that breaks one is malformed. */
import type { FieldLine } from '../qpack/fields.ts'
import { violation, type Http3Violation } from './errors.ts'

export type SectionKind = 'request' | 'informational' | 'response' | 'trailers'

/** What the rest of a message depends on. */
export interface MessageHead {
  readonly kind: SectionKind
  readonly method?: string
  readonly status?: number
  /** What content-length says. */
  readonly contentLength: number | undefined
}

const malformed = (reason: string): Http3Violation => violation('H3_MESSAGE_ERROR', reason)

/** RFC 9110 5.6.2, without capitals (RFC 9114 4.2). */
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
/** RFC 9110 5.5: anything but controls. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
/** RFC 9114 4.2: of the connection, which QUIC has made its own. */
const OF_CONNECTION = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const REQUEST_PSEUDO = new Set([':method', ':scheme', ':authority', ':path'])
const RESPONSE_PSEUDO = new Set([':status'])
const NO_PSEUDO = new Set<string>()

interface Collected {
  readonly pseudo: Map<string, string>
  readonly host: string | undefined
  readonly contentLength: number | undefined
}

/** Reads the header section of a request. */
export function readRequest(fields: readonly FieldLine[]): MessageHead | Http3Violation {
  const collected = collect(fields, REQUEST_PSEUDO)
  if ('code' in collected) return collected
  const { pseudo, host, contentLength } = collected
  const method = pseudo.get(':method')
  if (method === undefined) return malformed('9114 4.3.1: no :method')
  const problem = method === 'CONNECT' ? checkConnect(pseudo) : checkTarget(pseudo, host)
  return problem ?? { kind: 'request', method, contentLength }
}

/** Reads a header section of a response: the final one, or an interim one (RFC 9114 4.1). */
export function readResponse(fields: readonly FieldLine[]): MessageHead | Http3Violation {
  const collected = collect(fields, RESPONSE_PSEUDO)
  if ('code' in collected) return collected
  const text = collected.pseudo.get(':status')
  if (text === undefined) return malformed('9114 4.3.2: no :status')
  if (!/^[1-9][0-9][0-9]$/.test(text)) return malformed(`9110 15: :status is ${JSON.stringify(text)}`)
  const status = Number(text)
  if (status === 101) return malformed('9114 4.5: 101 has no meaning in HTTP/3')
  const { contentLength } = collected
  return { kind: status < 200 ? 'informational' : 'response', status, contentLength }
}

/** Reads a trailer section. */
export function readTrailers(fields: readonly FieldLine[]): MessageHead | Http3Violation {
  const collected = collect(fields, NO_PSEUDO)
  return 'code' in collected ? collected : { kind: 'trailers', contentLength: undefined }
}

/** What holds for every line, and the pseudo-header fields of a section. */
function collect(fields: readonly FieldLine[], allowed: ReadonlySet<string>): Collected | Http3Violation {
  const pseudo = new Map<string, string>()
  let host: string | undefined
  let contentLength: string | undefined
  let isRegular = false
  for (const { name, value } of fields) {
    if (!VALUE.test(value)) return malformed(`9114 10.3: a control character in ${JSON.stringify(name)}`)
    if (name.startsWith(':')) {
      if (!allowed.has(name)) return malformed(`9114 4.3: ${JSON.stringify(name)} has no place here`)
      if (isRegular) return malformed(`9114 4.3: ${name} after a regular field`)
      if (pseudo.has(name)) return malformed(`9114 4.3: ${name} is there twice`)
      pseudo.set(name, value)
      continue
    }
    isRegular = true
    const problem = checkRegular(name, value)
    if (problem !== undefined) return problem
    if (name === 'host') {
      if (host !== undefined && host !== value) return malformed('9110 7.2: two hosts')
      host = value
    }
    if (name === 'content-length') {
      if (contentLength !== undefined && contentLength !== value)
        return malformed('9110 8.6: two content-lengths')
      contentLength = value
    }
  }
  if (contentLength !== undefined && !/^[0-9]{1,15}$/.test(contentLength))
    return malformed('9110 8.6: content-length is not a number')
  return { pseudo, host, contentLength: contentLength === undefined ? undefined : Number(contentLength) }
}

function checkRegular(name: string, value: string): Http3Violation | undefined {
  if (!NAME.test(name)) return malformed(`9114 4.2: ${JSON.stringify(name)} is no name of a field`)
  if (OF_CONNECTION.has(name)) return malformed(`9114 4.2: ${name} is specific to a connection`)
  if (name === 'te' && value.toLowerCase() !== 'trailers')
    return malformed('9114 4.2: te is other than trailers')
  return undefined
}

/** RFC 9114 4.3.1. */
function checkTarget(pseudo: Map<string, string>, host: string | undefined): Http3Violation | undefined {
  const scheme = pseudo.get(':scheme')
  const path = pseudo.get(':path')
  const authority = pseudo.get(':authority')
  if (scheme === undefined) return malformed('9114 4.3.1: no :scheme')
  if (path === undefined) return malformed('9114 4.3.1: no :path')
  if (scheme !== 'http' && scheme !== 'https') return undefined
  if (!path.startsWith('/') && !(path === '*' && pseudo.get(':method') === 'OPTIONS'))
    return malformed('9114 4.3.1: :path does not begin with a slash')
  if (authority === undefined && host === undefined)
    return malformed('9114 4.3.1: neither :authority nor host')
  if (authority === '' || host === '') return malformed('9114 4.3.1: the authority is empty')
  if (authority?.includes('@')) return malformed('9114 4.3.1: :authority has userinfo')
  if (authority !== undefined && host !== undefined && authority !== host)
    return malformed('9114 4.3.1: :authority and host differ')
  return undefined
}

/** RFC 9114 4.4. */
function checkConnect(pseudo: Map<string, string>): Http3Violation | undefined {
  if (pseudo.has(':scheme') || pseudo.has(':path'))
    return malformed('9114 4.4: CONNECT with :scheme or :path')
  return pseudo.get(':authority') ? undefined : malformed('9114 4.4: CONNECT without :authority')
}
