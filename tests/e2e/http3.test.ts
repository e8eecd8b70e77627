/** Chromium over HTTP/3: a stranger's QUIC, TLS 1.3, QPACK and HTTP/3 against ours, on a real socket of 127.0.0.1. */
import { createHash, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { laboratoryAuthority } from '../../electron/engine/node/authority.ts'
import { schemesOf, signWith } from '../../electron/engine/node/signatures.ts'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { Http3Connection } from '../../electron/protocol/h3/connection.ts'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import { QuicEndpoint } from '../../electron/protocol/quic/endpoint.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { ServerHandshake, type Signer } from '../../electron/protocol/tls13/server.ts'
import { encodeTransportParameters } from '../../electron/protocol/wire/quic/transport-parameters.ts'
import { QuicSettings } from '../../shared/quic.ts'
import type { Micros } from '../../shared/units.ts'
import { launchChromium, type Browser } from '../support/chromium.ts'
import { OPTIONS } from '../support/h3-script.ts'
import { findChromium } from '../support/tools.ts'

const OBJECTS = 50
const SIZE = 20_000
const LOOPBACK = 0x7f000001

const PAGE = `<!doctype html><title>Objects</title>${Array.from({ length: OBJECTS }, (_, i) => `<script src="/object/${i + 1}"></script>`).join('')}`

/** A server of one page over HTTP/3, on a UDP socket of its own. */
class Http3Server {
  readonly closed: string[] = []
  readonly requests: string[] = []
  port = 0
  private readonly socket: Socket = createSocket('udp4')
  private readonly endpoint: QuicEndpoint
  private readonly sessions = new Map<QuicConnection, Http3Connection>()
  private timer: NodeJS.Timeout | undefined
  /** Share of the datagrams that are lost, each way. */
  loss = 0
  private readonly dice = createRng(1)

  constructor(signer: Signer) {
    const rng = createRng(randomBytes(4).readUInt32LE())
    this.endpoint = new QuicEndpoint({
      crypto: nodeCrypto,
      rng,
      settings: v.parse(QuicSettings, {}),
      accept: (own) =>
        new ServerHandshake(nodeCrypto, rng.fork('tls'), {
          protocols: ['h3'],
          parameters: encodeTransportParameters(own),
          signer,
        }),
    })
    this.socket.on('message', (bytes, { port }) => {
      if (this.dice.next() < this.loss) return
      const remote = { address: LOOPBACK, port }
      const payload = new Uint8Array(bytes)
      this.endpoint.handleDatagram(this.now, {
        localPort: this.port,
        remote,
        payload,
        ecn: 'not-ect',
        pkt: 0,
      })
      this.settle()
    })
  }

  private get now(): Micros {
    return (performance.now() * 1_000) as Micros
  }

  async listen(): Promise<void> {
    this.socket.bind(0, '127.0.0.1')
    await once(this.socket, 'listening')
    this.port = this.socket.address().port
  }

  close(): void {
    clearTimeout(this.timer)
    this.socket.close()
  }

  private settle(): void {
    const { endpoint } = this
    for (let moved = true; moved;) {
      moved = false
      for (const connection of [...endpoint.connections])
        for (let event = connection.pollEvent(); event; event = connection.pollEvent()) {
          moved = true
          this.sessionOf(connection).handleQuicEvent(this.now, event)
          if (event.type === 'closed')
            this.closed.push(`${event.reason.by} ${event.reason.code} ${event.reason.reason}`)
          this.answer(this.sessionOf(connection))
        }
      for (let out = endpoint.pollTransmit(this.now); out; out = endpoint.pollTransmit(this.now)) {
        moved = true
        if (this.dice.next() >= this.loss) this.socket.send(out.payload, out.remote.port, '127.0.0.1')
      }
    }
    clearTimeout(this.timer)
    const next = endpoint.pollTimeout(this.now)
    if (next === undefined) return
    this.timer = setTimeout(
      () => {
        endpoint.handleTimeout(this.now)
        this.settle()
      },
      Math.max(0, Math.ceil((next - this.now) / 1_000)),
    )
  }

  private sessionOf(connection: QuicConnection): Http3Connection {
    let session = this.sessions.get(connection)
    if (session === undefined)
      this.sessions.set(
        connection,
        (session = new Http3Connection(connection, { ...OPTIONS, role: 'server' })),
      )
    return session
  }

  private answer(session: Http3Connection): void {
    for (let event = session.pollEvent(); event; event = session.pollEvent()) {
      if (event.type !== 'headers' || event.kind !== 'request') continue
      const target = event.fields.find(({ name }) => name === ':path')?.value ?? ''
      this.requests.push(target)
      const isPage = target === '/'
      const body = isPage ? PAGE : `window.got = (window.got || 0) + 1 //${'x'.repeat(SIZE)}`
      const status = isPage || target.startsWith('/object/') ? '200' : '404'
      session.respond(this.now, event.id, [
        { name: ':status', value: status },
        { name: 'content-type', value: isPage ? 'text/html' : 'text/javascript' },
        { name: 'content-length', value: String(body.length) },
      ])
      session.sendData(this.now, event.id, new TextEncoder().encode(body), true)
    }
  }
}

async function signerOf(): Promise<{ signer: Signer; hash: string }> {
  const authority = await laboratoryAuthority()
  const { chain, key } = await authority.identity({ names: ['localhost'], key: 'p256', fault: 'none' })
  const certificates = (chain.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  )
  const privateKey = createPrivateKey(key)
  const spki = certificates[0].publicKey.export({ format: 'der', type: 'spki' })
  return {
    hash: createHash('sha256').update(spki).digest('base64'),
    signer: {
      chain: certificates.map(({ raw }) => new Uint8Array(raw)),
      schemes: schemesOf(privateKey),
      sign: (scheme, content) => signWith(scheme, privateKey, content),
    },
  }
}

describe.skipIf(!findChromium())('Chromium over HTTP/3', () => {
  let server: Http3Server
  let browser: Browser | undefined

  beforeAll(async () => {
    const { signer, hash } = await signerOf()
    server = new Http3Server(signer)
    await server.listen()
    browser = await launchChromium({ quic: { port: server.port, spki: hash } })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    server.close()
  })

  test.each([0, 0.05])(
    `a page of ${OBJECTS} objects, every one by h3, at a loss of %d`,
    async (loss) => {
      server.loss = loss
      const page = await browser!.context.newPage()
      await page.goto(`https://localhost:${server.port}/`, { timeout: 60_000 })
      await page.waitForFunction((count) => Reflect.get(window, 'got') === count, OBJECTS, {
        timeout: 60_000,
      })
      const protocols = await page.evaluate(() =>
        (['navigation', 'resource'] as const)
          .flatMap((type) => window.performance.getEntriesByType(type as 'resource'))
          .map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
      )
      // The page, its objects, and the icon that browsers ask for by themselves.
      expect(protocols.length).toBeGreaterThan(OBJECTS)
      expect(new Set(protocols)).toEqual(new Set(['h3']))
      await page.close()
      expect(server.closed.filter((reason) => reason.startsWith('local'))).toEqual([])
    },
    120_000,
  )
})
