/** A first flight with 0-RTT data that someone sends again (RFC 8446 8), and what the server's choices make of it. */
import { describe, expect, test } from 'vitest'
import { RTT, runHttp, type HttpLab, type HttpResult } from '../../../support/http-lab.ts'

const REPLAYED_AT = 2_000_000

/** Two visits; the second takes up the session of the first and orders in its first flight, which is sent again later. */
const orders = (earlyData: 'refuse' | 'once' | 'always', replayer: object = {}): HttpLab => ({
  resources: { '/': { size: 100 }, '/orders': { behaviour: 'orders' } },
  requests: [{ target: '/' }, { target: '/orders', method: 'POST', body: 200, after: true }],
  server: { port: 443, tls: { resumption: true, earlyData }, keepAlive: 0 },
  client: { port: 443, tls: { resumption: true, earlyData: true }, version: 'h3', reuse: false },
  others: {
    thief: {
      kind: 'replayer',
      host: 'client',
      to: 'server',
      port: 443,
      connection: 2,
      at: REPLAYED_AT,
      ...replayer,
    } as never,
  },
})

/** Orders that the server counted. */
const counted = (result: HttpResult): number => result.all('app:counted').at(-1)?.count ?? 0
const sentAgain = ({ run }: HttpResult) =>
  [...run.reader.events(['udp:datagram_sent'])].filter(
    ({ t, node }) => t === REPLAYED_AT && node === 'one/client',
  )
/** What the replayer said at its end. */
const finished = ({ run }: HttpResult) =>
  [...run.reader.events(['app:started', 'app:finished'])].filter(({ t }) => t === REPLAYED_AT)

describe('an order in 0-RTT data', () => {
  test('is made twice where the server takes 0-RTT data always', async () => {
    const result = await runHttp(orders('always'))
    expect(result.exchanges.map(({ status }) => status)).toEqual([200, 201])
    expect(result.exchanges[1].finishedAt).toBeLessThan(REPLAYED_AT)
    expect(counted(result)).toBe(2)
  })

  test.each(['once', 'refuse'] as const)('is made once where the server says %s', async (earlyData) => {
    const result = await runHttp(orders(earlyData))
    expect(result.exchanges.map(({ status }) => status)).toEqual([200, 201])
    expect(counted(result)).toBe(1)
  })

  test('is not made more often by copies that come together', async () => {
    const result = await runHttp(orders('always', { times: 3 }))
    // They belong to one connection of the server.
    expect(counted(result)).toBe(2)
    expect(sentAgain(result).length % 3).toBe(0)
  })
})

describe('the replayer', () => {
  test('sends the very datagrams of the first flight, from the same address and port', async () => {
    const result = await runHttp(orders('always'))
    const { run } = result
    const flow = result.exchanges[1].flow!
    const again = sentAgain(result)
    expect(again.every((event) => event.flow === flow)).toBe(true)
    const first = [...run.reader.events(['udp:datagram_sent'])].filter(
      (event) => event.flow === flow && event.node === 'one/client' && event.t < REPLAYED_AT,
    )
    const payload = (pkt: number) => run.reader.packet(pkt)!.bytes.slice(28)
    expect(again.length).toBeGreaterThan(0)
    again.forEach(({ pkt }, i) => expect(payload(pkt)).toEqual(payload(first[i].pkt)))
    // The flight ended before anything came back.
    const flight = first.filter(({ t }) => t < first[0].t + RTT)
    expect(again).toHaveLength(flight.length)
  })

  test('says what it did', async () => {
    const [started, ended] = finished(await runHttp(orders('once')))
    expect(started).toMatchObject({ name: 'app:started', data: { what: 'replayer' } })
    expect(ended).toMatchObject({
      name: 'app:finished',
      data: { bytes: (started.data as { bytes: number }).bytes, error: '' },
    })
  })

  test('says so when there was no such connection', async () => {
    const result = await runHttp(orders('always', { connection: 7 }))
    expect(finished(result).at(-1)!.data).toMatchObject({ bytes: 0, error: 'no_such_connection' })
    expect(counted(result)).toBe(1)
  })

  test('does not confuse the endpoint whose address it takes, which still talks to the server', async () => {
    const lab = orders('always', { connection: 1, at: 250_000 })
    const result = await runHttp({
      ...lab,
      resources: { ...lab.resources, '/slow': { size: 600_000 } },
      requests: [{ target: '/slow' }],
      server: { ...lab.server, keepAlive: 5_000_000 },
      link: { up: { delay: 10_000, rate: { limit: 20e6 } }, down: { delay: 10_000, rate: { limit: 20e6 } } },
    })
    expect(result.exchanges).toMatchObject([{ status: 200, content: 600_000, error: '', attempt: 1 }])
    expect(
      result
        .all('connectivity:connection_closed')
        .every(({ layer, code }) => layer === 'application' || code === 0),
    ).toBe(true)
  })
})
