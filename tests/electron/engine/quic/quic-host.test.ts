/** QUIC between two hosts of the lab, over its UDP and its link, in both drivers; and what the trace says of it. */
import { beforeAll, describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import { QuicHost, type QuicOwner } from '../../../../electron/engine/quic/quic-host.ts'
import type { Run } from '../../../../electron/engine/run.ts'
import type { App } from '../../../../electron/engine/station.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { ClientHandshake } from '../../../../electron/protocol/tls13/client.ts'
import { ServerHandshake } from '../../../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../../../shared/quic.ts'
import type { EventName } from '../../../../shared/trace/events.ts'
import type { Micros } from '../../../../shared/units.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { signerOf, verifierOf } from '../../../support/tls13-pair.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const SETTINGS = v.parse(QuicSettings, {})
const PORT = 443

/** Sends back what comes on each stream. */
class Echo implements QuicOwner {
  readonly done = true
  onAccepted(): void {}
  onEvent: QuicOwner['onEvent'] = (_now, connection, event) => {
    if (event.type !== 'readable') return
    const { id } = event
    for (let bytes = connection.read(id); bytes; bytes = connection.read(id)) connection.write(id, bytes)
    const stream = connection.stream(id)
    if (stream?.receive?.isClosed && !stream.send?.finished) connection.write(id, new Uint8Array(0), true)
  }
}

/** Asks for so many bytes on each of some streams as soon as it is connected, and closes when it has them. */
class Asker implements QuicOwner, App {
  done = false
  received = 0
  private started = false
  private readonly streams: number
  private readonly size: number
  private readonly connect: (now: Micros) => void

  constructor(streams: number, size: number, connect: (now: Micros) => void) {
    this.streams = streams
    this.size = size
    this.connect = connect
  }

  onAccepted(): void {}
  onEvent: QuicOwner['onEvent'] = (now, connection, event) => {
    if (event.type === 'connected')
      for (let i = 0; i < this.streams; i++)
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(this.size).fill(0x61), true)
    if (event.type === 'readable')
      for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
        this.received += bytes.length
    if (this.received === this.streams * this.size && connection.state === 'open')
      connection.close(now, 0, 'done')
    if (event.type === 'closed') this.done = true
  }

  handleEvent(): void {}
  handleTimeout(now: Micros): void {
    this.started = true
    this.connect(now)
  }
  pollTimeout(): Micros | undefined {
    return this.started ? undefined : (0 as Micros)
  }
}

/** A run whose hosts speak QUIC; nothing of it is in the experiment. */
function quicRun(
  driver: 'virtual' | 'live',
  link: Parameters<typeof smallSetup>[0],
  streams: number,
  size: number,
) {
  const setup = { ...smallSetup(link), apps: {} }
  const run = createRun({ experiment: smallExperiment({ setup }) as never, driver, seed: 3 })
  const [lane] = run.scene.lanes
  const [client, server] = [lane.hosts.get('client')!, lane.hosts.get('server')!]
  const common = { crypto: nodeCrypto, settings: SETTINGS }
  const rng = createRng(3)
  new QuicHost({
    ...common,
    station: server.station,
    trace: run.scene.traceOf(server.node.name),
    rng: rng.fork('server'),
    owner: new Echo(),
    accept: (own) =>
      new ServerHandshake(nodeCrypto, rng.fork('server tls'), {
        protocols: ['h3'],
        parameters: encodeTransportParameters(own),
        signer: signerOf(certificates.server),
      }),
  }).bind(PORT)
  const asker: Asker = new Asker(streams, size, (now) => {
    host.connect(now, {
      localPort: host.bind()!,
      remote: { address: server.station.host.address, port: PORT },
      handshake: (own) =>
        new ClientHandshake(nodeCrypto, rng.fork('client tls'), {
          serverName: 'server.test',
          protocols: ['h3'],
          parameters: encodeTransportParameters(own),
          verifier: verifierOf(certificates),
        }),
    })
  })
  client.station.add(asker)
  const host = new QuicHost({
    ...common,
    station: client.station,
    trace: run.scene.traceOf(client.node.name),
    rng: rng.fork('client'),
    owner: asker,
  })
  ;(lane.apps as Map<string, unknown>).set('asker', asker)
  return { run, asker }
}

const count = (run: Run, name: EventName): number => [...run.reader.events([name])].length

describe('in virtual time', () => {
  test('at 3 % loss all arrives; the trace has each packet, with the datagram that it went in, and each loss', () => {
    const loss = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate: 0.03 } }
    const { run, asker } = quicRun('virtual', { up: loss, down: loss }, 4, 50_000)
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
    expect(count(run, 'transport:stream_state_changed')).toBe(4 * 2 * (3 + 2))
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

  test('the same seed gives the same packets: times, sizes, order, losses', () => {
    const loss = { delay: 25_000, loss: { rate: 0.05 } }
    const story = () => {
      const { run } = quicRun('virtual', { up: loss, down: loss }, 2, 30_000)
      run.runToEnd({ summarize: false })
      return [
        ...run.reader.events(['transport:packet_sent', 'link:packet_dropped', 'recovery:packet_lost']),
      ].map(({ t, name, node, pkt, data }) => [t, name, node, pkt, 'size' in data ? data.size : 0])
    }
    expect(story()).toEqual(story())
  })
})

test('live: over real sockets, by the wall clock', async () => {
  const { run, asker } = quicRun('live', {}, 3, 40_000)
  await run.start()
  await run.ended
  expect(run.info.error).toBeUndefined()
  expect(asker.received).toBe(120_000)
})
