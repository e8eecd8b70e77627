/** ip-routing and ip-fragmentation under their knobs, and against lanes in which what they claim is not so. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { finishedRun } from '../support/runs.ts'
import { claimsOf, withLane } from '../support/claims.ts'

const option = (experiment: string, knob: string, label: string) =>
  findExperiment(experiment)!
    .knobs.find(({ id }) => id === knob)!
    .options!.find(({ label: { en } }) => en === label)!.value

/** A lane, what is changed in it, and the claim that no longer holds. */
type Falsified = [lane: string, set: Record<string, Json>, claim: string]

describe('ip-routing', () => {
  it.each([
    ['table', option('ip-routing', 'table', '/16 and default')],
    ['table', option('ip-routing', 'table', '/16 and /24')],
    ['probe', 'icmp'],
    ['max-hops', 2],
    ['ttl', 3],
    ['delay', 60_000],
    ['loss', 0.1],
  ])('claims nothing that is not so with %s = %j', async (knob, value) => {
    const { held, failed } = await claimsOf('ip-routing', { [knob]: value })
    expect(failed).toEqual([])
    if (knob === 'probe') expect(held.length).toBe(findExperiment('ip-routing')!.expectations.length)
  })

  it.each<Falsified>([
    ['library', { 'routers.core.routes': [{ to: '0.0.0.0/0', via: 'branch' }] }, 'library-hops'],
    ['library', { 'links.hall.up.outage.down': true }, 'library-round-trip'],
    ['shop', { 'routers.gate.routes': [{ to: '10.77.0.0/16', via: 'core' }] }, 'shop-prefix'],
    ['detour', { 'routers.gate.routes': [{ to: '10.77.5.0/24', via: 'branch' }] }, 'detour-complete'],
    ['elsewhere', { 'routers.gate.routes': [{ to: '192.0.0.0/2', via: 'isp' }] }, 'elsewhere-prefix'],
    ['loop', { 'routers.core.routes': [{ to: '10.77.3.0/24', via: 'campus' }] }, 'loop-ends'],
  ])('lane %s with %j fails %s', async (lane, set, claim) => {
    const { expectations, ...rest } = withLane('ip-routing', lane, set)
    // The tables of the lane are no longer those that the claims ask for.
    const free = expectations.map((one) => ({ ...one, given: [] }))
    const { failed } = await claimsOf({ ...rest, expectations: free })
    expect(failed).toContain(claim)
    expect(failed.filter((id) => !id.startsWith(lane))).toEqual([])
  })

  it('lights the lines of the tables that the packets used', async () => {
    const run = await finishedRun({ experiment: 'ip-routing' })
    const used = (node: string) =>
      new Set(
        [...run.reader.events(['ip:packet_forwarded'])]
          .filter((event) => event.node === node)
          .map(({ data }) => data.prefix),
      )
    expect(used('library/gate')).toEqual(new Set(['10.77.0.0/16', '10.77.0.0/24']))
    expect(used('shop/gate')).toEqual(new Set(['10.77.21.0/24', '10.77.16.0/24']))
    expect(used('elsewhere/gate')).toEqual(new Set(['0.0.0.0/0', '10.77.48.0/24']))
  })
})

describe('ip-fragmentation', () => {
  it.each([
    ['lost', []],
    ['lost', option('ip-fragmentation', 'lost', 'the 20th and the 60th')],
    ['datagram', 1_460],
    ['datagram', 20_000],
    ['probing', true],
    ['bytes', 100_000],
    ['delay', 100_000],
    ['loss', 0.01],
  ])('claims nothing that is not so with %s = %j', async (knob, value) => {
    const { failed } = await claimsOf('ip-fragmentation', { [knob]: value })
    expect(failed).toEqual([])
  })

  it('repeats as little by UDP as by TCP where no datagram needs to be cut', async () => {
    const { metrics } = await claimsOf('ip-fragmentation', { datagram: 1_460 })
    expect(metrics['datagrams/fragments']).toBe(0)
    expect(metrics['datagrams/resent_bytes']).toBe(1_460)
  })

  it('has no black hole left where all senders probe', async () => {
    const { metrics } = await claimsOf('ip-fragmentation', { probing: true })
    expect(metrics['hole/bytes_read']).toBe(240_000)
    expect(metrics['hole/path_mtu']).toBe(metrics['probing/path_mtu'])
  })

  it.each<Falsified>([
    ['datagrams', { 'apps.datagrams.payload': 1_400 }, 'datagram-fragments'],
    ['mss', { 'hosts.client.tcp.mss': 536 }, 'mss-resent'],
    ['mss', { 'links.line.up.mtu': 1_000, 'hosts.client.tcp.pathMtuDiscovery': false }, 'mss-fragments'],
    ['no-mss', { 'hosts.client.tcp.mss': 1_460 }, 'less-with-mss'],
    ['told', { 'links.line.up.mtu': 1_300 }, 'told-mtu'],
    ['told', { 'links.line.up.drop': [30] }, 'told-no-congestion'],
    ['hole', { 'links.line.up.blackHole': false }, 'hole-empty'],
    ['probing', { 'hosts.client.tcp.mtuProbing': false }, 'probing-complete'],
    ['probing', { 'links.line.up.blackHole': false }, 'probing-timeouts'],
    ['probing', { 'links.line.up.mtu': 1_100 }, 'probing-near'],
    ['probing', { 'links.line.up.mtu': 1_400 }, 'probing-not-above'],
  ])('lane %s with %j fails %s', async (lane, set, claim) => {
    const { expectations, lanes, ...rest } = withLane('ip-fragmentation', lane, set)
    const one = { ...expectations.find(({ id }) => id === claim)!, given: [] }
    const named = `${one.metric} ${one.value}`
    const { failed } = await claimsOf({
      ...rest,
      lanes: lanes.filter(({ id }) => new RegExp(`(^| )${id}/`).test(named)),
      expectations: [one],
    })
    expect(failed).toEqual([claim])
  })
})
