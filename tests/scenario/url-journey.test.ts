/** From a name to a page: what each part of the way costs, and what is saved the second time. */
import { describe, expect, it } from 'vitest'
import { Requests } from '../../shared/projections/requests.ts'
import { TraceStore } from '../../shared/trace/store.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

const ID = 'url-journey'
const claims = (set: Record<string, unknown> = {}) => claimsOf(ID, set)
/** Claims that fail with other settings in the one lane. */
const failing = async (set: Parameters<typeof withLane>[2]) =>
  (await claimsOf(withLane(ID, 'main', set))).failed

const EVERY_TIME = ['complete', 'rewritten', 'covered']
const UNDISTURBED = [
  ...['complete', 'hops', 'rewritten', 'arp-requests', 'arp-time', 'dns-round-trip', 'tcp-round-trip'],
  ...['tls-round-trip', 'page-round-trip', 'objects-round-trip', 'covered', 'known-name', 'nobody-asked'],
  'second-visit',
]

describe('its claims', () => {
  it('hold as it comes', async () => {
    expect(await claims()).toMatchObject({ held: UNDISTURBED, failed: [] })
  })

  it.each([
    ['a longer line', { 'internet-delay': 150_000 }, []],
    ['a DNS server far away', { 'names-delay': 200_000 }, []],
    ['a lossy line', { loss: 0.05 }, []],
    ['a slow DNS server', { 'dns-delay': 700_000 }, []],
    ['answers that are good for no time', { ttl: 0 }, []],
    ['no cache', { cache: false }, []],
    ['a short TTL', { ttl: 1 }, ['asked-again']],
    ['a lost query', { 'query-lost': [2] }, ['query-repeated']],
    ['two lost queries', { 'query-lost': [2, 3] }, ['query-repeated']],
    ['a long answer', { addresses: 100 }, ['over-tcp', 'three-round-trips']],
  ])('hold with %s, as far as they are made', async (_, set, also) => {
    const { held, failed } = await claims(set)
    expect(failed).toEqual([])
    expect(held).toEqual(expect.arrayContaining([...EVERY_TIME, ...also]))
  })

  it.each([
    [
      'TLS 1.2',
      { 'apps.site.tls.version': '1.2', 'apps.browser.tls.version': '1.2' },
      ['tls-round-trip', 'second-visit'],
    ],
    [
      'objects beyond the first window',
      { 'apps.site.resources./.objectSize': 200_000 },
      ['objects-round-trip', 'second-visit'],
    ],
    ['a page beyond it', { 'apps.site.resources./.size': 100_000 }, ['page-round-trip', 'second-visit']],
    ['a connection that stays open', { 'apps.site.keepAlive': 60_000_000 }, ['second-visit']],
    [
      'the site beside the DNS server, one router away',
      { 'apps.site.host': 'dns', 'apps.browser.to': 'dns', 'apps.names.records.0.value': 'dns' },
      [
        'hops',
        'arp-requests',
        'arp-time',
        'tcp-round-trip',
        'tls-round-trip',
        'page-round-trip',
        'objects-round-trip',
        'second-visit',
      ],
    ],
    ['another certificate', { 'apps.site.tls.names': ['elsewhere.lab'] }, ['complete']],
    ['another name', { 'apps.browser.lookup.name': 'nowhere.rexmit.lab' }, ['complete']],
  ])('fail where they are not so: %s', async (_, set, failed) => {
    expect(await failing(set)).toEqual(expect.arrayContaining(failed))
  })

  it('hold by the wall clock, too; how long things take there is for a machine that is at rest', async () => {
    const run = await finishedRun({ experiment: ID, driver: 'live' })
    const { expectations } = run.summary!
    const isTime = ({ unit }: { readonly unit?: string }) => unit === 'us' || unit === 'rtt'
    expect(expectations.filter((verdict) => verdict.holds === false && !isTime(verdict))).toEqual([])
    const made = expectations.filter(({ holds }) => holds !== null)
    expect(made.map(({ id }) => id)).toEqual(UNDISTURBED)
  })
})

describe('the journey', () => {
  it('has the parts that the waterfall shows, in their order', async () => {
    const run = await finishedRun({ experiment: ID })
    const store = new TraceStore()
    for (const batch of run.reader.batches()) store.append(batch)
    const requests = new Requests()
    requests.update(store)
    const [first] = requests.all
    const phases = requests.phases(first, store.end)
    // Asked for in the office, then by the router beside the DNS server; on the way to the site by both routers.
    expect(phases.map(({ kind }) => kind)).toEqual([
      ...['addressing', 'resolving', 'addressing', 'resolving'],
      ...['connecting', 'addressing', 'connecting', 'addressing', 'connecting'],
      ...['securing', 'waiting'],
    ])
    for (const [i, { from }] of phases.entries()) expect(from).toBe(i === 0 ? first.queued : phases[i - 1].to)
    const again = requests.all.find(
      ({ request }) => request > 1 && requests.all[request - 1].initiator === 0,
    )!
    expect(requests.phases(again, store.end).map(({ kind }) => kind)).toEqual([
      ...['connecting', 'securing', 'waiting'],
    ])
    const { metrics } = run.summary!
    const sum = (kind: string) =>
      phases.filter((phase) => phase.kind === kind).reduce((total, { from, to }) => total + (to - from), 0)
    expect(metrics['main/arp_time']).toBe(sum('addressing'))
    expect(metrics['main/dns_time']).toBe(sum('resolving'))
    expect(metrics['main/connect_time']).toBe(sum('connecting'))
  })

  it('begins with an ARP request, before DNS and long before HTTP', async () => {
    const run = await finishedRun({ experiment: ID })
    const onTheWire = [...run.reader.events(['link:packet_enqueued'])].map(({ pkt }) => pkt)
    const [arp] = [...run.reader.events(['arp:message_sent'])]
    const [query] = [...run.reader.events(['dns:message'])]
    const [http] = [...run.reader.events(['http:message_started'])]
    expect(arp.data.operation).toBe('request')
    const places = [arp, query, http].map(({ pkt }) => onTheWire.indexOf(pkt))
    expect(places[0]).toBe(0)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('rewrites a packet at routers only: the frame is the same on both sides of the switch', async () => {
    const run = await finishedRun({ experiment: ID })
    const [hop] = [...run.reader.events(['ip:packet_forwarded'])]
    const [mac, ip] = [hop.data.before.slice(0, 24), hop.data.before.slice(28)]
    const [frame] = [...run.reader.events(['ethernet:frame_forwarded'])].filter(({ pkt }) => pkt === hop.pkt)
    // What the switch saw is what the router got.
    expect(`${frame.data.destination}${frame.data.source}`.replaceAll(':', '')).toBe(mac)
    const after = { mac: hop.data.after.slice(0, 24), ip: hop.data.after.slice(28) }
    expect(after.mac).not.toBe(mac)
    // Addresses of IP stay, and TTL is one less.
    expect(after.ip.slice(24, 40)).toBe(ip.slice(24, 40))
    expect(parseInt(after.ip.slice(16, 18), 16)).toBe(parseInt(ip.slice(16, 18), 16) - 1)
  })
})
