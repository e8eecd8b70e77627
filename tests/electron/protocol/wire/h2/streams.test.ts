/** HTTP/2 by the clauses of RFC 9113: streams, windows, messages and limits. */
import { describe, expect, test } from 'vitest'
import * as h2 from '../../../../../electron/protocol/wire/h2/names.ts'
import { parsePriority } from '../../../../../electron/protocol/wire/h2/priority.ts'
import { join, octets } from '../../../../support/cuts.ts'
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
const TRAILERS = block(['x-sum', '1'])
const BODY_REQUEST = headers(1, block(...GET_FIELDS), false)

describe('RFC 9218 priorities', () => {
  test.each([
    ['u=5, i', 5, true],
    ['i=?0', 3, false],
    ['u=9', 3, false],
    [' u=0;x=1 ,i;y', 0, true],
    ['nonsense', 3, false],
  ])('%s', (value, urgency, incremental) => {
    expect(parsePriority(value)).toEqual({ urgency, incremental })
  })

  test('by field, and by PRIORITY_UPDATE afterwards', () => {
    const watch = begun().client(headers(1, block(...GET_FIELDS, ['priority', 'u=1'])))
    expect(watch.connection.stream(1)?.priority).toEqual({ urgency: 1, incremental: false })
    watch.client(frame(h2.PRIORITY_UPDATE, 0, 0, join(words(1), octets('u=6, i'))))
    expect(watch.connection.stream(1)?.priority).toEqual({ urgency: 6, incremental: true })
  })
})

describe('5.1 stream states', () => {
  const states = (watch: Http2Watch) =>
    watch.of('stream').map(({ streamId, after }) => `${streamId} ${after}`)

  test('a request and its response', () => {
    const watch = begun()
      .client(BODY_REQUEST, data(1, 3, true))
      .server(ok(1, false), data(1, 2, true))
    expect(states(watch)).toEqual(['1 open', '1 half_closed_local', '1 closed'])
    expect([watch.body('client', 1), watch.body('server', 1)]).toEqual(['aaa', 'aa'])
  })

  test('a promise and what comes of it', () => {
    const watch = begun()
      .client(get(1))
      .server(promise(1, 2), ok(2, false), data(2, 1, true), ok(1))
    expect(states(watch)).toEqual(
      ['1 half_closed_local', '2 reserved_remote', '2 half_closed_local', '2 closed', '1 closed'].flatMap(
        (state) => (state === '1 half_closed_local' ? ['1 open', state] : [state]),
      ),
    )
    expect(
      watch
        .of('headers')
        .map(({ part, streamId, associatedStreamId }) => [part, streamId, associatedStreamId]),
    ).toEqual([
      ['request', 1, undefined],
      ['push', 2, 1],
      ['response', 2, undefined],
      ['response', 1, undefined],
    ])
    expect(watch.problems).toEqual([])
  })

  test.each([
    ['idle: DATA', [], data(5, 1), 'illegal_in_idle PROTOCOL_ERROR connection'],
    ['half-closed (local): DATA', [get(1)], data(1, 1), 'illegal_in_half_closed_local STREAM_CLOSED stream'],
    [
      'half-closed (local): HEADERS',
      [get(1)],
      headers(1, TRAILERS),
      'illegal_in_half_closed_local STREAM_CLOSED stream',
    ],
    [
      'closed by oneself: DATA',
      [BODY_REQUEST, reset(1, 8)],
      data(1, 1),
      'illegal_in_closed STREAM_CLOSED stream',
    ],
    ['5.1.1 passed over: HEADERS', [get(5)], get(3), 'illegal_in_closed STREAM_CLOSED stream'],
    ['5.1.1 an even stream of the client', [], get(2), 'illegal_in_idle PROTOCOL_ERROR connection'],
  ])('%s', (_, before, bytes, problem) => {
    expect(begun().client(...before, bytes).problems).toEqual([problem])
  })

  test('the server opens no stream without a promise', () => {
    expect(begun().server(ok(2)).problems).toEqual(['illegal_in_idle PROTOCOL_ERROR connection'])
  })

  test('what was under way when the other side reset the stream is no fault, nor is WINDOW_UPDATE after the end', () => {
    const watch = begun()
      .client(BODY_REQUEST)
      .server(reset(1, 8))
      .client(data(1, 3), data(1, 3, true))
    watch
      .client(get(3))
      .server(ok(3))
      .client(windowUpdate(3, 5), frame(h2.PRIORITY, 0, 3, new Uint8Array(5)))
    expect(watch.problems).toEqual([])
  })

  test('5.1.2 more streams than the other side allows', () => {
    const watch = begun()
      .server(settings([h2.MAX_CONCURRENT_STREAMS, 1]))
      .client(ack(), get(1), get(3))
    expect(watch.problems).toEqual(['too_many_streams REFUSED_STREAM stream'])
    watch.server(ok(1), ok(3)).client(get(5))
    expect(watch.problems).toHaveLength(1)
  })
})

