/** Programs of Node over switches and routers: HTTP over TCP, and over QUIC, whose packets can be opened out of their frames. */
import { expect, it } from 'vitest'
import { openPackets } from '../../electron/engine/opened-packets.ts'
import { dissect } from '../../electron/protocol/wire/dissect/dissect.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import { routedSetup } from '../support/network.ts'
import { finishedRun, smallExperiment } from '../support/runs.ts'

const SIZE = 60_000

/** A page over the routed way, with loss in the middle. */
function pageSetup(version: 'http/1.1' | 'h2' | 'h3'): SetupInput {
  const way = { delay: 5_000, loss: { rate: 0.01 } }
  return {
    ...routedSetup({ up: way, down: way }),
    apps: {
      site: {
        ...{ kind: 'http-server', host: 'server', port: 443, tls: {}, versions: [version] },
        resources: { '/page': { size: SIZE } },
      },
      browser: {
        ...{ kind: 'http-client', host: 'client', to: 'server', port: 443, tls: {}, version },
        requests: [{ target: '/page' }],
      },
    } as SetupInput['apps'],
  }
}

it.each(['http/1.1', 'h2', 'h3'] as const)('%s: the page arrives whole over two routers', async (version) => {
  const run = await finishedRun({ experiment: smallExperiment({ setup: pageSetup(version) }) as never })
  const metrics = run.summary!.metrics
  expect(metrics['one/requests_failed']).toBe(0)
  expect(metrics['one/content_bytes']).toBe(SIZE)
  expect(metrics['one/headers_rewritten']).toBe(metrics['one/packets_forwarded'])
  expect([...run.reader.events(['ethernet:frame_rejected', 'ip:packet_discarded'])]).toEqual([])
  for (const { pkt } of run.reader.events(['ip:packet_forwarded'])) {
    const { bytes } = run.reader.alteredPacket(pkt)!
    expect(dissect(bytes, true).summary).not.toContain('malformed')
  }
  if (version !== 'h3') return
  const [first] = run.reader.events(['udp:datagram_sent'])
  expect(openPackets(run.reader, first.pkt)).toMatchObject([{ level: 'initial', number: 0 }])
})

it('a client that moves to another address goes on by QUIC, found there by ARP', async () => {
  const setup = pageSetup('h3')
  Object.assign(setup.apps.site, { resources: { '/page': { size: 600_000 } } })
  Object.assign(setup.links.link, {
    up: { delay: 5_000 },
    down: { delay: 5_000, rate: { limit: 5_000_000 } },
  })
  const steps = [{ at: 400_000, set: { 'hosts.client.address': 77 } }]
  const run = await finishedRun({ experiment: smallExperiment({ setup, steps }) as never })
  expect(run.summary!.metrics['one/content_bytes']).toBe(600_000)
  expect([...run.reader.events(['connectivity:address_changed'])]).toHaveLength(1)
  const asked = [...run.reader.events(['arp:message_sent'])].filter(
    ({ node, data }) => node === 'one/west' && data.target_address === '10.77.0.77',
  )
  expect(asked).toHaveLength(1)
})
