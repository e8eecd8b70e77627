/** An echo over QUIC between two hosts of the lab, in either driver, on a link that a test chooses. */
import * as v from 'valibot'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { QuicHost, type QuicOwner } from '../../electron/engine/quic/quic-host.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { App } from '../../electron/engine/station.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { ClientHandshake } from '../../electron/protocol/tls13/client.ts'
import { ServerHandshake } from '../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../shared/quic.ts'
import type { Micros } from '../../shared/units.ts'
import { createRun, smallExperiment, smallSetup } from './runs.ts'
import type { TestCertificates } from './tls-certificates.ts'
import { signerOf, verifierOf } from './tls13-pair.ts'

const PORT = 443

/** Sends back what comes on each stream, or one byte in the end. */
class Echo implements QuicOwner {
  readonly done = true
  private readonly silent: boolean

  constructor(silent: boolean) {
    this.silent = silent
  }

  onAccepted(): void {}
  onEvent: QuicOwner['onEvent'] = (_now, connection, event) => {
    if (event.type !== 'readable') return
    const { id } = event
    for (let bytes = connection.read(id); bytes; bytes = connection.read(id))
      if (!this.silent) connection.write(id, bytes)
    const stream = connection.stream(id)
    if (stream?.receive?.isClosed && !stream.send?.finished)
      connection.write(id, new Uint8Array(this.silent ? 1 : 0), true)
  }
}

/** Asks for so many bytes on each of some streams as soon as it is connected, and closes when it has them. */
export class Asker implements QuicOwner, App {
  done = false
  received = 0
  /** What was read, when. */
  readonly readings: { readonly t: number; readonly stream: number; readonly bytes: number }[] = []
  private started = false
  private readonly streams: number
  private readonly size: number
  /** Bytes of each answer. */
  private readonly answer: number
  private readonly connect: (now: Micros) => void

  constructor(streams: number, size: number, answer: number, connect: (now: Micros) => void) {
    this.streams = streams
    this.answer = answer
    this.size = size
    this.connect = connect
  }

  onAccepted(): void {}
  onEvent: QuicOwner['onEvent'] = (now, connection, event) => {
    if (event.type === 'connected')
      for (let i = 0; i < this.streams; i++)
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(this.size).fill(0x61), true)
    if (event.type === 'readable')
      for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id)) {
        this.received += bytes.length
        this.readings.push({ t: now, stream: event.id, bytes: bytes.length })
      }
    if (this.received === this.streams * this.answer && connection.state === 'open')
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

type Settings = v.InferInput<typeof QuicSettings>

export interface QuicRunOptions {
  readonly certificates: TestCertificates
  readonly driver?: 'virtual' | 'live'
  readonly link?: Parameters<typeof smallSetup>[0]
  readonly streams?: number
  /** Bytes of each stream, there and, unless the server is `silent`, back. */
  readonly size?: number
  /** The server reads what comes and answers with one byte. */
  readonly silent?: boolean
  readonly client?: Settings
  readonly server?: Settings
  readonly seed?: number
}

/** A run whose hosts speak QUIC; nothing of it is in the experiment. The client closes when all that it sent has come back. */
export function quicRun(options: QuicRunOptions): { readonly run: Run; readonly asker: Asker } {
  const {
    certificates,
    driver = 'virtual',
    link = {},
    streams = 1,
    size = 100_000,
    seed = 3,
    silent = false,
  } = options
  const setup = { ...smallSetup(link), apps: {} }
  const run = createRun({ experiment: smallExperiment({ setup }) as never, driver, seed })
  const [lane] = run.scene.lanes
  const [client, server] = [lane.hosts.get('client')!, lane.hosts.get('server')!]
  const rng = createRng(seed)
  new QuicHost({
    crypto: nodeCrypto,
    settings: v.parse(QuicSettings, options.server ?? {}),
    station: server.station,
    trace: run.scene.traceOf(server.node.name),
    rng: rng.fork('server'),
    owner: new Echo(silent),
    accept: (own) =>
      new ServerHandshake(nodeCrypto, rng.fork('server tls'), {
        protocols: ['h3'],
        parameters: encodeTransportParameters(own),
        signer: signerOf(certificates.server),
      }),
  }).bind(PORT)
  const asker: Asker = new Asker(streams, size, silent ? 1 : size, (now) => {
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
    crypto: nodeCrypto,
    settings: v.parse(QuicSettings, options.client ?? {}),
    station: client.station,
    trace: run.scene.traceOf(client.node.name),
    rng: rng.fork('client'),
    owner: asker,
  })
  ;(lane.apps as Map<string, unknown>).set('asker', asker)
  return { run, asker }
}
