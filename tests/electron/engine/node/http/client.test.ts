/** What a client does with what it gets: redirects, cache, cookies, sessions, pushed responses, priorities; in virtual time and live. */
import { describe, expect, it } from 'vitest'
import { RTT, runHttp, type HttpLab, type HttpResult } from '../../../../support/http-lab.ts'

const h2c = { client: { version: 'h2' as const } }
const SECOND = 1_000_000

describe('when requests begin', () => {
  const begun = async (requests: HttpLab['requests']): Promise<[string, number][]> => {
    const { exchanges } = await runHttp({
      ...{ resources: { '/a': {}, '/b': {}, '/c': {} }, requests },
      client: { connections: 10, start: SECOND },
    })
    return exchanges.map(({ url, queuedAt }) => [url.at(-1)!, (queuedAt - SECOND) / RTT])
  }

  it('is at their time from the start of the client, all at once if nothing else is said', async () => {
    expect(
      await begun([{ target: '/a', times: 2 }, { target: '/b', at: 10 * RTT }, { target: '/c' }]),
    ).toEqual([
      ['a', 0],
      ['a', 0],
      ['c', 0],
      ['b', 10],
    ])
  })

  it('is when the one before is done, with `after`', async () => {
    const chain = [
      { target: '/a' },
      { target: '/b', after: true, times: 2 },
      { target: '/c', after: true, at: 10 * RTT },
    ]
    // Two round trips with the connection's handshake, one without.
    expect(await begun(chain)).toEqual([
      ['a', 0],
      ['b', 2],
      ['b', 3],
      ['c', 10],
    ])
  })
})

describe('a redirect (RFC 9110 15.4)', () => {
  const resources = {
    '/a': { redirect: '/b' },
    '/b': { redirect: '/c' },
    '/c': { size: 7 },
    '/loop': { redirect: '/loop' },
  }

  it('costs a round trip each', async () => {
    const { exchanges } = await runHttp({ resources, requests: [{ target: '/a' }] })
    expect(exchanges.map(({ url, status, initiator }) => [url.at(-1), status, initiator])).toEqual([
      ['a', 302, 0],
      ['b', 302, 1],
      ['c', 200, 2],
    ])
    expect(exchanges[2].finishedAt).toBe(4 * RTT)
  })

  it('is followed so often and no more', async () => {
    const lab = { resources, requests: [{ target: '/loop' }] }
    expect((await runHttp({ ...lab, client: { redirects: 3 } })).exchanges).toHaveLength(4)
    expect((await runHttp({ ...lab, client: { redirects: 0 } })).exchanges).toHaveLength(1)
  })

  it('turns a POST into a GET after 302', async () => {
    const { run } = await runHttp({
      resources: { '/orders': { behaviour: 'session', redirect: '/c' }, '/c': {} },
      requests: [{ method: 'POST', target: '/orders', body: 9 }],
    })
    const methods = [...run.reader.events(['http:request_queued'])].map(({ data }) => data.method)
    expect(methods).toEqual(['POST', 'GET'])
  })
})

