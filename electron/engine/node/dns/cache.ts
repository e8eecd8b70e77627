/** What a resolver has learned, for as long as it is good (RFC 1035 7.3, RFC 2308 5). */
import type { Micros } from '../../../../shared/units.ts'

/** What is known of a name and type. */
export interface Known {
  readonly outcome: 'answer' | 'nxdomain' | 'nodata'
  readonly values: readonly string[]
}

/** A client asks for a handful of names; one that makes names up is not to grow without end. */
const MOST = 1_000

export class DnsCache {
  /** By name and type, the oldest first. */
  private readonly entries = new Map<string, { readonly known: Known; readonly until: number }>()

  /** What is known, and for how many microseconds more. */
  get(key: string, now: Micros): { readonly known: Known; readonly left: number } | undefined {
    const entry = this.entries.get(key)
    if (entry === undefined || entry.until <= now) return undefined
    return { known: entry.known, left: entry.until - now }
  }

  /** `span` in microseconds; what is good for no time at all is good for whoever has asked (RFC 1035 3.2.1). */
  set(key: string, known: Known, now: Micros, span: number): void {
    this.entries.delete(key)
    if (span <= 0) return
    const [oldest] = this.entries.keys()
    if (this.entries.size >= MOST) this.entries.delete(oldest)
    this.entries.set(key, { known, until: now + span })
  }
}
