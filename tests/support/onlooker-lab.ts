/** Node's own endpoints of TLS and HTTP on a client and a server of the lab, and what the onlookers wrote of them. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import { join } from 'node:path'
import * as tls from 'node:tls'
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { onTestFinished } from 'vitest'
import { planGateway } from '../../electron/engine/gateway-plan.ts'
import type { TraceEvent } from '../../electron/engine/recording/types.ts'
import { Run } from '../../electron/engine/run.ts'
import { SocketHost, type LabSocket } from '../../electron/engine/sockets.ts'
import type { LinkInput } from '../../shared/link.ts'
import { TcpSettings, type TcpSettingsInput } from '../../shared/tcp.ts'
import type { EventName } from '../../shared/trace/events.ts'
import { micros } from '../../shared/units.ts'
import { temporaryFolder } from './runs.ts'
import { createCertificates, type TestCertificates } from './tls-certificates.ts'

const SERVER = 0x0a4d0002
const PORT = 443

let certificates: Promise<TestCertificates> | undefined

export interface LabOptions {
  readonly link?: LinkInput
  readonly tcp?: TcpSettingsInput
  readonly seed?: number
}

export class OnlookerLab {
  readonly run: Run
  readonly client: SocketHost
  readonly server: SocketHost

  /** A client and a server with a link between them, in virtual time and without end. */
  constructor({
    link = { up: { delay: 5_000 }, down: { delay: 5_000 } },
    tcp = {},
    seed = 1,
  }: LabOptions = {}) {
    const plan = planGateway({ listen: 0, to: { host: 'nowhere', port: 1 }, link, seed })
    if (!plan.ok) throw new Error(plan.error.message)
    const directory = join(temporaryFolder(), 'run')
    this.run = new Run({ ...plan.value, driver: 'virtual' } as never, { id: 1, directory })
    const { hosts } = this.run.scene.lanes[0]
    for (const { station } of hosts.values())
      station.configure(micros(0), v.parse(TcpSettings, { nagle: false, ...tcp }))
    this.client = new SocketHost(hosts.get('client')!, this.run.driver)
    this.server = new SocketHost(hosts.get('server')!, this.run.driver)
    onTestFinished(async () => {
      await this.run.stop()
      this.run.close()
    })
  }

  start(): Promise<void> {
    return this.run.start()
  }

  /** A connection of the lab: its two ends. */
  async connect(): Promise<{ near: LabSocket; far: LabSocket }> {
    const accepted = new Promise<LabSocket>((resolve) =>
      this.server.listen(PORT, resolve, { allowHalfOpen: true }),
    )
    const near = this.client.connect({ address: SERVER, port: PORT }, { allowHalfOpen: true })
    return { near, far: await accepted }
  }

  /** Hands each connection to a server of Node's. */
  serve(server: { emit(event: 'connection', socket: Duplex): boolean }, port = PORT): void {
    this.server.listen(port, (socket) => server.emit('connection', socket), { allowHalfOpen: true })
  }

  dial(port = PORT): LabSocket {
    return this.client.connect({ address: SERVER, port }, { allowHalfOpen: true })
  }

  /** Tells the run a secret, as the TLS endpoints of programs do. */
  readonly logSecret = (line: Buffer): void => {
    if (!this.run.isOver) this.run.recorder.emit('security:secret_logged', { line: line.toString().trim() })
  }

  /** Ends the run. */
  async stop(): Promise<void> {
    await this.run.stop()
  }

  events<N extends EventName>(...names: N[]): TraceEvent<N>[] {
    if (!this.run.isOver) this.run.recorder.flush()
    return [...this.run.reader.events(names)]
  }
}

/** A TLS server of Node's, with its secrets told to the lab, or one in the clear. */
export async function tlsOptions(lab: OnlookerLab, protocols: string[] | undefined, logged = true) {
  certificates ??= createCertificates()
  const { authority, server } = await certificates
  const ALPNProtocols = protocols
  return {
    server: { key: server.key, cert: server.cert, ALPNProtocols },
    client: { ca: authority, servername: 'server.test', ALPNProtocols },
    watch: (end: { on(event: 'keylog', tell: (line: Buffer) => void): unknown }): void => {
      if (logged) end.on('keylog', lab.logSecret)
    },
  }
}

export interface PageOptions {
  readonly version: 'h2' | 'http/1.1'
  readonly secure: boolean
  readonly objects: number
  readonly size: number
  readonly tls?: tls.TlsOptions & tls.ConnectionOptions
  readonly logged?: boolean
  readonly clientSettings?: http2.Settings
  /** What the client adds to the window of the connection, in bytes. */
  readonly connectionWindow?: number
  /** Bytes that each request carries. */
  readonly upload?: number
}

