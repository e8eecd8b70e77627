/** One request of a client from the wish to the answer: through the cache, with cookies, again if it has to be. */
import type { HttpClientApp, HttpVersion, RequestSetup } from '../../../../shared/http.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { Digest } from '../../apps/payload.ts'
import type { Cancel, Surroundings } from '../program.ts'
import type { Cache, CacheRequest, Decision, TellStep } from './cache.ts'
import { decode } from './coding.ts'
import type { CookieJar, CookieRequest } from './cookies.ts'
import { authorityOf, type Carrier, type OutgoingRequest } from './exchange.ts'
import { valueOf, type Fields } from './fields.ts'
import type { StoredResponse } from './freshness.ts'
import { sessionIn, withSession } from './page.ts'
import type { Pushed, Pushes } from './pushes.ts'
import type { Failure } from './transport.ts'

/** What the requests of a client share. */
export interface ClientState {
  readonly setup: HttpClientApp
  readonly lab: Surroundings
  readonly carrier: Carrier
  readonly cache: Cache | undefined
  readonly cookies: CookieJar | undefined
  readonly pushes: Pushes
  /** The session's id, where it travels in targets. */
  session: string | undefined
  /** The run is over: nothing more is to be told. */
  stopped: boolean
}

export interface Wish {
  /** Its number among the requests of the client. */
  readonly number: number
  readonly setup: RequestSetup
  readonly target: string
  /** The request whose answer named it; 0: the experiment. */
  readonly initiator: number
  readonly body: Uint8Array
}

/** What came of it; `content` without its coding, and empty where nobody wants it. */
export interface Outcome {
  readonly status: number
  readonly fields: Fields
  readonly content: Uint8Array
  /** Bytes of it, wanted or not. */
  readonly length: number
  readonly error: string
}

type Source = 'network' | 'cache' | 'validated' | 'push'

/** A content as it is told: without its coding. */
interface Received {
  readonly length: number
  readonly sha256: string
  /** Empty where nobody wants it. */
  readonly bytes: Uint8Array
}