describe('the cache of a client', () => {
  const asked = (...at: number[]) => at.map((seconds) => ({ target: '/a', at: seconds * SECOND }))
  const sourcesOf = ({ exchanges }: HttpResult) => exchanges.map(({ source }) => source)
  const cached = (resource: HttpLab['resources']['/a'], requests: HttpLab['requests']): Promise<HttpResult> =>
    runHttp({ resources: { '/a': { size: 20_000, ...resource } }, requests, client: { cache: true } })

  it('spares the round trip and the content while it is fresh', async () => {
    const result = await cached({ fields: { 'cache-control': 'max-age=10' } }, asked(0, 5, 11))
    expect(sourcesOf(result)).toEqual(['network', 'cache', 'network'])
    const [first, second] = result.exchanges
    expect(second).toMatchObject({ content: 20_000, encoded: 0, sha256: first.sha256, status: 200 })
    expect(second.finishedAt).toBe(second.queuedAt)
    expect(second.sentAt).toBeUndefined()
  })

  it('spares the content where the server says that it holds: 304', async () => {
    const result = await cached({ etag: true, fields: { 'cache-control': 'max-age=10' } }, asked(0, 11, 12))
    expect(sourcesOf(result)).toEqual(['network', 'validated', 'cache'])
    const [first, second] = result.exchanges
    expect(second).toMatchObject({ content: 20_000, encoded: 0, sha256: first.sha256 })
  })

  it('sees by ETag what it does not see by date, and the other way round (RFC 9110 8.8)', async () => {
    const noCache = { fields: { 'cache-control': 'no-cache' } }
    const edits = [5.1, 5.6].map((at) => ({ at: at * SECOND, kind: 'edit' as const }))
    const touch = [{ at: 5 * SECOND, kind: 'touch' as const }]
    const way = async (resource: HttpLab['resources']['/a'], ...at: number[]) =>
      sourcesOf(await cached({ ...noCache, ...resource }, asked(...at)))[1]
    // Changed twice within a second: the date says that it is the same, and is wrong.
    expect(await way({ lastModified: true, changes: edits }, 5.3, 6)).toBe('validated')
    expect(await way({ etag: true, changes: edits }, 5.3, 6)).toBe('network')
    // Touched and not changed: the date says that it is another, and is wrong.
    expect(await way({ lastModified: true, changes: touch }, 0, 6)).toBe('network')
    expect(await way({ etag: true, changes: touch }, 0, 6)).toBe('validated')
  })

  it('tells each step, at the time of the question and at that of the answer', async () => {
    const { all } = await cached({ etag: true, fields: { 'cache-control': 'max-age=1' } }, asked(0, 5))
    expect(
      all('http:cache_decided').map(({ request, step, answer }) => `${request} ${step} ${answer}`),
    ).toEqual([
      '1 stored no',
      '1 no_store no',
      '2 stored yes',
      '2 max_age yes',
      '2 fresh no',
      '2 validator yes',
      '2 etag yes',
      '2 last_modified no',
      '2 not_modified yes',
    ])
  })

  it('keeps the content without its coding', async () => {
    const result = await runHttp({
      resources: { '/a': { size: 20_000, compressible: true, fields: { 'cache-control': 'max-age=10' } } },
      requests: asked(0, 1).map((request) => ({ ...request, fields: { 'accept-encoding': 'br' } })),
      client: { cache: true },
    })
    const [first, second] = result.exchanges
    expect(first).toMatchObject({ content: 20_000, encoding: 'br', source: 'network' })
    expect(first.encoded).toBeLessThan(10_000)
    expect(second).toMatchObject({ content: 20_000, encoded: 0, source: 'cache', sha256: first.sha256 })
  })
})

describe('sessions', () => {
  const resources = { '/account': { behaviour: 'session' as const, session: { maxAge: 10 * SECOND } } }
  const requests = [0, 1, 2, 30].map((seconds) => ({ target: '/account', at: seconds * SECOND }))
  const visits = ({ all }: HttpResult) =>
    all('http:session').map(({ action, visits }) => `${action} ${visits}`)

  it('are found by cookie, until it is over', async () => {
    const result = await runHttp({ resources, requests, client: { cookies: 'on' } })
    expect(visits(result)).toEqual(['created 1', 'found 2', 'found 3', 'created 1'])
    expect(result.all('http:cookie').map(({ action }) => action)).toEqual([
      'set',
      'stored',
      'sent',
      'sent',
      'expired',
      'set',
      'stored',
    ])
  })

  it('begin anew with each request where cookies are off', async () => {
    expect(visits(await runHttp({ resources, requests }))).toEqual(Array(4).fill('created 1'))
  })

  it('are found by the target where it carries the id', async () => {
    const result = await runHttp({ resources, requests, client: { cookies: 'rewriting' } })
    expect(visits(result)).toEqual(['created 1', 'found 2', 'found 3', 'expired 3', 'created 1'])
    expect(result.exchanges[1].url).toMatch(/\/account\?sid=[0-9a-f]{32}$/)
    expect(result.all('http:cookie').filter(({ action }) => action === 'rewritten')).toHaveLength(3)
  })

  it('do not go in the clear with Secure', async () => {
    const secure = { '/account': { behaviour: 'session' as const, session: { secure: true } } }
    const both = await Promise.all(
      [null, {}].map((tls) =>
        runHttp({
          resources: secure,
          requests: requests.slice(0, 2),
          server: { tls },
          client: { tls, cookies: 'on' },
        }),
      ),
    )
    expect(both.map(visits)).toEqual([
      ['created 1', 'created 1'],
      ['created 1', 'found 2'],
    ])
  })

  it('are not for other sites, as SameSite says', async () => {
    const strict = { '/account': { behaviour: 'session' as const, session: { sameSite: 'strict' as const } } }
    const result = await runHttp({
      resources: strict,
      requests: [{ target: '/account' }, { target: '/account', after: true, crossSite: true }],
      client: { cookies: 'on' },
    })
    expect(visits(result)).toEqual(['created 1', 'created 1'])
    expect(result.all('http:cookie').find(({ action }) => action === 'withheld')?.detail).toMatch(/Strict/)
  })
})

describe('a cookie in a stored response', () => {
  it('is not taken again when the response is used again', async () => {
    const resources = { '/a': { fields: { 'set-cookie': 'a=1; Max-Age=5', 'cache-control': 'max-age=60' } } }
    const result = await runHttp({
      resources,
      requests: [0, 1].map((seconds) => ({ target: '/a', at: seconds * SECOND })),
      client: { cookies: 'on', cache: true },
    })
    expect(result.exchanges.map(({ source }) => source)).toEqual(['network', 'cache'])
    expect(result.all('http:cookie').map(({ action }) => action)).toEqual(['stored'])
  })
})

