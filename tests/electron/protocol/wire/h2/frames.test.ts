/** HTTP/2 by the clauses of RFC 9113: frames, what they carry, and where they are legal. */
import { describe, expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { placeInFragments } from '../../../../../electron/protocol/wire/h2/events.ts'
import { PREFACE } from '../../../../../electron/protocol/wire/h2/frame-reader.ts'
import * as h2 from '../../../../../electron/protocol/wire/h2/names.ts'
import { cut, join, octets } from '../../../../support/cuts.ts'
import { indexed, literal } from '../../../../support/hpack-encode.ts'
import {
  ack,
  block,
  data,
  frame,
  get,
  GET_FIELDS,
  headers,
  Http2Watch,
  ok,
  promise,
  reset,
  settings,
  windowUpdate,
  words,
} from '../../../../support/http2-watch.ts'

const begun = () => Http2Watch.begun()
const BODY_REQUEST = headers(1, block(...GET_FIELDS), false)

describe('3.4 connection preface', () => {
  test('the client sends it before its SETTINGS', () => {
    const watch = new Http2Watch().client(PREFACE, settings())
    expect(watch.of('preface')).toMatchObject([{ from: 'client', offset: 0, length: 24 }])
    expect(watch.of('frame')).toMatchObject([{ frame: { type: h2.SETTINGS, offset: 24, length: 0 } }])
    expect(watch.problems).toEqual([])
  })

  test('without it, but with SETTINGS, frames are read', () => {
    const watch = new Http2Watch().client(settings([3, 100]), get(1))
    expect(watch.problems).toEqual(['bad_preface PROTOCOL_ERROR connection'])
    expect(watch.of('headers')).toHaveLength(1)
  })

  test('among strange octets a preface is looked for, also one that begins inside another', () => {
    const strange = octets('GET / HTTP/1.1\r\n\r\nPRI * HTT')
    const watch = new Http2Watch().client(strange, octets('PRI * HTTP'), PREFACE, settings())
    expect(watch.problems).toEqual(['bad_preface PROTOCOL_ERROR connection'])
    expect(watch.of('skipped')).toMatchObject([{ offset: 0, length: 37 }])
    expect(watch.of('preface')).toMatchObject([{ offset: 37 }])
    const doubled = new Http2Watch().client(octets('xxxxxxxxxPRI * HTT'), PREFACE)
    expect(doubled.of('preface')).toMatchObject([{ offset: 18 }])
  })

  test.each(['client', 'server'] as const)('the first frame of the %s is SETTINGS', (side) => {
    const watch = new Http2Watch()
    watch.connection.push(side, side === 'client' ? join(PREFACE, get(1)) : frame(h2.PING, 0, 0, words(1, 2)))
    expect(watch.problems).toEqual(['settings_not_first PROTOCOL_ERROR connection'])
  })
})

describe('4 frames', () => {
  test('4.1 reserved bit ignored, undefined flags kept, types and flags by name', () => {
    const watch = begun().client(frame(h2.PING, 0x41, 0x8000_0000, words(1, 2)))
    expect(watch.problems).toEqual([])
    expect(watch.of('frame')[0].frame).toMatchObject({ flags: 0x41, streamId: 0 })
    expect(h2.flagNames(h2.PING, 0x41)).toEqual(['ACK', '0x40'])
    expect([h2.frameName(0), h2.frameName(0x10), h2.frameName(0xee)]).toEqual([
      'DATA',
      'PRIORITY_UPDATE',
      'type 0xee',
    ])
  })

  test('5.5 unknown types are kept', () => {
    const watch = begun().client(frame(0xee, 0xff, 77, words(5)))
    expect(watch.problems).toEqual([])
    expect(watch.of('frame')[0].payload).toEqual({ kind: 'unknown', bytes: words(5) })
  })

  test('4.2 no frame is longer than the receiver allows', () => {
    expect(begun().client(frame(0xee, 0, 0, new Uint8Array(16_385))).problems).toEqual([
      'frame_too_long FRAME_SIZE_ERROR connection',
    ])
    const allowed = begun()
      .server(settings([h2.MAX_FRAME_SIZE, 20_000]))
      .client(ack())
    expect(allowed.client(frame(0xee, 0, 0, new Uint8Array(20_000))).problems).toEqual([])
  })

  test('a frame of which the end is missing', () => {
    const watch = begun().client(get(1).subarray(0, 12)).end('client')
    expect(watch.problems).toEqual(['truncated PROTOCOL_ERROR connection'])
  })
})

describe('4.3 header blocks', () => {
  const [first, second] = [block(GET_FIELDS[0], GET_FIELDS[1]), block(GET_FIELDS[2])]
  const start = frame(h2.HEADERS, h2.FLAG_END_STREAM, 1, first)
  const rest = frame(h2.CONTINUATION, h2.FLAG_END_HEADERS, 1, second)

  test('CONTINUATION carries on, and each field has its octets', () => {
    const cutField = join(first, second.subarray(0, 3))
    const watch = begun().client(
      frame(h2.HEADERS, h2.FLAG_END_STREAM, 1, cutField),
      frame(h2.CONTINUATION, h2.FLAG_END_HEADERS, 1, second.subarray(3)),
    )
    const [{ block: list, fragments, endStream, part }] = watch.of('headers')
    expect([part, endStream, list.fields.map(({ name, value }) => [name, value])]).toEqual([
      'request',
      true,
      GET_FIELDS,
    ])
    const [place, more] = placeInFragments(fragments, list.fields[2])
    expect([place.length, more.length]).toEqual([3, second.length - 3])
    expect(more.offset).toBe(place.offset + 3 + 9)
    expect(watch.problems).toEqual([])
  })

  test('nothing comes in between; what does is marked, and the block goes on', () => {
    const watch = begun().client(start, frame(h2.PING, 0, 0, words(1, 2)), rest)
    expect(watch.problems).toEqual(['block_interrupted PROTOCOL_ERROR connection'])
    expect(watch.of('headers')[0].block).toMatchObject({ fields: { length: 3 }, inDoubt: false })
  })

  test('6.10 CONTINUATION without a block', () => {
    expect(begun().client(rest).problems).toEqual(['continuation_unexpected PROTOCOL_ERROR connection'])
  })

  test('a block that is broken off leaves the table in doubt', () => {
    const watch = begun().client(start, get(3))
    expect(watch.of('headers').map(({ block: list }) => list.inDoubt)).toEqual([true])
  })

  test('what cannot be decompressed is COMPRESSION_ERROR at its octet', () => {
    const watch = begun().client(headers(1, join(indexed(2), indexed(0))))
    expect(watch.problems).toEqual(['index_zero COMPRESSION_ERROR connection'])
    // 24 + 9 + 9 octets went before.
    expect(watch.of('problem')[0].error.offset).toBe(42 + 9 + 1)
  })

  test('a lowered table has to be answered after the acknowledgment, not before', () => {
    const watch = begun().client(
      headers(1, join(literal('indexed', ':method', 'GET'), block(...GET_FIELDS.slice(1)))),
    )
    watch
      .server(settings([h2.HEADER_TABLE_SIZE, 0]))
      .client(headers(3, join(indexed(62), block(...GET_FIELDS.slice(1)))))
    expect(watch.problems).toEqual([])
    watch.client(ack(), get(5))
    expect(watch.problems).toEqual(['size_update_missing COMPRESSION_ERROR connection'])
  })
})

/** RFC 9113 6: which stream, which length, which sender. */
describe('6 where a frame is legal', () => {
  test.each([
    ['6.1 DATA on stream 0', 'client', data(0, 1), 'stream_zero PROTOCOL_ERROR connection'],
    [
      '6.1 padding as long as the frame',
      'client',
      frame(h2.DATA, 8, 1, Uint8Array.of(1)),
      'bad_padding PROTOCOL_ERROR connection',
    ],
    ['6.2 HEADERS on stream 0', 'client', get(0), 'stream_zero PROTOCOL_ERROR connection'],
    [
      '6.2 padding longer than the block',
      'client',
      frame(h2.HEADERS, 12, 3, Uint8Array.of(9, 0)),
      'bad_padding PROTOCOL_ERROR connection',
    ],
    [
      '6.2 no room for the priority',
      'client',
      frame(h2.HEADERS, 0x24, 3, words(0)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    [
      '6.3 PRIORITY on stream 0',
      'client',
      frame(h2.PRIORITY, 0, 0, new Uint8Array(5)),
      'stream_zero PROTOCOL_ERROR connection',
    ],
    [
      '6.3 PRIORITY not of 5 octets',
      'client',
      frame(h2.PRIORITY, 0, 1, new Uint8Array(4)),
      'bad_length FRAME_SIZE_ERROR stream',
    ],
    ['6.4 RST_STREAM on stream 0', 'client', reset(0, 0), 'stream_zero PROTOCOL_ERROR connection'],
    [
      '6.4 RST_STREAM not of 4 octets',
      'client',
      frame(h2.RST_STREAM, 0, 1, new Uint8Array(5)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    ['6.4 RST_STREAM on an idle stream', 'client', reset(9, 0), 'illegal_in_idle PROTOCOL_ERROR connection'],
    [
      '6.5 SETTINGS on a stream',
      'client',
      frame(h2.SETTINGS, 0, 1),
      'stream_not_zero PROTOCOL_ERROR connection',
    ],
    [
      '6.5 SETTINGS not of 6 n octets',
      'client',
      frame(h2.SETTINGS, 0, 0, words(1)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    [
      '6.5 an acknowledgment with values',
      'client',
      frame(h2.SETTINGS, 1, 0, new Uint8Array(6)),
      'ack_with_payload FRAME_SIZE_ERROR connection',
    ],
    [
      '6.5.2 ENABLE_PUSH beyond 1',
      'client',
      settings([2, 2]),
      'setting_not_boolean PROTOCOL_ERROR connection',
    ],
    [
      '6.5.2 ENABLE_PUSH of the server',
      'server',
      settings([2, 1]),
      'push_enabled_by_server PROTOCOL_ERROR connection',
    ],
    [
      '6.5.2 INITIAL_WINDOW_SIZE too large',
      'client',
      settings([4, 2 ** 31]),
      'window_too_large FLOW_CONTROL_ERROR connection',
    ],
    [
      '6.5.2 MAX_FRAME_SIZE too small',
      'client',
      settings([5, 16_383]),
      'frame_size_out_of_range PROTOCOL_ERROR connection',
    ],
    ['6.6 PUSH_PROMISE of the client', 'client', promise(1, 2), 'wrong_sender PROTOCOL_ERROR connection'],
    ['6.6 PUSH_PROMISE on stream 0', 'server', promise(0, 2), 'stream_zero PROTOCOL_ERROR connection'],
    ['6.6 promised stream odd', 'server', promise(1, 3), 'bad_promised_stream PROTOCOL_ERROR connection'],
    [
      '6.7 PING on a stream',
      'client',
      frame(h2.PING, 0, 1, words(1, 2)),
      'stream_not_zero PROTOCOL_ERROR connection',
    ],
    [
      '6.7 PING not of 8 octets',
      'client',
      frame(h2.PING, 0, 0, words(1)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    [
      '6.8 GOAWAY on a stream',
      'client',
      frame(h2.GOAWAY, 0, 1, words(0, 0)),
      'stream_not_zero PROTOCOL_ERROR connection',
    ],
    [
      '6.8 GOAWAY too short',
      'client',
      frame(h2.GOAWAY, 0, 0, words(0)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    [
      '6.9 WINDOW_UPDATE not of 4 octets',
      'client',
      frame(h2.WINDOW_UPDATE, 0, 0, words(1, 1)),
      'bad_length FRAME_SIZE_ERROR connection',
    ],
    [
      '6.9 WINDOW_UPDATE of 0',
      'client',
      windowUpdate(0, 0),
      'window_increment_zero PROTOCOL_ERROR connection',
    ],
    [
      '6.9 WINDOW_UPDATE of 0 on a stream',
      'client',
      windowUpdate(1, 0),
      'window_increment_zero PROTOCOL_ERROR stream',
    ],
    [
      '6.9 WINDOW_UPDATE on an idle stream',
      'client',
      windowUpdate(9, 1),
      'illegal_in_idle PROTOCOL_ERROR connection',
    ],
    [
      '6.9.1 a window beyond 2^31-1',
      'client',
      windowUpdate(0, 2 ** 31 - 1),
      'window_overflow FLOW_CONTROL_ERROR connection',
    ],
    [
      '6.9.1 a stream window beyond 2^31-1',
      'client',
      windowUpdate(1, 2 ** 31 - 1),
      'window_overflow FLOW_CONTROL_ERROR stream',
    ],
    [
      '6.10 CONTINUATION on stream 0',
      'client',
      frame(h2.CONTINUATION, 4, 0),
      'continuation_unexpected PROTOCOL_ERROR connection',
    ],
    [
      'RFC 9218 7.1 PRIORITY_UPDATE on a stream',
      'client',
      frame(0x10, 0, 1, words(1)),
      'stream_not_zero PROTOCOL_ERROR connection',
    ],
    [
      'RFC 9218 7.1 PRIORITY_UPDATE of the server',
      'server',
      frame(0x10, 0, 0, words(1)),
      'wrong_sender PROTOCOL_ERROR connection',
    ],
    [
      'RFC 9218 7.1 PRIORITY_UPDATE for stream 0',
      'client',
      frame(0x10, 0, 0, words(0)),
      'prioritized_stream_zero PROTOCOL_ERROR connection',
    ],
  ] as const)('%s', (_, side, bytes, problem) => {
    const watch = begun().client(BODY_REQUEST)
    watch.connection.push(side, bytes)
    expect(watch.problems).toEqual([problem])
    // Whatever it was, reading goes on behind it.
    watch.connection.push(side, frame(h2.PING, 0, 0, words(1, 2)))
    expect(watch.of('frame').at(-1)?.frame.type).toBe(h2.PING)
  })

  test('6.6 a promise to who has switched push off', () => {
    const watch = begun()
      .client(settings([h2.ENABLE_PUSH, 0]))
      .server(ack())
      .client(BODY_REQUEST)
    expect(watch.server(promise(1, 2)).problems).toEqual(['push_disabled PROTOCOL_ERROR connection'])
  })

  test('6.8 the last stream of GOAWAY never grows; its code has a name', () => {
    const goaway = (last: number) => frame(h2.GOAWAY, 0, 0, join(words(last, 11), octets('why')))
    const watch = begun().server(goaway(5), goaway(3), goaway(5))
    expect(watch.problems).toEqual(['last_stream_increased PROTOCOL_ERROR connection'])
    expect(watch.of('frame')[0].payload).toEqual({
      kind: 'goaway',
      lastStreamId: 5,
      errorCode: 11,
      debugData: octets('why'),
    })
    expect([h2.errorName(11), h2.errorName(99)]).toEqual(['ENHANCE_YOUR_CALM', '0x63'])
  })

  test('6.2, 6.3 the deprecated priority is read', () => {
    const dependency = join(words(0x8000_0003), Uint8Array.of(255))
    const fields = block(...GET_FIELDS)
    const watch = begun().client(
      frame(h2.HEADERS, 0x2d, 1, join(Uint8Array.of(2), dependency, fields, new Uint8Array(2))),
      frame(h2.PRIORITY, 0, 7, dependency),
    )
    const expected = { exclusive: true, streamId: 3, weight: 256 }
    expect(watch.of('frame').map(({ payload }) => payload)).toMatchObject([
      { kind: 'headers', dependency: expected, padLength: 2, fragmentAt: 6 },
      { kind: 'priority', dependency: expected },
    ])
    expect(watch.problems).toEqual([])
  })
})

test('any cut of the octets gives the same events', () => {
  const long = block(...GET_FIELDS, ['x', 'y'.repeat(50)])
  const client = join(
    octets('strange'),
    PREFACE,
    settings([h2.INITIAL_WINDOW_SIZE, 1_000]),
    frame(h2.HEADERS, 0, 1, long.subarray(0, 9)),
    frame(h2.CONTINUATION, h2.FLAG_END_HEADERS, 1, long.subarray(9)),
    frame(h2.DATA, h2.FLAG_PADDED, 1, Uint8Array.of(2, 1, 2, 3, 0, 0)),
    frame(h2.DATA, h2.FLAG_PADDED, 1, Uint8Array.of(200, 1)),
    frame(0xee, 0, 0),
    frame(0xee, 0, 0, new Uint8Array(129)),
    data(1, 500, true),
    windowUpdate(0, 0),
    get(3),
    get(5).subarray(0, 20),
  )
  const server = join(settings(), ack(), promise(1, 2), ok(1, false), data(1, 300), reset(1, 8), ok(3), ok(2))
  const look = (cuts: (bytes: Uint8Array) => Uint8Array[]) => {
    const watch = new Http2Watch({ limits: { frame: 128 } })
    for (const piece of cuts(client)) watch.connection.push('client', piece)
    for (const piece of cuts(server)) watch.connection.push('server', piece)
    watch.end('client', 'server')
    return [watch.events, watch.body('client', 1), watch.body('server', 1)]
  }
  const whole = look((bytes) => [bytes])
  expect(whole.slice(1)).toEqual(['\x01\x02\x03' + 'a'.repeat(500), 'a'.repeat(300)])
  const rng = createRng(8)
  for (let i = 0; i < 200; i++) expect(look((bytes) => cut(rng, bytes))).toEqual(whole)
})
