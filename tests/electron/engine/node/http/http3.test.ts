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
  return { a: 'client', b: 'server', up: direction, down: direction }
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
