/** Page loads over every way to carry them, in virtual time. */
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../../../../electron/engine/node/http/content.ts'
import { objectTarget } from '../../../../../electron/engine/node/http/page.ts'
import { Site } from '../../../../../electron/engine/node/http/site.ts'
import type { Surroundings } from '../../../../../electron/engine/node/program.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { silentTrace } from '../../../../../shared/trace/sink.ts'
import { LAB_EPOCH } from '../../../../../shared/units.ts'
import { RTT, runHttp, serverSetup, type HttpLab, type ResourcesInput } from '../../../../support/http-lab.ts'

const PAGE = { '/': { objects: 8, objectSize: 20_000 } }
const OBJECTS = Array.from({ length: 8 }, (_, i) => objectTarget(i + 1))
const requests = [{ target: '/', page: true }]

const overTls = { server: { tls: {} }, client: { tls: {} } }
const h2c = { server: { versions: ['h2' as const] }, client: { version: 'h2' as const } }
const h1 = { server: { versions: ['http/1.1' as const] }, client: { version: 'http/1.1' as const } }

const WAYS: readonly (readonly [string, Pick<HttpLab, 'server' | 'client'>])[] = [
  ['HTTP/1.1', h1],
  ['HTTP/1.1 on six connections', { ...h1, client: { ...h1.client, connections: 6 } }],
  ['HTTP/1.1, a connection for each request', { ...h1, client: { ...h1.client, reuse: false } }],
  ['HTTP/1.1, pipelined', { ...h1, client: { ...h1.client, pipelining: true } }],
  [
    'HTTP/1.1, pipelined on three connections',
    { ...h1, client: { ...h1.client, pipelining: true, connections: 3 } },
  ],
  ['HTTP/1.1 over TLS', { ...overTls, client: { tls: {}, connections: 3 } }],
  ['HTTP/1.1 over TLS 1.2', { server: { tls: { version: '1.2' } }, client: { tls: { version: '1.2' } } }],
  ['HTTP/1.1 over TLS, pipelined', { ...overTls, client: { tls: {}, pipelining: true } }],
  ['HTTP/2 in the clear', h2c],
  ['HTTP/2 over TLS', { ...overTls, client: { tls: {}, version: 'h2' } }],
  [
    'HTTP/2 over TLS, a connection for each request',
    { ...overTls, client: { tls: {}, version: 'h2', reuse: false } },
  ],
]

/** SHA-256 of what a site of the first seed has at these targets. */
function contentsOf(resources: ResourcesInput, targets: readonly string[]): string[] {
  const lab = { now: () => 0, date: () => new Date(LAB_EPOCH), rng: createRng(1).fork('app:site') }
  const site = new Site(serverSetup({ resources }).resources, lab as unknown as Surroundings)
  const answers = targets.map((target) =>
    site.answer({ method: 'GET', target, fields: {}, trace: silentTrace }),
  )
  return answers.map(({ content }) => digestOf(content))
}

const lossy = { delay: RTT / 2, rate: { limit: 10e6 }, loss: { rate: 0.03 } }

describe.each(WAYS)('a page over %s', (_name, way) => {
  it('comes whole, with all that it names, through loss', async () => {
    const { exchanges, all, run } = await runHttp({
      ...{ resources: PAGE, requests, ...way },
      link: { up: lossy, down: lossy },
    })
    expect(exchanges).toHaveLength(9)
    for (const exchange of exchanges)
      expect(exchange).toMatchObject({ status: 200, error: '', source: 'network' })
    const [page, ...objects] = exchanges
    expect(page.type).toBe('text/html; charset=utf-8')
    expect(objects.map(({ initiator }) => initiator)).toEqual(Array(8).fill(page.request))
    expect(objects.map(({ content }) => content)).toEqual(Array(8).fill(20_000))
    // What the client has is what the site has.
    expect(exchanges.map(({ sha256 }) => sha256)).toEqual(contentsOf(PAGE, ['/', ...OBJECTS]))
    expect(new Set(objects.map(({ sha256 }) => sha256)).size).toBe(8)
    expect(all('app:finished')).toEqual([{ bytes: 160_000 + page.content!, sha256: '', error: '' }])
    expect(run.info).toMatchObject({ state: 'finished' })
    expect(run.info.now).toBeLessThan(60_000_000)
  })

  it('is told alike by two runs from one seed', async () => {
    const lab = { resources: PAGE, requests, ...way, link: { up: lossy, down: lossy }, seed: 3 }
    const [first, second] = [await runHttp(lab), await runHttp(lab)]
    expect(second.story).toEqual(first.story)
    expect(second.run.info.now).toBe(first.run.info.now)
  })
})

