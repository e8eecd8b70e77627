/** Figures of the way between networks, from recordings by hand. */
import { describe, expect, it } from 'vitest'
import { WayLog, type WayEvent } from '../../../../electron/engine/metrics/way-log.ts'
import { WAY_METRICS } from '../../../../electron/engine/metrics/way.ts'
import { LaneFacts } from '../../../../electron/engine/metrics/lane-facts.ts'

const SYN = 2
const SYN_ACK = 0x12
const HEADERS = '02000a4d000102000a4d000a0800' + '4500003c95d140004006' + '8e33' + '0a4d000a0a4d0214'

/** The same headers with some hexadecimal digits in the place of others. */
const changed = (...parts: readonly (readonly [number, string])[]): string =>
  parts.reduce((text, [at, digits]) => text.slice(0, at) + digits + text.slice(at + digits.length), HEADERS)

const event = (name: WayEvent['name'], data: object, pkt = 0) => ({ name, data, pkt }) as unknown as WayEvent
const forwarded = (pkt: number, before = HEADERS, after = HEADERS) =>
  event('ip:packet_forwarded', { before, after }, pkt)

describe('hops', () => {
  const passed = (way: WayLog, pkt: number, times: number) => {
    for (let i = 0; i < times; i++) way.take(forwarded(pkt))
  }

  it('are the routers that the first SYN passed which arrived', () => {
    const way = new WayLog()
    way.onSegmentSent(1, SYN)
    passed(way, 1, 1)
    expect(way.hops).toBeUndefined()
    // The first was lost behind the first router; others pass in between, and back.
    way.onSegmentSent(5, SYN)
    passed(way, 5, 3)
    passed(way, 6, 2)
    way.onSegmentReceived(5)
    way.onSegmentSent(7, SYN_ACK)
    passed(way, 7, 3)
    way.onSegmentReceived(7)
    expect(way.hops).toBe(3)
  })

  it('are none on one network, and unknown where nothing arrived', () => {
    const lane = new LaneFacts('main')
    lane.way.onSegmentSent(1, SYN)
    expect(WAY_METRICS.hops(lane)).toBeNull()
    lane.way.onSegmentReceived(1)
    expect(WAY_METRICS.hops(lane)).toBe(0)
  })
})

it('a packet counts as rewritten when addresses of the frame, time to live and checksum are all others', () => {
  const [destination, source, ttl, checksum] = [
    [0, '02000a4d0102'],
    [12, '02000a4d0101'],
    [44, '3f'],
    [48, '8f33'],
  ] as const
  const count = (after: string): number => {
    const way = new WayLog()
    way.take(forwarded(1, HEADERS, after))
    return way.headersRewritten
  }
  expect(count(changed(destination, source, ttl, checksum))).toBe(1)
  expect(count(changed(source, ttl, checksum))).toBe(0)
  expect(count(changed(destination, ttl, checksum))).toBe(0)
  expect(count(changed(destination, source, checksum))).toBe(0)
  expect(count(changed(destination, source, ttl))).toBe(0)
})

it('floods, ARP and time to live are counted for what they are', () => {
  const lane = new LaneFacts('main')
  for (const decision of ['flooded', 'broadcast', 'known', 'flooded', 'filtered'])
    lane.way.take(event('ethernet:frame_forwarded', { decision }))
  for (const operation of ['request', 'reply', 'request'])
    lane.way.take(event('arp:message_sent', { operation }))
  for (const reason of ['ttl_expired', 'no_route']) lane.way.take(event('ip:packet_discarded', { reason }))
  const figures = Object.fromEntries(
    Object.entries(WAY_METRICS).map(([name, metric]) => [name, metric(lane)]),
  )
  expect(figures).toMatchObject({ frames_flooded: 2, arp_requests: 2, arp_replies: 1, ttl_expired: 1 })
})

it('the links between two nodes are those of the shortest way', () => {
  const way = new WayLog()
  const link = (name: string, a: string, b: string) => way.onLink(name, a, b)
  link('desk', 'client', 'office')
  link('shelf', 'printer', 'office')
  link('lan', 'office', 'west')
  link('long', 'west', 'north')
  link('longer', 'north', 'east')
  link('line', 'west', 'east')
  link('port', 'server', 'east')
  expect(way.linksBetween('client', 'server')).toEqual(['desk', 'lan', 'line', 'port'])
  expect(way.linksBetween('server', 'client')).toEqual(['port', 'line', 'lan', 'desk'])
  expect(way.linksBetween('client', 'printer')).toEqual(['desk', 'shelf'])
  expect(way.linksBetween('client', 'client')).toEqual([])
  expect(way.linksBetween('client', 'nobody')).toBeUndefined()
})
