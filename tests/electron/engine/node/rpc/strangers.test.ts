/** A server of calls with a stranger as its client, a client with a stranger as its server. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { CODECS } from '../../../../../electron/engine/node/rpc/codec.ts'
import { prefixed } from '../../../../../electron/engine/node/rpc/prefixed.ts'
import { READ } from '../../../../../electron/engine/node/rpc/sensors.ts'
import type { Program, Surroundings } from '../../../../../electron/engine/node/program.ts'
import { runCalls, RTT, type RpcLab } from '../../../../support/rpc-lab.ts'

const request = CODECS.grpc.encodeRequest({ sensor: 'pump', from: 0, count: 1 })

interface GrpcAnswer {
  readonly httpStatus: number
  readonly status: string
  readonly message: string
  /** One header section only, at the beginning and the end. */
  readonly trailersOnly: boolean
  readonly content: Buffer
  /** From asking, in microseconds. */
  readonly after: number
}

interface Ask {
  readonly headers?: Readonly<Record<string, string>>
  readonly content?: Uint8Array
  readonly server?: RpcLab['server']
}

/** What the gRPC server says to one request over HTTP/2. */
async function ask({ headers = {}, content = prefixed(request), server = {} }: Ask): Promise<GrpcAnswer> {
  let answer: GrpcAnswer | undefined
  const client = (lab: Surroundings): Program => {
    const program = { done: false, start, stop: () => undefined }
    function start(): void {
      const socket = lab.sockets.connect({ address: lab.addressOf('server'), port: 50_051 })
      const session = connect('http://server.lab', { createConnection: () => socket })
      const began = lab.now()
      const stream = session.request({
        ...{ ':method': 'POST', ':path': READ, te: 'trailers', 'content-type': 'application/grpc' },
        ...headers,
      })
      let head: Record<string, unknown> = {}
      let trailers: Record<string, unknown> | undefined
      const chunks: Buffer[] = []
      stream.on('response', (fields) => (head = fields))
      stream.on('trailers', (fields) => (trailers = fields))
      stream.on('data', (bytes: Buffer) => chunks.push(bytes))
      stream.on('error', () => undefined)
      stream.once('close', () => {
        const verdict = trailers ?? head
        answer = {
          httpStatus: Number(head[':status']),
          status: String(verdict['grpc-status']),
          message: String(verdict['grpc-message']),
          trailersOnly: trailers === undefined,
          content: Buffer.concat(chunks),
          after: lab.now() - began,
        }
        session.close(() => (program.done = true))
      })
      stream.end(content)
    }
    return program
  }
  await runCalls({ style: 'grpc', server, stranger: { client } })
  return answer!
}

describe('the gRPC server', () => {
  it('sends the message with its prefix, then the status as trailers', async () => {
    const answer = await ask({})
    expect(answer).toMatchObject({ httpStatus: 200, status: '0', trailersOnly: false })
    expect(answer.content[0]).toBe(0)
    expect(answer.content.readUInt32BE(1)).toBe(answer.content.length - 5)
    expect(CODECS.grpc.decodeReply(answer.content.subarray(5))!.readings).toHaveLength(1)
  })

  it.each([
    ['12', 'UNIMPLEMENTED', 'a method that it does not have', { headers: { ':path': '/lab.Sensors/Write' } }],
    ['3', 'INVALID_ARGUMENT', 'bytes that are no request', { content: prefixed(Uint8Array.of(0x0a, 0xff)) }],
    [
      '5',
      'NOT_FOUND',
      'a sensor that there is not',
      { content: prefixed(CODECS.grpc.encodeRequest({ sensor: 'attic', from: 0, count: 1 })) },
    ],
    [
      '11',
      'OUT_OF_RANGE',
      'more readings than it gives out',
      { content: prefixed(CODECS.grpc.encodeRequest({ sensor: 'pump', from: 0, count: 10_001 })) },
    ],
    ['12', 'UNIMPLEMENTED', 'a compressed message', { content: Uint8Array.of(1, 0, 0, 0, 0) }],
    ['13', 'INTERNAL', 'a message that is cut short', { content: Uint8Array.of(0, 0, 0, 0, 9, 1) }],
    [
      '8',
      'RESOURCE_EXHAUSTED',
      'a length that it would not take',
      { content: Uint8Array.of(0, 255, 0, 0, 0) },
    ],
  ] as [string, string, string, Ask][])('answers %s, %s: %s', async (number, _, __, what) => {
    const answer = await ask(what)
    expect(answer).toMatchObject({ httpStatus: 200, status: number, trailersOnly: true })
    expect(answer.content).toHaveLength(0)
    expect(answer.message).not.toBe('')
  })

  it('answers 415 to what is not gRPC', async () => {
    expect((await ask({ headers: { 'content-type': 'application/json' } })).httpStatus).toBe(415)
    expect((await ask({ headers: { 'content-type': 'application/grpcx' } })).httpStatus).toBe(415)
    expect((await ask({ headers: { 'content-type': 'application/grpc+proto' } })).status).toBe('0')
  })

  it('gives up after grpc-timeout, whether the client does or not', async () => {
    const late = await ask({ headers: { 'grpc-timeout': '40m' }, server: { delay: 500_000 } })
    expect(late.status).toBe('4')
    // The handshake, there and back, and the time that it had.
    expect(late.after).toBeCloseTo(2 * RTT + 40_000, -3)
    expect((await ask({ headers: { 'grpc-timeout': '90m' }, server: { delay: 20_000 } })).status).toBe('0')
  })
})

