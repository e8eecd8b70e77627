/** What the resolvers of a lane say of themselves, and what onlookers read of their messages (`dns:*`). */
import type { EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'

export const LOOKUP_EVENTS = [
  'dns:lookup_started',
  'dns:lookup_finished',
  'dns:query_sent',
  'dns:message',
] as const satisfies readonly EventName[]

type LookupEvent = TraceEvent<(typeof LOOKUP_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(LOOKUP_EVENTS)
export const isLookupEvent = (event: { readonly name: EventName }): event is LookupEvent =>
  NAMES.has(event.name)

export class LookupLog {
  lookups = 0
  /** Ended without an answer of any kind: nobody answered in time, or the server could not. */
  failed = 0
  /** Answered from what was known. */
  cached = 0
  queries = 0
  retries = 0
  overTcp = 0
  /** Responses that were cut to fit (TC). */
  truncated = 0
  /** How long the first and the last took that are over, in microseconds. */
  first: number | null = null
  last: number | null = null
  /** Who asked first, and who answered the first. */
  client = ''
  server = ''
  private readonly startedAt = new Map<string, number>()

  take({ t, node, ...event }: LookupEvent): void {
    switch (event.name) {
      case 'dns:lookup_started':
        this.lookups++
        this.client ||= node
        this.startedAt.set(`${node} ${event.data.lookup}`, t)
        return
      case 'dns:lookup_finished': {
        const { lookup, outcome } = event.data
        const took = t - (this.startedAt.get(`${node} ${lookup}`) ?? t)
        this.startedAt.delete(`${node} ${lookup}`)
        this.first ??= took
        this.last = took
        if (outcome === 'cache') this.cached++
        if (outcome === 'failed' || outcome === 'timeout') this.failed++
        return
      }
      case 'dns:query_sent':
        this.queries++
        if (event.data.attempt > 1) this.retries++
        if (event.data.over === 'tcp') this.overTcp++
        return
      case 'dns:message':
        if (!event.data.response) return
        this.server ||= node
        if (/\btc\b/.test(event.data.flags)) this.truncated++
    }
  }
}
