/** HTTP/3 between the lab's programs: over its QUIC, in both drivers. */
import { describe, expect, test } from 'vitest'
import { runHttp, RTT, type HttpLab, type HttpResult } from '../../../../support/http-lab.ts'

const OBJECTS = 20
const SIZE = 10_000

/** A page over HTTP/3. */
const page = (lab: Partial<HttpLab> = {}): HttpLab => ({
  resources: { '/': { objects: OBJECTS, objectSize: SIZE } },
  requests: [{ target: '/', page: true }],
  ...lab,
  server: { port: 443, tls: {}, ...lab.server },
  client: { port: 443, tls: {}, version: 'h3', ...lab.client },
})

const lossy = (rate: number) => {
  const direction = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate } }
  return { up: direction, down: direction }
}

/** All that differs from run to run only if a run does not repeat; random bytes are not in it. */
const storyOf = ({ run, story }: HttpResult): unknown[] => [
  ...story,
  ...[
    ...run.reader.events([
      'transport:packet_sent',
      'transport:packet_received',
      'link:packet_dropped',
      'recovery:packet_lost',
    ]),
  ].map(({ t, name, node, pkt, data }) => [t, name, node, pkt, 'size' in data ? data.size : 0]),
]

describe('a page', () => {
  test('is there after its round trips, each object whole', async () => {
    const { exchanges, all } = await runHttp(page())
    expect(exchanges).toHaveLength(1 + OBJECTS)
    for (const { status, error } of exchanges) expect([status, error]).toEqual([200, ''])
    const [first, ...objects] = exchanges
    // One for the handshake, one for the page (RFC 9001 4).
    expect(first.startedAt).toBeGreaterThanOrEqual(2 * RTT)
    expect(first.startedAt).toBeLessThan(2.1 * RTT)
    expect(objects.every(({ content }) => content === SIZE)).toBe(true)
    expect(new Set(exchanges.map(({ flow }) => flow)).size).toBe(1)
    expect(exchanges.map(({ exchange }) => exchange)).toEqual(exchanges.map((_, i) => i * 4))
    expect(all('http:request_sent')).toMatchObject(
      exchanges.map((_, i) => ({ version: 'h3', reused: i > 0 })),
    )
    for (const end of all('security:handshake_finished'))
      expect(end).toEqual({
        ...{ version: 'TLSv1.3', cipher_suite: 'TLS_AES_128_GCM_SHA256', group: 'x25519', alpn: 'h3' },
        ...{ resumed: false, error: '', message: '' },
      })
    expect(all('security:handshake_finished')).toHaveLength(2)
    expect(all('security:certificate_checked').length).toBeGreaterThan(8)
    expect(all('security:certificate_checked').every(({ ok }) => ok)).toBe(true)
  })

  test('is the same at 3 % loss, and the run is the same again', async () => {
    const [whole, first, second] = [
      await runHttp(page({ link: lossy(0), seed: 5 })),
      await runHttp(page({ link: lossy(0.03), seed: 5 })),
      await runHttp(page({ link: lossy(0.03), seed: 5 })),
    ]
    expect(whole.all('recovery:packet_lost')).toEqual([])
    expect(first.all('recovery:packet_lost').length).toBeGreaterThan(0)
    expect(storyOf(first)).toEqual(storyOf(second))
    const digests = ({ exchanges }: HttpResult) =>
      exchanges.map(({ url, sha256 }) => `${url} ${sha256}`).sort()
    expect(digests(whole)).toHaveLength(1 + OBJECTS)
    expect(digests(first)).toEqual(digests(whole))
  })

  test('comes by the wall clock, too', async () => {
    const { exchanges } = await runHttp(page({ driver: 'live' }))
    expect(exchanges.map(({ status, error }) => [status, error])).toEqual(exchanges.map(() => [200, '']))
    expect(exchanges).toHaveLength(1 + OBJECTS)
  })
})

