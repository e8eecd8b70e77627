/**
 * Who has which address on an interface's network: the table of RFC 826 with the rules of RFC 1122 2.3.2 for its entries' age, the
 * number of requests, and the packets that wait for an answer.
 *
 * Nothing here needs a timer but what is asked for: an entry is looked at when it is used.
 */
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Ipv4Address } from '../wire/address.ts'
import type { MacAddress } from '../wire/ethernet.ts'

/** RFC 1122 2.3.2.1: no more than one request a second for the same address. */
export const REQUEST_INTERVAL = 1_000_000
/** Requests without an answer before what waits is given up. */
export const MOST_REQUESTS = 3
/** RFC 1122 2.3.2.1 (2): "on the order of a minute" without a word of it, an entry in use is polled, ... */
export const CONFIRM_AFTER = 60_000_000
/** ... and deleted if so many polls bring no reply. */
export const MOST_POLLS = 2
/** Packets that wait for one address. RFC 1122 2.3.2.2 asks for the latest one at least. */
export const MOST_WAITING = 64

interface Known {
  readonly mac: MacAddress
  readonly confirmedAt: Micros
  polls: number
  polledAt: Micros
}

interface Pending<T> {
  requests: number
  requestedAt: Micros
  readonly waiting: T[]
}

export interface NeighbourOwner<T> {
  /** A request has to go out: to all, or to the station that had the address. */
  ask(address: Ipv4Address, mac: MacAddress | undefined): void
  /** The table changed; `waiting` counts what waits, or has waited. */
  onChanged(address: Ipv4Address, mac: MacAddress | undefined, state: NeighbourState, waiting: number): void
  /** Nobody has answered; what has waited is given up. */
  onGivenUp(now: Micros, waiting: readonly T[]): void
}

export type NeighbourState = 'incomplete' | 'reachable' | 'expired' | 'failed'

/** `T` is what waits for an address. */
export class Neighbours<T> {
  private readonly owner: NeighbourOwner<T>
  private readonly known = new Map<Ipv4Address, Known>()
  private readonly pending = new Map<Ipv4Address, Pending<T>>()

  constructor(owner: NeighbourOwner<T>) {
    this.owner = owner
  }

  /** Whether there is an entry, complete or not. */
  has(address: Ipv4Address): boolean {
    return this.known.has(address) || this.pending.has(address)
  }

  /** The Ethernet address to send to; undefined: it is not known, so that what is to be sent has to wait. */
  find(now: Micros, address: Ipv4Address): MacAddress | undefined {
    const entry = this.known.get(address)
    if (entry === undefined || now - entry.confirmedAt < CONFIRM_AFTER) return entry?.mac
    return this.poll(now, address, entry)
  }

  /** Lets `item` wait for `address` and returns what has to go to make room for it. */
  hold(now: Micros, address: Ipv4Address, item: T): T | undefined {
    const known = this.pending.get(address)
    const entry = known ?? { requests: 0, requestedAt: now, waiting: [] }
    entry.waiting.push(item)
    if (known === undefined) {
      this.pending.set(address, entry)
      this.owner.onChanged(address, undefined, 'incomplete', 1)
      this.request(now, address, entry)
    }
    return entry.waiting.length > MOST_WAITING ? entry.waiting.shift() : undefined
  }

  /** Forgets all of them, and what waits for them. */
  clear(): void {
    this.known.clear()
    this.pending.clear()
  }

  /** A station has said that it has `address`; returns what has waited for that. */
  learn(now: Micros, address: Ipv4Address, mac: MacAddress): readonly T[] {
    const before = this.known.get(address)
    const waiting = this.pending.get(address)?.waiting ?? []
    this.known.set(address, { mac, confirmedAt: now, polls: 0, polledAt: now })
    this.pending.delete(address)
    if (before?.mac !== mac) this.owner.onChanged(address, mac, 'reachable', waiting.length)
    return waiting
  }

  /** Asks again, and gives up what was asked for often enough. */
  handleTimeout(now: Micros): void {
    for (const [address, entry] of [...this.pending]) {
      if (now < after(entry.requestedAt, REQUEST_INTERVAL)) continue
      if (entry.requests < MOST_REQUESTS) {
        this.request(now, address, entry)
        continue
      }
      this.pending.delete(address)
      this.owner.onChanged(address, undefined, 'failed', entry.waiting.length)
      this.owner.onGivenUp(now, entry.waiting)
    }
  }

  pollTimeout(): Micros | undefined {
    let next = Infinity
    for (const { requestedAt } of this.pending.values()) next = Math.min(next, requestedAt + REQUEST_INTERVAL)
    return next === Infinity ? undefined : micros(next)
  }

  /** The entry is old: its station is asked, and counts as there until it has let two polls go by. */
  private poll(now: Micros, address: Ipv4Address, entry: Known): MacAddress | undefined {
    if (entry.polls > 0 && now < after(entry.polledAt, REQUEST_INTERVAL)) return entry.mac
    if (entry.polls === MOST_POLLS) {
      this.known.delete(address)
      this.owner.onChanged(address, undefined, 'expired', 0)
      return undefined
    }
    entry.polls++
    entry.polledAt = now
    this.owner.ask(address, entry.mac)
    return entry.mac
  }

  private request(now: Micros, address: Ipv4Address, entry: Pending<T>): void {
    entry.requests++
    entry.requestedAt = now
    this.owner.ask(address, undefined)
  }
}
