/**
 * Whatever crosses a connection, in whatever pieces: the onlookers at its ends throw nothing, tell only of what their own
 * host has sent, and write values that the trace can hold.
 */
import { once } from 'node:events'
import * as http2 from 'node:http2'
import * as tls from 'node:tls'
import dnsPacket from 'dns-packet'
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { ConnectionEnd } from '../../electron/engine/onlooker/connection-end.ts'
import type { Protocol } from '../../electron/engine/onlooker/look.ts'
import { Report } from '../../electron/engine/onlooker/report.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { PREFACE } from '../../electron/protocol/wire/h2/frame-reader.ts'
import { DATA, FLAG_END_STREAM } from '../../electron/protocol/wire/h2/names.ts'
import { SIDES } from '../../electron/protocol/wire/side.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { EVENTS, type FieldSpec } from '../../shared/trace/events.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { cut, join, octets, wound } from '../support/cuts.ts'
import { duplexPair } from '../support/duplex-pair.ts'
import { block, frame, get, headers, settings } from '../support/http2-watch.ts'
import { generate } from '../support/mqtt-packets.ts'
import { Watcher } from '../support/onlooker.ts'
import { fromHex } from '../support/packets.ts'
import { reachableSize } from '../support/reachable.ts'
import type { TracedEvent } from '../support/tcp-env.ts'
import type { Crossed } from '../support/tls-capture.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 8_000 : 600

interface Conversation {
  readonly crossed: readonly Crossed[]
  readonly keyLog: string
  /** What is spoken at the server's port where the first bytes do not tell. */
  readonly expected?: Protocol
}

const conversations: Conversation[] = []

/** Some requests and responses of Node's HTTP/2 endpoints, inside TLS or in the clear. */
async function http2Talk(
  certificates: TestCertificates,
  secure: tls.TlsOptions | undefined,
): Promise<Conversation> {
  const crossed: Crossed[] = []
  const lines: Buffer[] = []
  const ends = duplexPair((from, bytes) => crossed.push({ from, bytes }))
  const { key, cert } = certificates.server
  const answer = (stream: http2.ServerHttp2Stream): void => {
    stream.respond({ ':status': 200, 'content-type': 'text/plain', etag: `"${stream.id}"` })
    stream.end('x'.repeat(700))
  }
  const server = secure ? http2.createSecureServer({ key, cert, ...secure }) : http2.createServer()
  server.on('stream', answer)
  server.on('keylog', (line: Buffer) => lines.push(line))
  server.emit('connection', ends.server)
  const client = http2.connect('https://server.test', {
    createConnection: () =>
      secure
        ? tls
            .connect({
              ...{ socket: ends.client, ca: certificates.authority, servername: 'server.test' },
              ALPNProtocols: ['h2'],
            })
            .on('keylog', (line) => lines.push(line))
        : ends.client,
  })
  for (let i = 0; i < 3; i++) {
    const stream = client.request({ ':path': `/${i}`, 'user-agent': 'fuzz' })
    await once(stream.resume(), 'end')
  }
  client.close()
  await once(client, 'close')
  return { crossed, keyLog: Buffer.concat(lines).toString() }
}

const http1Talk = (request: string, response: string): Conversation => ({
  crossed: [
    { from: 'client', bytes: octets(request.repeat(2)) },
    { from: 'server', bytes: octets(response.repeat(2)) },
  ],
  keyLog: '',
})

const fromClient = (...bytes: Uint8Array[]): Crossed => ({ from: 'client', bytes: join(...bytes) })
const fromServer = (...bytes: Uint8Array[]): Crossed => ({ from: 'server', bytes: join(...bytes) })

function mqttTalk(protocolVersion: 4 | 5): Conversation {
  const write = (packet: object): Uint8Array => generate(packet as never, protocolVersion)
  const id = { messageId: 7 }
  return {
    crossed: [
      fromClient(
        write({
          cmd: 'connect',
          protocolId: 'MQTT',
          protocolVersion,
          clean: true,
          clientId: 'c',
          keepalive: 9,
        }),
      ),
      fromServer(write({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: false })),
      fromClient(write({ cmd: 'subscribe', ...id, subscriptions: [{ topic: 'a/#', qos: 1 }] })),
      fromServer(write({ cmd: 'suback', ...id, granted: [1] })),
      fromClient(
        write({
          cmd: 'publish',
          ...id,
          topic: 'a/b',
          payload: '#1 hello',
          qos: 1,
          properties: { topicAlias: 1 },
        }),
      ),
      fromServer(
        write({ cmd: 'puback', ...id }),
        write({ cmd: 'publish', topic: 'a/b', payload: '#1 hello', qos: 0 }),
      ),
      fromClient(write({ cmd: 'pingreq' }), write({ cmd: 'disconnect' })),
    ],
    keyLog: '',
    expected: 'mqtt',
  }
}