/** The same thing asked for several times, one after the other, each on a connection of its own. */
const visits = (lab: Partial<HttpLab> = {}, times = 2): HttpLab => ({
  resources: { '/': { size: 1_000 } },
  requests: [{ target: '/', times, after: true }],
  ...lab,
  server: { port: 443, tls: {}, ...lab.server },
  client: { port: 443, tls: {}, version: 'h3', reuse: false, ...lab.client },
})

/** What both ends said of their handshakes: the client's, then the server's, in the order of the connections. */
const handshakes = ({ run }: HttpResult) => {
  const said = [...run.reader.events(['security:handshake_finished'])]
  const of = (host: string) => said.filter(({ node }) => node.endsWith(host)).map(({ data }) => data)
  return { client: of('client'), server: of('server') }
}

/** Time from the first packet of each connection to the first byte of the answer, in round trips. */
const firstBytes = ({ run, exchanges }: HttpResult): number[] =>
  exchanges.map(({ flow, startedAt }) => {
    const [first] = [...run.reader.events(['transport:packet_sent'])].filter((event) => event.flow === flow)
    return (startedAt! - first.t) / RTT
  })

const early = (result: HttpResult) =>
  [...result.run.reader.events(['transport:packet_sent'])].filter(({ data }) => data.level === '0rtt')

describe('resumption', () => {
  const on = { resumption: true } as const

  test('takes up the session of the connection before, and its certificate is not shown again', async () => {
    const result = await runHttp(visits({ server: { tls: on }, client: { tls: on } }))
    const { client, server } = handshakes(result)
    expect(client.map(({ resumed }) => resumed)).toEqual([false, true])
    expect(server.map(({ resumed }) => resumed)).toEqual([false, true])
    const flows = [...result.run.reader.events(['security:certificate_checked'])].map(({ flow }) => flow)
    expect(new Set(flows)).toEqual(new Set([result.exchanges[0].flow]))
    for (const rtts of firstBytes(result)) expect(rtts).toBeCloseTo(2, 1)
    expect(early(result)).toEqual([])
  })

  test('is off unless both want it', async () => {
    for (const lab of [{ server: { tls: on } }, { client: { tls: on } }]) {
      const { client } = handshakes(await runHttp(visits(lab)))
      expect(client.map(({ resumed }) => resumed)).toEqual([false, false])
    }
  })

  const early0 = {
    server: { tls: { ...on, earlyData: 'once' } },
    client: { tls: { ...on, earlyData: true } },
  } as const

  test('with 0-RTT: the answer begins after one round trip', async () => {
    const result = await runHttp(visits(early0))
    expect(handshakes(result).client.map(({ resumed }) => resumed)).toEqual([false, true])
    const [first, second] = firstBytes(result)
    expect(first).toBeCloseTo(2, 1)
    expect(second).toBeCloseTo(1, 1)
    expect(result.exchanges.map(({ status, attempt }) => [status, attempt])).toEqual(Array(2).fill([200, 1]))
    const flows = new Set(early(result).map(({ flow }) => flow))
    expect(flows).toEqual(new Set([result.exchanges[1].flow]))
  })

  test('repeats, 0-RTT and all', async () => {
    const [first, second] = [await runHttp(visits(early0, 3)), await runHttp(visits(early0, 3))]
    expect(early(first).length).toBeGreaterThan(0)
    expect(storyOf(first)).toEqual(storyOf(second))
  })

  // Whose answer is there before the handshake is over has closed by the time of the next ticket: the first is used again.
  test.each([
    ['once', 2],
    ['always', 1],
  ] as const)('a ticket that comes a second time with 0-RTT is taken %s', async (earlyData, rtts) => {
    const lab = { server: { tls: { ...on, earlyData } }, client: early0.client }
    const result = await runHttp(visits(lab, 3))
    expect(handshakes(result).client.map(({ resumed }) => resumed)).toEqual([false, true, true])
    const times = firstBytes(result)
    expect(times[1]).toBeCloseTo(1, 1)
    expect(times[2]).toBeCloseTo(rtts, 1)
    expect(result.exchanges.map(({ status, attempt }) => [status, attempt])).toEqual(Array(3).fill([200, 1]))
    expect(new Set(result.exchanges.map(({ flow }) => flow)).size).toBe(3)
  })

  test('with 0-RTT that is refused: what was asked early is asked again', async () => {
    // The server's ticket allows it, and then its key share has to be asked for anew: 0-RTT is over (RFC 8446 4.2.10).
    const refused = {
      server: { tls: { ...on, earlyData: 'once', groups: 'secp256r1' } },
      client: { tls: { ...on, earlyData: true } },
    } as const
    const result = await runHttp(visits(refused))
    expect(result.exchanges.map(({ status, error }) => [status, error])).toEqual(Array(2).fill([200, '']))
    expect(early(result).length).toBeGreaterThan(0)
    const sent = result.all('http:request_sent').map(({ request }) => request)
    expect(sent).toEqual([1, 2, 2])
    expect(handshakes(result).client.map(({ group, resumed }) => [group, resumed])).toEqual([
      ['secp256r1', false],
      ['secp256r1', true],
    ])
  })
})

