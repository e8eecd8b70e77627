/** What the HTTP applications of a lane say of themselves, added up (`http:request_*`, `http:response_*` and their like). */
import type { EventData } from '../../../shared/trace/events.ts'
import { Mean } from './mean.ts'

/** What applications tell of HTTP. */
export const REQUEST_EVENTS = [
  'http:request_queued',
  'http:request_sent',
  'http:version_tried',
  'http:response_started',
  'http:response_finished',
  'http:cookie',
  'http:session',
  'app:counted',
] as const

/** TCP and UDP have ports of their own, so a connection of each may have the same flow. */
const connectionKey = (flow: string, protocol: 'tcp' | 'quic'): string => `${protocol} ${flow}`

type Finished = EventData<'http:response_finished'>

export class RequestLog {
  /** First request asked for, last response finished. */
  firstQueued: number | null = null
  lastFinished: number | null = null
  /** Handed to a connection, repeated tries and redirected ones included. */
  sent = 0
  /** The first header section of a response that came over a connection. */
  firstResponse: number | null = null
  /** The version of the last request sent. */
  version = ''
  /** Of clients with a fallback: when they first tried anything, and what they used first. */
  firstTry: number | null = null
  won: { readonly t: number; readonly version: string } | null = null
  /** From handing a request to a connection to the header section of its answer. */
  readonly waits = new Mean()
  /** From asking for something to having it or giving it up, summed over all requests. */
  waited = 0
  /** Responses that were done before that of a request sent earlier by the same client. */
  overtakings = 0
  /** Digests of the contents that clients got. */
  readonly contents = new Set<string>()
  contentBytes = 0
  encodedBytes = 0
  cookiesSent = 0
  sessionsCreated = 0
  /** The last of each request; a retry may make good what failed. */
  private readonly outcomes = new Map<string, Pick<Finished, 'source' | 'error'>>()
  /** What was asked for and sent, and is not done yet, in this order. */
  private readonly queuedAt = new Map<string, number>()
  private readonly sentAt = new Map<string, number>()
  /** By request: the connection that it went to, as `connectionKey` has it. */
  private readonly sentOn = new Map<string, string>()
  private readonly firstResponses = new Map<string, number>()
  /** The last count of each host of each thing that applications count. */
  private readonly counts = new Map<string, Map<string, number>>()

  /** Whether any application here speaks HTTP. */
  get seen(): boolean {
    return this.firstQueued !== null
  }

  onQueued(t: number, node: string, { request }: EventData<'http:request_queued'>): void {
    this.firstQueued ??= t
    this.queuedAt.set(`${node} ${request}`, t)
  }

  onSent(t: number, node: string, flow: string, { request, version }: EventData<'http:request_sent'>): void {
    const key = `${node} ${request}`
    this.sent++
    this.version = version
    this.sentAt.set(key, t)
    this.sentOn.set(key, connectionKey(flow, version === 'h3' ? 'quic' : 'tcp'))
  }

  onTried(t: number, { version, outcome }: EventData<'http:version_tried'>): void {
    if (outcome === 'started') this.firstTry ??= t
    if (outcome === 'won') this.won ??= { t, version }
  }

  onResponse(t: number, node: string, { request }: EventData<'http:response_started'>): void {
    const key = `${node} ${request}`
    const sent = this.sentAt.get(key)
    // One from the cache has been sent nowhere.
    if (sent === undefined) return
    this.firstResponse ??= t
    this.waits.add(t - sent)
    const connection = this.sentOn.get(key)!
    if (!this.firstResponses.has(connection)) this.firstResponses.set(connection, t)
  }

  /** When the first header section of a response came over a connection; undefined: none did. */
  firstResponseOn(flow: string, protocol: 'tcp' | 'quic'): number | undefined {
    return this.firstResponses.get(connectionKey(flow, protocol))
  }

  onFinished(t: number, node: string, finished: Finished): void {
    const { request, source, error, content, encoded, sha256 } = finished
    const key = `${node} ${request}`
    this.waited += t - (this.queuedAt.get(key) ?? t)
    this.queuedAt.delete(key)
    if (this.sentAt.has(key) && this.eldest(node) !== key) this.overtakings++
    this.sentAt.delete(key)
    this.sentOn.delete(key)
    if (error === '' && content > 0) this.contents.add(sha256)
    this.lastFinished = t
    this.outcomes.set(key, { source, error })
    // Part of a content is of no use to who asked for it; it crossed all the same.
    if (error === '') this.contentBytes += content
    if (source !== 'cache') this.encodedBytes += encoded
  }

  /** The first sent of what this client still waits for. */
  private eldest(node: string): string | undefined {
    for (const key of this.sentAt.keys()) if (key.startsWith(`${node} `)) return key
    return undefined
  }

  onCounted(node: string, { what, count }: EventData<'app:counted'>): void {
    let hosts = this.counts.get(what)
    if (hosts === undefined) this.counts.set(what, (hosts = new Map()))
    hosts.set(node, count)
  }

  /** How many there are in the end. */
  counted(what: string): number {
    return [...(this.counts.get(what)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
  }

  /** Requests whose last try ended so. */
  ended(how: (outcome: Pick<Finished, 'source' | 'error'>) => boolean): number {
    return [...this.outcomes.values()].filter(how).length
  }
}