/** What the endpoints say of a page load. */
export interface PageLoad {
  readonly statuses: readonly number[]
  readonly bytes: number
  /** Of the client, by name. */
  readonly responseFields: readonly Readonly<Record<string, unknown>>[]
  readonly protocol: string | null | undefined
}

/** Loads a page of objects over one connection, all of them at once in HTTP/2 and one by one in HTTP/1.1. */
export async function loadPage(lab: OnlookerLab, page: PageOptions): Promise<PageLoad> {
  const secrets = await tlsOptions(lab, [page.version], page.logged)
  const server = makeServer(page, secrets)
  lab.serve(server)
  await lab.start()
  let socket: Duplex = lab.dial()
  let protocol: string | null | undefined
  if (page.secure) {
    const secure = tls.connect({ socket, ...secrets.client, ...page.tls })
    secrets.watch(secure)
    await once(secure, 'secureConnect')
    protocol = secure.getProtocol()
    socket = secure
  }
  const load = page.version === 'h2' ? await loadHttp2(socket, page) : await loadHttp1(socket, page)
  return { ...load, protocol }
}

function makeServer(page: PageOptions, secrets: Awaited<ReturnType<typeof tlsOptions>>) {
  const { size, version, secure, tls: extra } = page
  const content = Buffer.alloc(size, 0x61)
  const answer = (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ): void => {
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': size })
      response.end(content)
    })
  }
  const options = { ...secrets.server, ...extra }
  let server
  if (version === 'h2')
    server = secure ? http2.createSecureServer(options, answer) : http2.createServer(answer)
  else if (secure) {
    const inner = http.createServer({ keepAliveTimeout: 0 }, answer)
    server = tls.createServer(options, (socket) => inner.emit('connection', socket))
  } else server = http.createServer({ keepAliveTimeout: 0 }, answer)
  if (secure) secrets.watch(server as tls.Server)
  server.on('error', () => {})
  return server as unknown as { emit(event: 'connection', socket: Duplex): boolean }
}

type Load = Omit<PageLoad, 'protocol'>

async function loadHttp2(socket: Duplex, page: PageOptions): Promise<Load> {
  const { objects, clientSettings, connectionWindow, upload = 0 } = page
  const session = http2.connect('https://server.test', {
    createConnection: () => socket,
    ...(clientSettings && { settings: clientSettings }),
  })
  if (connectionWindow !== undefined)
    session.once('connect', () => session.setLocalWindowSize(connectionWindow))
  const results = await Promise.all(
    Array.from({ length: objects }, async (_, i) => {
      const fields = {
        ':path': `/object/${i + 1}`,
        'user-agent': 'lab',
        ...(upload > 0 && { ':method': 'POST' }),
      }
      const stream = session.request(fields)
      if (upload > 0) stream.end(Buffer.alloc(upload, 0x62))
      let bytes = 0
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
      // Both at once: an empty response ends in the moment in which it begins.
      const [[response]] = (await Promise.all([once(stream, 'response'), once(stream, 'end')])) as [
        [Record<string, unknown>],
        unknown,
      ]
      return { status: response[':status'] as number, bytes, response }
    }),
  )
  session.close()
  await once(session, 'close')
  return summary(results)
}

async function loadHttp1(socket: Duplex, { objects, upload = 0 }: PageOptions): Promise<Load> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  // What a socket of the kernel's has and the agent would call.
  Object.assign(agent, {
    createConnection: () => socket,
    keepSocketAlive: () => true,
    reuseSocket: () => undefined,
  })
  const results = []
  for (let i = 0; i < objects; i++) {
    const request = http.request({
      agent,
      host: 'server.test',
      path: `/object/${i + 1}`,
      method: upload > 0 ? 'POST' : 'GET',
    })
    request.end(Buffer.alloc(upload, 0x62))
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    let bytes = 0
    response.on('data', (chunk: Buffer) => (bytes += chunk.length))
    await once(response, 'end')
    results.push({ status: response.statusCode!, bytes, response: response.headers })
  }
  agent.destroy()
  return summary(results)
}

const summary = (
  results: readonly { status: number; bytes: number; response: Readonly<Record<string, unknown>> }[],
): Load => ({
  statuses: results.map(({ status }) => status),
  bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
  responseFields: results.map(({ response }) => response),
})
