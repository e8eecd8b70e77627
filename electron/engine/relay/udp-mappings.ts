/** The mappings of a NAT for UDP (RFC 4787): which ends there are, and which of them have been silent for too long. */
import type { Micros } from '../../../shared/units.ts'

/** Mappings at a time; the one that was silent longest goes first. */
const MOST = 1_024
/** How long one may be silent: five minutes, as RFC 4787 4.3 (REQ-5) recommends. */
const IDLE = 300_000_000

export class UdpMappings<M> {
  /** By what each is known by, the one that was silent longest first. */
  private readonly mappings = new Map<string, { readonly mapping: M; last: Micros }>()
  private readonly onGone: (mapping: M) => void

  /** `onGone` is told of each that has been silent for too long, or makes room for another. */
  constructor(onGone: (mapping: M) => void) {
    this.onGone = onGone
  }

  /** When the next will have been silent for too long. */
  get nextExpiry(): Micros | undefined {
    const first = this.mappings.values().next().value
    return first && ((first.last + IDLE) as Micros)
  }

  /** The mapping of this key, which something has come for. */
  use(key: string, now: Micros): M | undefined {
    const found = this.mappings.get(key)
    if (found === undefined) return undefined
    found.last = now
    this.mappings.delete(key)
    this.mappings.set(key, found)
    return found.mapping
  }

  add(key: string, mapping: M, now: Micros): void {
    const [oldest] = this.mappings.keys()
    if (this.mappings.size >= MOST) this.remove(oldest)
    this.mappings.set(key, { mapping, last: now })
  }

  remove(key: string): void {
    const found = this.mappings.get(key)
    if (found === undefined) return
    this.mappings.delete(key)
    this.onGone(found.mapping)
  }

  /** Removes those that have been silent for too long. */
  expire(now: Micros): void {
    for (const [key, { last }] of this.mappings) {
      if (last + IDLE > now) return
      this.remove(key)
    }
  }

  clear(): void {
    for (const key of [...this.mappings.keys()]) this.remove(key)
  }
}
