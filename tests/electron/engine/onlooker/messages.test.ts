/** Onlookers of MQTT, WebSocket, gRPC and DNS: what they tell of bytes that pass by, with whose packet, and only of their own host's. */
import dnsPacket from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { labNumber } from '../../../../electron/engine/onlooker/lab-number.ts'
import { PREFACE } from '../../../../electron/protocol/wire/h2/frame-reader.ts'
import { DATA, FLAG_END_STREAM } from '../../../../electron/protocol/wire/h2/names.ts'
import type { Side } from '../../../../electron/protocol/wire/side.ts'
import { join, octets } from '../../../support/cuts.ts'
import { block, frame, headers, settings } from '../../../support/http2-watch.ts'
import { generate } from '../../../support/mqtt-packets.ts'
import { Watcher, watchBoth } from '../../../support/onlooker.ts'
import { fromHex } from '../../../support/packets.ts'

type Crossed = { from: Side; bytes: Uint8Array }

const client = (bytes: Uint8Array): Crossed => ({ from: 'client', bytes })
const server = (bytes: Uint8Array): Crossed => ({ from: 'server', bytes })

/** The events of this name at the end `own`, with the packet that each is told of with. */
const toldBy = (watcher: Watcher, name: string): Record<string, unknown>[] =>
  watcher.trace.events.flatMap((event, i) =>
    event.name === name ? [{ ...event.data, pkt: watcher.trace.packets[i] }] : [],
  )

