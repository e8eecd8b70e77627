/** Runs in which someone records what crosses the server's host, and gets its key at the end. */
import { describe, expect, it } from 'vitest'
import type { Run } from '../../../../electron/engine/run.ts'
import { finishedRun, smallExperiment } from '../../../support/runs.ts'

const PAGE = { '/': { size: 3_000, objects: 5, objectSize: 9_000, type: 'text/html' } }

interface Lab {
  readonly tls: Record<string, unknown> | null
  readonly version: 'h2' | 'http/1.1'
  readonly certificate?: 'rsa' | 'p256'
  readonly host?: 'client' | 'server'
}

function overheard({ tls, version, certificate = 'rsa', host = 'server' }: Lab): Promise<Run> {
  const port = 443
  const direction = { delay: 10_000, loss: { rate: 0.02 } }
  const setup = {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: {
      site: {
        kind: 'http-server',
        host: 'server',
        port,
        tls: tls && { ...tls, certificate },
        resources: PAGE,
      },
      browser: {
        ...{ kind: 'http-client', host: 'client', to: 'server', port, tls, version, connections: 3 },
        requests: [{ target: '/', page: true }],
      },
      eavesdropper: { kind: 'eavesdropper', host, server: 'site' },
    },
  }
  return finishedRun({ experiment: smallExperiment({ setup: setup as never }) as never })
}

const attemptsOf = (run: Run) => [...run.reader.events(['security:decryption_attempted'])]

describe('with RSA key exchange', () => {
  it.each<Lab>([
    { tls: { version: '1.2', keyExchange: 'rsa' }, version: 'http/1.1' },
    { tls: { version: '1.2', keyExchange: 'rsa' }, version: 'h2', host: 'client' },
    { tls: { version: '1.2', keyExchange: 'rsa', extendedMasterSecret: false }, version: 'h2' },
  ])('%j: reads all that the endpoints sent, at either host, in spite of lost packets', async (lab) => {
    const run = await overheard(lab)
    const { metrics } = run.summary!
    const attempts = attemptsOf(run)
    expect(attempts).toHaveLength(metrics['one/connections_opened']!)
    // What the onlooker counts, which has the keys of the endpoints; the attempt has the server's key alone.
    expect(metrics['one/plaintext_total']).toBeGreaterThan(metrics['one/content_bytes']!)
    expect(metrics['one/plaintext_recovered']).toBe(metrics['one/plaintext_total'])
    for (const { data } of attempts) {
      expect(data.reason).toBe('')
      expect(data.sample).toContain(lab.version === 'h2' ? 'PRI * HTTP/2.0' : 'HTTP/1.1')
    }
  })
})

describe('with an ephemeral key exchange', () => {
  it.each<Lab>([
    { tls: { version: '1.2' }, version: 'h2' },
    { tls: { version: '1.2' }, version: 'http/1.1', certificate: 'p256' },
    { tls: { version: '1.3' }, version: 'h2' },
  ])('%j: reads nothing', async (lab) => {
    const run = await overheard(lab)
    const { metrics } = run.summary!
    expect(attemptsOf(run)).toHaveLength(metrics['one/connections_opened']!)
    expect(metrics['one/plaintext_recovered']).toBe(0)
    expect(metrics['one/plaintext_total']).toBeGreaterThan(metrics['one/content_bytes']!)
    for (const { data } of attemptsOf(run)) expect(data).toMatchObject({ recovered: 0, sample: '' })
  })
})

it('in the clear there is nothing to attempt', async () => {
  const run = await overheard({ tls: null, version: 'http/1.1' })
  expect(attemptsOf(run)).toEqual([])
  expect(run.summary!.metrics['one/plaintext_recovered']).toBeNull()
})