describe('the connections of a client', () => {
  const connectionsOf = async (way: Pick<HttpLab, 'server' | 'client'>): Promise<number> => {
    const { all } = await runHttp({ resources: PAGE, requests, ...way })
    return all('app:connected').length
  }

  it('are as many as allowed, and no more than needed', async () => {
    expect(await connectionsOf(h1)).toBe(1)
    expect(await connectionsOf({ ...h1, client: { connections: 6 } })).toBe(6)
    expect(await connectionsOf({ ...h1, client: { connections: 64 } })).toBe(8)
    expect(await connectionsOf({ ...h1, client: { reuse: false } })).toBe(9)
    expect(await connectionsOf(h2c)).toBe(1)
  })

  it('cost what the RFCs say they cost: round trips to the first answer', async () => {
    const roundTrips = async (way: Pick<HttpLab, 'server' | 'client'>): Promise<number> => {
      const { exchanges } = await runHttp({
        resources: { '/': { size: 100 } },
        requests: [{ target: '/' }],
        ...way,
      })
      return exchanges[0].startedAt! / RTT
    }
    // TCP's handshake and the request.
    expect(await roundTrips(h1)).toBe(2)
    expect(await roundTrips(h2c)).toBe(2)
    // One more for TLS 1.3, two for TLS 1.2.
    expect(await roundTrips(overTls)).toBe(3)
    expect(await roundTrips({ ...overTls, client: { tls: {}, version: 'h2' } })).toBe(3)
    const tls12 = { tls: { version: '1.2' as const } }
    expect(await roundTrips({ server: tls12, client: tls12 })).toBe(4)
  })
})

describe('a pipeline (RFC 9112 9.3.2)', () => {
  const resources = { '/slow': { size: 100, delay: 500_000 }, '/quick': { size: 100 } }
  const asked = [{ target: '/slow' }, { target: '/quick', times: 3 }]

  it('sends all requests at once, and its answers come in order behind a slow one', async () => {
    const { exchanges } = await runHttp({ resources, requests: asked, ...h1, client: { pipelining: true } })
    expect(exchanges.map(({ exchange }) => exchange)).toEqual([1, 2, 3, 4])
    expect(new Set(exchanges.map(({ sentAt }) => sentAt))).toEqual(new Set([RTT]))
    expect(new Set(exchanges.map(({ finishedAt }) => finishedAt))).toEqual(new Set([2 * RTT + 500_000]))
  })

  it('costs a round trip for each request where there is none', async () => {
    const { exchanges } = await runHttp({ resources, requests: asked, ...h1 })
    const times = exchanges.map(({ finishedAt }) => (finishedAt! - 500_000) / RTT)
    expect(times).toEqual([2, 3, 4, 5])
  })

  it('is not needed with HTTP/2: the quick ones overtake', async () => {
    const { exchanges } = await runHttp({ resources, requests: asked, ...h2c })
    const [slow, ...quick] = exchanges
    expect(slow.finishedAt).toBe(2 * RTT + 500_000)
    for (const { finishedAt } of quick) expect(finishedAt).toBe(2 * RTT)
  })
})
