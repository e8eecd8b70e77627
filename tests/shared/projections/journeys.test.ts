import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareHeaders, readHeaders } from '../../../shared/projections/headers.ts'
import { headersAround, Journeys } from '../../../shared/projections/journeys.ts'
import { NetworkTables, routeFor } from '../../../shared/projections/network-tables.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { CLIENT, headersHex, MACS, networkTrace, SERVER } from '../../support/network-trace.ts'

const store = networkTrace().store()
const paths = new Paths()
paths.update(store)
const journeys = new Journeys()
journeys.update(store)
const tables = new NetworkTables()
tables.update(store)
const id = (name: string): number => store.strings.indexOf(name)
const stepsOf = (pkt: number) =>
  journeys.of(store, paths, paths.packets.get(store, paths.packets.indexOf(pkt)))
const told = (pkt: number) => stepsOf(pkt).map(({ kind, node, t }) => `${t} ${store.text(node)} ${kind}`)

describe('the journey of a packet', () => {
  test('leads through every node and link, in order', () => {
    expect(told(1)).toEqual([
      '0 client sent',
      '0 client held',
      '400 client released',
      '400 desk link',
      '500 switch switched',
      '500 uplink link',
      '600 near routed',
      '600 wan link',
      '700 far routed',
      '700 hall link',
      '800 server arrived',
    ])
  })

  test('ends where the packet died, or was thrown away', () => {
    expect(told(5).at(-1)).toBe('1600 wan link')
    expect(stepsOf(5).at(-1)).toMatchObject({ passage: { fate: 'dropped', reason: 'bernoulli' } })
    expect(stepsOf(6).at(-1)).toMatchObject({ kind: 'discarded', reason: 'ttl_expired', ttl: 1 })
  })

  test('forks where a switch floods; who has no use for the frame rejects it', () => {
    expect(told(2)).toEqual([
      '0 client sent',
      '0 desk link',
      '100 switch switched',
      '100 uplink link',
      '100 closet link',
      '200 dns rejected',
    ])
  })

  test('of the first packet that passed most routers is the one to begin with', () => {
    expect(journeys.furthestOf('')).toBe(1)
    expect(journeys.furthestOf('other')).toBeUndefined()
    expect([1, 2, 5].map((pkt) => journeys.routersOf(pkt))).toEqual([2, 0, 1])
  })

  test('does not depend on how the events were cut into batches', () => {
    const maker = networkTrace()
    const apart = maker.store(maker.events.map((_, i) => i))
    const again = new Journeys()
    for (let i = 0; i < 2; i++) again.update(apart)
    expect(again.furthestOf('')).toBe(1)
    const ways = new Paths()
    ways.update(apart)
    const packet = ways.packets.get(apart, ways.packets.indexOf(1))
    expect(again.of(apart, ways, packet)).toEqual(stepsOf(1))
  })
})

describe('the headers of a packet', () => {
  const steps = stepsOf(1)
  const at = (kind: string, node: string): number =>
    steps.findIndex((step) => step.kind === kind && step.node === id(node))
  const changes = (index: number) => {
    const { before, after } = headersAround(steps, index)
    return compareHeaders(readHeaders(before ?? ''), readHeaders(after ?? ''))
  }
  const changed = (index: number) =>
    changes(index)
      .filter((field) => field.changed)
      .map(({ layer, name, before, after }) => `${layer} ${name}: ${before?.text} -> ${after?.text}`)

  test('a router rewrites both Ethernet addresses, TTL and checksum, and nothing else (RFC 1812 5.2)', () => {
    expect(changed(at('routed', 'near'))).toEqual([
      `Ethernet Destination: ${MACS.near} -> ${MACS.farWan}`,
      `Ethernet Source: ${MACS.client} -> ${MACS.nearWan}`,
      'IPv4 Time to live: 64 -> 63',
      'IPv4 Header checksum: 0x0fc0 -> 0x0fc1',
    ])
  })

  test('a switch changes nothing', () => {
    expect(changes(at('switched', 'switch'))).toHaveLength(16)
    expect(changed(at('switched', 'switch'))).toEqual([])
  })

  test('between routers they are as the one before has left them', () => {
    const ttl = (index: number) => changes(index).find(({ name }) => name === 'Time to live')?.before?.text
    expect([at('sent', 'client'), at('link', 'wan'), at('arrived', 'server')].map(ttl)).toEqual([
      '64',
      '63',
      '62',
    ])
  })

  test('are read field by field, ports too', () => {
    const hex = headersHex(MACS.client, MACS.near, {
      ttl: 64,
      checksum: 0xbeef,
      source: CLIENT,
      destination: SERVER,
    })
    const fields = readHeaders(hex)
    const text = (name: string) => fields.find((field) => field.name === name)?.text
    expect(text('EtherType')).toBe('0x0800 IPv4')
    expect(text('Protocol')).toBe('6 TCP')
    expect(text('Source address')).toBe(CLIENT)
    expect(text('Destination port')).toBe('80')
    expect(text('Sequence number')).toBe('7')
    expect(readHeaders(hex.slice(28)), 'without Ethernet').toEqual(fields.slice(3))
  })

  test('whatever the bytes are, they are fields of what is there', () => {
    const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          bytes.map((all) => all.map((one) => one.toString(16).padStart(2, '0')).join('')),
        ),
        (hex) => {
          for (const field of readHeaders(hex)) expect(hex).toContain(field.hex)
        },
      ),
    )
  })
})

describe('the tables', () => {
  test('routes stand longest prefix first, and the longest one that fits is used', () => {
    const routes = tables.routesAt(id('near'), 0)
    expect(routes.map(({ prefix }) => prefix)).toEqual([
      '10.77.0.0/24',
      '10.77.1.0/24',
      '10.77.2.0/24',
      '0.0.0.0/0',
    ])
    expect(routeFor(routes, SERVER)).toEqual({ prefix: '10.77.2.0/24', via: '10.77.1.2', interface: 1 })
    expect(routeFor(routes, '192.0.2.1')?.prefix).toBe('0.0.0.0/0')
    expect(routeFor(routes, 'nowhere')).toBeUndefined()
    expect(routeFor([], SERVER)).toBeUndefined()
  })

  test('of neighbours are as they were at the moment that is asked for', () => {
    const at = (t: number) => tables.neighboursAt(id('client'), t)
    expect(at(-1)).toEqual([])
    expect(at(399)).toMatchObject([{ address: '10.77.0.254', mac: '', state: 'incomplete', waiting: 1 }])
    expect(at(400)).toMatchObject([{ mac: MACS.near, state: 'reachable', waiting: 0 }])
  })

  test('of a switch grow as it learns', () => {
    const at = (t: number) => tables.addressesAt(id('switch'), t).map(({ address, port }) => [address, port])
    expect(at(100)).toEqual([[MACS.client, 0]])
    expect(at(300)).toEqual([
      [MACS.client, 0],
      [MACS.near, 2],
    ])
  })

  test('interfaces have their addresses', () => {
    expect(tables.interfacesOf(id('far')).map(({ address, link }) => [address, link])).toEqual([
      ['10.77.1.2', 'wan'],
      ['10.77.2.254', 'hall'],
    ])
  })
})