describe('5.2 flow control', () => {
  test('DATA takes from both windows, padding too; WINDOW_UPDATE gives', () => {
    const padded = frame(h2.DATA, h2.FLAG_PADDED, 1, Uint8Array.of(4, 97, 0, 0, 0, 0))
    const watch = begun()
      .client(BODY_REQUEST, data(1, 100), padded)
      .server(windowUpdate(0, 50), windowUpdate(1, 30))
    expect(watch.of('frame').flatMap(({ windows }) => windows ?? [])).toEqual([
      { sender: 'client', connection: 65_435, stream: 65_435 },
      { sender: 'client', connection: 65_429, stream: 65_429 },
      { sender: 'client', connection: 65_479 },
      { sender: 'client', connection: 65_479, stream: 65_459 },
    ])
    expect(watch.body('client', 1)).toBe('a'.repeat(101))
  })

  test('6.9.1 more than the window', () => {
    const full = Array.from({ length: 4 }, () => data(1, 16_384))
    const watch = begun().client(BODY_REQUEST, ...full)
    expect(watch.problems).toEqual([
      'connection_window_exceeded FLOW_CONTROL_ERROR connection',
      'stream_window_exceeded FLOW_CONTROL_ERROR stream',
    ])
  })

  test('6.9.2 another initial size changes open streams from the acknowledgment on, and may make them negative', () => {
    const watch = begun()
      .client(BODY_REQUEST, data(1, 100))
      .server(settings([h2.INITIAL_WINDOW_SIZE, 40]))
    expect(watch.connection.stream(1)?.window.client).toBe(65_435)
    watch.client(ack())
    expect(watch.connection.stream(1)?.window).toEqual({ client: -60, server: 65_535 })
    expect(watch.connection.window('client')).toBe(65_435)
  })
})

