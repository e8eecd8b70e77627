/** A site: answers requests from its data, whatever version of HTTP they came in. It sends nothing itself. */
import type { HttpServerApp, Resource as ResourceSetup } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { LAB_EPOCH } from '../../../../shared/units.ts'
import { Payload } from '../../apps/payload.ts'
import type { Surroundings } from '../program.ts'
import { evaluate, type Validators } from './conditional.ts'
import { NO_CONTENT, textContent, type Content } from './content.ts'
import { valueOf, httpDate, type Fields } from './fields.ts'
import { chooseCoding, chooseType } from './negotiation.ts'
import { Orders } from './orders.ts'
import { objectTarget, sessionIn, withSession, writePage } from './page.ts'
import { Resource, type Representation } from './resource.ts'
import { Sessions } from './sessions.ts'

export interface SiteRequest {
  readonly method: string
  readonly target: string
  readonly fields: Fields
  /** For what the server knows of its visitors. */
  readonly trace: Trace
}

export interface Answer {
  readonly status: number
  /** Complete, `content-length` included, `date` aside. */
  readonly fields: Readonly<Record<string, string>>
  /** Empty where the method or the status allows none; `content-length` tells what it would be for HEAD. */
  readonly content: Content
  /** How long the server takes to think about it. */
  readonly delay: number
  /** Targets that may be pushed with it. */
  readonly push: readonly string[]
}

/** What stands behind a server. */
export interface Answerer {
  answer(request: SiteRequest): Answer
}

/** Methods that change something, by what stands behind a resource. */
const CHANGING: Readonly<Record<ResourceSetup['behaviour'], readonly string[]>> = {
  static: [],
  orders: ['POST', 'PUT'],
  session: ['POST'],
}

/** What a representation carries, whether it is sent or not (RFC 9110 15.4.5). */
const WITH_NOT_MODIFIED = ['cache-control', 'content-location', 'etag', 'expires', 'vary']

/** The largest place of a resource among those of a site; objects of its page come after. */
const MOST_RESOURCES = 10_000

export class Site implements Answerer {
  private readonly lab: Surroundings
  private readonly resources = new Map<string, Resource>()
  private readonly orders = new Map<Resource, Orders>()
  private readonly sessions: Sessions

  constructor(setup: HttpServerApp['resources'], lab: Surroundings) {
    this.lab = lab
    this.sessions = new Sessions(lab.rng.fork('sessions'))
    const payload = new Payload(lab.rng.fork('content'))
    const add = (target: string, resource: ResourceSetup, place: number): void => {
      if (this.resources.has(target)) return
      this.resources.set(target, new Resource(target, resource, { rng: lab.rng, payload, place }))
    }
    for (const [i, [target, resource]] of Object.entries(setup).entries()) add(target, resource, i)
    for (const page of Object.values(setup))
      for (let i = 1; i <= page.objects; i++) add(objectTarget(i), objectOf(page), MOST_RESOURCES + i)
  }

  answer(request: SiteRequest): Answer {
    const [path] = request.target.split('?', 1)
    const resource = this.resources.get(path)
    if (resource === undefined) return this.plain(404, `nothing at ${path}\n`)
    const { setup } = resource
    const answer = this.ask(resource, request)
    const content = request.method === 'HEAD' ? NO_CONTENT : answer.content
    return { ...answer, content, delay: setup.delay, push: setup.push }
  }

  private ask(resource: Resource, request: SiteRequest): Answer {
    const { setup } = resource
    const allowed = ['GET', 'HEAD', 'OPTIONS', ...CHANGING[setup.behaviour]]
    if (!allowed.includes(request.method))
      return this.plain(405, `${request.method} is not for this\n`, { allow: allowed.join(', ') })
    if (request.method === 'OPTIONS')
      return { ...EMPTY, status: 204, fields: { ...setup.fields, allow: allowed.join(', ') } }
    if (setup.redirect !== undefined)
      return this.plain(302, '', { ...setup.fields, location: setup.redirect })
    if (setup.behaviour === 'orders') return this.order(resource, request)
    if (setup.behaviour === 'session') return this.visit(resource, request)
    return this.represent(resource, request)
  }

  /** A short text of the server itself. */
  private plain(status: number, text: string, fields: Readonly<Record<string, string>> = {}): Answer {
    const content = textContent(text)
    const type = text === '' ? undefined : { 'content-type': 'text/plain' }
    return {
      ...EMPTY,
      status,
      fields: { ...type, ...fields, 'content-length': String(content.length) },
      content,
    }
  }

  // Static things: negotiated, and left out if the client has them.

  private represent(resource: Resource, { method, fields }: SiteRequest): Answer {
    const { setup } = resource
    const now = this.lab.now()
    const type = chooseType(setup.variants.length > 0 ? valueOf(fields, 'accept') : undefined, resource.types)
    const coding = chooseCoding(setup.compressible ? valueOf(fields, 'accept-encoding') : undefined)
    if (type === undefined || coding === undefined)
      return this.plain(406, `to be had as ${resource.types.join(', ')}\n`)
    const representation = resource.representation(now, type, coding)
    const validators = this.validatorsOf(resource, representation)
    const sent = this.fieldsOf(resource, representation, validators)
    switch (evaluate(method, fields, validators)) {
      case 'precondition_failed':
        return this.plain(412, 'it has another state\n')
      case 'not_modified': {
        const kept = Object.entries(sent).filter(([name]) => WITH_NOT_MODIFIED.includes(name))
        // RFC 9110 15.4.5: Last-Modified only where there is no ETag to guide the update.
        if (validators.etag === undefined && 'last-modified' in sent)
          kept.push(['last-modified', sent['last-modified']])
        return { ...EMPTY, status: 304, fields: Object.fromEntries(kept) }
      }
      default:
        return { ...EMPTY, status: 200, fields: sent, content: representation.content }
    }
  }

