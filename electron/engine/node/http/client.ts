/** The program `http-client`: asks for what its set-up lists, follows redirects, and fetches what pages name. */
import type { HttpClientApp, RequestSetup } from '../../../../shared/http.ts'
import { Payload } from '../../apps/payload.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { Cache } from './cache.ts'
import { Http2Client } from './client-http2.ts'
import { Http3Client } from './client-http3.ts'
import { lettersContent, wholeOf } from './content.ts'
import { CookieJar } from './cookies.ts'
import { siteName, type Carrier, type ExchangeEvents } from './exchange.ts'
import { Fetching, textOf, type ClientState, type Outcome } from './fetching.ts'
import { valueOf } from './fields.ts'
import { ServerFinder, type ClientLab } from './find-server.ts'
import { readPage } from './page.ts'
import { PipelinePool } from './pipeline.ts'
import { Pool } from './pool.ts'
import { Pushes } from './pushes.ts'
import { Race } from './race.ts'
import { schedule } from './schedule.ts'
import type { FirstTransport, TcpVersion } from './transport.ts'

export class HttpClient implements Program {
  done = false
  private readonly setup: HttpClientApp
  private readonly lab: ClientLab
  private readonly state: ClientState
  private readonly payload: Payload
  private readonly pushes = new Pushes()
  private readonly timers = new Set<Cancel>()
  private requests = 0
  private bytes = 0
  private error = ''

  /** `hear` is told all that comes of each exchange, beside the client itself. */
  constructor(setup: HttpClientApp, lab: Surroundings, hear?: Hearer) {
    this.setup = setup
    this.lab = { ...lab, server: new ServerFinder(lab, setup) }
    this.payload = new Payload(lab.rng.fork('bodies'))
    this.state = {
      setup,
      lab,
      carrier: hear === undefined ? this.createCarrier() : overheard(this.createCarrier(), hear),
      cache: setup.cache ? new Cache() : undefined,
      cookies: setup.cookies === 'on' ? new CookieJar(siteName(setup)) : undefined,
      pushes: this.pushes,
      session: undefined,
      stopped: false,
    }
  }

  start(): void {
    this.at(this.setup.start, () => {
      this.lab.trace.emit('app:started', { what: 'http-client', bytes: 0 })
      const { setup } = this
      schedule(setup.requests, {
        at: (moment, action) => this.at(setup.start + moment, action),
        run: (request, done) => this.load(request, request.target, 0, done),
        finished: () => this.finish(),
      })
    })
  }

  stop(): void {
    this.state.stopped = true
    for (const cancel of this.timers) cancel()
    this.state.carrier.stop()
    this.lab.server.stop()
  }

  private createCarrier(): Carrier {
    const { lab, setup } = this
    const { version, fallback } = setup
    if (version !== 'h3') return this.overTcp(version)
    const quic = new Http3Client(lab, setup)
    if (fallback === null) return quic
    return new Race(lab, setup, quic, fallback, (version, first) => this.overTcp(version, first))
  }

  private overTcp(version: TcpVersion, first?: FirstTransport): Carrier {
    const { lab } = this
    const setup = { ...this.setup, version }
    if (version === 'h2') return new Http2Client(lab, setup, this.pushes, first)
    return setup.pipelining ? new PipelinePool(lab, setup, first) : new Pool(lab, setup, first)
  }

  /** At a moment of lab time, or now if it has gone by. */
  private at(moment: number, action: () => void): void {
    const span = moment - this.lab.now()
    if (span <= 0) return action()
    const cancel = this.lab.after(span, () => {
      this.timers.delete(cancel)
      action()
    })
    this.timers.add(cancel)
  }

  /** Fetches something and all that follows from it; `done` when all of it is there or given up. */
  private load(
    setup: RequestSetup,
    target: string,
    initiator: number,
    done: () => void,
    redirects = 0,
  ): void {
    const number = ++this.requests
    const body = setup.body > 0 ? wholeOf(lettersContent(this.payload, number, setup.body)) : NOTHING
    new Fetching(this.state, { number, setup, target, initiator, body }, (outcome) => {
      this.bytes += outcome.length
      this.error ||= outcome.error
      const next = redirectOf(outcome)
      if (next !== undefined && redirects < this.setup.redirects)
        return this.load(redirected(setup, outcome.status), next, number, done, redirects + 1)
      const named = setup.page && outcome.status === 200 ? readPage(textOf(outcome.content)) : []
      this.loadObjects(setup, named, number, done)
    })
  }

  /** Fetches what a page names, all at once. */
  private loadObjects(
    page: RequestSetup,
    targets: readonly string[],
    initiator: number,
    done: () => void,
  ): void {
    let left = targets.length
    if (left === 0) return done()
    const setup: RequestSetup = { ...page, method: 'GET', body: 0, page: false }
    for (const target of targets)
      this.load(setup, target, initiator, () => {
        left--
        if (left === 0) done()
      })
  }

  private finish(): void {
    this.state.carrier.close(() => {
      this.done = true
      if (!this.state.stopped)
        this.lab.trace.emit('app:finished', { bytes: this.bytes, sha256: '', error: this.error })
    })
  }
}

const NOTHING = new Uint8Array(0)

/** Someone who wants to know what comes of exchanges: the content itself, for instance, of which a client keeps the digest only. */
export type Hearer = Pick<ExchangeEvents, 'started' | 'content' | 'finished' | 'failed'>

/** A carrier whose exchanges are told to `hear`, too, before they are told to whoever asked. */
const overheard = (carrier: Carrier, hear: Hearer): Carrier => ({
  send: (request, events) =>
    carrier.send(request, {
      sent: (...told) => events.sent(...told),
      started: (...told) => [hear, events].forEach((one) => one.started(...told)),
      content: (...told) => [hear, events].forEach((one) => one.content(...told)),
      finished: () => [hear, events].forEach((one) => one.finished()),
      failed: (...told) => [hear, events].forEach((one) => one.failed(...told)),
    }),
  close: (closed) => carrier.close(closed),
  stop: () => carrier.stop(),
})

/** Where the answer sends the client (RFC 9110 15.4), if it does and it is on the same site. */
function redirectOf({ status, fields }: Outcome): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status)) return undefined
  const location = valueOf(fields, 'location')
  return location?.startsWith('/') && !location.startsWith('//') ? location : undefined
}

/** RFC 9110 15.4: 307 and 308 keep the method, after the others a POST becomes a GET. */
const redirected = (setup: RequestSetup, status: number): RequestSetup =>
  status === 307 || status === 308 || setup.method === 'HEAD' ? setup : { ...setup, method: 'GET', body: 0 }
