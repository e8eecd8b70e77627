/** What the onlooker tells of Node's own client and server, against what these two saw. */
import http from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import type { Side } from '../../../../../electron/protocol/wire/side.ts'
import { cut } from '../../../../support/cuts.ts'
import { duplexPair } from '../../../../support/duplex-pair.ts'
import { Http1Watch } from '../../../../support/http1-watch.ts'
import { collect } from '../../../../support/streams.ts'

const servers: http.Server[] = []
afterEach(() => servers.splice(0).forEach((server) => server.close()))

/** A server behind an onlooker whose octets are cut anywhere; and the client's end of the connection. */
function watched(
  seed: number,
  handler: http.RequestListener,
): { watch: Http1Watch; socket: Duplex; server: http.Server } {
  const rng = createRng(seed)
  const watch = new Http1Watch()
  const { client, server: end } = duplexPair((from: Side, bytes) => {
    for (const piece of cut(rng, bytes)) watch.connection.push(from, piece)
  })
  const server = http.createServer({ keepAliveTimeout: 0 }, handler)
  servers.push(server)
  server.emit('connection', end)
  return { watch, socket: client, server }
}

interface Answer {
  readonly status: number
  readonly rawHeaders: string[]
  readonly rawTrailers: string[]
  readonly body: string
}

function ask(agent: http.Agent, options: http.RequestOptions, body?: string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ ...options, agent, host: 'lab' }, (response) => {
      void collect(response).then((octets) =>
        resolve({
          status: response.statusCode!,
          rawHeaders: response.rawHeaders,
          rawTrailers: response.rawTrailers,
          body: octets.toString('latin1'),
        }),
      )
    })
    request.once('error', reject)
    for (const piece of body ?? []) request.write(piece)
    request.end()
  })
}

/** An agent whose only connection is this one. */
function agentOn(socket: Duplex): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  agent.createConnection = () => socket
  return agent
}

const raw = (fields: readonly { name: string; value: string }[]) =>
  fields.flatMap(({ name, value }) => [name, value])

test.each([1, 2, 3, 4, 5])(
  'requests, fields, bodies and trailers are those of the endpoints (seed %i)',
  async (seed) => {
    const seen: { method: string; url: string; rawHeaders: string[]; body: string }[] = []
    const { watch, socket } = watched(seed, (request, response) => {
      void collect(request).then((octets) => {
        const { method, url, rawHeaders } = request
        seen.push({ method: method!, url: url!, rawHeaders, body: octets.toString('latin1') })
        if (url === '/length') return response.setHeader('Content-Length', 6).end('abcdef')
        if (url === '/empty') return response.writeHead(204).end()
        response.writeProcessing()
        response.writeHead(200, { Trailer: 'X-Sum', 'Set-Cookie': ['a=1', 'b=2'] })
        response.write('x'.repeat(20_000))
        response.addTrailers({ 'X-Sum': '42' })
        return response.end('end')
      })
    })
    const agent = agentOn(socket)
    const answers = [
      await ask(agent, { path: '/chunks', method: 'POST' }, ['one', 'two'.repeat(5_000)]),
      await ask(agent, { path: '/length', method: 'PUT', headers: { 'Content-Length': 3 } }, ['abc']),
      await ask(agent, { path: '/length', method: 'HEAD' }),
      await ask(agent, { path: '/empty' }),
    ]
    agent.destroy()
    watch.end('client', 'server')
    expect(watch.problems).toEqual([])
    const requests = watch.messages.filter(({ from }) => from === 'client')
    expect(
      requests.map(({ startLine: line, fields, exchange }) => ({
        method: line.kind === 'request' && line.method,
        url: line.kind === 'request' && line.target,
        rawHeaders: raw(fields),
        body: watch.body('client', exchange!),
      })),
    ).toEqual(seen)
    const responses = watch.messages.filter(({ from, interim }) => from === 'server' && !interim)
    expect(responses.map(({ exchange }) => exchange)).toEqual([1, 2, 3, 4])
    const trailers = (exchange: number) =>
      watch.of('trailers').find((event) => event.from === 'server' && event.exchange === exchange)?.fields ??
      []
    expect(
      responses.map(({ startLine: line, fields, exchange }) => ({
        status: line.kind === 'response' && line.status,
        rawHeaders: raw(fields),
        rawTrailers: raw(trailers(exchange!)),
        body: watch.body('server', exchange!),
      })),
    ).toEqual(answers)
    expect(watch.messages.filter(({ interim }) => interim)).toMatchObject([
      { exchange: 1, startLine: { status: 102 } },
    ])
    expect(watch.of('end').every(({ complete }) => complete)).toBe(true)
  },
)

test('pipelined requests: the slow one first, the answers in order', async () => {
  const { watch, socket } = watched(6, (request, response) => {
    const slow = request.url === '/1'
    if (slow) setImmediate(() => response.end('slow'))
    else response.end(`fast ${request.url}`)
  })
  const received = collect(socket)
  socket.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
  socket.write('GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await received
  watch.end('client', 'server')
  expect([1, 2, 3].map((exchange) => watch.body('server', exchange))).toEqual(['slow', 'fast /2', 'fast /3'])
  const last = watch.messages.at(-1)!
  expect([last.exchange, last.persistent]).toEqual([3, false])
  expect(watch.problems).toEqual([])
})

test('Upgrade: both directions go over to the other protocol at the right octet', async () => {
  const { watch, socket, server } = watched(7, () => {})
  server.on('upgrade', (_request, end: Duplex) => {
    end.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello')
    end.on('data', (octets: Buffer) => end.end(octets))
  })
  const request = http.request({
    createConnection: () => socket,
    headers: { Connection: 'Upgrade', Upgrade: 'echo' },
  })
  request.end()
  const [end, head] = await new Promise<[Duplex, Buffer]>((resolve) =>
    request.once('upgrade', (_response, stream: Duplex, first: Buffer) => resolve([stream, first])),
  )
  const rest = collect(end)
  end.write('ping')
  const got = head.toString() + (await rest).toString()
  expect(watch.tunnels).toEqual({ client: 'ping', server: got })
  expect(got).toBe('helloping')
  expect(watch.problems).toEqual([])
})
