/**
 * An echo of 10 MB over loopback UDP in packets of 1,350 bytes: our endpoint on `node:dgram`, client and server in one process, against
 * quiche in the same arrangement, if it is there:
 *
 *     npm install --no-save @matrixai/quic@2.0.9
 *     npm run bench -- --only quic-echo
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createPrivateKey, randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import { QuicEndpoint } from '../../electron/protocol/quic/endpoint.ts'
import type { QuicEvent } from '../../electron/protocol/quic/events.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { ClientHandshake } from '../../electron/protocol/tls13/client.ts'
import { ServerHandshake } from '../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../shared/quic.ts'
import type { Micros } from '../../shared/units.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'
import { signerOf, verifierOf } from '../support/tls13-pair.ts'

const BYTES = 10_000_000
const CHUNK = 64 * 1024
const LOOPBACK = 0x7f00_0001
/** Datagrams in a turn of the event loop: a receive buffer of the default size takes some ninety (DESIGN 4.2). */
const BURST = 48
/** The credit of quiche's defaults in that package. */
const SETTINGS = v.parse(QuicSettings, {
  maxDatagram: 1_350,
  maxData: 10 << 20,
  maxStreamData: 1 << 20,
  pacing: false,
})

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly goal?: string
  readonly note?: string
}

const now = (): Micros => (performance.now() * 1_000) as Micros

/** An endpoint on a socket: takes in all that a turn of the event loop brings, then sends what comes of it. */
class Driver {
  readonly endpoint: QuicEndpoint
  readonly port: number
  private readonly socket: Socket
  private readonly onEvent: (connection: QuicConnection, event: QuicEvent) => void
  private isDue = false
  private isClosed = false
  private timer: NodeJS.Timeout | undefined

  constructor(
    socket: Socket,
    endpoint: QuicEndpoint,
    onEvent: (connection: QuicConnection, event: QuicEvent) => void,
  ) {
    this.socket = socket
    this.port = socket.address().port
    this.endpoint = endpoint
    this.onEvent = onEvent
    socket.on('message', (payload, { port }) => {
      const remote = { address: LOOPBACK, port }
      endpoint.handleDatagram(now(), { localPort: this.port, remote, payload, ecn: 'not-ect', pkt: 0 })
      this.wake()
    })
  }

  wake(): void {
    if (this.isDue) return
    this.isDue = true
    setImmediate(() => this.turn())
  }

  private turn(): void {
    if (this.isClosed) return
    this.isDue = false
    const { endpoint } = this
    const at = now()
    if ((endpoint.pollTimeout(at) ?? Infinity) <= at) endpoint.handleTimeout(at)
    while (endpoint.pollAccepted());
    for (const connection of endpoint.connections)
      for (let event = connection.pollEvent(); event; event = connection.pollEvent())
        this.onEvent(connection, event)
    for (let sent = 0; sent < BURST; sent++) {
      const out = endpoint.pollTransmit(at)
      if (out === undefined) break
      this.socket.send(out.payload, out.remote.port, '127.0.0.1')
      if (sent === BURST - 1) this.wake()
    }
    clearTimeout(this.timer)
    const next = endpoint.pollTimeout(at)
    if (next !== undefined) this.timer = setTimeout(() => this.wake(), Math.max((next - at) / 1_000, 0))
  }

  close(): void {
    this.isDue = true
    this.isClosed = true
    clearTimeout(this.timer)
    this.socket.close()
  }
}

async function boundSocket(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20, sendBufferSize: 1 << 20 })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket
}

/** Microseconds from the first byte written to the last that has come back. */
async function ours(certificates: TestCertificates): Promise<number> {
  const rng = createRng(Date.now())
  const common = { crypto: nodeCrypto, settings: SETTINGS }
  const server = new Driver(
    await boundSocket(),
    new QuicEndpoint({
      ...common,
      rng: rng.fork('server'),
      accept: (own) =>
        new ServerHandshake(nodeCrypto, rng.fork('server tls'), {
          protocols: ['echo'],
          parameters: encodeTransportParameters(own),
          signer: signerOf(certificates.server),
        }),
    }),
    (connection, event) => {
      if (event.type !== 'readable') return
      for (let data = connection.read(event.id); data; data = connection.read(event.id))
        connection.write(event.id, data)
    },
  )
  const payload = new Uint8Array(BYTES).fill(0x61)
  let [start, received] = [0, 0]
  let finish: (time: number) => void = () => undefined
  const finished = new Promise<number>((resolve) => (finish = resolve))
  const client = new Driver(
    await boundSocket(),
    new QuicEndpoint({ ...common, rng: rng.fork('client') }),
    (connection, event) => {
      if (event.type === 'confirmed') {
        start = now()
        connection.write(connection.openStream('bidirectional')!, payload)
      }
      if (event.type !== 'readable') return
      for (let data = connection.read(event.id); data; data = connection.read(event.id))
        received += data.length
      if (received === BYTES) finish(now() - start)
    },
  )
  client.endpoint.connect(now(), {
    localPort: client.port,
    remote: { address: LOOPBACK, port: server.port },
    handshake: (own) =>
      new ClientHandshake(nodeCrypto, rng.fork('client tls'), {
        serverName: 'server.test',
        protocols: ['echo'],
        parameters: encodeTransportParameters(own),
        verifier: verifierOf(certificates),
      }),
  })
  client.wake()
  const time = await finished
  client.close()
  server.close()
  return time
}