describe('MQTT', () => {
  const connect = (protocolVersion: 3 | 4 | 5) =>
    generate(
      {
        ...{ cmd: 'connect', protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT', protocolVersion },
        ...{ clean: true, clientId: 'me', keepalive: 30 },
      } as never,
      protocolVersion,
    )
  const publish = (payload: string, level: 4 | 5 = 4, properties?: object, topic = 'a/b') =>
    generate({ cmd: 'publish', topic, payload, qos: 1, messageId: 7, properties } as never, level)

  it.each([3, 4, 5] as const)('is known by its CONNECT of level %d, however it is cut', (level) => {
    const watcher = new Watcher('client')
    for (const byte of connect(level)) watcher.cross('client', Uint8Array.of(byte))
    const [packet] = toldBy(watcher, 'mqtt:packet')
    expect(packet).toMatchObject({ from: 'client', type: 'CONNECT', version: level, offset: 0, header: 2 })
    expect(packet.pkt).toBe(connect(level).length)
  })

  it('tells each packet once, at its sender', () => {
    const both = watchBoth([
      client(connect(4)),
      server(fromHex('20020000')),
      client(publish('#17 hello')),
      server(fromHex('40020007')),
    ])
    expect(toldBy(both.client, 'mqtt:packet').map(({ type }) => type)).toEqual(['CONNECT', 'PUBLISH'])
    expect(toldBy(both.server, 'mqtt:packet').map(({ type }) => type)).toEqual(['CONNACK', 'PUBACK'])
    expect(toldBy(both.client, 'mqtt:packet')[1]).toEqual({
      ...{ from: 'client', type: 'PUBLISH', version: 4, packet_id: 7, qos: 1, dup: false, retain: false },
      ...{ topic: 'a/b', message: 17, header: 2, length: 18, offset: connect(4).length },
      ...{
        detail: 'payload 9 bytes',
        bytes: '3210 0003 612f62 0007 2331372068656c6c6f'.replaceAll(' ', ''),
        pkt: 2,
      },
    })
  })

  it('reads the server’s packets in the version of the client, MQTT 5 too', () => {
    const both = watchBoth([
      client(connect(5)),
      server(fromHex('2006 00 00 03 21 0014')),
      server(fromHex('d000')),
    ])
    expect(toldBy(both.server, 'mqtt:packet')[0]).toMatchObject({
      version: 5,
      detail: '0: success, Receive Maximum 20',
    })
  })

  it('knows the topic that an alias of MQTT 5 stands for', () => {
    const watcher = new Watcher('client')
      .cross('client', connect(5))
      .cross('client', publish('x', 5, { topicAlias: 3 }))
      .cross('client', fromHex('30 08 0000 03 230003 79 79'))
    expect(toldBy(watcher, 'mqtt:packet').map(({ topic }) => topic)).toEqual(['', 'a/b', 'a/b'])
  })

  it('tells a broken packet as a problem, with its rule', () => {
    const watcher = new Watcher('client').cross('client', connect(4)).cross('client', fromHex('c100'))
    expect(toldBy(watcher, 'mqtt:problem')).toEqual([
      {
        ...{ from: 'client', offset: connect(4).length, rule: 'MQTT-2.2.2-2', bytes: 'c100', pkt: 2 },
        reason: 'the reserved flags of PINGREQ are wrong',
      },
    ])
  })

  it('is taken for MQTT at its port when it begins wrongly, and is not elsewhere', () => {
    const wrong = fromHex('820600010001 61 00')
    expect(new Watcher('client', '', 'mqtt').cross('client', wrong).names).toEqual(['mqtt:problem'])
    expect(new Watcher('client').cross('client', wrong).names).toEqual([])
  })

  it.each([
    ['#17 and text', 17],
    ['#0017 x', 17],
    ['#17', 0],
    ['# 17 ', 0],
    ['#1a ', 0],
    ['17 ', 0],
    ['#9999999999 ', 0],
    ['', 0],
  ])('reads the number of %j as %d', (text, number) => expect(labNumber(octets(text))).toBe(number))
})

describe('WebSocket', () => {
  const REQUEST = 'GET /socket HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const ANSWER = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
  const opened = (more = ''): Crossed[] => [client(octets(REQUEST)), server(octets(`${ANSWER}${more}\r\n`))]

  it('is read behind the 101 answer', () => {
    const both = watchBoth([
      ...opened(),
      client(fromHex('8185 01020304 69676f686e')),
      server(fromHex('8802 03e8')),
    ])
    expect(toldBy(both.client, 'ws:frame')).toEqual([
      {
        ...{
          from: 'client',
          opcode: 'text',
          fin: true,
          rsv: 0,
          masked: true,
          key: '01020304',
          header: 6,
          length: 5,
        },
        ...{ offset: REQUEST.length, detail: 'hello', bytes: '81850102030469676f686e', pkt: 2 },
      },
    ])
    expect(toldBy(both.server, 'ws:frame')).toMatchObject([
      { opcode: 'close', masked: false, detail: '1000: normal closure', offset: ANSWER.length + 2 },
    ])
  })

  it('shows what is compressed as that, where it was agreed on', () => {
    const frame = fromHex('c107 f248cdc9c90700')
    const agreed = watchBoth([...opened('Sec-WebSocket-Extensions: permessage-deflate\r\n'), server(frame)])
    expect(toldBy(agreed.server, 'ws:frame')).toMatchObject([{ rsv: 4, detail: 'compressed' }])
    const not = watchBoth([...opened(), server(frame)])
    expect(toldBy(not.server, 'ws:problem')).toMatchObject([{ rule: 'RFC 6455 5.2', code: 1002 }])
  })

  it('tells a broken frame as a problem, with the code to close with', () => {
    const both = watchBoth([...opened(), client(fromHex('8101 61'))])
    expect(toldBy(both.client, 'ws:problem')).toMatchObject([
      { rule: 'RFC 6455 5.1', code: 1002, offset: REQUEST.length + 1, bytes: '810161' },
    ])
    expect(both.server.names).not.toContain('ws:problem')
  })
})

describe('gRPC', () => {
  const ask = (type: string) =>
    headers(
      1,
      block(
        ...([
          [':method', 'POST'],
          [':scheme', 'http'],
          [':path', '/lab.Sensors/Read'],
        ] as const),
        ['content-type', type],
      ),
      false,
    )

  it.each([
    ['application/grpc', 2],
    ['application/grpc+proto', 2],
    ['application/json', 0],
  ])('messages are read in %s: %d', (type, count) => {
    const body = fromHex('00 00000002 0801 01 00000003 616263')
    const watcher = new Watcher('client').cross('client', join(PREFACE, settings(), ask(type)))
    watcher.cross('client', frame(DATA, 0, 1, body.subarray(0, 9)))
    watcher.cross('client', frame(DATA, FLAG_END_STREAM, 1, body.subarray(9)))
    const told = toldBy(watcher, 'grpc:message')
    expect(told).toHaveLength(count)
    if (count === 0) return
    expect(told).toEqual([
      { from: 'client', stream: 1, compressed: false, length: 2, bytes: '00000000020801', pkt: 2 },
      { from: 'client', stream: 1, compressed: true, length: 3, bytes: '0100000003616263', pkt: 3 },
    ])
  })
})

describe('DNS over TCP', () => {
  const query = dnsPacket.encode({
    ...{ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED },
    questions: [{ type: 'A', name: 'www.example.test' }],
  })
  const framed = join(Uint8Array.of(0, query.length), query)

  it('is read at its port, message by message', () => {
    const watcher = new Watcher('client', '', 'dns')
    watcher.cross('client', framed.subarray(0, 1)).cross('client', join(framed.subarray(1), framed))
    expect(toldBy(watcher, 'dns:message')).toHaveLength(2)
    expect(toldBy(watcher, 'dns:message')[0]).toMatchObject({
      ...{ from: 'client', over: 'tcp', id: 7, response: false, rcode: 'NOERROR', flags: 'rd' },
      ...{ name: 'www.example.test', type: 'A', answers: 0, detail: '', length: query.length, pkt: 2 },
    })
  })

  it('a message that is none is a problem, with its rule', () => {
    const looped = fromHex('0011 0007 0000 0001 0000 0000 0000 c00c 0001 00')
    const watcher = new Watcher('client', '', 'dns').cross('client', looped)
    expect(toldBy(watcher, 'dns:problem')).toMatchObject([{ rule: 'RFC 1035 4.1.4', offset: 12 }])
  })
})