describe('server push (RFC 9113 8.4)', () => {
  const resources = { '/': { objects: 3, objectSize: 5_000, push: ['/object/1', '/object/2'] } }
  const requests = [{ target: '/', page: true }]

  it('brings what the page will ask for with the page', async () => {
    const { exchanges } = await runHttp({ resources, requests, ...h2c })
    expect(exchanges.map(({ source }) => source)).toEqual(['network', 'push', 'push', 'network'])
    const [page, first, , third] = exchanges
    expect(first).toMatchObject({ status: 200, content: 5_000, error: '' })
    expect(first.sentAt).toBeUndefined()
    // A round trip less than what has to be asked for.
    expect(first.finishedAt).toBe(page.finishedAt)
    expect(third.finishedAt).toBe(page.finishedAt! + RTT)
    expect(new Set(exchanges.map(({ sha256 }) => sha256)).size).toBe(4)
  })

  it('uses streams of even number', async () => {
    const { all } = await runHttp({ resources, requests, ...h2c })
    const promises = all('http:frame').filter(({ type }) => type === 'PUSH_PROMISE')
    expect(promises).toHaveLength(2)
    const pushed = all('http:stream_state')
      .filter(({ before }) => before === 'idle')
      .map(({ stream }) => stream)
    expect(pushed).toEqual(expect.arrayContaining([1, 2, 3, 4]))
  })
})

describe('priorities', () => {
  it('are asked for by field (RFC 9218 5)', async () => {
    const { all } = await runHttp({
      resources: { '/a': {} },
      requests: [
        { target: '/a', priority: { urgency: 1, incremental: true } },
        { target: '/a', priority: {} },
      ],
      ...h2c,
    })
    const asked = all('http:message_started').filter(({ part }) => part === 'request')
    const fields = asked.map(({ fields }) => JSON.parse(fields) as string[][])
    expect(fields.map((lines) => lines.find(([name]) => name === 'priority')?.[1])).toEqual(['u=1, i', 'u=3'])
  })

  it.each([
    ['in the clear', h2c],
    ['over TLS', { server: { tls: {} }, client: { tls: {}, version: 'h2' as const } }],
  ])('can be said by the old PRIORITY frame, by hand, after each header block, %s', async (_name, way) => {
    const { all, exchanges } = await runHttp({
      resources: { '/a': { size: 10 }, '/orders': { behaviour: 'orders' } },
      requests: [
        { target: '/a', priorityFrame: { weight: 256 } },
        { target: '/a' },
        // Longer than a frame: its block goes on in CONTINUATION, and PRIORITY must not come between.
        {
          target: '/a',
          fields: {
            'x-long': 'x'.repeat(8_000),
            'x-longer': 'y'.repeat(8_000),
            'x-longest': 'z'.repeat(8_000),
          },
          priorityFrame: { dependsOn: 1, exclusive: true },
        },
        { target: '/orders', method: 'POST', body: 40_000, priorityFrame: { weight: 1 } },
      ],
      ...way,
    })
    expect(exchanges.map(({ status }) => status)).toEqual([200, 200, 200, 201])
    const frames = all('http:frame').filter(({ from, stream }) => from === 'client' && stream > 0)
    const kinds = frames.map(({ type, stream }) => `${stream} ${type}`)
    expect(kinds.filter((kind) => !kind.includes('DATA'))).toEqual([
      '1 HEADERS',
      '1 PRIORITY',
      '3 HEADERS',
      '5 HEADERS',
      '5 CONTINUATION',
      '5 PRIORITY',
      '7 HEADERS',
      '7 PRIORITY',
    ])
    const details = frames.filter(({ type }) => type === 'PRIORITY').map(({ detail }) => detail)
    expect(details[0]).toContain('256')
    expect(all('http:problem')).toEqual([])
  })
})

describe.each(['virtual', 'live'] as const)('in %s time', (driver) => {
  it.each([
    ['HTTP/1.1', { client: { connections: 6 } }],
    ['HTTP/1.1, pipelined', { client: { pipelining: true } }],
    ['HTTP/2 over TLS', { server: { tls: {} }, client: { tls: {}, version: 'h2' as const } }],
  ])('a page comes over %s', async (_name, way) => {
    const { exchanges, run } = await runHttp({
      resources: { '/': { objects: 20, objectSize: 10_000 } },
      requests: [{ target: '/', page: true }],
      link: { up: { delay: 500 }, down: { delay: 500 } },
      ...way,
      driver,
    })
    expect(exchanges).toHaveLength(21)
    for (const { status, error } of exchanges) expect([status, error]).toEqual([200, ''])
    expect([...run.reader.events(['sim:fault'])]).toEqual([])
  })
})
