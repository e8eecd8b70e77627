import { cpSync, mkdirSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import * as v from 'valibot'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import { QuicHost, type QuicOwner } from '../../../../electron/engine/quic/quic-host.ts'
import type { App } from '../../../../electron/engine/station.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { ClientHandshake } from '../../../../electron/protocol/tls13/client.ts'
import { ServerHandshake } from '../../../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../../../shared/quic.ts'
import type { Micros } from '../../../../shared/units.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { signerOf, verifierOf } from '../../../support/tls13-pair.ts'

let certificates: TestCertificates
beforeAll(async () => { certificates = await createCertificates() })
const PORT = 443
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
class Asker implements QuicOwner, App {
  done = false
  received = 0
  private started = false
  constructor(private streams: number, private size: number, private connect: (now: Micros) => void) {}
  onAccepted(): void {}
  onEvent: QuicOwner['onEvent'] = (now, connection, event) => {
    if (event.type === 'connected')
      for (let i = 0; i < this.streams; i++)
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(this.size).fill(0x61), true)
    if (event.type === 'readable')
      for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id)) this.received += bytes.length
    if (this.received === this.streams * this.size && connection.state === 'open') connection.close(now, 0, 'done')
    if (event.type === 'closed') this.done = true
  }
  handleEvent(): void {}
  handleTimeout(now: Micros): void { this.started = true; this.connect(now) }
  pollTimeout(): Micros | undefined { return this.started ? undefined : (0 as Micros) }
}
test('record', async () => {
  const loss = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate: 0.03 } }
  const setup = { ...smallSetup({ up: loss, down: loss }), apps: {} }
  const run = createRun({ experiment: smallExperiment({ setup, views: ['quic', 'acks', 'credit', 'paths'] }) as never, driver: 'virtual', seed: 3 })
  const [lane] = run.scene.lanes
  const [client, server] = [lane.hosts.get('client')!, lane.hosts.get('server')!]
  const settings = v.parse(QuicSettings, { ...(JSON.parse(process.env.H4_QUIC ?? '{}')) })
  const common = { crypto: nodeCrypto, settings }
  const rng = createRng(3)
  new QuicHost({ ...common, station: server.station, trace: run.scene.traceOf(server.node.name), rng: rng.fork('server'), owner: new Echo(),
    accept: (own) => new ServerHandshake(nodeCrypto, rng.fork('server tls'), { protocols: ['h3'], parameters: encodeTransportParameters(own), signer: signerOf(certificates.server) }) }).bind(PORT)
  const asker: Asker = new Asker(4, 50_000, (now) => {
    host.connect(now, { localPort: host.bind()!, remote: { address: server.station.host.address, port: PORT },
      handshake: (own) => new ClientHandshake(nodeCrypto, rng.fork('client tls'), { serverName: 'server.test', protocols: ['h3'], parameters: encodeTransportParameters(own), verifier: verifierOf(certificates) }) })
  })
  client.station.add(asker)
  const host = new QuicHost({ ...common, station: client.station, trace: run.scene.traceOf(client.node.name), rng: rng.fork('client'), owner: asker })
  ;(lane.apps as Map<string, unknown>).set('asker', asker)
  run.runToEnd({ summarize: false })
  expect(run.info.state).toBe('finished')
  run.close()
  const out = process.env.H4_OUT!
  mkdirSync(out, { recursive: true })
  cpSync(run.directory, out, { recursive: true })
  console.log(out)
})
