/**
 * Whatever a peer sends, an HTTP endpoint of the laboratory ends the request or the connection that it came on: nothing is
 * thrown out of it, nothing hangs, and the next one is served.
 */
import { describe, expect, it } from 'vitest'
import { PROGRAMS, type ProgramTable } from '../../electron/engine/node/programs.ts'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import type { LabSocket } from '../../electron/engine/sockets.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import type { TcpVersion } from '../../electron/engine/node/http/transport.ts'
import { cut, wound } from '../support/cuts.ts'
import { runHttp } from '../support/http-lab.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 600 : 30
const VERSIONS = ['http/1.1', 'h2'] as const

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')
const text = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'))

/** What a server might say, right as it is. */
const ANSWERS: Readonly<Record<TcpVersion, readonly Buffer[]>> = {
  'http/1.1': [
    text('HTTP/1.1 200 OK', 'content-length: 5', '', 'hello'),
    text('HTTP/1.1 200 OK', 'transfer-encoding: chunked', '', '3', 'abc', '0', 'x: y', '', ''),
    text('HTTP/1.1 100 Continue', '', 'HTTP/1.1 204 No Content', 'set-cookie: a=1; Max-Age=5', '', ''),
    text('HTTP/1.1 302 Found', 'location: /next', 'content-length: 0', '', ''),
    text('HTTP/1.1 200 OK', 'content-encoding: gzip', 'content-length: 3', '', 'abc'),
    text('HTTP/1.1 101 Switching Protocols', 'upgrade: websocket', 'connection: upgrade', '', 'x'),
    text('HTTP/1.1 304 Not Modified', 'etag: "1"', 'date: Thu, 01 Jan 2026 00:00:00 GMT', '', ''),
  ],
  h2: [
    // SETTINGS and its acknowledgment, HEADERS with `:status: 200`, DATA.
    hex('000000040000000000 000000040100000000 000001010400000001 88 000005000100000001 68656c6c6f'),
    // A promise of GET / on stream 2, and its response.
    hex(
      '000000040000000000 000008050400000001 00000002 82868441 0161 000001010400000002 88 000001010500000001 88',
    ),
    // RST_STREAM, WINDOW_UPDATE, PING, GOAWAY.
    hex('000000040000000000 000004030000000001 00000008 000004080000000000 00000001'),
    hex('000000040000000000 000008060000000000 0102030405060708 000008070000000000 00000000 00000002'),
    // SETTINGS with values: table 0, window 2^31-1, frame 16384.
    hex('000012040000000000 000100000000 00047fffffff 000500004000 000001010500000001 8d'),
  ],
}

/** What a client might ask. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const QUESTIONS: Readonly<Record<TcpVersion, readonly Buffer[]>> = {
  'http/1.1': [
    text('GET / HTTP/1.1', 'host: server.lab', '', ''),
    text(
      'POST /orders HTTP/1.1',
      'host: server.lab',
      'content-length: 3',
      '',
      'abcGET / HTTP/1.1',
      'host: a',
      '',
      '',
    ),
    text(
      'POST /orders HTTP/1.1',
      'host: server.lab',
      'transfer-encoding: chunked',
      '',
      '3',
      'abc',
      '0',
      '',
      '',
    ),
    text('GET /account HTTP/1.1', 'host: x', 'cookie: SID=abc', 'if-none-match: "1", W/"2"', '', ''),
    text('GET /text HTTP/1.1', 'host: x', 'accept-encoding: br;q=0.3, gzip', 'upgrade: h2c', '', ''),
    text('CONNECT server.lab:80 HTTP/1.1', 'host: server.lab', 'expect: 100-continue', '', ''),
  ],
  h2: [
    // SETTINGS, HEADERS: GET http / server.lab (the last literal), WINDOW_UPDATE, PRIORITY, RST_STREAM.
    Buffer.concat([PREFACE, hex('000000040000000000 000006010500000001 828684410161')]),
    Buffer.concat([
      PREFACE,
      hex('000000040000000000 000006010400000001 838684410161 000003000100000001 616263'),
    ]),
    Buffer.concat([
      PREFACE,
      hex('000000040000000000 000005020000000003 0000000110 000006010500000003 828684410161'),
    ]),
    Buffer.concat([
      PREFACE,
      hex('000000040000000000 000006010500000001 828684410161 000004030000000001 00000008'),
    ]),
    Buffer.concat([PREFACE, hex('000006040000000000 000400000000 000006010500000001 828684410161')]),
  ],
}

/** One of these with some wounds. A copy: `slice` of a Buffer would be a view. */
const wounded = (rng: Rng, from: readonly Buffer[]): Uint8Array =>
  wound(rng, new Uint8Array(from[rng.int(from.length)]))

