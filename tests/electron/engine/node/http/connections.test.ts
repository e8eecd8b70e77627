/** The life of connections in lab time: idle timeouts, dates, what breaks and who is told. */
import { describe, expect, it } from 'vitest'
import { RTT, runHttp, type Exchange, type HttpLab } from '../../../../support/http-lab.ts'

type Way = Pick<HttpLab, 'server' | 'client'>
const http: Way = { server: { versions: ['http/1.1'] } }
const https: Way = { server: { tls: {} }, client: { tls: {} } }
const http2: Way = { server: { tls: {} }, client: { tls: {}, version: 'h2' } }
const h2c: Way = { server: { versions: ['h2'] }, client: { version: 'h2' } }
const pipelined: Way = { ...http, client: { pipelining: true } }
const ALL: readonly (readonly [string, Way])[] = [
  ['http', http],
  ['https', https],
  ['http2', http2],
  ['h2c', h2c],
]

const join = (a: Way, b: Way): Way => ({
  server: { ...a.server, ...b.server },
  client: { ...a.client, ...b.client },
})
const SMALL = { '/': { size: 100 } }

describe.each(ALL)('%s', (_name, way) => {
  /** When the server's end of each connection began to close: the FIN that it sent. */
  const closings = async (keepAlive: number, at: number) => {
    const { run, exchanges, all } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/' }, { target: '/', at }],
      ...join(way, { server: { keepAlive } }),
      duration: 7_200_000_000,
    })
    const states = [...run.reader.events(['tcp:state_changed'])]
    const times = states
      .filter(({ node, data }) => node === 'one/server' && data.to === 'FIN-WAIT-1')
      .map(({ t }) => t)
    return { exchanges, times, connections: all('app:connected').length }
  }

  it('closes an idle connection by lab time, neither before nor after', async () => {
    const { exchanges, times, connections } = await closings(3_000_000, 10_000_000)
    expect(connections).toBe(2)
    // From the moment at which the response was out, half a round trip before it was there.
    expect(times[0]).toBe(exchanges[0].finishedAt! - RTT / 2 + 3_000_000)
    expect(exchanges.map(({ error }) => error)).toEqual(['', ''])
  })

  it('keeps a connection that is used again in time, whatever the wall clock says', async () => {
    // Longer than any timeout that Node has of its own.
    const { exchanges, connections } = await closings(4_000_000_000, 3_600_000_000)
    expect(connections).toBe(1)
    expect(exchanges.map(({ error }) => error)).toEqual(['', ''])
  })

  it('lets no connection live on after a response where keepAlive is 0', async () => {
    const { exchanges, connections } = await closings(0, 1_000_000)
    expect(connections).toBe(2)
    expect(exchanges.map(({ status }) => status)).toEqual([200, 200])
  })

  it('dates its answers by lab time, the same on any day', async () => {
    const { run } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/' }, { target: '/nowhere', at: 90_000_000, after: true }],
      ...join(way, { server: { keepAlive: 100_000_000 } }),
    })
    const dates = [...run.reader.events(['http:message_started'])]
      .filter(({ data }) => data.part === 'response')
      .map(({ data }) =>
        (JSON.parse(data.fields) as string[][]).filter(([name]) => name === 'date').map(([, value]) => value),
      )
    expect(dates).toEqual([['Thu, 01 Jan 2026 00:00:00 GMT'], ['Thu, 01 Jan 2026 00:01:30 GMT']])
  })
})

const failures = (exchanges: readonly Exchange[]) => exchanges.map(({ error }) => error)

describe.each([...ALL, ['a pipeline', pipelined] as const])('a client over %s', (_name, way) => {
  it('is told of a port that nobody listens on: ECONNREFUSED', async () => {
    const { exchanges, all } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/', times: 3 }],
      ...join(way, { client: { port: 81 } }),
    })
    expect(failures(exchanges)).toEqual(Array(3).fill('ECONNREFUSED'))
    expect(all('app:finished')).toMatchObject([{ error: 'ECONNREFUSED' }])
  })

  it('is told of a host that never answers: ETIMEDOUT', async () => {
    const { exchanges } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/' }],
      ...way,
      link: { up: { outage: { down: true } } },
    })
    expect(failures(exchanges)).toEqual(['ETIMEDOUT'])
  })

  it('gives up after its timeout, and as often as it may tries again', async () => {
    const { exchanges, run } = await runHttp({
      resources: { '/': { delay: 60_000_000 } },
      requests: [{ target: '/' }],
      ...join(way, { client: { timeout: 1_000_000, retries: 2 } }),
    })
    expect(exchanges.map(({ attempt, error, request }) => [request, attempt, error])).toEqual([
      [1, 1, 'timeout'],
      [1, 2, 'timeout'],
      [1, 3, 'timeout'],
    ])
    expect(exchanges.map(({ queuedAt, finishedAt }) => finishedAt! - queuedAt)).toEqual(
      Array(3).fill(1_000_000),
    )
    expect(run.info.state).toBe('finished')
  })

  it('has an answer at the second try where the first was too late', async () => {
    const { exchanges } = await runHttp({
      resources: { '/': { size: 5_000 } },
      requests: [{ target: '/' }],
      ...join(way, { client: { timeout: 2_000_000, retries: 1 } }),
      // Open by the time of the second try.
      link: { up: { delay: RTT / 2, outage: { down: true } }, down: { delay: RTT / 2 } },
      steps: [{ at: 2_500_000, set: { 'links.link.up.outage.down': false } }],
    })
    expect(exchanges.map(({ error, attempt }) => [attempt, error])).toEqual([
      [1, 'timeout'],
      [2, ''],
    ])
  })

  it('leaves nothing behind when its run ends in the middle', async () => {
    const { run, exchanges } = await runHttp({
      resources: { '/': { size: 2_000_000 } },
      requests: [{ target: '/', times: 3 }],
      ...join(way, { client: { connections: 2 } }),
      duration: 120_000,
    })
    expect(run.info.state).toBe('finished')
    expect(exchanges.every(({ finishedAt }) => finishedAt === undefined)).toBe(true)
  })
})

