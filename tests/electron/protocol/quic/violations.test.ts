/** What a peer may not do, and the code that RFC 9000 names for it: the connection is closed with exactly that one. */
import { beforeAll, describe, expect, test } from 'vitest'
import { TRANSPORT_ERROR, type TransportErrorName } from '../../../../electron/protocol/wire/quic/errors.ts'
import type { Frame } from '../../../../electron/protocol/wire/quic/frames.ts'
import { QuicNet } from '../../../support/quic-net.ts'
import { forgePacket, payloadOf, type Forgery } from '../../../support/quic-rogue.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const LIMITS = { maxData: 10_000, maxStreamData: 5_000, maxStreamsBidi: 3, maxStreamsUni: 2 }
const nothing = new Uint8Array(0)
const bytes = (length: number): Uint8Array => new Uint8Array(length)

/** An honest conversation up to its confirmation, then one packet of a rogue's; how the other end closes. */
function provoke(from: 'client' | 'server', payload: Uint8Array, forgery?: Forgery) {
  const net = new QuicNet({ certificates, client: LIMITS, server: LIMITS })
  const client = net.connect()
  net.run(() => net.timeOf('client', 'confirmed') !== undefined)
  net.run(() => false, net.now + 500_000)
  const server = [...net.endpoints.server.connections][0]
  const packet = forgePacket(from === 'client' ? client : server, payload, forgery)
  net.inject(from === 'client' ? 'server' : 'client', packet)
  const [closed] = net.events(from === 'client' ? 'server' : 'client', 'closed')
  return closed?.reason
}

const expectCode = (reason: ReturnType<typeof provoke>, code: TransportErrorName) =>
  expect(reason).toMatchObject({ by: 'local', layer: 'transport', code: TRANSPORT_ERROR[code] })

const resetToken = bytes(16)
const id = (n: number): Uint8Array => Uint8Array.of(1, 2, 3, 4, 5, 6, 7, n)

describe('a client that', () => {
  test.each<[string, TransportErrorName, Frame[]]>([
    [
      '4.1: sends more on a stream than it has credit for',
      'FLOW_CONTROL_ERROR',
      [{ type: 'stream', id: 0, offset: 5_000, fin: false, data: bytes(1) }],
    ],
    [
      '4.1: sends more in all than it has credit for',
      'FLOW_CONTROL_ERROR',
      [0, 4, 8].map((stream) => ({
        type: 'stream' as const,
        id: stream,
        offset: 4_500,
        fin: false,
        data: bytes(100),
      })),
    ],
    [
      '4.1: resets a stream beyond its credit',
      'FLOW_CONTROL_ERROR',
      [{ type: 'reset_stream', id: 0, code: 0, finalSize: 5_001 }],
    ],
    [
      '4.6: opens more streams than it may',
      'STREAM_LIMIT_ERROR',
      [{ type: 'stream', id: 12, offset: 0, fin: false, data: bytes(1) }],
    ],
    [
      '4.6: opens more streams one way than it may',
      'STREAM_LIMIT_ERROR',
      [{ type: 'stream', id: 10, offset: 0, fin: false, data: bytes(1) }],
    ],
    [
      '4.5: sends beyond the end of a stream',
      'FINAL_SIZE_ERROR',
      [
        { type: 'stream', id: 0, offset: 0, fin: true, data: bytes(10) },
        { type: 'stream', id: 0, offset: 10, fin: false, data: bytes(1) },
      ],
    ],
    [
      '4.5: ends a stream before what it has sent',
      'FINAL_SIZE_ERROR',
      [
        { type: 'stream', id: 0, offset: 0, fin: false, data: bytes(10) },
        { type: 'reset_stream', id: 0, code: 0, finalSize: 5 },
      ],
    ],
    [
      '4.5: ends a stream twice, at different places',
      'FINAL_SIZE_ERROR',
      [
        { type: 'stream', id: 0, offset: 0, fin: true, data: bytes(10) },
        { type: 'stream', id: 0, offset: 0, fin: true, data: bytes(9) },
      ],
    ],
    [
      '19.8: sends on a stream of the server’s that was never opened',
      'STREAM_STATE_ERROR',
      [{ type: 'stream', id: 1, offset: 0, fin: false, data: bytes(1) }],
    ],
    [
      '19.8: sends on a stream that only the server sends on',
      'STREAM_STATE_ERROR',
      [{ type: 'stream', id: 3, offset: 0, fin: false, data: bytes(1) }],
    ],
    [
      '19.5: stops a stream that only it sends on',
      'STREAM_STATE_ERROR',
      [{ type: 'stop_sending', id: 2, code: 0 }],
    ],
    [
      '19.10: gives credit for a stream that only it sends on',
      'STREAM_STATE_ERROR',
      [{ type: 'max_stream_data', id: 2, maximum: 9 }],
    ],
    [
      '19.10: gives credit for a stream that was never opened',
      'STREAM_STATE_ERROR',
      [{ type: 'max_stream_data', id: 1, maximum: 9 }],
    ],
    [
      '19.13: is blocked on a stream that only the server sends on',
      'STREAM_STATE_ERROR',
      [{ type: 'stream_data_blocked', id: 3, limit: 9 }],
    ],
    [
      '13.1: acknowledges what was never sent',
      'PROTOCOL_VIOLATION',
      [{ type: 'ack', delay: 0, ranges: [{ from: 900, to: 900 }] }],
    ],
    ['19.7: sends NEW_TOKEN', 'PROTOCOL_VIOLATION', [{ type: 'new_token', token: bytes(5) }]],
    ['19.20: sends HANDSHAKE_DONE', 'PROTOCOL_VIOLATION', [{ type: 'handshake_done' }]],
    [
      '19.16: retires an id that it was never given',
      'PROTOCOL_VIOLATION',
      [{ type: 'retire_connection_id', number: 99 }],
    ],
    [
      '5.1.1: gives more ids than it may',
      'CONNECTION_ID_LIMIT_ERROR',
      [10, 11, 12, 13, 14].map((number) => ({
        type: 'new_connection_id' as const,
        number,
        retirePriorTo: 0,
        id: id(number),
        resetToken,
      })),
    ],
    [
      '19.15: gives two ids one number',
      'PROTOCOL_VIOLATION',
      [1, 2].map((n) => ({
        type: 'new_connection_id' as const,
        number: 50,
        retirePriorTo: 50,
        id: id(n),
        resetToken,
      })),
    ],
    [
      '7.5: sends handshake data far ahead',
      'CRYPTO_BUFFER_EXCEEDED',
      [{ type: 'crypto', offset: 100_000, data: bytes(10) }],
    ],
    [
      '9221 3: sends a DATAGRAM that was not allowed',
      'PROTOCOL_VIOLATION',
      [{ type: 'datagram', data: bytes(10) }],
    ],
  ])('%s: %s', (_, code, frames) => expectCode(provoke('client', payloadOf(frames)), code))

  test.each<[string, TransportErrorName, Uint8Array, Forgery?]>([
    ['12.4: sends a packet without frames', 'PROTOCOL_VIOLATION', nothing],
    ['12.4: sends a frame of an unknown type', 'FRAME_ENCODING_ERROR', Uint8Array.of(0x21)],
    ['12.4: sends a frame cut short', 'FRAME_ENCODING_ERROR', Uint8Array.of(0x06, 0x00, 0x40)],
    ['17.3.1: sets reserved bits', 'PROTOCOL_VIOLATION', Uint8Array.of(1, 0, 0, 0), { reserved: 0x18 }],
    [
      '19.11: allows more than 2^60 streams',
      'FRAME_ENCODING_ERROR',
      Uint8Array.of(0x12, 0xd0, 0, 0, 0, 0, 0, 4, 0),
    ],
  ])('%s: %s', (_, code, payload, forgery) => expectCode(provoke('client', payload, forgery), code))
})

