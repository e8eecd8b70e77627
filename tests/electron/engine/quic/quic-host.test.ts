/** QUIC between two hosts of the lab, over its UDP and its link, in both drivers; and what the trace says of it. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../../../electron/engine/run.ts'
import type { EventName } from '../../../../shared/trace/events.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const count = (run: Run, name: EventName): number => [...run.reader.events([name])].length

describe('in virtual time', () => {
  test('at 3 % loss all arrives; the trace has each packet, with the datagram that it went in, and each loss', () => {
    const loss = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate: 0.03 } }
    const { run, asker } = quicRun({ certificates, link: { up: loss, down: loss }, streams: 4, size: 50_000 })
    run.runToEnd({ summarize: false })
    expect(run.info).toMatchObject({ state: 'finished' })
    expect(asker.received).toBe(200_000)
    const sent = [...run.reader.events(['transport:packet_sent'])]
    const datagrams = new Set([...run.reader.events(['udp:datagram_sent'])].map(({ pkt }) => pkt))
    expect(sent.length).toBeGreaterThan(150)
    expect(sent.every(({ pkt }) => datagrams.has(pkt))).toBe(true)
    const dropped = new Set([...run.reader.events(['link:packet_dropped'])].map(({ pkt }) => pkt))
    const lost = [...run.reader.events(['recovery:packet_lost'])]
    expect(dropped.size).toBeGreaterThan(0)
    expect(lost.length).toBeGreaterThan(0)
    // Without reordering what was taken for lost was lost.
    expect(lost.every(({ pkt }) => dropped.has(pkt))).toBe(true)
    expect(count(run, 'recovery:rtt_sampled')).toBeGreaterThan(10)
    expect(count(run, 'recovery:metrics_updated')).toBeGreaterThan(50)
    expect(count(run, 'security:secret_logged')).toBeGreaterThanOrEqual(4)
    const states = [...run.reader.events(['connectivity:path_state_changed'])]
    expect(states.map(({ node, data }) => [node, data.state])).toEqual([
      ['one/client', 'validated'],
      ['one/server', 'validating'],
      ['one/server', 'validated'],
    ])
    const ends = ({ local, remote }: { local: string; remote: string }) => [local, remote]
    expect(ends(states[0].data)).toEqual(ends(states[1].data).reverse())
    const parameters = [...run.reader.events(['transport:parameters_set'])].map(({ node, data }) => {
      const declared = JSON.parse(data.parameters) as Record<string, unknown>
      return [node, data.owner, declared.initial_max_data, typeof declared.initial_source_connection_id]
    })
    expect(parameters).toHaveLength(4)
    for (const one of parameters) expect(one.slice(2)).toEqual([15_728_640, 'string'])
    const read = [...run.reader.events(['transport:stream_state_changed'])]
    expect(read.filter(({ data }) => data.to === 'data_read')).toHaveLength(4 * 2)
    expect(count(run, 'recovery:congestion_state_changed')).toBeGreaterThan(2)
    expect(count(run, 'recovery:timer_expired')).toBeGreaterThan(0)
    const acked = [...run.reader.events(['recovery:packets_acked'])]
    expect(acked.every(({ data }) => data.packets.length >= 2)).toBe(true)
    const closed = [...run.reader.events(['connectivity:connection_closed'])].map(({ node, data }) => [
      node,
      data.by,
      data.code,
      data.reason,
    ])
    expect(closed).toEqual([
      ['one/client', 'local', 0, 'done'],
      ['one/server', 'peer', 0, 'done'],
    ])
  })

  test('packets in datagrams that the host refuses are sent and lost to the sender, and the trace says so', () => {
    const link = { delay: 25_000 }
    const { run } = quicRun({
      certificates,
      link: { up: link, down: link },
      size: 10_000,
      client: { maxDatagram: 1_500, idleTimeout: 5e6 },
    })
    run.runToEnd({ summarize: false })
    const sent = [...run.reader.events(['transport:packet_sent'])]
    const left = new Set([...run.reader.events(['udp:datagram_sent'])].map(({ pkt }) => pkt))
    const rejected = [...run.reader.events(['ip:packet_rejected'])]
    expect(rejected.length).toBeGreaterThan(5)
    for (const { data } of rejected) expect([data.reason, data.size > 1_500]).toEqual(['exceeds_mtu', true])
    const refused = new Set(rejected.map(({ pkt }) => pkt))
    expect(new Set(sent.map(({ pkt }) => pkt).filter((pkt) => !left.has(pkt)))).toEqual(refused)
    // No number is missing.
    const own = sent.filter(({ node, data }) => node === 'one/client' && data.level === '1rtt')
    expect(own.map(({ data }) => data.number)).toEqual(own.map((_, n) => n))
    const lost = [...run.reader.events(['recovery:packet_lost'])].map(({ pkt }) => pkt)
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.every((pkt) => refused.has(pkt))).toBe(true)
  })

  test('the same seed gives the same packets: times, sizes, order, losses', () => {
    const loss = { delay: 25_000, loss: { rate: 0.05 } }
    const story = () => {
      const { run } = quicRun({ certificates, link: { up: loss, down: loss }, streams: 2, size: 30_000 })
      run.runToEnd({ summarize: false })
      return [
        ...run.reader.events(['transport:packet_sent', 'link:packet_dropped', 'recovery:packet_lost']),
      ].map(({ t, name, node, pkt, data }) => [t, name, node, pkt, 'size' in data ? data.size : 0])
    }
    expect(story()).toEqual(story())
  })
})

test('live: over real sockets, by the wall clock', async () => {
  const { run, asker } = quicRun({ certificates, driver: 'live', streams: 3, size: 40_000 })
  await run.start()
  await run.ended
  expect(run.info.error).toBeUndefined()
  expect(asker.received).toBe(120_000)
})
