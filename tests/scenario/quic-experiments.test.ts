/** The experiments of QUIC, of setting up and of ossification: what they claim is exact in virtual time, and would be noticed if it were not so. */
import { describe, expect, it } from 'vitest'
import type { Experiment, Json } from '../../shared/experiment.ts'
import { claimsOf, withLane } from '../support/claims.ts'
import { finishedRun } from '../support/runs.ts'

/** An experiment with some of its lanes only, one of them changed, and with the claims that are made of these. */
function lanesOf(id: string, lanes: readonly string[], set: Record<string, Json>): Experiment {
  const experiment = withLane(id, lanes[0], set)
  const isHere = (value: string | number) =>
    typeof value === 'number' || lanes.includes(value.slice(0, value.indexOf('/')))
  return {
    ...experiment,
    lanes: experiment.lanes.filter((lane) => lanes.includes(lane.id)),
    expectations: experiment.expectations.filter(({ metric, value }) => isHere(metric) && isHere(value)),
  }
}

const UNCUT = { 'links.link.up.outage.down': false }
const STAYS = { 'hosts.client.address': 0 }
const BLOCKED = { 'links.link.up.udpBlocked': true, 'links.link.down.udpBlocked': true }

describe('setup-latency', () => {
  it.each([50_000, 150_000, 300_000])(
    '4, 3, 2, 1 round trips within two per cent with %d us each way',
    async (delay) => {
      const { metrics, failed } = await claimsOf('setup-latency', { delay })
      expect(failed).toEqual([])
      for (const [figure, count] of [
        ['tls12/last_first_byte_rtts', 4],
        ['tls13/last_first_byte_rtts', 3],
        ['quic/last_first_byte_rtts', 2],
        ['quic-0rtt/last_first_byte_rtts', 1],
      ] as const)
        expect(Math.abs(metrics[figure]! / count - 1), figure).toBeLessThan(0.02)
    },
  )

  it('counts the same with a certificate on P-256, and claims no round trips under loss', async () => {
    expect((await claimsOf('setup-latency', { 'certificate-key': 'p256' })).failed).toEqual([])
    const { held, failed } = await claimsOf('setup-latency', { loss: 0.05 })
    expect(failed).toEqual([])
    expect(held).toEqual([])
  })
})

describe('quic-migration', () => {
  it('takes nothing from the window of the new path for what was lost on the old one (RFC 9000 9.4)', async () => {
    const run = await finishedRun({ experiment: lanesOf('quic-migration', ['active'], {}) })
    const phases = [...run.reader.events(['recovery:congestion_state_changed'])]
    expect(phases.filter(({ node, data }) => node === 'active/server' && data.to === 'recovery')).toEqual([])
  })
})

describe('quic-loss', () => {
  it.each([
    { congestion: 'newreno' },
    { congestion: 'bbr' },
    { congestion: 'none' },
    { loss: 0 },
    { loss: 0.05 },
    { reorder: 0.05 },
  ])('claims what is true with %j', async (set) => {
    expect((await claimsOf('quic-loss', { size: 300_000, ...set })).failed).toEqual([])
  })

  it('throws no sample away where nothing is lost', async () => {
    const { held, failed } = await claimsOf('quic-loss', { loss: 0 })
    expect(failed).toEqual([])
    expect(held).toContain('karn-lossless')
  })

  it('QUIC is no slower than TCP by more than half: both have the same window for the same losses', async () => {
    const times = { tcp: 0, quic: 0 }
    for (const seed of [1, 2, 3, 4, 5]) {
      const { metrics } = await claimsOf(lanesOf('quic-loss', ['tcp', 'quic'], {}), {}, seed)
      for (const lane of ['tcp', 'quic'] as const) times[lane] += metrics[`${lane}/page_time`]!
    }
    expect(times.quic).toBeLessThan(1.5 * times.tcp)
    expect(times.tcp).toBeLessThan(1.5 * times.quic)
  })
})

describe('claims nothing that is not true under what the knobs can do', () => {
  const full = process.env.REXMIT_FULL === '1'
  const ids = [
    'setup-latency',
    'quic-handshake',
    'quic-0rtt',
    'quic-streams',
    'quic-migration',
    'quic-blocked',
    'qpack',
    'tcp-ossification',
  ]
  const changes = [
    { loss: 0.05 },
    ...(full
      ? [
          { rate: 1_000_000, delay: 10_000 },
          { loss: 0.1, delay: 200_000 },
          { jitter: 20_000 },
          { rate: 200_000 },
          { delay: 300_000 },
        ]
      : []),
  ]

  it.each(ids.flatMap((id) => changes.map((set) => [id, set] as const)))('%s with %j', async (id, set) => {
    for (const seed of full ? [1, 2, 3] : [1])
      expect((await claimsOf(id, set, seed)).failed, `seed ${seed}`).toEqual([])
  })
})

