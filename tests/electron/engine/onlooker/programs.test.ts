/** The onlookers beside the laboratory's own servers and clients: both tell of the same requests, and stalls add up. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runHttp, type HttpLab } from '../../../support/http-lab.ts'
import { stallShares, sumOf } from '../../../support/stalls.ts'

const FULL = process.env.REXMIT_FULL === '1'

const direction = fc.record({
  delay: fc.integer({ min: 0, max: 60_000 }),
  rate: fc.record({ limit: fc.constantFrom(0, 1e6, 2e7) }),
  loss: fc.record({ rate: fc.constantFrom(0, 0, 0.02, 0.06) }),
})

const lab = fc
  .record({
    link: fc.record({ up: direction, down: direction }),
    version: fc.constantFrom('h2' as const, 'http/1.1' as const),
    tls: fc.option(
      fc.record({ version: fc.constantFrom('1.2' as const, '1.3' as const), resumption: fc.boolean() }),
    ),
    reuse: fc.boolean(),
    objects: fc.integer({ min: 0, max: 6 }),
    objectSize: fc.constantFrom(0, 3_000, 40_000),
    connections: fc.integer({ min: 1, max: 3 }),
    body: fc.constantFrom(0, 30_000),
    seed: fc.integer({ min: 1, max: 1e6 }),
  })
  .map(({ link, version, tls, objects, objectSize, connections, reuse, body, seed }): HttpLab => {
    const server = { tls, versions: [version] }
    const client = { tls, version, connections: version === 'h2' ? 1 : connections, reuse }
    const page = { target: '/', page: true } as const
    const post = { target: '/a', method: 'POST', body } as const
    return {
      ...{ link, seed, server, client },
      resources: { '/': { type: 'text/html', objects, objectSize }, '/a': { size: 10 } },
      requests: body === 0 ? [page] : [page, post],
    }
  })

describe('a run of an HTTP server and client', () => {
  it('has stall shares that sum to 100 % at each end of each connection', async () => {
    await fc.assert(
      fc.asyncProperty(lab, async (lab) => {
        const { run } = await runHttp(lab)
        const ends = stallShares(run)
        expect(ends.size).toBeGreaterThanOrEqual(2)
        for (const shares of ends.values()) expect(sumOf(shares)).toBeCloseTo(1, 9)
        expect(run.summary!.metrics['one/stall_total']).toBeCloseTo(1, 9)
      }),
      { numRuns: FULL ? 200 : 10 },
    )
  })

  it('crosses as many requests and responses as its applications tell of, with their sizes', async () => {
    await fc.assert(
      fc.asyncProperty(lab, async (lab) => {
        const { exchanges, all } = await runHttp(lab)
        expect(exchanges.map(({ error }) => error)).toEqual(exchanges.map(() => ''))
        const started = all('http:message_started')
        const targets = (side: string) =>
          started.filter(({ from, part }) => from === side && part === 'request').map(({ target }) => target)
        const asked = exchanges.map(({ url }) => new URL(url).pathname)
        expect(targets('client').sort()).toEqual(asked.sort())
        const sent = all('http:message_finished').filter(({ from }) => from === 'server')
        expect(sent.every(({ complete }) => complete)).toBe(true)
        const content = sent.reduce((sum, { content }) => sum + content, 0)
        expect(content).toBe(exchanges.reduce((sum, { encoded = 0 }) => sum + encoded, 0))
        expect(all('http:problem')).toEqual([])
        expect(all('security:malformed')).toEqual([])
        expect(all('security:record').filter(({ problem }) => problem !== '')).toEqual([])
      }),
      { numRuns: FULL ? 200 : 10 },
    )
  })
})
