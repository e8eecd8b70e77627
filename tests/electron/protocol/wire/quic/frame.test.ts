/** RFC 9000 12.4 and 19: every frame, written and read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFrame } from '../../../../../electron/protocol/wire/quic/decode-frame.ts'
import { encodeFrame, frameLength } from '../../../../../electron/protocol/wire/quic/encode-frame.ts'
import { FRAME_RULES, type AckRange, type Frame } from '../../../../../electron/protocol/wire/quic/frames.ts'

const number = fc.nat(2 ** 50)
const data = fc.uint8Array({ maxLength: 200 })
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const direction = fc.constantFrom('bidirectional' as const, 'unidirectional' as const)
const streams = fc.nat(2 ** 40)

/** Ranges from the top down, with a gap of one at least between them. */
const ranges: fc.Arbitrary<AckRange[]> = fc
  .array(fc.tuple(fc.nat(1_000), fc.nat(1_000)), { minLength: 1, maxLength: 40 })
  .map((pairs) => {
    let top = pairs.reduce((sum, [gap, length]) => sum + gap + length + 2, 0)
    return pairs.map(([gap, length]) => {
      const range = { from: top - length, to: top }
      top = range.from - gap - 2
      return range
    })
  })

const FRAMES: { readonly [T in Frame['type']]: fc.Arbitrary<Extract<Frame, { type: T }>> } = {
  padding: fc.record({ type: fc.constant('padding'), length: fc.integer({ min: 1, max: 300 }) }),
  ping: fc.constant({ type: 'ping' }),
  ack: fc.record(
    {
      type: fc.constant('ack'),
      delay: number,
      ranges,
      ecn: fc.record({ ect0: number, ect1: number, ce: number }),
    },
    { requiredKeys: ['type', 'delay', 'ranges'] },
  ),
  reset_stream: fc.record({ type: fc.constant('reset_stream'), id: number, code: number, finalSize: number }),
  stop_sending: fc.record({ type: fc.constant('stop_sending'), id: number, code: number }),
  crypto: fc.record({ type: fc.constant('crypto'), offset: number, data }),
  new_token: fc.record({
    type: fc.constant('new_token'),
    token: fc.uint8Array({ minLength: 1, maxLength: 80 }),
  }),
  stream: fc.record({ type: fc.constant('stream'), id: number, offset: number, fin: fc.boolean(), data }),
  max_data: fc.record({ type: fc.constant('max_data'), maximum: number }),
  max_stream_data: fc.record({ type: fc.constant('max_stream_data'), id: number, maximum: number }),
  max_streams: fc.record({ type: fc.constant('max_streams'), direction, maximum: streams }),
  data_blocked: fc.record({ type: fc.constant('data_blocked'), limit: number }),
  stream_data_blocked: fc.record({ type: fc.constant('stream_data_blocked'), id: number, limit: number }),
  streams_blocked: fc.record({ type: fc.constant('streams_blocked'), direction, limit: streams }),
  new_connection_id: fc
    .tuple(number, number, fc.uint8Array({ minLength: 1, maxLength: 20 }), bytes(16))
    .map(([a, b, id, resetToken]) => ({
      type: 'new_connection_id',
      number: Math.max(a, b),
      retirePriorTo: Math.min(a, b),
      id,
      resetToken,
    })),
  retire_connection_id: fc.record({ type: fc.constant('retire_connection_id'), number }),
  path_challenge: fc.record({ type: fc.constant('path_challenge'), data: bytes(8) }),
  path_response: fc.record({ type: fc.constant('path_response'), data: bytes(8) }),
  connection_close: fc.oneof(
    fc.record({
      type: fc.constant('connection_close' as const),
      by: fc.constant('transport' as const),
      code: number,
      frameType: number,
      reason: data,
    }),
    fc.record({
      type: fc.constant('connection_close' as const),
      by: fc.constant('application' as const),
      code: number,
      frameType: fc.constant(0),
      reason: data,
    }),
  ),
  handshake_done: fc.constant({ type: 'handshake_done' }),
  datagram: fc.record({ type: fc.constant('datagram'), data }),
  ack_frequency: fc.record({
    type: fc.constant('ack_frequency'),
    number,
    threshold: number,
    maxDelay: number,
    reordering: number,
  }),
  immediate_ack: fc.constant({ type: 'immediate_ack' }),
}
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(...Object.values(FRAMES))

const decode = (hex: string) => decodeFrame(new Uint8Array(Buffer.from(hex, 'hex')), 0)

