/** `hosts.X.address`: where a host is, and its move to another network in mid-run. */
import { describe, expect, test } from 'vitest'
import { planExperiment } from '../../../electron/engine/plan.ts'
import { runHttp } from '../../support/http-lab.ts'
import { createRun, smallExperiment, smallSetup } from '../../support/runs.ts'

const setup = (client: number, server: number) => ({
  ...smallSetup(),
  hosts: {
    client: { role: 'client' as const, address: client },
    server: { role: 'server' as const, address: server },
  },
})
const plan = (client: number, server: number) =>
  planExperiment({ experiment: smallExperiment({ setup: setup(client, server) }) as never })

describe('the setting', () => {
  test('0 is the place in the list; else the last part of the address, in each lane', () => {
    const experiment = smallExperiment({
      setup: setup(0, 77),
      lanes: ['one', 'two'].map((id) => ({ id, label: { en: id, zh: id } })),
    })
    const run = createRun({ experiment: experiment as never })
    const addresses = [...run.reader.events(['sim:node_added'])].map(({ data }) => data.address)
    expect(addresses.filter((address) => address !== '')).toEqual([
      '10.77.0.1',
      '10.77.0.77',
      '10.77.1.1',
      '10.77.1.77',
    ])
  })

  test('no two hosts have the same', () => {
    expect(plan(9, 9)).toMatchObject({ ok: false, error: { field: 'hosts.server.address' } })
    expect(plan(2, 0)).toMatchObject({ ok: false, error: { field: 'hosts.server.address' } })
    expect(plan(2, 1).ok).toBe(true)
  })
})

test.each(['virtual', 'live'] as const)('%s: the host moves when the setting changes', async (driver) => {
  const run = createRun({ driver, set: { 'apps.sender.bytes': 5_000_000 } })
  await run.start()
  expect(run.set('hosts.client.address', 2)).toMatchObject({ ok: false })
  expect(run.set('hosts.client.address', 200)).toMatchObject({ ok: true })
  await run.stop()
  expect([...run.reader.events(['connectivity:address_changed'])]).toMatchObject([
    { node: 'one/client', data: { from: '10.77.0.1', to: '10.77.0.200' } },
  ])
})

test.each(['http/1.1', 'h2'] as const)(
  '%s: a client that waits no longer than it has to opens another connection from its new address',
  async (version) => {
    const { exchanges, run, all } = await runHttp({
      resources: { '/large': { size: 2_000_000 } },
      requests: [{ target: '/large' }],
      client: { version, timeout: 2_000_000, retries: 3 },
      link: {
        up: { delay: 10_000, rate: { limit: 20_000_000 } },
        down: { delay: 10_000, rate: { limit: 20_000_000 } },
      },
      steps: [{ at: 300_000, set: { 'hosts.client.address': 77 } }],
      duration: 30_000_000,
    })
    const tries = exchanges.filter(({ request }) => request === 1)
    expect(tries.map(({ flow }) => flow)).toEqual([
      expect.stringMatching(/^10\.77\.0\.1:/),
      expect.stringMatching(/-10\.77\.0\.77:/),
    ])
    expect(tries[1]).toMatchObject({ status: 200, content: 2_000_000 })
    expect(all('connectivity:address_changed')).toHaveLength(1)
    const lost = [...run.reader.events(['tcp:segment_unsent'])]
    expect(lost.every(({ node }) => node === 'one/client')).toBe(true)
  },
)

test.each(['virtual', 'live'] as const)(
  'h3, %s: the download goes on over the same connection',
  async (driver) => {
    const way = { delay: 20_000, rate: { limit: driver === 'live' ? 2_000_000 : 20_000_000 } }
    const size = driver === 'live' ? 250_000 : 1_500_000
    const { exchanges, run } = await runHttp({
      resources: { '/large': { size } },
      requests: [{ target: '/large' }],
      server: { port: 443, tls: {} },
      client: { port: 443, tls: {}, version: 'h3', timeout: 8_000_000, retries: 1 },
      link: { up: way, down: way },
      steps: [{ at: 500_000, set: { 'hosts.client.address': 77 } }],
      duration: 30_000_000,
      driver,
    })
    expect(exchanges).toMatchObject([{ status: 200, content: size, error: '', attempt: 1 }])
    const moved = [...run.reader.events(['connectivity:path_changed'])]
    expect(
      moved.some(({ node, data }) => node === 'one/server' && data.remote.startsWith('10.77.0.77:')),
    ).toBe(true)
    // The name of the flow stays.
    expect(moved.every(({ flow }) => flow === exchanges[0].flow)).toBe(true)
    if (driver === 'virtual') {
      const times = [...run.reader.events(['udp:datagram_received'])]
        .filter(({ node, t }) => node === 'one/client' && t > 400_000)
        .map(({ t }) => t)
      expect(Math.max(...times.slice(1).map((t, i) => t - times[i]))).toBeLessThanOrEqual(3 * 40_000)
    }
  },
)