describe('TLS', () => {
  const faults = {
    tampered: ['CERT_SIGNATURE_FAILURE', 0x12a],
    expired: ['CERT_HAS_EXPIRED', 0x12d],
    'not-yet-valid': ['CERT_NOT_YET_VALID', 0x12a],
    'wrong-host': ['ERR_TLS_CERT_ALTNAME_INVALID', 0x12e],
    'unknown-root': ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 0x130],
    'missing-intermediate': ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 0x130],
  } as const

  test.each(Object.entries(faults))(
    'a certificate that is %s fails with %s',
    async (fault, [code, alert]) => {
      const lab = { server: { tls: { certificateFault: fault as keyof typeof faults } } }
      const result = await runHttp(visits(lab, 1))
      expect(result.exchanges).toMatchObject([{ error: code }])
      const { client, server } = handshakes(result)
      expect(client).toMatchObject([{ error: code, version: '' }])
      expect(server).toMatchObject([{ error: `CRYPTO_ERROR 0x${(alert - 0x100).toString(16)}`, version: '' }])
      const closed = result.all('connectivity:connection_closed')
      expect(closed.map(({ by, code }) => [by, code])).toEqual([
        ['local', alert],
        ['peer', alert],
      ])
    },
  )

  test('a client that accepts anyway goes on, and the failure is in the trace', async () => {
    const lab = {
      server: { tls: { certificateFault: 'expired' } },
      client: { tls: { acceptAnyway: true } },
    } as const
    const result = await runHttp(visits(lab, 1))
    expect(result.exchanges).toMatchObject([{ status: 200, error: '' }])
    const failed = result.all('security:certificate_checked').filter(({ ok }) => !ok)
    expect(failed.map(({ code }) => code)).toEqual(['CERT_HAS_EXPIRED'])
  })

  test('a P-256 certificate, and a group that takes a HelloRetryRequest: one round trip more', async () => {
    const lab = { server: { tls: { certificate: 'p256', groups: 'secp256r1' } } } as const
    const result = await runHttp(visits(lab, 1))
    expect(result.exchanges).toMatchObject([{ status: 200 }])
    expect(firstBytes(result)[0]).toBeCloseTo(3, 1)
    expect(handshakes(result).client).toMatchObject([{ group: 'secp256r1' }])
  })
})

