import { describe, expect, test } from 'vitest'
import { flyingAt } from '../../../shared/projections/flight.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { networkTrace } from '../../support/network-trace.ts'

const store = networkTrace().store()
const paths = new Paths()
paths.update(store)
const { network, passages, packets } = paths
const id = (name: string): number => store.strings.indexOf(name)
const names = (list: readonly { readonly link: { readonly name: string } }[] | undefined) =>
  list?.map(({ link }) => link.name)

describe('a network', () => {
  const lane = network.lane('')

  test('has hosts, switches and routers, and the links between them', () => {
    expect(lane.nodes.map(({ name }) => name)).toEqual(['client', 'dns', 'switch', 'near', 'far', 'server'])
    expect(lane.links).toHaveLength(5)
    expect(lane.ends.client?.name).toBe('client')
    expect(names(lane.hopsFrom(id('switch')))).toEqual(['desk', 'closet', 'uplink'])
  })

  test('knows the way from host to host', () => {
    expect(names(lane.route(id('client'), id('server')))).toEqual(['desk', 'uplink', 'wan', 'hall'])
    expect(names(lane.route(id('server'), id('dns')))).toEqual(['hall', 'wan', 'uplink', 'closet'])
    expect(lane.route(id('client'), id('client'))).toEqual([])
    expect(lane.route(id('client'), 9_999)).toBeUndefined()
  })
})

describe('a packet over several links', () => {
  test('has a passage for each, in order', () => {
    expect(
      passages.of(store, 1).map(({ link, entered, until }) => [store.text(link), entered, until]),
    ).toEqual([
      ['desk', 400, 500],
      ['uplink', 500, 600],
      ['wan', 600, 700],
      ['hall', 700, 800],
    ])
  })

  test('is flooded by a switch', () => {
    expect(passages.of(store, 2).map(({ link }) => store.text(link))).toEqual(['desk', 'uplink', 'closet'])
  })

  test('has arrived when it is at a host, and not at the first switch', () => {
    const fates = [1, 4, 5, 6].map((pkt) => packets.get(store, packets.indexOf(pkt)))
    expect(fates.map(({ fate, until, reason }) => [fate, until, reason])).toEqual([
      ['delivered', 800, ''],
      ['delivered', 1300, ''],
      ['dropped', 1650, 'bernoulli'],
      ['dropped', 2200, 'ttl_expired'],
    ])
  })

  test('goes from its sender to its receiver on the ladder, and breaks off where it died', () => {
    const { paths: list } = paths.between(store, '', 0, 3_000, 99)
    const of = (pkt: number) => list.find(({ packet }) => packet.pkt === pkt)
    expect(of(1)).toMatchObject({ receiver: { name: 'server' }, from: 0, to: 1 })
    expect(of(4)).toMatchObject({ receiver: { name: 'client' }, from: 0, to: 1 })
    expect(of(5)?.to).toBeCloseTo((2 + 0.5) / 4)
    expect(of(6)?.to).toBeCloseTo(2 / 4)
    expect(paths.longest).toBe(800)
  })
})

describe('what is on the wires', () => {
  const at = (t: number) =>
    flyingAt(store, paths, '', t).map(({ packet, link, place, dead }) => [
      packet.pkt,
      store.text(link),
      Number(place.toFixed(2)),
      dead,
    ])

  test('a packet is on the link that it passes at that moment', () => {
    expect(at(450)).toEqual([[1, 'desk', 0.5, false]])
    expect(at(525)).toEqual([[1, 'uplink', 0.25, false]])
    expect(at(700)).toEqual([[1, 'hall', 0, false]])
  })

  test('one that is flooded is on several; one that waits for an address is on none', () => {
    expect(at(150)).toEqual([
      [2, 'uplink', 0.5, false],
      [2, 'closet', 0.5, false],
    ])
  })

  test('a cross stands on the link where it died', () => {
    expect(at(1660)).toEqual([[5, 'wan', 0.5, true]])
  })
})

test('the result does not depend on how the events were cut into batches', () => {
  const maker = networkTrace()
  const cuts = maker.events.map((_, i) => i)
  const apart = maker.store(cuts)
  const inPieces = new Paths()
  inPieces.update(apart)
  const all = (from: Paths, of: typeof store) =>
    Array.from({ length: from.passages.length }, (_, i) => from.passages.at(of, i))
  expect(all(inPieces, apart)).toEqual(all(paths, store))
  expect([1, 2, 4, 5, 6].map((pkt) => apart.fate(pkt))).toEqual([1, 2, 4, 5, 6].map((pkt) => store.fate(pkt)))
})

test('ARP has a target, and has arrived when it was taken in, at a router, too', () => {
  const of = (pkt: number) => packets.get(store, packets.indexOf(pkt))
  expect(of(2)).toMatchObject({
    protocol: 'ARP',
    arp: { operation: 'request', target: '10.77.0.254' },
    size: 42,
  })
  expect(of(2)).toMatchObject({ fate: 'delivered', until: 200 })
  expect(paths.receiverOf(store, of(2))?.name).toBe('near')
  expect(paths.receiverOf(store, of(3))?.name).toBe('client')
})