  private validatorsOf(resource: Resource, representation: Representation): Validators {
    const { etag, lastModified } = resource.setup
    // A date counts in seconds: what changes within one has the same date (RFC 9110 8.8.2.2).
    const modified = LAB_EPOCH + resource.modifiedAt(this.lab.now())
    return {
      ...(etag && { etag: resource.etagOf(representation) }),
      ...(lastModified && { lastModified: Math.floor(modified / 1000) * 1000 }),
    }
  }

  private fieldsOf(
    { setup }: Resource,
    { type, coding, content }: Representation,
    { etag, lastModified }: Validators,
  ): Record<string, string> {
    const vary = [setup.variants.length > 0 && 'accept', setup.compressible && 'accept-encoding'].filter(
      Boolean,
    )
    return {
      'content-type': type,
      'content-length': String(content.length),
      ...(coding !== 'identity' && { 'content-encoding': coding }),
      ...(etag !== undefined && { etag }),
      ...(lastModified !== undefined && { 'last-modified': httpDate(new Date(lastModified)) }),
      ...(vary.length > 0 && { vary: vary.join(', ') }),
      ...this.expiryOf(setup),
      ...setup.fields,
    }
  }

  private expiryOf({ expiresIn, delay }: ResourceSetup): Record<string, string> {
    if (expiresIn === undefined) return {}
    // Counted from when the answer goes out, as its `date` is.
    return { expires: httpDate(new Date(this.lab.date().getTime() + (delay + expiresIn) / 1000)) }
  }

  // Things with something behind them.

  private order(resource: Resource, { method, fields, trace }: SiteRequest): Answer {
    const orders = this.orders.get(resource) ?? new Orders()
    this.orders.set(resource, orders)
    if (method !== 'POST' && method !== 'PUT') return this.json(200, { orders: orders.count }, resource.setup)
    const { order, isNew } =
      method === 'PUT' ? orders.put() : orders.place(valueOf(fields, 'idempotency-key'))
    if (isNew) trace.emit('app:counted', { what: 'orders', count: this.orderCount() })
    // RFC 9110 9.3.4: a PUT that replaces what is there has made nothing.
    return this.json(method === 'PUT' && !isNew ? 200 : 201, { order }, resource.setup)
  }

  private orderCount(): number {
    let count = 0
    for (const orders of this.orders.values()) count += orders.count
    return count
  }

  private json(status: number, value: unknown, setup: ResourceSetup): Answer {
    const content = textContent(`${JSON.stringify(value)}\n`)
    const fields = {
      'content-type': 'application/json',
      'content-length': String(content.length),
      ...setup.fields,
    }
    return { ...EMPTY, status, fields, content }
  }

  /** A page for a visitor who is known by cookie, by parameter, or not yet. */
  private visit({ setup, target }: Resource, { target: asked, fields, trace }: SiteRequest): Answer {
    const now = this.lab.now()
    const cookie = /(?:^|;\s*)SID=([^;]*)/.exec(valueOf(fields, 'cookie') ?? '')?.[1]
    const id = cookie ?? sessionIn(asked)
    const known = id === undefined ? undefined : this.sessions.find(now, id, trace)
    const session = known ?? this.sessions.create(now, setup.session.maxAge, trace)
    // As long as no cookie has come back, the visitor may be one who keeps none: then the links must tell.
    const link = (to: string): string => (cookie === undefined ? withSession(to, session.id) : to)
    const links = Array.from({ length: setup.objects }, (_, i) => link(objectTarget(i + 1)))
    const page = writePage(`Visit ${session.visits}`, links, setup.size)
    const content = textContent(`${page}<!-- again: ${link(target)} -->\n`)
    return {
      ...EMPTY,
      status: 200,
      fields: {
        'content-type': 'text/html; charset=utf-8',
        'content-length': String(content.length),
        ...(known === undefined && { 'set-cookie': setCookie(session.id, setup.session, trace) }),
        ...setup.fields,
      },
      content,
    }
  }
}

const EMPTY = { status: 204, fields: {}, content: NO_CONTENT, delay: 0, push: [] } as const

/** `Set-Cookie` for a session (RFC 6265 4.1). */
function setCookie(
  id: string,
  { maxAge, secure, httpOnly, sameSite }: ResourceSetup['session'],
  trace: Trace,
): string {
  const attributes = [
    'Path=/',
    ...(maxAge > 0 ? [`Max-Age=${Math.ceil(maxAge / 1e6)}`] : []),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    `SameSite=${sameSite[0].toUpperCase()}${sameSite.slice(1)}`,
  ].join('; ')
  trace.emit('http:cookie', { request: 0, action: 'set', name: 'SID', value: id, detail: attributes })
  return `SID=${id}; ${attributes}`
}

/** An object of a page: of its own size, with the page's fields and validators. */
const objectOf = ({ objectSize, fields, expiresIn, etag, lastModified }: ResourceSetup): ResourceSetup => ({
  size: objectSize,
  type: 'application/octet-stream',
  delay: 0,
  fields,
  ...(expiresIn !== undefined && { expiresIn }),
  etag,
  lastModified,
  changes: [],
  objects: 0,
  objectSize: 0,
  compressible: false,
  variants: [],
  push: [],
  behaviour: 'static',
  session: { maxAge: 0, secure: false, httpOnly: true, sameSite: 'lax' },
})
