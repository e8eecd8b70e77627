/**
 * The window in a browser: the built page and a WebSocket to the engine, on loopback only. Guarded by a token
 * in the URL, and by Host and Origin, so that no other page of the browser can reach the lab (DESIGN 8, 9).
 */
import { spawn } from 'node:child_process'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import { type WebSocket, WebSocketServer } from 'ws'
import { SOCKET_PATH } from '../shared/carrier.ts'
import type { EngineMessage } from '../shared/commands.ts'
import { EngineClient } from './ipc/engine-client.ts'
import { pageHeaders, readPage } from './ipc/page.ts'
import { encodeBatchFrame, encodeTextFrame } from './ipc/socket-frames.ts'
import { Supervisor, type Window } from './ipc/supervisor.ts'
import { builtWorker, startWorkerEngine } from './ipc/worker-engine.ts'

export interface ServeOptions {
  /** Port on 127.0.0.1; 0: any free one. */
  readonly port: number
  /** Open the default browser, if there is one. */
  readonly open: boolean
  /** Folder of the recordings. */
  readonly recordings: string
  /** Folder of the built page and file of the built engine, for tests. */
  readonly page?: string
  readonly worker?: string
}

export interface LabServer {
  /** Address of the window, token included. */
  readonly url: string
  /** The engine behind the window, for who serves more than a window. */
  readonly engine: EngineClient
  close(): Promise<void>
}

/** Commands are small; an experiment file is the largest of them. */
const LARGEST_MESSAGE = 4 << 20

/** Serves the window until `close`. Rejects when the port is taken (`EADDRINUSE`). */
export async function startServer(options: ServeOptions): Promise<LabServer> {
  const token = randomBytes(24).toString('base64url')
  const page = options.page ?? join(import.meta.dirname, '..', 'renderer')
  const worker = options.worker ?? builtWorker()
  const supervisor = new Supervisor(() => startWorkerEngine(worker), options.recordings)
  const server = createServer((request, response) => void answer(server, page, request, response))
  await listen(server, options.port)
  const sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_MESSAGE })
  server.on('upgrade', (request, socket, head) => {
    const refusal = refuse(server, token, request)
    if (refusal) return reject(socket, refusal)
    sockets.handleUpgrade(request, socket, head, (client) => attach(supervisor, client))
  })
  supervisor.start()
  const engine = new EngineClient(supervisor)
  const url = `http://127.0.0.1:${portOf(server)}/?token=${token}`
  if (options.open) openBrowser(url)
  return {
    url,
    engine,
    async close() {
      for (const client of sockets.clients) client.terminate()
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
      await supervisor.stop()
    },
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

/** Another name in Host means that a foreign domain was made to point here (DNS rebinding). */
function isOwnHost(server: Server, host: string | undefined): boolean {
  const port = portOf(server)
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`
}

async function answer(server: Server, page: string, request: IncomingMessage, response: ServerResponse) {
  const host = request.headers.host
  if (!isOwnHost(server, host)) return void response.writeHead(403).end('wrong host\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') return void response.writeHead(405).end()
  const path = request.url?.split('?', 1)[0] ?? '/'
  const file = await readPage(page, path)
  if (!file) return void response.writeHead(404).end('not found\n')
  const headers = { ...pageHeaders(`'self' ws://${host}`), 'content-type': file.type }
  response.writeHead(200, { ...headers, 'content-length': file.body.byteLength, 'cache-control': 'no-cache' })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

/** Why a WebSocket may not be opened: the status line to send, or undefined when it may. */
function refuse(server: Server, token: string, request: IncomingMessage): string | undefined {
  const { host, origin } = request.headers
  if (!isOwnHost(server, host)) return '403 Forbidden'
  if (origin !== `http://${host}`) return '403 Forbidden'
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (url.pathname !== SOCKET_PATH) return '404 Not Found'
  const given = Buffer.from(url.searchParams.get('token') ?? '')
  const expected = Buffer.from(token)
  return given.length === expected.length && timingSafeEqual(given, expected) ? undefined : '401 Unauthorized'
}

function reject(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Puts a browser window on the engine: one message channel, forwarded frame by frame. */
function attach(supervisor: Supervisor, client: WebSocket): void {
  let port: MessageChannel['port2'] | undefined
  const send = (message: EngineMessage): void => {
    if (client.readyState !== client.OPEN) return
    client.send(message.type === 'batch' ? encodeBatchFrame(message) : encodeTextFrame(message))
  }
  const window: Window = {
    openChannel() {
      port?.close()
      const channel = new MessageChannel()
      port = channel.port2
      port.on('message', send)
      return channel.port1
    },
    notify: send,
  }
  supervisor.add(window)
  client.on('message', (data, isBinary) => {
    if (isBinary) return client.close(1003, 'text only')
    let message: unknown
    try {
      message = JSON.parse((data as Buffer).toString('utf8'))
    } catch {
      return client.close(1007, 'not JSON')
    }
    port?.postMessage(message)
  })
  // A broken client closes right after; there is nothing else to do about it.
  client.on('error', () => undefined)
  client.on('close', () => {
    supervisor.remove(window)
    port?.close()
  })
}

/** Asks the system to show a URL; without a browser nothing happens, the URL was printed. */
function openBrowser(url: string): void {
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]]
  const child = spawn(command as string, args as string[], { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