describe('8 messages', () => {
  test('interim, response, trailers', () => {
    const watch = begun().client(get(1))
    watch.server(headers(1, block([':status', '103']), false), ok(1, false), data(1, 1), headers(1, TRAILERS))
    expect(watch.of('headers').map(({ part }) => part)).toEqual([
      'request',
      'interim',
      'response',
      'trailers',
    ])
    expect(watch.problems).toEqual([])
  })

  const request = (...more: (readonly [string, string])[]) => block(...GET_FIELDS, ...more)
  test.each([
    ['8.2.1 capitals', request(['X', '1']), 'bad_field_name'],
    ['8.2.1 white space around a value', request(['x', ' 1']), 'bad_field_value'],
    ['8.2.2 connection-specific', request(['connection', 'close']), 'connection_specific_field'],
    ['8.2.2 te other than trailers', request(['te', 'gzip']), 'connection_specific_field'],
    ['8.3 pseudo behind regular', block(['x', '1'], ...GET_FIELDS), 'pseudo_after_regular'],
    ['8.3 of a response in a request', request([':status', '200']), 'unknown_pseudo'],
    ['8.3.1 twice', request([':path', '/2']), 'duplicate_pseudo'],
    ['8.3.1 missing', block([':method', 'GET']), 'missing_pseudo'],
    ['8.5 CONNECT without :authority', block([':method', 'CONNECT']), 'missing_pseudo'],
  ])('%s', (_, fields, reason) => {
    expect(begun().client(headers(1, fields)).problems).toEqual([`${reason} PROTOCOL_ERROR stream`])
  })

  test('8.5, RFC 8441 4: CONNECT with and without :protocol', () => {
    const plain = block([':method', 'CONNECT'], [':authority', 'a:1'])
    const extended = block(
      [':method', 'CONNECT'],
      [':protocol', 'websocket'],
      [':scheme', 'https'],
      [':path', '/'],
      [':authority', 'a'],
    )
    expect(begun().client(headers(1, plain, false), headers(3, extended, false)).problems).toEqual([])
  })

  test('8.1 trailers end the stream; DATA comes behind HEADERS', () => {
    const watch = begun()
      .client(BODY_REQUEST, headers(1, TRAILERS, false))
      .server(data(1, 1))
    expect(watch.problems).toEqual([
      'trailers_without_end PROTOCOL_ERROR stream',
      'data_before_headers PROTOCOL_ERROR stream',
    ])
  })

  test('8.1.1 a body is as long as content-length says, but for HEAD', () => {
    const five = block([':status', '200'], ['content-length', '5'])
    expect(begun().client(get(1)).server(headers(1, five)).problems).toEqual([
      'content_length_mismatch PROTOCOL_ERROR stream',
    ])
    const head = block([':method', 'HEAD'], [':scheme', 'https'], [':path', '/'])
    expect(begun().client(headers(1, head)).server(headers(1, five)).problems).toEqual([])
  })

  test('RFC 7540 3.2: after an upgrade stream 1 is the request', () => {
    const watch = Http2Watch.begun({ upgradedMethod: 'GET' }).server(ok(1))
    expect([watch.problems, watch.of('headers')[0].part]).toEqual([[], 'response'])
  })
})

describe('limits', () => {
  test('a frame beyond the limit is passed over, and what follows is read', () => {
    const watch = Http2Watch.begun({ limits: { frame: 100 } }).client(
      frame(0xee, 0, 0, new Uint8Array(101)),
      get(1),
    )
    expect([watch.limits, watch.of('headers').length]).toEqual([['frame_length'], 1])
  })

  test('a header block beyond the limit', () => {
    const big = new Uint8Array(1000).fill(0x82)
    const watch = Http2Watch.begun({ limits: { headerBlock: 1_500 } })
    watch.client(
      frame(h2.HEADERS, 1, 1, big),
      frame(h2.CONTINUATION, 0, 1, big),
      frame(h2.CONTINUATION, 4, 1, big),
      get(3),
    )
    expect([watch.limits, watch.of('headers').map(({ block: list }) => list.inDoubt)]).toEqual([
      ['header_block'],
      [true],
    ])
  })

  test('empty CONTINUATION frames without number', () => {
    const empty = join(...Array.from({ length: 2_000 }, () => frame(h2.CONTINUATION, 0, 1)))
    const watch = begun().client(frame(h2.HEADERS, 1, 1), empty, frame(h2.CONTINUATION, 4, 1))
    expect(watch.limits).toEqual(['header_block'])
  })

  test('a header list beyond the limit', () => {
    const watch = Http2Watch.begun({ limits: { headerList: 100 } }).client(get(1))
    expect([watch.limits, watch.of('headers')[0].block.omitted]).toEqual([['header_list'], 1])
  })

  test('streams: the closed are forgotten, the open are not taken up', () => {
    const watch = Http2Watch.begun({ limits: { streams: 10 } })
    for (let id = 1; id < 41; id += 2) watch.client(get(id)).server(ok(id))
    expect([watch.limits, watch.connection.tracked]).toEqual([[], 10])
    for (let id = 41; id < 81; id += 2) watch.client(get(id, false))
    expect(watch.connection.tracked).toBe(10)
    expect(new Set(watch.limits)).toEqual(new Set(['tracked_streams']))
    expect(watch.problems).toEqual([])
  })

  test('SETTINGS that nobody acknowledges', () => {
    const watch = Http2Watch.begun({ limits: { settings: 3 } }).client(
      ...Array.from({ length: 4 }, () => settings()),
    )
    expect(watch.limits).toEqual(['pending_settings'])
  })
})