describe('a server that', () => {
  test('RFC 9001 6: sends a KeyUpdate of TLS: CRYPTO_ERROR unexpected_message', () => {
    const keyUpdate = Uint8Array.of(24, 0, 0, 1, 0)
    const net = provoke('server', payloadOf([{ type: 'crypto', offset: 0, data: keyUpdate }]))
    expect(net).toMatchObject({ layer: 'transport', code: 0x10a })
  })

  test('4.1: sends more than the client gave credit for', () => {
    const frames: Frame[] = [{ type: 'stream', id: 3, offset: 6_000, fin: false, data: bytes(1) }]
    expectCode(provoke('server', payloadOf(frames)), 'FLOW_CONTROL_ERROR')
  })
})

describe('what is no violation', () => {
  test.each<[string, Frame[]]>([
    [
      'the same data twice',
      [0, 1].map(() => ({ type: 'stream' as const, id: 0, offset: 0, fin: true, data: bytes(10) })),
    ],
    [
      'a limit lower than before',
      [
        { type: 'max_data', maximum: 1 },
        { type: 'max_streams', direction: 'bidirectional', maximum: 0 },
      ],
    ],
    [
      'STOP_SENDING for a stream of its own that is not there yet: it opens it (3.2)',
      [{ type: 'stop_sending', id: 0, code: 7 }],
    ],
    [
      'a flood of PATH_CHALLENGE',
      Array.from({ length: 100 }, () => ({ type: 'path_challenge' as const, data: bytes(8) })),
    ],
    ['PADDING and PING', [{ type: 'padding', length: 50 }, { type: 'ping' }]],
    [
      'the same id twice (19.15)',
      [0, 1].map(() => ({
        type: 'new_connection_id' as const,
        number: 50,
        retirePriorTo: 50,
        id: id(1),
        resetToken,
      })),
    ],
  ])('%s', (_, frames) => expect(provoke('client', payloadOf(frames))).toBeUndefined())
})