const webSocketTalk = (extension: string): Conversation => ({
  crossed: [
    fromClient(octets('GET /s HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')),
    fromServer(
      octets(`HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${extension}\r\n`),
      fromHex('8105 68656c6c6f c107 f248cdc9c90700'),
    ),
    fromClient(fromHex('8185 01020304 69676e686e 8980 00000000')),
    fromServer(fromHex('0102 61c3 8a00 8001 a9 8802 03e8')),
  ],
  keyLog: '',
})

const QUERY = new Uint8Array(
  dnsPacket.encode({ type: 'query', id: 7, questions: [{ type: 'A', name: 'www.example.test' }] }),
)
const ANSWER = new Uint8Array(
  dnsPacket.encode({
    type: 'response',
    id: 7,
    answers: [{ type: 'A', name: 'www.example.test', data: '192.0.2.1' }],
  }),
)
const dnsTalk: Conversation = {
  crossed: [
    fromClient(Uint8Array.of(0, QUERY.length), QUERY),
    fromServer(Uint8Array.of(0, ANSWER.length), ANSWER),
  ],
  keyLog: '',
  expected: 'dns',
}

const grpcTalk: Conversation = {
  crossed: [
    fromClient(
      join(PREFACE, settings()),
      headers(
        1,
        block(
          [':method', 'POST'],
          [':scheme', 'http'],
          [':path', '/a'],
          ['content-type', 'application/grpc'],
        ),
        false,
      ),
      frame(DATA, 0, 1, fromHex('00 00000002 0801')),
      frame(DATA, FLAG_END_STREAM, 1, fromHex('00 00000000')),
    ),
    fromServer(
      settings(),
      headers(1, block([':status', '200'], ['content-type', 'application/grpc']), false),
      frame(DATA, 0, 1, fromHex('00 00000002 0801')),
      headers(1, block(['grpc-status', '0'])),
    ),
  ],
  keyLog: '',
}

beforeAll(async () => {
  const certificates = await createCertificates()
  conversations.push(
    await http2Talk(certificates, undefined),
    await http2Talk(certificates, {}),
    await http2Talk(certificates, { maxVersion: 'TLSv1.2' }),
    http1Talk('GET /a HTTP/1.1\r\nHost: lab\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'),
    http1Talk(
      'POST /a HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n',
    ),
    http1Talk(
      'GET /a HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    ),
    mqttTalk(4),
    mqttTalk(5),
    webSocketTalk(''),
    webSocketTalk('Sec-WebSocket-Extensions: permessage-deflate\r\n'),
    dnsTalk,
    grpcTalk,
  )
})

/** Pieces wounded, lost, doubled, from the other side, from another conversation; then cut as a network does. */
function disturb(rng: Rng, { crossed }: Conversation): Crossed[] {
  const other = conversations[rng.int(conversations.length)].crossed
  const pieces = crossed.flatMap((piece): Crossed[] => {
    switch (rng.int(24)) {
      case 0:
        return [{ ...piece, bytes: wound(rng, piece.bytes) }]
      case 1:
        return []
      case 2:
        return [piece, piece]
      case 3:
        return [{ ...piece, from: piece.from === 'client' ? 'server' : 'client' }]
      case 4:
        return [piece, other[rng.int(other.length)]]
      case 5:
        return [piece, { ...piece, bytes: rng.bytes(rng.int(60)) }]
      default:
        return [piece]
    }
  })
  return pieces.flatMap(({ from, bytes }) => cut(rng, bytes).map((part) => ({ from, bytes: part })))
}

const MOST: Partial<Record<FieldSpec['type'], number>> = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff }

function check({ name, data }: TracedEvent): void {
  for (const [field, { type }] of Object.entries<FieldSpec>(EVENTS[name].fields)) {
    const value = data[field]
    const most = MOST[type]
    const fits =
      most !== undefined
        ? Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
        : typeof value === { str: 'string', flag: 'boolean', f64: 'number', ranges: 'object' }[type as 'str']
    if (!fits) throw new Error(`${name} ${field}: ${String(value)}`)
  }
}

