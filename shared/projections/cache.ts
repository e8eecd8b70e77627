/** The way of each request through its client's cache (RFC 9111 4), and what the cache has saved. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

/** A question of the cache, as the trace names it. */
export interface CacheStep {
  readonly step: string
  readonly yes: boolean
  /** What was compared. */
  readonly detail: string
}

/** `fetched`: the whole response crossed. `pending`: the answer is not there yet. */
export type CacheOutcome = 'cache' | 'validated' | 'fetched' | 'failed' | 'pending'

export interface CachedRequest {
  readonly request: number
  readonly lane: string
  /** When it was wanted, and when it was answered (`Infinity`: not yet). */
  readonly t: number
  readonly end: number
  readonly method: string
  readonly url: string
  readonly steps: readonly CacheStep[]
  readonly outcome: CacheOutcome
  readonly status: number
  /** Bytes of content that the client got, and that crossed for it. */
  readonly content: number
  readonly encoded: number
  readonly error: string
}

export interface CacheSavings {
  readonly requests: number
  readonly cache: number
  readonly validated: number
  /** Content that did not cross. */
  readonly bytes: number
  /** Exchanges that did not take place: a round trip each, at least. */
  readonly roundTrips: number
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
interface Request extends Mutable<CachedRequest> {
  readonly steps: CacheStep[]
}

const EVENTS = [
  'http:request_queued',
  'http:cache_decided',
  'http:response_started',
  'http:response_finished',
] as const

export class CacheDecisions {
  /** By node and number, in the order in which they were wanted. */
  private readonly requests = new Map<string, Request>()
  private readonly cursor = new Cursor(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const request = this.open(store, table, row)
      const { columns } = table
      const text = (field: string): string => store.text(columns[field].data[row])
      switch (name) {
        case 'http:request_queued':
          // A retry is the same request and does not ask the cache again.
          request.method = text('method')
          request.url = text('url')
          break
        case 'http:cache_decided':
          request.steps.push({ step: text('step'), yes: text('answer') === 'yes', detail: text('detail') })
          break
        case 'http:response_started':
          request.status = columns.status.data[row]
          break
        case 'http:response_finished':
          request.end = table.t.data[row]
          request.content = columns.content.data[row]
          request.encoded = columns.encoded.data[row]
          request.error = text('error')
          request.outcome = outcomeOf(text('source'), request.error)
      }
    })
  }

  /** The requests of a lane in the order in which they were wanted; those of a client without a cache have no steps. */
  of(lane: string): CachedRequest[] {
    return [...this.requests.values()].filter((request) => request.lane === lane)
  }

  private open(store: TraceStore, table: EventTable, row: number): Request {
    const node = table.node.data[row]
    const number = table.columns.request.data[row]
    const key = `${node} ${number}`
    const known = this.requests.get(key)
    if (known) return known
    const made: Request = {
      request: number,
      lane: store.laneOf(node),
      t: table.t.data[row],
      end: Infinity,
      method: '',
      url: '',
      steps: [],
      outcome: 'pending',
      status: 0,
      content: 0,
      encoded: 0,
      error: '',
    }
    this.requests.set(key, made)
    return made
  }
}

function outcomeOf(source: string, error: string): CacheOutcome {
  if (error !== '') return 'failed'
  return source === 'cache' || source === 'validated' ? source : 'fetched'
}

export function savingsOf(requests: readonly CachedRequest[]): CacheSavings {
  const of = (outcome: CacheOutcome) => requests.filter((request) => request.outcome === outcome)
  const [cache, validated] = [of('cache'), of('validated')]
  const bytes = [...cache, ...validated].reduce((sum, { content, encoded }) => sum + content - encoded, 0)
  return {
    requests: requests.length,
    cache: cache.length,
    validated: validated.length,
    bytes,
    roundTrips: cache.length,
  }
}