/** What a client calls the outcome of one call that a stranger in the server's place answers. */
async function clientTo(style: 'json' | 'grpc', accept: (socket: unknown) => void): Promise<string> {
  const server = (lab: Surroundings): Program => ({
    done: true,
    start: () => {
      lab.sockets.listen(50_051, (socket) => {
        socket.on('error', () => undefined)
        accept(socket)
      })
    },
    stop: () => undefined,
  })
  const { all } = await runCalls({ style, client: { calls: 1, readings: 1 }, stranger: { server } })
  const [{ status }] = all('rpc:call_finished')
  return status
}

const overHttp1 = (answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void) => {
  const server = createServer((incoming, outgoing) => {
    incoming.resume()
    outgoing.sendDate = false
    incoming.once('end', () => answer(incoming, outgoing))
  })
  return (socket: unknown) => void server.emit('connection', socket)
}

const overHttp2 = (answer: (stream: ServerHttp2Stream) => void) => {
  const server = createHttp2Server()
  server.on('stream', (stream) => {
    stream.on('error', () => undefined)
    stream.resume()
    stream.once('end', () => answer(stream))
  })
  return (socket: unknown) => void server.emit('connection', socket)
}

describe('the client', () => {
  const json = (status: number, body: string) =>
    overHttp1((_, outgoing) => outgoing.writeHead(status, { 'content-length': body.length }).end(body))

  it.each([
    ['NOT_FOUND', 'json', 'an error by name', json(404, '{"code":"NOT_FOUND","message":"no"}')],
    ['UNAVAILABLE', 'json', 'what a proxy says', json(503, '<html>')],
    ['UNIMPLEMENTED', 'json', 'nothing there', json(404, '')],
    ['UNKNOWN', 'json', 'a name that is none', json(418, '{"code":"TEAPOT"}')],
    ['INTERNAL', 'json', 'an answer that is no JSON', json(200, '{')],
    ['INTERNAL', 'json', 'fewer readings than it asked for', json(200, '{"readings":[]}')],
    ['UNAVAILABLE', 'json', 'the connection closed', overHttp1((incoming) => incoming.socket.destroy())],
    [
      'UNKNOWN',
      'grpc',
      'an answer without a status',
      overHttp2((stream) => {
        stream.respond({ 'content-type': 'application/grpc' })
        stream.end(prefixed(new Uint8Array(0)))
      }),
    ],
    [
      'PERMISSION_DENIED',
      'grpc',
      'an error in trailers only',
      overHttp2((stream) =>
        stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '7' }, { endStream: true }),
      ),
    ],
    [
      'UNAVAILABLE',
      'grpc',
      'what a proxy says',
      overHttp2((stream) => stream.respond({ ':status': 502 }, { endStream: true })),
    ],
    [
      'INTERNAL',
      'grpc',
      'OK, without a message',
      overHttp2((stream) =>
        stream.respond({ 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true }),
      ),
    ],
    ['UNAVAILABLE', 'grpc', 'a stream that is reset', overHttp2((stream) => stream.close(2))],
  ] as const)('calls it %s, %s: %s', async (status, style, _, accept) => {
    expect(await clientTo(style, accept)).toBe(status)
  })
})
