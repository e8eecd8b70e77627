/** One request to a real server through the link: what is asked for, what comes, and why it does not. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createServer as createSecure } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { planFetch, startFetch, type FetchOptions } from '../../../electron/engine/fetch.ts'
import {
  laboratoryAuthority,
  type Authority,
  type Identity,
} from '../../../electron/engine/node/authority.ts'
import { startWeb } from '../../../electron/engine/web.ts'
import { temporaryFolder } from '../../support/runs.ts'

const BODY = randomBytes(200_000)
let authority: Authority
let identity: Identity
beforeAll(async () => {
  authority = await laboratoryAuthority()
  identity = await authority.identity({ names: ['localhost', '127.0.0.1'], key: 'p256', fault: 'none' })
})

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function fetched(options: Partial<FetchOptions> & Pick<FetchOptions, 'url'>) {
  const plan = planFetch({ version: 'http/1.1', timeout: 20_000_000, ...options })
  if (!plan.ok) throw new Error(plan.error.message)
  const hash = createHash('sha256')
  const seen = { status: 0, whole: false, failure: '' }
  const { run, started, problem } = startFetch(
    plan.value,
    { id: 1, directory: join(temporaryFolder(), 'run') },
    {
      started: (status) => (seen.status = status),
      content: (bytes) => hash.update(bytes),
      finished: () => (seen.whole = true),
      failed: ({ code }) => (seen.failure = code),
    },
  )
  onTestFinished(() => run.close())
  await started
  await run.ended
  return { ...seen, sha256: hash.digest('hex'), problem: problem(), run }
}

const sha256 = createHash('sha256').update(BODY).digest('hex')

test('in the clear: the whole body, with the name of the server', async () => {
  let host: string | undefined
  const port = await listen(
    createServer((request, response) => {
      host = request.headers.host
      response.end(BODY)
    }),
  )
  const result = await fetched({
    url: `http://localhost:${port}/x?y=1`,
    link: { down: { loss: { rate: 0.02 } } },
  })
  expect(result).toMatchObject({ status: 200, whole: true, sha256 })
  expect(host).toBe(`localhost:${port}`)
  const urls = [...result.run.reader.events(['http:request_queued'])].map(({ data }) => data.url)
  expect(urls).toEqual([`http://localhost:${port}/x?y=1`])
})

describe('with TLS', () => {
  const secure = () =>
    listen(createSecure({ cert: identity.chain, key: identity.key }, (_, response) => response.end(BODY)))

  test('from a server that the roots vouch for', async () => {
    const port = await secure()
    const result = await fetched({ url: `https://localhost:${port}/`, roots: authority.root })
    expect(result).toMatchObject({ status: 200, whole: true, sha256 })
    const checks = [...result.run.reader.events(['security:certificate_checked'])]
    expect(checks.length).toBeGreaterThan(5)
    expect(checks.every(({ data }) => data.ok)).toBe(true)
  })

  test('by its address, over TCP and over QUIC', async () => {
    const root = temporaryFolder()
    writeFileSync(join(root, 'index.html'), BODY)
    const begun = await startWeb({ root, port: 0 }, { id: 2, directory: join(temporaryFolder(), 'run') })
    if (!begun.ok) throw new Error(begun.error.message)
    const { run, port } = begun.value
    onTestFinished(async () => {
      await run.stop()
      run.close()
    })
    for (const version of ['http/1.1', 'h2', 'h3', 'h3'] as const) {
      const result = await fetched({ url: `https://127.0.0.1:${port}/`, version, roots: authority.root })
      expect(result).toMatchObject({ status: 200, whole: true, sha256, failure: '' })
      const checks = [...result.run.reader.events(['security:certificate_checked'])]
      expect(checks.filter(({ data }) => !data.ok)).toEqual([])
    }
    // Nobody who knows the seed knows the keys: of several clients with the same, no random number came twice.
    const lines = [...run.reader.events(['security:secret_logged'])].map(({ data }) => data.line)
    const early = lines.filter((line) => line.startsWith('CLIENT_HANDSHAKE_TRAFFIC_SECRET'))
    expect(new Set(early.map((line) => line.split(' ')[1])).size).toBe(4)
    const tries = [...run.reader.events(['security:handshake_finished'])]
    expect(tries.filter(({ node }) => node === 'web/server').map(({ data }) => data.alpn)).toEqual([
      'http/1.1',
      'h2',
      'h3',
      'h3',
    ])
  })

  test("not from one that they don't", async () => {
    const result = await fetched({ url: `https://localhost:${await secure()}/` })
    expect(result).toMatchObject({ whole: false })
    expect(result.failure).toMatch(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/)
  })
})

describe('nothing comes', () => {
  test('because nobody listens: the kernel says so', async () => {
    const port = await listen(createServer())
    const free = port === 65_535 ? 1_024 : port + 1
    const result = await fetched({ url: `http://127.0.0.1:${free}/`, timeout: 5_000_000 })
    expect(result).toMatchObject({ whole: false, problem: `127.0.0.1:${free}: ECONNREFUSED` })
  })

  test('because the server is silent: the time is over', async () => {
    const port = await listen(createServer(() => undefined))
    const result = await fetched({ url: `http://127.0.0.1:${port}/`, timeout: 500_000 })
    expect(result).toMatchObject({ whole: false, status: 0 })
    expect(result.run.info.now).toBeGreaterThanOrEqual(500_000)
  })
})

test.each([
  ['nonsense', 'http/1.1'],
  ['ftp://localhost/', 'http/1.1'],
  ['https://[::1]/', 'http/1.1'],
  ['http://localhost/', 'h3'],
] as const)('%s by %s is refused', (url, version) => {
  expect(planFetch({ url, version, timeout: 1e6 })).toMatchObject({ ok: false, error: { field: 'url' } })
})
