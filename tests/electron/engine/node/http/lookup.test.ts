/** An HTTP client that finds its server by name: before the connection, and again only when what it knows is too old. */
import { describe, expect, it } from 'vitest'
import type { HttpVersion } from '../../../../../shared/http.ts'
import { runHttp, RTT, type HttpLab } from '../../../../support/http-lab.ts'

const NAME = 'www.site.lab'
const RESOLVER = { server: 'server', port: 53, timeout: 1_000_000, tries: 2, cache: true, udpSize: 1_232 }

/** A site on the server that also knows where it is. */
const byName = (lab: Partial<HttpLab> = {}, ttl = 300, version: HttpVersion = 'http/1.1') =>
  runHttp({
    resources: { '/': { size: 100 }, '/page': { type: 'text/html', objects: 5, objectSize: 100 } },
    requests: [{ target: '/' }],
    ...lab,
    client: { version, lookup: { name: NAME, resolver: RESOLVER }, ...lab.client },
    others: {
      names: {
        kind: 'dns-server',
        host: 'server',
        records: [{ name: NAME, type: 'A', value: 'server', ttl }],
      },
      ...lab.others,
    },
  })

const TLS = {
  server: { tls: { names: [NAME] } as never, versions: ['h3', 'h2', 'http/1.1'] as const } as never,
  client: { tls: { serverName: NAME } as never },
}

describe.each(['http/1.1', 'h2', 'h3'] as const)('%s', (version) => {
  it('connects a round trip later, to what was found, under the name', async () => {
    const lab = version === 'h3' ? TLS : {}
    const { run, exchanges, all } = await byName(lab, 300, version)
    expect(exchanges).toMatchObject([{ status: 200, url: expect.stringContaining(`//${NAME}`) as string }])
    const [finished] = [...run.reader.events(['dns:lookup_finished'])]
    expect(finished.t).toBeCloseTo(RTT, -3)
    const sent = [...run.reader.events(['tcp:segment_sent', 'transport:packet_sent'])]
    expect(sent[0].t).toBe(finished.t)
    if (version === 'h3')
      expect(all('security:handshake_finished')).not.toContainEqual(
        expect.objectContaining({ error: expect.stringMatching(/./) as string }),
      )
  })

  it('looks the name up once for a page', async () => {
    const lab = version === 'h3' ? TLS : {}
    const { all, exchanges } = await byName(
      { ...lab, requests: [{ target: '/page', page: true }] },
      300,
      version,
    )
    expect(exchanges).toHaveLength(6)
    expect(all('dns:lookup_started')).toHaveLength(1)
  })

  it('fails its requests when there is no such name, and goes on', async () => {
    const lookup = { name: 'none.lab', resolver: RESOLVER }
    const lab = version === 'h3' ? TLS : {}
    const { exchanges, run } = await byName(
      {
        ...lab,
        client: { ...(lab as typeof TLS).client, lookup },
        requests: [{ target: '/', times: 2, after: true }],
      },
      300,
      version,
    )
    expect(run.info.state).toBe('finished')
    expect(exchanges).toMatchObject([
      { error: 'ENOTFOUND', message: 'none.lab: there is no such name' },
      { error: 'ENOTFOUND' },
    ])
  })
})

describe('a connection after another', () => {
  const twice = { requests: [{ target: '/' }, { target: '/', at: 10_000_000 }], client: { reuse: false } }

  it('knows the address from the first lookup', async () => {
    const { all } = await byName(twice)
    expect(all('dns:lookup_finished').map(({ outcome }) => outcome)).toEqual(['answer', 'cache'])
  })

  it('asks again when its TTL is over', async () => {
    const { all } = await byName(twice, 5)
    expect(all('dns:lookup_finished').map(({ outcome }) => outcome)).toEqual(['answer', 'answer'])
  })
})

describe('over TLS', () => {
  it('finds the name in the certificate, beside that of the host', async () => {
    const { exchanges } = await byName(TLS)
    expect(exchanges).toMatchObject([{ status: 200 }])
  })

  it('refuses a certificate without it', async () => {
    const { exchanges } = await byName({ ...TLS, server: { tls: {} } as never })
    expect(exchanges).toMatchObject([{ error: 'ERR_TLS_CERT_ALTNAME_INVALID' }])
  })
})