describe('would notice', () => {
  it.each<[string, string, readonly string[], Record<string, Json>, readonly string[]]>([
    [
      'TLS 1.3 where 1.2 is meant',
      'setup-latency',
      ['tls12'],
      { 'apps.site.tls.version': '1.3', 'apps.browser.tls.version': '1.3' },
      ['tls12-first-byte'],
    ],
    ['a Retry', 'setup-latency', ['quic'], { 'hosts.server.quic.retry': true }, ['quic-first-byte']],
    [
      'a client that waits with its request',
      'setup-latency',
      ['quic-0rtt'],
      { 'apps.browser.tls.earlyData': false },
      ['quic-0rtt-first-byte'],
    ],

    [
      'a Retry where none is meant',
      'quic-handshake',
      ['v1'],
      { 'hosts.server.quic.retry': true },
      ['v1-round-trips', 'v1-first-byte'],
    ],
    [
      'no Retry',
      'quic-handshake',
      ['retry'],
      { 'hosts.server.quic.retry': false },
      ['retry-round-trips', 'retries'],
    ],
    [
      'a version that is known',
      'quic-handshake',
      ['negotiation'],
      { 'hosts.client.quic.version': '1' },
      ['negotiation-first-byte', 'negotiated'],
    ],
    [
      'a Finished that arrives',
      'quic-handshake',
      ['lost'],
      { 'links.link.up.drop': [] },
      ['lost-first-byte', 'key-blocked'],
    ],

    [
      'a server that takes early data again',
      'quic-0rtt',
      ['once'],
      { 'apps.site.tls.earlyData': 'always' },
      ['accepted', 'once-orders'],
    ],
    [
      'a server that does not',
      'quic-0rtt',
      ['always'],
      { 'apps.site.tls.earlyData': 'once' },
      ['always-orders'],
    ],
    [
      'early data where none are meant',
      'quic-0rtt',
      ['resumed'],
      { 'apps.browser.tls.earlyData': true, 'apps.site.tls.earlyData': 'once' },
      ['resumed-first-byte'],
    ],

    [
      'timestamps',
      'quic-loss',
      ['tcp'],
      { 'hosts.client.tcp.timestamps': true, 'hosts.server.tcp.timestamps': true },
      ['karn'],
    ],
    [
      'TCP in the place of QUIC',
      'quic-loss',
      ['quic'],
      { 'apps.browser.version': 'http/1.1', 'hosts.server.tcp.timestamps': false },
      ['quic-samples', 'numbers', 'lost'],
    ],

    [
      'narrow credit of the connection',
      'quic-streams',
      ['stream', 'read'],
      { 'hosts.client.quic.maxData': 32_768 },
      ['stream-gap', 'stream-page-time', 'stream-credit'],
    ],
    [
      'wide credit of the connection',
      'quic-streams',
      ['connection'],
      { 'hosts.client.quic.maxData': 4_194_304 },
      ['connection-gap', 'connection-credit', 'connection-page-time'],
    ],

    [
      'TCP in the place of QUIC that moves',
      'quic-migration',
      ['active'],
      { 'apps.browser.version': 'h2' },
      ['active-gap', 'active-connections-opened', 'active-validated'],
    ],
    [
      'a client that stays where it is',
      'quic-migration',
      ['tcp'],
      STAYS,
      ['tcp-gap', 'tcp-connections-opened'],
    ],
    [
      'a NAT that keeps its mapping',
      'quic-migration',
      ['silent'],
      { 'links.link.up.rebind.at': 0 },
      ['silent-gap'],
    ],

    [
      'UDP that is blocked',
      'quic-blocked',
      ['open'],
      BLOCKED,
      ['open-version', 'open-first-byte', 'open-connections'],
    ],
    [
      'UDP that passes',
      'quic-blocked',
      ['blocked'],
      { 'links.link.up.udpBlocked': false, 'links.link.down.udpBlocked': false },
      ['blocked-version', 'fallback-time', 'blocked-first-byte'],
    ],
    [
      'a fallback',
      'quic-blocked',
      ['alone'],
      { 'apps.browser.fallback': { version: 'h2', after: 300_000 } },
      ['alone-fails'],
    ],

    ['instructions that arrive', 'qpack', ['blocked'], UNCUT, ['blocked', 'blocked-one']],
    [
      'a stream that may be blocked',
      'qpack',
      ['safe', 'blocked'],
      { 'apps.site.http3.blockedStreams': 100 },
      ['safe-never', 'safe-longer'],
    ],
    [
      'no dynamic table',
      'qpack',
      ['safe', 'static'],
      { 'apps.site.http3.tableCapacity': 0 },
      ['safe-shorter'],
    ],

    [
      'a box that lets options pass',
      'tcp-ossification',
      ['strip'],
      { 'links.link.up.middlebox.unknownTcpOptions': 'pass' },
      ['strip-arrived'],
    ],
    [
      'a box that strips instead of dropping',
      'tcp-ossification',
      ['drop'],
      { 'links.link.up.middlebox.unknownTcpOptions': 'strip' },
      ['drop-retry', 'drop-later'],
    ],
    [
      'a client that does not declare the parameter',
      'tcp-ossification',
      ['quic-drop'],
      { 'hosts.client.quic.unknownParameter': false },
      ['quic-drop-arrived'],
    ],
  ])('%s: %s %j', async (_, id, lanes, set, untrue) => {
    expect((await claimsOf(lanesOf(id, lanes, set))).failed).toEqual(untrue)
  })
})
