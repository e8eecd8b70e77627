import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { RouteTable, type Route } from '../../../../electron/protocol/ip/routes.ts'
import { parseAddress } from '../../../../electron/protocol/wire/address.ts'
import { isWithin, networkOf, parsePrefix } from '../../../../electron/protocol/wire/prefix.ts'
import { address, RUNS } from '../../../support/packets.ts'
import { rule } from '../../../support/rule.ts'

/** What the table must say: look at all routes, keep the longest that fits, and of equals the one added last. */
function naive(routes: readonly Route[], destination: number): Route | undefined {
  let best: Route | undefined
  for (const route of routes)
    if (isWithin(destination, route.prefix) && route.prefix.length >= (best?.prefix.length ?? 0)) best = route
  return best
}

/** Few different bits, so that prefixes lie within each other. */
const narrow = fc.tuple(fc.nat(3), fc.nat(3)).map(([high, low]) => high * 0x4000_0000 + low * 0x10_0000)
const anyRoute = fc
  .tuple(fc.oneof(address, narrow), fc.nat(32), fc.nat(7))
  .map(([at, length, index]) => ({ prefix: networkOf(at, length), interface: index, via: undefined }))

describe('the longest prefix that fits (RFC 1812 5.2.4.3)', () => {
  rule(1812, '5.2.4.3', 'the longest prefix is found as by looking at all routes', () => {
    const anyRoutes = fc.array(anyRoute, { maxLength: 40 })
    fc.assert(
      fc.property(anyRoutes, fc.array(fc.oneof(address, narrow), { maxLength: 20 }), (routes, targets) => {
        const table = new RouteTable()
        for (const route of routes) table.add(route)
        for (const target of [...targets, ...routes.map(({ prefix }) => prefix.address)])
          expect(table.lookup(target)).toEqual(naive(routes, target))
      }),
      { numRuns: RUNS },
    )
  })

  rule(1812, '5.2.4.3', 'the default route comes last, and without one there is none', () => {
    const table = new RouteTable()
    const to = (text: string, index: number) =>
      table.add({ prefix: parsePrefix(text)!, interface: index, via: undefined })
    to('10.77.2.0/24', 0)
    const indexFor = (text: string) => table.lookup(parseAddress(text)!)?.interface
    expect(indexFor('10.77.3.1')).toBeUndefined()
    to('0.0.0.0/0', 1)
    to('10.77.2.7/32', 2)
    to('10.77.0.0/20', 3)
    expect(['192.0.2.1', '10.77.2.1', '10.77.2.7', '10.77.3.1', '10.77.16.1'].map(indexFor)).toEqual([
      1, 0, 2, 3, 1,
    ])
    table.remove(parsePrefix('10.77.2.0/24')!)
    expect(indexFor('10.77.2.1')).toBe(3)
    expect(table.list().map(({ interface: index }) => index)).toEqual([2, 3, 1])
  })
})