describe('a connection', () => {
  test('begins with a version that nobody has: negotiated in one round trip, then anew with version 1', async () => {
    const result = await runHttp(visits({ quic: { client: { version: 'reserved' } } }, 2))
    expect(result.exchanges.map(({ status }) => status)).toEqual([200, 200])
    const closed = result.all('connectivity:connection_closed').map(({ by }) => by)
    // It is remembered: the second one begins with version 1.
    expect(closed.filter((by) => by === 'version_negotiation')).toHaveLength(1)
    expect(result.exchanges[0].startedAt).toBeGreaterThanOrEqual(3 * RTT)
    expect(result.exchanges[0].startedAt).toBeLessThan(3.1 * RTT)
  })

  test('proves its address by a token of the connection before, if it keeps any', async () => {
    const on = { resumption: true } as const
    const result = await runHttp(
      visits({ server: { tls: on }, client: { tls: on }, quic: { server: { retry: true } } }),
    )
    const [first, second] = firstBytes(result)
    expect(first).toBeCloseTo(3, 1)
    expect(second).toBeCloseTo(2, 1)
  })

  test('goes by settings that change in the run, if it is begun after that', async () => {
    const result = await runHttp(
      visits({
        requests: [{ target: '/' }, { target: '/', at: 500_000 }],
        steps: [{ at: 300_000, set: { 'hosts.server.quic.retry': true } }],
      }),
    )
    const [first, second] = firstBytes(result)
    expect(first).toBeCloseTo(2, 1)
    expect(second).toBeCloseTo(3, 1)
  })

  test('survives 30 % loss each way, and its run ends', async () => {
    const seeds = process.env.REXMIT_FULL === '1' ? 60 : 4
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await runHttp(
        page({ link: lossy(0.3), seed, quic: { client: { idleTimeout: 0 }, server: { idleTimeout: 0 } } }),
      )
      expect(result.run.info.state).toBe('finished')
      expect(result.exchanges.map(({ status, error }) => [seed, status, error])).toEqual(
        Array(1 + OBJECTS).fill([seed, 200, '']),
      )
    }
  })

  test('to a server that wants an address proved takes a round trip more', async () => {
    const result = await runHttp(visits({ quic: { server: { retry: true } } }, 1))
    expect(result.exchanges).toMatchObject([{ status: 200 }])
    expect(firstBytes(result)[0]).toBeCloseTo(3, 1)
  })

  test('is closed by the server that has been idle, and the next request finds another', async () => {
    const result = await runHttp(
      visits({
        requests: [{ target: '/' }, { target: '/', at: 900_000 }],
        server: { keepAlive: 300_000 },
        client: { reuse: true },
      }),
    )
    const [first, second] = result.exchanges
    expect([first.status, second.status]).toEqual([200, 200])
    expect(first.flow).not.toBe(second.flow)
    expect(result.exchanges.map(({ attempt }) => attempt)).toEqual([1, 1])
  })

  test('of a server without keep-alive serves one request', async () => {
    const result = await runHttp(visits({ server: { keepAlive: 0 }, client: { reuse: true } }, 3))
    expect(result.exchanges.map(({ status, attempt }) => [status, attempt])).toEqual(Array(3).fill([200, 1]))
    expect(new Set(result.exchanges.map(({ flow }) => flow)).size).toBe(3)
  })

  test('that the network swallows fails when QUIC gives it up', async () => {
    const blocked = { delay: RTT / 2, udpBlocked: true }
    const result = await runHttp(
      visits({
        link: { up: blocked, down: blocked },
        quic: { client: { idleTimeout: 5_000_000 } },
      }),
    )
    expect(result.exchanges.map(({ error }) => error)).toEqual(Array(2).fill('ERR_QUIC_IDLE_TIMEOUT'))
    expect(result.exchanges[0].finishedAt).toBeCloseTo(5_000_000, -1)
  })
})

describe('QPACK', () => {
  const blocked = async (blockedStreams: number, seed: number) => {
    const http3 = { blockedStreams }
    const result = await runHttp(page({ link: lossy(0.1), seed, client: { http3 }, server: { http3 } }))
    expect(result.exchanges.every(({ status }) => status === 200)).toBe(true)
    const began = result.all('http:section_blocked')
    expect(result.all('http:section_unblocked')).toHaveLength(began.length)
    expect(began.every(({ required, known }) => required > known)).toBe(true)
    return began.length
  }

  test('keeps sections waiting for a lost instruction, unless nobody may wait', async () => {
    let waited = 0
    for (let seed = 1; seed <= 4; seed++) waited += await blocked(100, seed)
    expect(waited).toBeGreaterThan(0)
    for (let seed = 1; seed <= 4; seed++) expect(await blocked(0, seed)).toBe(0)
  })
})

