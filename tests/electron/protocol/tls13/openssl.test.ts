/**
 * OpenSSL as the other end, both ways: the handshake is QUIC's, so it is put into records here by a small layer of the test's own.
 * What crosses afterwards under the application's keys shows that both have the same.
 */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { ClientHandshake, type ClientOptions } from '../../../../electron/protocol/tls13/client.ts'
import type {
  Handshake,
  HandshakeEvent,
  Level,
  Session,
} from '../../../../electron/protocol/tls13/handshake.ts'
import { ServerHandshake } from '../../../../electron/protocol/tls13/server.ts'
import { SUITES, type Tls13Suite } from '../../../../electron/protocol/tls13/suites.ts'
import { TicketKeeper } from '../../../../electron/protocol/tls13/tickets.ts'
import { trafficKeys } from '../../../../electron/protocol/wire/tls/key-schedule.ts'
import type { Micros } from '../../../../shared/units.ts'
import { duplexPair } from '../../../support/duplex-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { signerOf, verifierOf } from '../../../support/tls13-pair.ts'

const HANDSHAKE = 22
const APPLICATION_DATA = 23

/** One direction of record protection (RFC 8446 5.2 and 5.3). */
class Keys {
  private readonly suite: Tls13Suite
  private readonly key: Uint8Array
  private readonly iv: Uint8Array
  private sequence = 0

  constructor(suite: Tls13Suite, secret: Uint8Array) {
    this.suite = suite
    const { key, iv } = trafficKeys(nodeCrypto, suite.hash, secret, suite.keyLength)
    this.key = key
    this.iv = iv
  }

  private nonce(): Uint8Array {
    const nonce = this.iv.slice()
    nonce[11] ^= this.sequence & 0xff
    nonce[10] ^= this.sequence++ >> 8
    return nonce
  }

  seal(type: number, content: Uint8Array): Uint8Array {
    const header = Uint8Array.of(
      APPLICATION_DATA,
      3,
      3,
      (content.length + 17) >> 8,
      (content.length + 17) & 0xff,
    )
    const aead = nodeCrypto.aead(this.suite.aead, this.key)
    return Buffer.concat([
      header,
      aead.seal(this.nonce(), header, Buffer.concat([content, Uint8Array.of(type)])),
    ])
  }

  open(header: Uint8Array, sealed: Uint8Array): { type: number; content: Uint8Array } {
    const plain = nodeCrypto.aead(this.suite.aead, this.key).open(this.nonce(), header, sealed)
    if (plain === undefined) throw new Error('a record that our keys do not open')
    let end = plain.length - 1
    while (plain[end] === 0) end--
    return { type: plain[end], content: plain.subarray(0, end) }
  }
}

/** Speaks TLS over a stream with one of our handshakes. */
class Endpoint {
  readonly events: HandshakeEvent[] = []
  readonly received: Buffer[] = []
  private readonly handshake: Handshake
  private readonly stream: Duplex
  private readonly levels: Partial<Record<Level, { read?: Keys; write?: Keys }>> = {}
  private reading: Level = 'initial'
  private rest = Buffer.alloc(0)

  constructor(handshake: Handshake, stream: Duplex) {
    this.handshake = handshake
    this.stream = stream
    stream.on('data', (bytes: Buffer) => this.take(bytes))
    stream.on('error', () => {})
  }

  get alert(): string | undefined {
    const event = this.events.find((one) => one.type === 'alert')
    return event?.type === 'alert' ? `${event.alert.alert}: ${event.alert.reason}` : undefined
  }

  flush(): void {
    for (let event = this.handshake.pollEvent(); event; event = this.handshake.pollEvent()) {
      this.events.push(event)
      if (event.type === 'secret') this.install(event)
      else if (event.type === 'send') this.write(event.level, HANDSHAKE, event.bytes)
    }
  }

  write(level: Level, type: number, content: Uint8Array): void {
    const keys = this.levels[level]?.write
    const header = Uint8Array.of(type, 3, 3, content.length >> 8, content.length & 0xff)
    this.stream.write(keys?.seal(type, content) ?? Buffer.concat([header, content]))
  }

  private install({ level, use, suite, secret }: Extract<HandshakeEvent, { type: 'secret' }>): void {
    const keys = (this.levels[level] ??= {})
    keys[use] = new Keys(suite, secret)
    if (use === 'read') this.reading = level
  }

  private take(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes])
    while (this.rest.length >= 5) {
      const end = 5 + this.rest.readUInt16BE(3)
      if (this.rest.length < end) return
      const header = this.rest.subarray(0, 5)
      const body = this.rest.subarray(5, end)
      this.rest = this.rest.subarray(end)
      // ChangeCipherSpec is there for middleboxes only (RFC 8446 D.4).
      if (header[0] !== 20) this.takeRecord(header, body)
    }
  }

  private takeRecord(header: Buffer, body: Buffer): void {
    const keys = this.levels[this.reading]?.read
    const { type, content } =
      keys === undefined ? { type: header[0], content: new Uint8Array(body) } : keys.open(header, body)
    if (type === HANDSHAKE) this.handshake.handleBytes(0 as Micros, this.reading, content.slice())
    else if (type === APPLICATION_DATA) this.received.push(Buffer.from(content))
    this.flush()
  }
}

let certificates: TestCertificates
let options: ClientOptions