// --- quiche -------------------------------------------------------------------------------------------------

/** What is used of the package. */
interface Quiche {
  readonly QUICServer: new (options: object) => QuicheServer
  readonly QUICClient: { createQUICClient(options: object): Promise<QuicheClient> }
  /** By default it writes a line for each step. */
  readonly logger: object
  readonly events: Readonly<
    Record<'EventQUICServerConnection' | 'EventQUICConnectionStream', { name: string }>
  >
}
interface QuicheLogger {
  readonly default: new (name: string, level: number) => object
  readonly LogLevel: { readonly WARN: number }
}
interface QuicheServer extends EventTarget {
  readonly port: number
  start(options: object): Promise<void>
  stop(options: object): Promise<void>
}
interface QuicheStream {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}
interface QuicheClient {
  readonly connection: { newStream(): QuicheStream }
  destroy(options: object): Promise<void>
}

async function findQuiche(): Promise<Quiche | undefined> {
  // Names in variables: neither the type-checker nor the bundler is to look for them.
  const [name, logger] = ['@matrixai/quic', '@matrixai/logger']
  try {
    const { default: Logger, LogLevel } = (await import(/* @vite-ignore */ logger)) as QuicheLogger
    const quiche = (await import(/* @vite-ignore */ name)) as Omit<Quiche, 'logger'>
    return { ...quiche, logger: new Logger('quiche', LogLevel.WARN) }
  } catch {
    return undefined
  }
}

async function theirs(quiche: Quiche, { server: certificate }: TestCertificates): Promise<number> {
  const sizes = { maxRecvUdpPayloadSize: 1_350, maxSendUdpPayloadSize: 1_350 }
  const key = randomBytes(32)
  const sign = (data: ArrayBuffer): Promise<ArrayBuffer> => {
    const mac = nodeCrypto.hmacSha256(key, new Uint8Array(data))
    return Promise.resolve(Uint8Array.from(mac).buffer)
  }
  const { logger } = quiche
  const server = new quiche.QUICServer({
    logger,
    crypto: {
      key,
      ops: {
        sign: (_key: ArrayBuffer, data: ArrayBuffer) => sign(data),
        verify: async (_key: ArrayBuffer, data: ArrayBuffer, mac: ArrayBuffer) =>
          Buffer.from(await sign(data)).equals(Buffer.from(mac)),
      },
    },
    config: {
      key: createPrivateKey(certificate.key).export({ type: 'pkcs8', format: 'pem' }),
      cert: certificate.cert,
      verifyPeer: false,
      ...sizes,
    },
  })
  const { EventQUICServerConnection, EventQUICConnectionStream } = quiche.events
  server.addEventListener(EventQUICServerConnection.name, (connection) => {
    const { detail } = connection as CustomEvent<EventTarget>
    detail.addEventListener(EventQUICConnectionStream.name, (stream) => {
      const { readable, writable } = (stream as CustomEvent<QuicheStream>).detail
      readable.pipeTo(writable).catch(() => undefined)
    })
  })
  await server.start({ host: '127.0.0.1', port: 0 })
  const client = await quiche.QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    localHost: '127.0.0.1',
    logger,
    crypto: {
      ops: { randomBytes: async (data: ArrayBuffer) => void crypto.getRandomValues(new Uint8Array(data)) },
    },
    config: { verifyPeer: false, ...sizes },
  })
  const { readable, writable } = client.connection.newStream()
  const start = now()
  const writing = (async () => {
    const writer = writable.getWriter()
    for (let sent = 0; sent < BYTES; sent += CHUNK)
      await writer.write(new Uint8Array(Math.min(CHUNK, BYTES - sent)).fill(0x61))
    await writer.close()
  })()
  let received = 0
  for await (const data of readable as unknown as AsyncIterable<Uint8Array>) received += data.length
  await writing
  if (received !== BYTES) throw new Error(`${received} bytes came back`)
  const time = now() - start
  await client.destroy({ force: true })
  await server.stop({ force: true })
  return time
}

const rate = (time: number): number => Math.round((BYTES * 8) / time)

export default async function run(): Promise<Figure[]> {
  const certificates = await createCertificates()
  await ours(certificates)
  const own = await ours(certificates)
  const note = '10 MB there and back, client and server in one process'
  const figures: Figure[] = [{ name: 'quic-echo/ours', value: rate(own), unit: 'Mbit/s of wall time', note }]
  const quiche = await findQuiche()
  if (quiche === undefined)
    return figures.map((figure) => ({
      ...figure,
      note: 'quiche is not installed: see the head of the bench',
    }))
  const other = await theirs(quiche, certificates)
  return [
    ...figures,
    {
      name: 'quic-echo/quiche',
      value: rate(other),
      unit: 'Mbit/s of wall time',
      note: '@matrixai/quic 2.0.9',
    },
    {
      name: 'quic-echo/ratio',
      value: Math.round((100 * other) / own) / 100,
      unit: 'ours to quiche',
      goal: 'at least 1, aim 2',
    },
  ]
}