describe.each(Object.entries(FRAMES))('%s', (type, arbitrary) => {
  test('what is written is read, and takes the room that it says', () => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<Frame>, fc.nat(5), (frame, start) => {
        const into = new Uint8Array(start + frameLength(frame))
        expect(encodeFrame(frame, into, start)).toBe(into.length)
        const read = decodeFrame(into, start)
        expect(read).toMatchObject({ ok: true, value: { frame, start, end: into.length } })
      }),
    )
  })

  test('cut anywhere, it is an error and not a frame of other content', () => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<Frame>, fc.nat(), (frame, cut) => {
        const into = new Uint8Array(frameLength(frame))
        encodeFrame(frame, into, 0)
        const read = decodeFrame(into, 0, cut % into.length)
        // A run of PADDING may end anywhere.
        if (type !== 'padding' || cut % into.length === 0) expect(read.ok).toBe(false)
      }),
    )
  })

  test('12.4: it may stand somewhere', () =>
    expect(FRAME_RULES[type as Frame['type']].packets.length).toBeGreaterThan(0))
})

describe('12.4 table 3: what may stand where', () => {
  const allowed = (packet: 'initial' | 'handshake' | '0rtt' | '1rtt') =>
    Object.entries(FRAME_RULES)
      .filter(([, rule]) => rule.packets.includes(packet))
      .map(([type]) => type)

  test('Initial and Handshake: PADDING, PING, ACK, CRYPTO, CONNECTION_CLOSE', () => {
    const early = ['padding', 'ping', 'ack', 'crypto', 'connection_close']
    expect(allowed('initial')).toEqual(early)
    expect(allowed('handshake')).toEqual(early)
  })

  test('12.5: not in 0-RTT: ACK, CRYPTO, HANDSHAKE_DONE, NEW_TOKEN, PATH_RESPONSE, RETIRE_CONNECTION_ID', () => {
    for (const type of [
      'ack',
      'crypto',
      'handshake_done',
      'new_token',
      'path_response',
      'retire_connection_id',
    ])
      expect(allowed('0rtt')).not.toContain(type)
  })

  test('13.2: not ack-eliciting are PADDING, ACK and CONNECTION_CLOSE; not in flight is ACK alone', () => {
    const entries = Object.entries(FRAME_RULES)
    expect(entries.filter(([, rule]) => !rule.ackEliciting).map(([type]) => type)).toEqual([
      'padding',
      'ack',
      'connection_close',
    ])
    expect(entries.filter(([, rule]) => !rule.inFlight).map(([type]) => type)).toEqual(['ack'])
  })
})

describe('19: what is wrong in a frame', () => {
  test.each([
    ['an unknown type', '21', 'unknown_frame'],
    ['12.4: a type that is not in its shortest form', '4001', 'not_shortest'],
    ['19.3.1: an ACK below 0 in its first range', '0205000006', 'bad_ack'],
    ['19.3.1: an ACK below 0 in a later range', '0205000101' + '0300', 'bad_ack'],
    ['19.7: an empty token', '0700', 'bad_length'],
    ['19.11: more than 2^60 streams', '12d000000000000400', 'bad_limit'],
    ['19.15: a connection id of no bytes', '18000000' + '00'.repeat(16), 'bad_length'],
    ['19.15: a connection id of 21 bytes', '180000' + '15' + '00'.repeat(37), 'bad_length'],
    ['19.15: Retire Prior To above the sequence number', '180102' + '01aa' + '00'.repeat(16), 'bad_limit'],
    ['19.8: an offset beyond 2^62', '0c00' + 'ffffffffffffffff' + 'aabb', 'bad_limit'],
  ])('%s', (_, hex, reason) =>
    expect(decode(hex)).toMatchObject({ ok: false, error: { layer: 'quic', reason, offset: 0 } }),
  )
})

test('any bytes at all are frames or refused, and each read moves on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), (payload) => {
      for (let at = 0; at < payload.length;) {
        const read = decodeFrame(payload, at)
        if (!read.ok) break
        expect(read.value.end).toBeGreaterThan(at)
        expect(read.value.end).toBeLessThanOrEqual(payload.length)
        at = read.value.end
      }
    }),
  )
})

test('a packet full of frames is read back, one after the other', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { minLength: 1, maxLength: 12 }), (frames) => {
      const length = frames.reduce((sum, frame) => sum + frameLength(frame), 0)
      const payload = new Uint8Array(length)
      let at = 0
      for (const frame of frames) at = encodeFrame(frame, payload, at)
      const joined = frames.filter((frame) => frame.type !== 'padding')
      const read: Frame[] = []
      for (at = 0; at < length;) {
        const next = decodeFrame(payload, at)
        if (!next.ok) throw new Error(next.error.reason)
        if (next.value.frame.type !== 'padding') read.push(next.value.frame)
        at = next.value.end
      }
      expect(read).toEqual(joined)
    }),
  )
})
