/** A routing table: the longest prefix that fits a destination wins (RFC 1812 5.2.4.3, RFC 4632 5.1). */
import type { Ipv4Address } from '../wire/address.ts'
import { leadingBits, type Prefix } from '../wire/prefix.ts'

export interface Route {
  readonly prefix: Prefix
  /** Index of the interface by which packets leave. */
  readonly interface: number
  /** The router to hand them to; undefined: their destination is on this network itself. */
  readonly via: Ipv4Address | undefined
}

/** 0.0.0.0/0, which fits everything and always comes last (RFC 1812 5.2.4.3 (2)). */
export const DEFAULT_PREFIX: Prefix = { address: 0, length: 0 }

export class RouteTable {
  /** By prefix length; within one, by the prefix's bits. */
  private readonly byLength = new Map<number, Map<Ipv4Address, Route>>()
  /** The lengths that there are, the longest first. */
  private lengths: number[] = []

  /** Adds a route, in the place of the one to the same prefix if there is one. */
  add(route: Route): void {
    const { address, length } = route.prefix
    const known = this.byLength.get(length) ?? new Map<Ipv4Address, Route>()
    this.byLength.set(length, known)
    known.set(address, route)
    this.lengths = [...this.byLength.keys()].sort((a, b) => b - a)
  }

  remove({ address, length }: Prefix): void {
    this.byLength.get(length)?.delete(address)
  }

  /** The route to `destination`; undefined: none leads there. */
  lookup(destination: Ipv4Address): Route | undefined {
    for (const length of this.lengths) {
      const route = this.byLength.get(length)!.get(leadingBits(destination, length))
      if (route !== undefined) return route
    }
    return undefined
  }

  /** All routes, the longest prefixes first. */
  list(): Route[] {
    return this.lengths.flatMap((length) => [...this.byLength.get(length)!.values()])
  }
}
