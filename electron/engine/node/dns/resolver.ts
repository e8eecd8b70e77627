/** Finds out what stands at a name: from what it knows already (RFC 2308), or by asking its server. */
import type { ResolverSettings } from '../../../../shared/dns.ts'
import { seconds } from '../../../../shared/units.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { DnsCache, type Known } from './cache.ts'
import { Inquiry, type DnsQuestion } from './inquiry.ts'

export interface Resolution {
  readonly outcome: 'answer' | 'cache' | 'nxdomain' | 'nodata' | 'failed' | 'timeout'
  /** Addresses, names or texts; none: there are none, as far as is known. */
  readonly values: readonly string[]
  /** How long that is good for, in microseconds. */
  readonly ttl: number
}

interface Waiting {
  readonly lookup: number
  readonly done: (resolution: Resolution) => void
}

export class Resolver {
  private readonly lab: Surroundings
  private readonly settings: ResolverSettings
  private readonly cache = new DnsCache()
  /** By question: who waits for the answer. Nobody asks twice at a time. */
  private readonly pending = new Map<string, Set<Waiting>>()
  private readonly inquiries = new Set<Inquiry>()
  private lookups = 0

  constructor(lab: Surroundings, settings: ResolverSettings) {
    this.lab = lab
    this.settings = settings
  }

  /** Calls `done` once, perhaps at once, unless it was cancelled before. */
  lookup(question: DnsQuestion, done: (resolution: Resolution) => void): Cancel {
    const lookup = ++this.lookups
    this.lab.trace.emit('dns:lookup_started', { lookup, name: question.name, type: question.type })
    const key = `${question.type} ${question.name}`
    const cached = this.cache.get(key, this.lab.now())
    if (cached !== undefined) {
      this.tell({ lookup, done }, { outcome: 'cache', values: cached.known.values, ttl: cached.left })
      return () => undefined
    }
    const waiting = { lookup, done }
    const others = this.pending.get(key)
    if (others !== undefined) others.add(waiting)
    else this.ask(key, question, waiting)
    return () => this.pending.get(key)?.delete(waiting)
  }

  /** Lets go of everything, without a word. */
  stop(): void {
    for (const inquiry of this.inquiries) inquiry.stop()
    this.pending.clear()
  }

  private ask(key: string, question: DnsQuestion, first: Waiting): void {
    const { lab, settings } = this
    const waiting = new Set([first])
    this.pending.set(key, waiting)
    const server = { address: lab.addressOf(settings.server), port: settings.port }
    const inquiry = new Inquiry(
      { lab, settings, server, question },
      {
        onQuery: (attempt, over, id) =>
          lab.trace.emit('dns:query_sent', { lookup: first.lookup, attempt, over, id }),
        onDone: (answered) => {
          this.pending.delete(key)
          const ttl = seconds(answered?.ttl ?? 0)
          const { outcome, values } = answered ?? { outcome: 'timeout' as const, values: [] }
          if (outcome !== 'timeout' && outcome !== 'failed') this.keep(key, { outcome, values }, ttl)
          for (const one of waiting) this.tell(one, { outcome, values, ttl })
        },
      },
    )
    this.inquiries.add(inquiry)
    inquiry.start()
  }

  private keep(key: string, known: Known, ttl: number): void {
    if (this.settings.cache) this.cache.set(key, known, this.lab.now(), ttl)
  }

  private tell({ lookup, done }: Waiting, resolution: Resolution): void {
    const { outcome, values, ttl } = resolution
    this.lab.trace.emit('dns:lookup_finished', { lookup, outcome, values: values.join(','), ttl })
    done(resolution)
  }
}