describe.each(ALL)('a request that meets the end of its connection, over %s', (_name, way) => {
  it('is sent again on another: the server has not seen it (RFC 9112 9.3.1, RFC 9113 8.7)', async () => {
    const keepAlive = 1_000_000
    const first = await runHttp({ resources: SMALL, requests: [{ target: '/' }], ...way })
    // The server's FIN is half way when the request sets out.
    const at = first.exchanges[0].finishedAt! + keepAlive - RTT / 4
    const { exchanges } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/' }, { target: '/', at }],
      ...join(way, { server: { keepAlive } }),
    })
    expect(exchanges.map(({ request, attempt }) => [request, attempt])).toEqual([
      [1, 1],
      [2, 1],
      [2, 2],
    ])
    expect(exchanges[1].error).not.toBe('')
    expect(exchanges[2]).toMatchObject({ status: 200, error: '' })
    expect(exchanges[2].flow).not.toBe(exchanges[1].flow)
  })
})

describe('a POST that is tried again', () => {
  const orders = async (client: Way['client']) => {
    const { all, exchanges } = await runHttp({
      resources: { '/orders': { behaviour: 'orders', delay: 1_500_000 } },
      requests: [{ method: 'POST', target: '/orders', body: 50 }],
      ...join(http, { client: { timeout: 1_000_000, retries: 1, ...client } }),
      steps: [],
    })
    return { orders: all('app:counted').at(-1)?.count, tries: exchanges.length }
  }

  it('makes a second order: it is not idempotent (RFC 9110 9.2.2)', async () => {
    expect(await orders({})).toEqual({ orders: 2, tries: 2 })
  })

  it('makes one order with a key', async () => {
    expect(await orders({ idempotencyKey: true })).toEqual({ orders: 1, tries: 2 })
  })
})

describe('a certificate that does not hold', () => {
  it.each(['http/1.1', 'h2'] as const)(
    'is the error of the request over %s, as OpenSSL names it',
    async (version) => {
      const { exchanges } = await runHttp({
        resources: SMALL,
        requests: [{ target: '/' }],
        server: { tls: { certificateFault: 'expired' } },
        client: { tls: {}, version },
      })
      expect(failures(exchanges)).toEqual(['CERT_HAS_EXPIRED'])
      expect(exchanges[0].message).toMatch(/expired/)
    },
  )
})

describe('a client that asks for a version that the server does not speak', () => {
  it('gets the alert of ALPN (RFC 7301 3.2)', async () => {
    const { exchanges } = await runHttp({
      resources: SMALL,
      requests: [{ target: '/' }],
      server: { tls: {}, versions: ['http/1.1'] },
      client: { tls: {}, version: 'h2' },
    })
    expect(exchanges[0].error).toMatch(/^ERR_SSL_.*NO_APPLICATION_PROTOCOL|ECONNRESET/)
  })

  it('hears nothing that it could read in the clear', async () => {
    const [h1AtH2, h2AtH1] = await Promise.all(
      (
        [
          ['h2', 'http/1.1'],
          ['http/1.1', 'h2'],
        ] as const
      ).map(([spoken, version]) =>
        runHttp({
          resources: SMALL,
          requests: [{ target: '/' }],
          server: { versions: [spoken] },
          client: { version, timeout: 5_000_000 },
        }),
      ),
    )
    expect(failures(h1AtH2.exchanges)[0]).not.toBe('')
    expect(failures(h2AtH1.exchanges)[0]).not.toBe('')
  })
})

describe('a request with a body', () => {
  it.each(ALL)('goes over %s as long as it is', async (_name, way) => {
    const { run, exchanges } = await runHttp({
      resources: { '/orders': { behaviour: 'orders' } },
      requests: [{ method: 'POST', target: '/orders', body: 30_000 }],
      ...way,
    })
    expect(exchanges).toMatchObject([{ status: 201, error: '' }])
    const sent = [...run.reader.events(['http:message_finished'])].find(({ data }) => data.part === 'request')
    expect(sent?.data).toMatchObject({ content: 30_000, complete: true })
  })
})