beforeAll(async () => {
  certificates = await createCertificates()
  const verifier = verifierOf(certificates)
  options = { serverName: 'server.test', protocols: ['echo'], parameters: undefined, verifier }
})

/** Our client against OpenSSL's server, which answers "ping" with "pong". */
async function connect(client: Partial<ClientOptions> = {}, server: tls.TlsOptions = {}, seed = 1) {
  const ends = duplexPair(() => {})
  const { key, cert } =
    server.key === undefined ? certificates.server : { key: server.key, cert: server.cert }
  const acceptor = tls.createServer({
    key,
    cert,
    ALPNProtocols: ['echo'],
    ticketKeys: Buffer.alloc(48, 7),
    ...server,
  })
  const secured = new Promise<tls.TLSSocket>((resolve) => acceptor.once('secureConnection', resolve))
  acceptor.on('tlsClientError', () => {})
  acceptor.emit('connection', ends.server)
  const handshake = new ClientHandshake(nodeCrypto, createRng(seed), { ...options, ...client })
  const endpoint = new Endpoint(handshake, ends.client)
  handshake.start(0 as Micros)
  endpoint.flush()
  const socket = await secured
  socket.on('data', () => socket.write('pong'))
  endpoint.write('1rtt', APPLICATION_DATA, Buffer.from('ping'))
  while (endpoint.received.length === 0) await new Promise((resolve) => setImmediate(resolve))
  return { endpoint, socket }
}

describe("our client and OpenSSL's server", () => {
  test.each(SUITES.map((suite) => [suite.name, suite] as const))('%s', async (name, suite) => {
    const { endpoint, socket } = await connect({ suites: [suite] })
    expect(endpoint.alert).toBeUndefined()
    expect(Buffer.concat(endpoint.received).toString()).toBe('pong')
    expect(socket.getCipher().standardName).toBe(name)
    expect(socket.alpnProtocol).toBe('echo')
  })

  test('a P-256 certificate', async () => {
    const { key, cert } = certificates.ecdsaServer
    const { endpoint } = await connect({}, { key, cert })
    expect(Buffer.concat(endpoint.received).toString()).toBe('pong')
  })

  test('HelloRetryRequest, when OpenSSL wants P-256', async () => {
    const { endpoint } = await connect({}, { ecdhCurve: 'P-256' })
    const complete = endpoint.events.find((event) => event.type === 'complete')
    expect(complete).toMatchObject({ negotiated: { group: 'secp256r1', retried: true } })
    expect(Buffer.concat(endpoint.received).toString()).toBe('pong')
  })

  test('resumption with its ticket', async () => {
    const first = await connect()
    const event = first.endpoint.events.find((one) => one.type === 'session')
    const session: Session | undefined = event?.type === 'session' ? event.session : undefined
    expect(session).toBeDefined()
    const second = await connect({ session }, {}, 2)
    expect(second.socket.isSessionReused()).toBe(true)
    expect(second.endpoint.events.find((one) => one.type === 'complete')).toMatchObject({
      negotiated: { resumed: true },
    })
    expect(Buffer.concat(second.endpoint.received).toString()).toBe('pong')
  })
})

describe("OpenSSL's client and our server", () => {
  async function accept(
    client: tls.ConnectionOptions = {},
    tickets = new TicketKeeper(nodeCrypto, createRng(3)),
  ) {
    const ends = duplexPair(() => {})
    const server = new ServerHandshake(nodeCrypto, createRng(1), {
      protocols: ['echo'],
      parameters: undefined,
      signer: signerOf(certificates.server),
      tickets,
      groups: ['x25519', 'secp256r1'],
    })
    const endpoint = new Endpoint(server, ends.server)
    const socket = tls.connect({
      socket: ends.client,
      ca: certificates.authority,
      servername: 'server.test',
      ALPNProtocols: ['echo'],
      minVersion: 'TLSv1.3',
      ...client,
    })
    const sessions: Buffer[] = []
    socket.on('session', (session) => sessions.push(session))
    await once(socket, 'secureConnect')
    socket.write('ping')
    while (endpoint.received.length === 0) await new Promise((resolve) => setImmediate(resolve))
    endpoint.write('1rtt', APPLICATION_DATA, Buffer.from('pong'))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return { endpoint, socket, answer: answer.toString(), session: sessions.at(-1), tickets }
  }

  test.each(SUITES.map((suite) => suite.name))('%s', async (name) => {
    const { endpoint, socket, answer } = await accept({ ciphers: name })
    expect([answer, Buffer.concat(endpoint.received).toString()]).toEqual(['pong', 'ping'])
    expect(socket.getCipher().standardName).toBe(name)
    expect(socket.authorized).toBe(true)
  })

  test('HelloRetryRequest, when OpenSSL sends a share that we do not take', async () => {
    const { endpoint, answer } = await accept({ ecdhCurve: 'P-521:P-256' })
    const complete = endpoint.events.find((event) => event.type === 'complete')
    expect(complete).toMatchObject({ negotiated: { group: 'secp256r1', retried: true } })
    expect(answer).toBe('pong')
  })

  test('resumption with our ticket', async () => {
    const first = await accept()
    expect(first.session).toBeDefined()
    const second = await accept({ session: first.session }, first.tickets)
    expect(second.socket.isSessionReused()).toBe(true)
    expect(second.answer).toBe('pong')
  })
})
