/** The onlooker at one end of a QUIC connection: what it tells of, by which packet, and once. */
import { beforeAll, describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import { QuicEnd } from '../../../../electron/engine/onlooker/quic-end.ts'
import { Report } from '../../../../electron/engine/onlooker/report.ts'
import { encodeFrame, varint } from '../../../../electron/protocol/h3/frames.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import type { Level } from '../../../../electron/protocol/tls13/handshake.ts'
import type { Frame } from '../../../../electron/protocol/wire/quic/frames.ts'
import { AES_128_GCM, PacketKeys } from '../../../../electron/protocol/wire/quic/protection.ts'
import { QUIC_V1, versionOf } from '../../../../electron/protocol/wire/quic/version.ts'
import type { Side } from '../../../../electron/protocol/wire/side.ts'
import { hexOf } from '../../../../electron/protocol/wire/tls/key-log.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { join } from '../../../support/cuts.ts'
import { frame, GET, headers } from '../../../support/h3-script.ts'
import { talk, type Talk } from '../../../support/h3-talk.ts'
import { createCertificates } from '../../../support/tls-certificates.ts'

/** A handshake, so that it is known to be HTTP/3. */
let handshake: Talk
beforeAll(async () => {
  handshake = talk({ certificates: await createCertificates() }, 1, 10)
})

interface Told {
  readonly name: string
  readonly data: Record<string, unknown>
  readonly pkt: number | undefined
}

class Watched {
  readonly told: Told[] = []
  readonly end: QuicEnd
  private number = 0

  constructor(own: Side, shown: 'hellos' | 'nothing' = 'hellos') {
    const trace: Trace = {
      emit: (name, data, pkt) => void this.told.push({ name, data, pkt }),
      scope: () => trace,
    }
    this.end = new QuicEnd(new Report(own, () => trace), nodeCrypto, () => 'quic')
    for (const line of handshake.keyLog) this.end.handleSecret(line)
    if (shown === 'nothing') return
    for (const { from, level, frames } of handshake.packets)
      if (level !== '1rtt' && from === own) this.send(level, ...frames)
      else if (level !== '1rtt') this.end.handleReceived(level, frames)
    this.told.length = 0
    this.number = 100
  }

  /** A packet with these frames; its number in the run is that of the connection and 1,000. */
  send(level: Level, ...frames: Frame[]): this {
    return this.sendUnder(0, level, ...frames)
  }

  sendUnder(generation: number, level: Level, ...frames: Frame[]): this {
    const number = this.number++
    this.end.handleSent({ number, pkt: number + 1_000 } as never, level, frames, generation)
    return this
  }

  of(name: string): Told[] {
    return this.told.filter((one) => one.name === name)
  }
}

const stream = (id: number, offset: number, data: Uint8Array, fin = false): Frame => ({
  ...{ type: 'stream', id, offset, data, fin },
})

describe('HTTP/3', () => {
  const request = headers(GET)
  const body = frame(0, new Uint8Array(1_000))

  test('a frame is told of by the packet that takes its last byte, and not again when that is sent again', () => {
    const watched = new Watched('client')
      .send('1rtt', stream(0, 0, join(request, body.subarray(0, 500))))
      .send('1rtt', stream(0, request.length + 500, body.subarray(500, 700)))
      .send('1rtt', stream(0, request.length, body.subarray(0, 600)))
      .send('1rtt', stream(0, request.length + 700, body.subarray(700), true))
      .send('1rtt', stream(0, 0, join(request, body), true))
    expect(watched.of('http:frame').map(({ data, pkt }) => [data.type, data.length, pkt])).toEqual([
      ['HEADERS', request.length - 2, 1_100],
      ['DATA', 1_000, 1_103],
    ])
    expect(watched.of('http:message_started')).toMatchObject([
      {
        pkt: 1_100,
        data: { from: 'client', version: 'h3', part: 'request', method: 'GET', target: '/', end: false },
      },
    ])
    expect(watched.of('http:message_finished')).toMatchObject([
      { pkt: 1_103, data: { content: 1_000, end_offset: request.length + body.length, complete: true } },
    ])
  })

  test('bytes that leave out of order are read in theirs, by the packet that closes the gap', () => {
    const watched = new Watched('client')
      .send('1rtt', stream(0, 10, request.subarray(10), true))
      .send('1rtt', stream(0, 0, request.subarray(0, 12)))
    expect(watched.told.slice(1).map(({ name, pkt }) => [name, pkt])).toEqual([
      ['http:frame', 1_101],
      ['http:message_started', 1_101],
      ['http:message_finished', 1_101],
    ])
  })

  test('a section is told of by the packet that takes the last insertion that it needs', () => {
    const encoder = new QpackEncoder({ capacity: 200 })
    encoder.applySettings(4_096, 10)
    const { bytes: section } = encoder.encode(0, [...GET, { name: 'x-a', value: 'first' }])
    const instructions = join(varint(2), encoder.takeOutput())
    const watched = new Watched('client')
    const settings = encodeFrame({ type: 'settings', settings: [{ id: 1, value: 4_096 }] })
    watched.end.handleReceived('1rtt', [stream(3, 0, join(varint(0), settings))])
    watched
      .send('1rtt', stream(0, 0, encodeFrame({ type: 'headers', section }), true))
      .send('1rtt', stream(6, 0, instructions.subarray(0, 8)))
      .send('1rtt', stream(6, 8, instructions.subarray(8)))
    expect(watched.of('http:frame')).toMatchObject([{ pkt: 1_100 }])
    expect(watched.of('http:message_started')).toMatchObject([{ pkt: 1_102 }])
    expect(watched.of('http:message_finished')).toMatchObject([{ pkt: 1_102 }])
    const fields = JSON.parse(watched.of('http:message_started')[0].data.fields as string) as unknown[][]
    expect(fields[0]).toEqual([':method', 'GET', 'indexed', 1, 17, 'static'])
    expect(fields.at(-1)).toEqual(['x-a', 'first', 'indexed_post_base', 1, 1, 'dynamic'])
    expect(watched.of('http:qpack_instruction').map(({ data }) => [data.name, data.detail])).toEqual([
      ['set_dynamic_table_capacity', 'capacity 200'],
      ['insert_with_name_reference', 'static 0 :authority: server.test'],
      ['insert_with_literal_name', 'x-a: first'],
    ])
    expect(watched.of('http:table_changed').map(({ data }) => [data.what, data.entries, data.size])).toEqual([
      ['resize', 0, 0],
      ['insert', 1, 53],
      ['insert', 2, 93],
    ])
  })

  test('evictions stand before the insertion that they make room for', () => {
    const encoder = new QpackEncoder({ capacity: 90 })
    encoder.applySettings(90, 0)
    encoder.insertAhead('x-a', 'first')
    const parts = [encoder.takeOutput()]
    encoder.handleDecoderStream(Uint8Array.of(1))
    encoder.insertAhead('x-b', 'second'.repeat(4))
    parts.push(encoder.takeOutput())
    const watched = new Watched('client').send('1rtt', stream(6, 0, join(varint(2), ...parts)))
    expect(
      watched.of('http:table_changed').map(({ data }) => [data.what, data.name, data.entries, data.size]),
    ).toEqual([
      ['resize', '', 0, 0],
      ['insert', 'x-a', 1, 40],
      ['evict', 'x-a', 0, 0],
      ['insert', 'x-b', 1, 59],
    ])
  })

  test('what the other side sends is not told of here', () => {
    const watched = new Watched('server')
    watched.end.handleReceived('1rtt', [stream(0, 0, request, true), stream(2, 0, join(varint(0), frame(4)))])
    expect(watched.told).toEqual([])
  })

  test('streams of another protocol are not read', () => {
    expect(new Watched('client', 'nothing').send('1rtt', stream(0, 0, request, true)).told).toEqual([])
  })
})

describe('TLS', () => {
  test('messages have their place in the CRYPTO stream of their level, and the packet that took their last byte', () => {
    const watched = new Watched('server', 'nothing')
    for (const { from, level, frames } of handshake.packets)
      if (from === 'server') watched.send(level, ...frames)
      else watched.end.handleReceived(level, frames)
    const messages = watched.of('security:handshake_message')
    const names = ['server_hello', 'encrypted_extensions', 'certificate', 'certificate_verify', 'finished']
    expect(messages.map(({ data }) => data.name)).toEqual(names)
    expect(messages.map(({ data }) => data.protected)).toEqual([false, true, true, true, true])
    const [hello, ...others] = messages
    expect(hello.data.offset).toBe(0)
    let next = 0
    for (const { data } of others) {
      expect(data.offset).toBe(next)
      expect((data.bytes as string).length).toBe(2 * (data.length as number))
      next += data.length as number
    }
    expect(
      watched.of('security:key_updated').map(({ data }) => [data.epoch, data.generation, data.label]),
    ).toEqual([
      ['handshake', 0, 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
      ['application', 0, 'SERVER_TRAFFIC_SECRET_0'],
    ])
  })

  test('keys are told of with the first packet under them, those after an update, too', () => {
    const watched = new Watched('client')
      .send('1rtt', { type: 'ping' })
      .send('1rtt', { type: 'ping' })
      .sendUnder(1, '1rtt', { type: 'ping' })
      .sendUnder(3, '1rtt', { type: 'ping' })
    const line = handshake.keyLog.find((one) => one.startsWith('CLIENT_TRAFFIC_SECRET_0 '))!
    const first = new PacketKeys(
      nodeCrypto,
      versionOf(QUIC_V1)!,
      AES_128_GCM,
      Uint8Array.from(Buffer.from(line.split(' ')[2], 'hex')),
    )
    const keys = [first, first.next(), first.next().next().next()]
    expect(
      watched
        .of('security:key_updated')
        .map(({ data, pkt }) => [data.generation, data.offset, pkt, data.key, data.iv]),
    ).toEqual([
      [0, 100, 1_100, hexOf(keys[0].key), hexOf(keys[0].iv)],
      [1, 102, 1_102, hexOf(keys[1].key), hexOf(keys[1].iv)],
      [3, 103, 1_103, hexOf(keys[2].key), hexOf(keys[2].iv)],
    ])
  })
})