it('no bytes break them', () => {
  const rng = createRng(5)
  const seen = new Set<string>()
  for (let i = 0; i < COUNT; i++) {
    const conversation = conversations[rng.int(conversations.length)]
    const crossed = disturb(rng, conversation)
    for (const own of SIDES) {
      const watcher = new Watcher(own, conversation.keyLog, conversation.expected)
      let sent = 0
      for (const { from, bytes } of crossed) {
        if (from === own) sent += bytes.length
        watcher.cross(from, bytes)
        watcher.end.credit()
      }
      if (rng.int(2) === 0) watcher.finish(own)
      watcher.end.handleClosed()
      if (watcher.end.handshaking || watcher.end.credit() !== undefined)
        throw new Error('waits after the end')
      for (const event of watcher.trace.events) {
        const { from, offset } = event.data
        check(event)
        if (from !== own && event.name !== 'http:table_changed')
          throw new Error(`${event.name} of ${from as string}`)
        if (offset !== undefined && !((offset as number) >= 0 && (offset as number) <= sent))
          throw new Error(`${event.name} at ${offset as number} of ${sent}`)
        seen.add(event.name)
        if (event.name === 'security:record') seen.add(`record ${event.data.problem as string}`)
      }
    }
  }
  const wanted = [
    ...['security:record', 'security:handshake_message', 'security:alert', 'security:key_updated'],
    ...['security:malformed', 'http:frame', 'http:message_started', 'http:message_finished'],
    ...['http:stream_state', 'http:table_changed', 'http:problem', 'record bad_record_mac'],
    ...[
      'mqtt:packet',
      'mqtt:problem',
      'ws:frame',
      'ws:problem',
      'dns:message',
      'dns:problem',
      'grpc:message',
    ],
  ]
  expect(wanted.filter((what) => !seen.has(what))).toEqual([])
})

it('random bytes leave nothing', () => {
  const rng = createRng(6)
  for (let i = 0; i < COUNT; i++) {
    const watcher = new Watcher('client')
    for (let n = 0; n < 4; n++) watcher.cross(SIDES[rng.int(2)], rng.bytes(rng.int(200)))
    watcher.end.handleClosed()
    // One in some thousands may begin like one of the protocols; it does not go on like it.
    for (const { name } of watcher.trace.events) expect(name).toMatch(/problem|malformed|record/)
  }
})

describe('what an onlooker keeps does not grow with', () => {
  const GET = get(1, false)
  const withStream = (bytes: Uint8Array, stream: number): Uint8Array => {
    const copy = Buffer.from(bytes)
    copy.writeUInt32BE(stream, 5)
    return new Uint8Array(copy)
  }
  /** A record with an empty ClientHello. */
  const HELLO = Uint8Array.of(22, 3, 1, 0, 4, 1, 0, 0, 0)
  const long = octets('a'.repeat(1_000))
  const record = (type: number, length: number) =>
    join(Uint8Array.of(type, 3, 3, length >> 8, length & 255), new Uint8Array(length))

  const MQTT_5 = mqttTalk(5).crossed[0].bytes
  const aliased = (i: number): Uint8Array =>
    generate(
      {
        cmd: 'publish',
        topic: `t/${i}/${'x'.repeat(100)}`,
        payload: '',
        qos: 0,
        properties: { topicAlias: (i % 60_000) + 1 },
      } as never,
      5,
    )

  it.each<[string, Uint8Array, (i: number) => Uint8Array]>([
    ['streams of HTTP/2 that never end', join(PREFACE, settings()), (i) => withStream(GET, 2 * i + 1)],
    [
      'SETTINGS that nobody acknowledges',
      join(PREFACE, settings()),
      (i) => settings([4, i], [i & 0xffff, i]),
    ],
    ['frames that cannot be', join(PREFACE, settings()), () => octets('nonsense nonsense nonsense')],
    [
      'requests of HTTP/1.1 that nobody answers',
      octets(''),
      () => octets('GET / HTTP/1.1\r\nHost: lab\r\n\r\n'),
    ],
    ['a line without end', octets('GET / HTTP/1.1\r\nHost: '), () => long],
    ['a header section without end', octets('GET / HTTP/1.1\r\n'), (i) => octets(`X-${i}: ${i}\r\n`)],
    ['handshake messages of TLS', HELLO, () => record(22, 24)],
    ['records of TLS', HELLO, () => record(23, 300)],
    ['bytes of no protocol', octets('GET'), () => long],
    ['topics of MQTT 5 with aliases', MQTT_5, (i) => aliased(i)],
    ['a packet of MQTT without end', join(MQTT_5, fromHex('30 ffffff7f 0001 61')), () => long],
  ])('%s', (_, first, next) => {
    const end = new ConnectionEnd(new Report('client', () => silentTrace), nodeCrypto, new KeyLog())
    end.handleSent(first, false, 1)
    let most = 0
    for (let i = 0; i < 12_500; i++) {
      end.handleSent(next(i), false, 1)
      if (i % 2_500 === 2_499) most = Math.max(most, reachableSize(end))
    }
    // Above all the 10,000 streams that are kept in mind.
    expect(most).toBeLessThan(6_000_000)
    expect(reachableSize(end)).toBeLessThan(6_000_000)
  })
})