describe('requests', () => {
  test('more than the server allows at a time wait for their streams', async () => {
    const result = await runHttp(
      visits({
        requests: [{ target: '/', times: 25 }],
        client: { reuse: true },
        quic: { server: { maxStreamsBidi: 4 } },
      }),
    )
    expect(result.exchanges.map(({ status }) => status)).toEqual(Array(25).fill(200))
    const sent = result.exchanges.map(({ sentAt }) => sentAt!)
    expect(sent.filter((t) => t === sent[0])).toHaveLength(4)
  })

  test('carry content both ways, and methods mean what they mean', async () => {
    const result = await runHttp(
      visits({
        resources: { '/': { size: 5 }, '/orders': { behaviour: 'orders' }, '/far': { redirect: '/' } },
        requests: [
          { target: '/orders', method: 'POST', body: 200_000 },
          { target: '/orders', method: 'GET', after: true },
          { target: '/', method: 'HEAD', after: true },
          { target: '/far', after: true },
          { target: '/none', after: true },
        ],
        client: { reuse: true },
      }),
    )
    expect(result.exchanges.map(({ status, content }) => [status, content])).toEqual([
      [201, 12],
      [200, 13],
      [200, 0],
      [302, 0],
      [200, 5],
      [404, 17],
    ])
    expect(result.all('app:counted')).toEqual([{ what: 'orders', count: 1 }])
  })

  test('that take too long are cancelled on both ends, and made again on another connection', async () => {
    const result = await runHttp(
      visits({
        resources: { '/': { size: 10, delay: 400_000 } },
        requests: [{ target: '/' }],
        client: { timeout: 200_000, retries: 1 },
      }),
    )
    expect(result.exchanges.map(({ error }) => error)).toEqual(['timeout', 'timeout'])
    expect(new Set(result.exchanges.map(({ flow }) => flow)).size).toBe(2)
    const frames = result
      .all('transport:packet_sent')
      .flatMap(({ frames }) => JSON.parse(frames) as { type: string; code?: number }[])
    const H3_REQUEST_CANCELLED = 0x10c
    expect(
      frames.filter(({ type, code }) => type === 'stop_sending' && code === H3_REQUEST_CANCELLED).length,
    ).toBeGreaterThanOrEqual(1)
  })

  test('are answered by their urgency (RFC 9218)', async () => {
    const result = await runHttp(
      visits({
        resources: { '/a': { size: 50_000 }, '/b': { size: 50_000 } },
        requests: [
          { target: '/a', priority: { urgency: 5 } },
          { target: '/b', priority: { urgency: 1 } },
        ],
        client: { reuse: true },
        link: lossy(0),
      }),
    )
    const [a, b] = result.exchanges
    expect(b.finishedAt).toBeLessThan(a.finishedAt!)
  })

  test.each(['h2', 'h3'] as const)(
    'of %s whose answers are left unread run out of credit',
    async (version) => {
      const result = await runHttp(
        visits({
          resources: { '/slow': { size: 300_000 }, '/': { size: 1_000 } },
          requests: [{ target: '/slow', readDelay: 500_000 }, { target: '/' }],
          client: { reuse: true, version },
          quic: { client: { maxStreamData: 60_000 } },
        }),
      )
      const [slow, quick] = result.exchanges
      expect([slow.status, slow.content]).toEqual([200, 300_000])
      expect(slow.finishedAt).toBeGreaterThan(slow.startedAt! + 500_000)
      expect(quick.finishedAt).toBeLessThan(slow.startedAt! + 500_000)
      // Read at once, it has all after a few round trips; left unread, what its credit does not allow comes after.
      const arrived = [...result.run.reader.events(['udp:datagram_received', 'tcp:segment_received'])]
      const late = arrived.filter(({ node, t }) => node.endsWith('client') && t > slow.startedAt! + 500_000)
      expect(late.length).toBeGreaterThan(100)
      const blocked = result
        .all('transport:packet_sent')
        .some(({ frames }) => frames.includes('"stream_data_blocked"'))
      expect(blocked).toBe(version === 'h3')
    },
  )
})