/** Methods that may be asked again without harm (RFC 9110 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'])

export class Fetching {
  private readonly client: ClientState
  private readonly wish: Wish
  private readonly done: (outcome: Outcome) => void
  private readonly request: CacheRequest
  private trace: Trace
  private attempt = 1
  private decision: Decision = { kind: 'fetch' }
  private requestedAt = 0
  private status = 0
  private fields: Fields = {}
  private digest = new Digest()
  private chunks: Uint8Array[] = []
  private timer: Cancel | undefined

  /** Begins; `done` is called once, when it has an answer or was given up for good. */
  constructor(client: ClientState, wish: Wish, done: (outcome: Outcome) => void) {
    this.client = client
    this.wish = wish
    this.done = done
    this.trace = client.lab.trace
    const { method, fields, priority } = wish.setup
    this.request = {
      method,
      target: this.rewritten(wish.target),
      fields: {
        accept: '*/*',
        ...fields,
        ...(priority && { priority: `u=${priority.urgency}${priority.incremental ? ', i' : ''}` }),
        ...(client.setup.idempotencyKey && method === 'POST' && { 'idempotency-key': this.key() }),
      },
    }
    this.tellQueued()
    this.begin()
  }

  private tellQueued(): void {
    const { setup } = this.client
    const scheme = setup.tls === null ? 'http' : 'https'
    this.client.lab.trace.emit('http:request_queued', {
      request: this.wish.number,
      method: this.request.method,
      url: `${scheme}://${authorityOf(setup)}${this.request.target}`,
      initiator: this.wish.initiator,
      attempt: this.attempt,
    })
  }

  /** The same with each try, of fixed length; another client has another. */
  private key(): string {
    const { lab } = this.client
    return Buffer.from(lab.rng.fork(`key:${this.wish.number}`).bytes(8)).toString('hex')
  }

  private rewritten(target: string): string {
    const { setup, session, lab } = this.client
    if (setup.cookies !== 'rewriting' || session === undefined) return target
    const detail = 'its id goes into the target'
    lab.trace.emit('http:cookie', {
      ...{ request: this.wish.number, action: 'rewritten', name: 'SID', value: session, detail },
    })
    return withSession(target, session)
  }

  private begin(): void {
    const { cache, lab } = this.client
    this.decision = cache?.decide(lab.now(), this.request, this.tellStep) ?? { kind: 'fetch' }
    if (this.decision.kind === 'use') {
      const { stored } = this.decision
      // Outside of this call: whoever asked may not yet be ready to hear.
      lab.after(0, () => this.deliver('cache', stored, 0))
    } else if (!this.takePushed()) this.send()
  }

  /** Whether the server has promised it already; then the promise is kept, or the request sent after all. */
  private takePushed(): boolean {
    const { method, target } = this.request
    if (method !== 'GET') return false
    return this.client.pushes.take(target, (pushed) => {
      if (pushed === undefined) this.send()
      else this.client.lab.after(0, () => this.receivePushed(pushed))
    })
  }

  private send(): void {
    const { setup, carrier, lab } = this.client
    const { body, setup: wanted } = this.wish
    this.digest = new Digest()
    this.chunks = []
    this.status = 0
    this.trace = lab.trace
    this.requestedAt = lab.now()
    const { method, target } = this.request
    const outgoing: OutgoingRequest = {
      method,
      target,
      fields: { ...this.request.fields, ...this.cookieField(), ...this.conditions() },
      body,
      ...(wanted.priorityFrame && { priorityFrame: wanted.priorityFrame }),
      readDelay: wanted.readDelay,
    }
    const cancel = carrier.send(outgoing, {
      sent: (flow, version, exchange, reused) => this.tellSent(flow, version, exchange, reused),
      started: (status, fields) => {
        this.start(status, fields)
        this.takeCookies(fields)
      },
      content: (bytes) => this.take(bytes),
      finished: () => this.finish(),
      failed: (failure, unread) => {
        if (!this.client.stopped) this.fail(failure, unread)
      },
    })
    if (setup.timeout > 0)
      this.timer = lab.after(setup.timeout, () => {
        cancel()
        this.fail({ code: 'timeout', message: `no answer within ${setup.timeout / 1e6} s` }, false)
      })
  }

  private conditions(): Readonly<Record<string, string>> {
    return this.decision.kind === 'validate' ? this.decision.fields : {}
  }

  private tellSent(flow: string, version: HttpVersion, exchange: number, reused: boolean): void {
    const { number: request } = this.wish
    this.trace = this.client.lab.trace.scope({ flow })
    this.trace.emit('http:request_sent', { request, exchange, version, reused })
  }

  // The answer.

  private start(status: number, fields: Fields): void {
    const { number: request } = this.wish
    this.status = status
    this.fields = fields
    const content_type = valueOf(fields, 'content-type') ?? ''
    this.trace.emit('http:response_started', { request, status, content_type })
  }

  private receivePushed({ flow, status, fields, content }: Pushed): void {
    this.trace = this.client.lab.trace.scope({ flow })
    this.requestedAt = this.client.lab.now()
    this.start(status, fields)
    this.takeCookies(fields)
    this.chunks.push(content)
    this.digest.update(content)
    this.finish('push')
  }

  private take(bytes: Uint8Array): void {
    this.digest.update(bytes)
    if (this.mustKeep) this.chunks.push(bytes)
  }

  /** Whether somebody wants the content, more than its digest. */
  private get mustKeep(): boolean {
    const { cache, setup } = this.client
    return (
      cache !== undefined ||
      this.wish.setup.page ||
      setup.cookies === 'rewriting' ||
      valueOf(this.fields, 'content-encoding') !== undefined
    )
  }

  private finish(source: Source = 'network'): void {
    this.timer?.()
    const encoded = this.digest.bytes
    const encoding = valueOf(this.fields, 'content-encoding') ?? ''
    const received = this.receive(encoding)
    if (received === undefined)
      return this.fail({ code: 'bad_content', message: `the content is not what ${encoding} makes` }, false)
    const { cache, lab } = this.client
    const { requestedAt, status, fields, decision } = this
    const response: StoredResponse = {
      ...{ status, fields, content: received.bytes, requestedAt, receivedAt: lab.now() },
    }
    cache?.handleResponse(this.request, decision, response, this.tellStep)
    if (status === 304 && decision.kind === 'validate')
      return this.deliver('validated', decision.stored, encoded)
    if (this.client.setup.cookies === 'rewriting')
      this.client.session = sessionIn(textOf(received.bytes)) ?? this.client.session
    this.conclude(source, received, encoded)
  }

  /** The content without its coding; undefined: it has another coding than it says. */
  private receive(encoding: string): Received | undefined {
    if (!this.mustKeep)
      return { length: this.digest.bytes, sha256: this.digest.finish(), bytes: new Uint8Array(0) }
    const whole = Buffer.concat(this.chunks)
    // The answer to HEAD says how its content would be coded, and has none.
    const bytes = whole.length === 0 ? whole : decode(encoding, whole)
    return bytes && { length: bytes.length, sha256: sha256Of(bytes), bytes }
  }

  /** Gives out what is stored. */
  private deliver(
    source: 'cache' | 'validated',
    { status, fields, content }: StoredResponse,
    encoded: number,
  ): void {
    if (source === 'cache') this.start(status, fields)
    this.status = status
    this.fields = fields
    this.conclude(source, { length: content.length, sha256: sha256Of(content), bytes: content }, encoded)
  }

  private conclude(source: Source, { length, sha256, bytes }: Received, encoded: number): void {
    this.trace.emit('http:response_finished', {
      request: this.wish.number,
      content: length,
      encoded,
      encoding: valueOf(this.fields, 'content-encoding') ?? '',
      source,
      sha256,
      error: '',
      message: '',
    })
    this.done({ status: this.status, fields: this.fields, content: bytes, length, error: '' })
  }

  private fail({ code, message }: Failure, unread: boolean): void {
    this.timer?.()
    const { number: request } = this.wish
    const encoded = this.digest.bytes
    this.trace.emit('http:response_finished', {
      ...{ request, content: encoded, encoded, encoding: '', source: 'network' },
      ...{ sha256: '', error: code, message },
    })
    // A connection that ended as the request came is no fault of the request (RFC 9112 9.3.1).
    const free = unread && IDEMPOTENT.has(this.request.method)
    if (!free && this.attempt > this.client.setup.retries)
      return this.done({ status: 0, fields: {}, content: new Uint8Array(0), length: 0, error: code })
    this.attempt++
    this.tellQueued()
    this.send()
  }

  // Cache and cookies.

  private readonly tellStep: TellStep = (step, answer, detail) =>
    this.client.lab.trace.emit('http:cache_decided', {
      ...{ request: this.wish.number, step, answer: answer ? 'yes' : 'no', detail },
    })

  private get cookieRequest(): CookieRequest {
    const { method, target } = this.request
    const safe = ['GET', 'HEAD', 'OPTIONS'].includes(method)
    return { target, secure: this.client.setup.tls !== null, crossSite: this.wish.setup.crossSite, safe }
  }

  private cookieField(): Readonly<Record<string, string>> {
    const { cookies, lab } = this.client
    if (cookies === undefined) return {}
    const { field, deeds } = cookies.cookiesFor(lab.now(), this.cookieRequest)
    for (const deed of deeds) lab.trace.emit('http:cookie', { request: this.wish.number, ...deed })
    return field === undefined ? {} : { cookie: field }
  }

  /** Of what has just come: a cookie in a stored response was taken when that came. */
  private takeCookies(fields: Fields): void {
    const { cookies, lab } = this.client
    const set = fields['set-cookie']
    if (cookies === undefined || set === undefined) return
    for (const line of typeof set === 'string' ? [set] : set)
      for (const deed of cookies.store(lab.now(), line, this.cookieRequest))
        this.trace.emit('http:cookie', { request: this.wish.number, ...deed })
  }
}

/** One character an octet, which is enough for what is looked for in it. */
export const textOf = (content: Uint8Array): string => Buffer.from(content).toString('latin1')

function sha256Of(content: Uint8Array): string {
  const digest = new Digest()
  digest.update(content)
  return digest.finish()
}