/** Sends bytes in pieces, and then ends, breaks off, or says nothing more. */
function sendHostile(rng: Rng, socket: LabSocket, bytes: Uint8Array): void {
  socket.on('error', () => {})
  socket.resume()
  for (const piece of cut(rng, bytes)) if (!socket.destroyed) socket.write(piece)
  const end = rng.int(4)
  if (end === 0) socket.end()
  else if (end === 1) socket.resetAndDestroy()
}

/** A server that answers each connection with what is not quite an answer. */
const hostileServer = (version: TcpVersion): ProgramTable => ({
  ...PROGRAMS,
  'http-server': (_setup, lab) => {
    const rng = createRng(5)
    const start = (): void => {
      lab.sockets.listen(80, (socket) => {
        socket.on('error', () => {})
        socket.once('data', () => {
          lab.after(1_000, () => sendHostile(rng, socket, wounded(rng, ANSWERS[version])))
        })
      })
    }
    return { done: true, start, stop: () => undefined }
  },
})

/** A client that asks what is not quite a question, on one connection after the other, and at last an honest one. */
class HostileClient implements Program {
  done = false
  private readonly lab: Surroundings
  private readonly version: TcpVersion
  private readonly onAnswer: (bytes: Buffer) => void
  private readonly rng = createRng(6)

  constructor(lab: Surroundings, version: TcpVersion, onAnswer: (bytes: Buffer) => void) {
    this.lab = lab
    this.version = version
    this.onAnswer = onAnswer
  }

  start(): void {
    this.next(COUNT)
  }

  stop(): void {}

  private connect(): LabSocket {
    return this.lab.sockets.connect({ address: this.lab.addressOf('server'), port: 80 })
  }

  private next(left: number): void {
    if (left === 0) return this.ask()
    const socket = this.connect()
    socket.once('connect', () => sendHostile(this.rng, socket, wounded(this.rng, QUESTIONS[this.version])))
    this.lab.after(500_000, () => {
      socket.destroy()
      this.next(left - 1)
    })
  }

  private ask(): void {
    const socket = this.connect()
    socket.once('connect', () => socket.write(QUESTIONS[this.version][0]))
    socket.once('data', (bytes: Buffer) => {
      this.onAnswer(bytes)
      socket.destroy()
      this.done = true
    })
  }
}

const site = {
  '/': { size: 100, etag: true },
  '/text': { size: 1000, compressible: true },
  '/orders': { behaviour: 'orders' },
  '/account': { behaviour: 'session' },
} as const

describe.each(VERSIONS)('%s', (version) => {
  it.each([
    ['one after the other', {}],
    ['with cache, cookies and retries', { cache: true, cookies: 'on', retries: 1 }],
    ...(version === 'h2' ? [] : [['pipelined', { pipelining: true, connections: 3 }] as const]),
  ] as const)('a client ends each request, whatever is answered: %s', async (_name, client) => {
    const { exchanges, run } = await runHttp({
      resources: {},
      requests: [{ target: '/', times: COUNT, after: true, page: true }],
      client: { version, timeout: 2_000_000, ...client },
      programs: hostileServer(version),
      duration: 86_400_000_000,
    })
    expect(run.info.state).toBe('finished')
    expect(exchanges.length).toBeGreaterThanOrEqual(COUNT)
    for (const { finishedAt } of exchanges) expect(finishedAt).toBeDefined()
    // Some did no harm, most did.
    const failed = exchanges.filter(({ error }) => error !== '').length
    expect(failed).toBeGreaterThan(0)
    expect(failed).toBeLessThan(exchanges.length)
  })

  it('a server goes on to serve, whatever was asked', async () => {
    let answer: Buffer = Buffer.alloc(0)
    const { run } = await runHttp({
      resources: site,
      requests: [{ target: '/' }],
      client: { version },
      programs: {
        ...PROGRAMS,
        'http-client': (_setup, lab) => new HostileClient(lab, version, (bytes) => (answer = bytes)),
      },
      duration: 86_400_000_000,
    })
    expect(run.info.state).toBe('finished')
    // SETTINGS is what a server of HTTP/2 says first; of HTTP/1.1, the answer itself.
    if (version === 'h2') expect([...answer.subarray(3, 9)]).toEqual([4, 0, 0, 0, 0, 0])
    else expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /)
  })
})