describe('a client with a fallback', () => {
  const versions = ['h3', 'h2', 'http/1.1'] as const
  const withFallback = (version: 'h2' | 'http/1.1', after: number, lab: Partial<HttpLab> = {}) =>
    page({
      ...lab,
      server: { versions: [...versions], ...lab.server },
      client: { fallback: { version, after }, ...lab.client },
    })
  const blocked = {
    up: { delay: RTT / 2, udpBlocked: true },
    down: { delay: RTT / 2 },
  }
  const tries = ({ run }: HttpResult) =>
    [...run.reader.events(['http:version_tried'])].map(({ t, data }) => [t, data.version, data.outcome])
  const used = (result: HttpResult) => new Set(result.all('http:request_sent').map(({ version }) => version))
  const ok = (result: HttpResult) => {
    expect(result.exchanges.map(({ status, error }) => [status, error])).toEqual(
      Array(1 + OBJECTS).fill([200, '']),
    )
  }

  test('uses QUIC where it works, and opens nothing else', async () => {
    const result = await runHttp(withFallback('h2', 100_000))
    ok(result)
    expect(tries(result)).toEqual([
      [0, 'h3', 'started'],
      [RTT, 'h3', 'won'],
    ])
    expect(used(result)).toEqual(new Set(['h3']))
    expect(result.all('tcp:segment_sent')).toEqual([])
  })

  test.each(['h2', 'http/1.1'] as const)('goes by %s where UDP is blocked', async (version) => {
    const result = await runHttp(withFallback(version, 100_000, { link: blocked }))
    ok(result)
    expect(tries(result)).toEqual([
      [0, 'h3', 'started'],
      [100_000, version, 'started'],
      // TCP, then TLS 1.3.
      [100_000 + 2 * RTT, version, 'won'],
      [100_000 + 2 * RTT, 'h3', 'lost'],
    ])
    expect(used(result)).toEqual(new Set([version]))
    const given = handshakes(result).client.filter(({ error }) => error !== '')
    expect(given.map(({ error }) => error)).toEqual(['ECONNABORTED'])
  })

  test('closes what is second: QUIC may win a race that TCP has begun', async () => {
    const result = await runHttp(withFallback('h2', RTT / 2))
    ok(result)
    expect(tries(result)).toEqual([
      [0, 'h3', 'started'],
      [RTT / 2, 'h2', 'started'],
      [RTT, 'h3', 'won'],
      [RTT, 'h2', 'lost'],
    ])
    expect(used(result)).toEqual(new Set(['h3']))
  })

  test('does not wait when QUIC fails', async () => {
    const lab = { server: { versions: ['h2' as const] } }
    const result = await runHttp(
      withFallback('h2', 10_000_000, { ...lab, quic: { client: { idleTimeout: 1_000_000 } } }),
    )
    ok(result)
    const [started, failed, second, won] = tries(result)
    expect([started, failed[1], failed[2], second[2], won[2]]).toEqual([
      [0, 'h3', 'started'],
      'h3',
      'failed',
      'started',
      'won',
    ])
    expect(failed[0]).toBe(second[0])
    // RFC 9000 10.1: no sooner than three probe timeouts.
    expect(failed[0]).toBeLessThan(4_000_000)
  })

  test.each([0, 6])('fails when both do, after %i retries of SYN', async (synRetries) => {
    const lost = { ...blocked, up: { delay: RTT / 2, loss: { rate: 1 } } }
    const result = await runHttp(
      page({
        link: lost,
        requests: [{ target: '/', times: 2 }],
        server: { versions: [...versions] },
        client: { fallback: { version: 'h2', after: 100_000 }, retries: 1 },
        quic: { client: { idleTimeout: 1_000_000 } },
        tcp: { synRetries },
      }),
    )
    // The failure of whichever came last.
    const error = synRetries === 0 ? 'ERR_QUIC_IDLE_TIMEOUT' : 'ETIMEDOUT'
    expect(result.exchanges.map((exchange) => [exchange.request, exchange.error])).toEqual([
      [1, error],
      [2, error],
      [1, error],
      [2, error],
    ])
    expect(
      tries(result)
        .map(([, version, outcome]) => `${version} ${outcome}`)
        .filter((word) => word.endsWith('failed')),
    ).toHaveLength(4)
  })
})
