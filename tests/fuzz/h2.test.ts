/** Whatever two sides send, in whatever pieces: the onlooker of HTTP/2 throws nothing and keeps its bounds. */
import { expect, it } from 'vitest'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { Http2Connection } from '../../electron/protocol/wire/h2/connection.ts'
import type { Http2Event } from '../../electron/protocol/wire/h2/events.ts'
import { PREFACE } from '../../electron/protocol/wire/h2/frame-reader.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { cut, join, wound } from '../support/cuts.ts'
import { literal } from '../support/hpack-encode.ts'
import {
  ack,
  block,
  data,
  frame,
  get,
  GET_FIELDS,
  headers,
  ok,
  promise,
  reset,
  settings,
  windowUpdate,
  words,
} from '../support/http2-watch.ts'

/** Connections; each has two streams of octets, so that in full a million are read. */
const COUNT = process.env.REXMIT_FULL === '1' ? 500_000 : 8_000

const IDS = [0, 1, 1, 3, 3, 5, 2, 4, 7]
const id = (rng: Rng) => IDS[rng.int(IDS.length)]

const FRAMES: ((rng: Rng) => Uint8Array)[] = [
  (rng) => get(id(rng), rng.int(2) === 0),
  (rng) => get(id(rng), rng.int(2) === 0),
  (rng) => ok(id(rng), rng.int(2) === 0),
  (rng) => data(id(rng), rng.int(60), rng.int(3) === 0),
  (rng) => frame(0, 8, id(rng), Uint8Array.of(rng.int(8), 1, 2, 3, 4)),
  (rng) => headers(id(rng), block(['x', '1']), true),
  (rng) => headers(id(rng), join(literal('indexed', 'name', 'value', true), block(...GET_FIELDS))),
  (rng) => frame(1, 0x20, id(rng), join(words(3), Uint8Array.of(1), block(...GET_FIELDS))),
  (rng) => frame(9, 4 * rng.int(2), id(rng), block(['x', '1'])),
  (rng) => reset(id(rng), rng.int(15)),
  (rng) => promise(id(rng), id(rng)),
  (rng) => windowUpdate(id(rng), [0, 1, 60_000, 2 ** 31 - 1][rng.int(4)]),
  (rng) => settings([rng.int(10), [0, 1, 100, 16_384, 65_536, 2 ** 31][rng.int(6)]]),
  () => ack(),
  () => frame(6, 0, 0, words(1, 2)),
  (rng) => frame(7, 0, 0, words(id(rng), rng.int(15))),
  (rng) => frame(0x10, 0, 0, join(words(id(rng)), Uint8Array.of(0x75, 0x3d, 0x31))),
  (rng) => frame(rng.int(256), rng.int(256), id(rng), rng.bytes(rng.int(20))),
]

it('no octets break it', () => {
  const rng = createRng(3)
  const limits = { frame: 64, headerBlock: 50, headerList: 300, table: 200, streams: 3, settings: 2 }
  const seen = new Map<string, number>()
  // Made beforehand: making them takes longer than reading them.
  const frames = Array.from({ length: 4_000 }, () => FRAMES[rng.int(FRAMES.length)](rng))
  for (let i = 0; i < COUNT; i++) {
    const sent = { client: 0, server: 0 }
    const hear = (event: Http2Event): void => {
      const what =
        event.type === 'limit' ? event.limit : event.type === 'problem' ? event.error.reason : event.type
      seen.set(what, (seen.get(what) ?? 0) + 1)
      let offset = 0
      if (event.type === 'problem') offset = event.error.offset
      else if (event.type === 'frame') offset = event.frame.offset + 9 + event.frame.length
      else if ('offset' in event) offset = event.offset
      // A frame is told of when its last octet is there, and nothing before its octets are.
      if (!(offset >= 0 && offset <= sent[event.from]))
        throw new Error(`${what} at ${offset} of ${sent[event.from]}`)
    }
    const connection = new Http2Connection(hear, { limits })
    const feed = (from: Side, start: Uint8Array): void => {
      const some = Array.from({ length: 1 + rng.int(12) }, () => frames[rng.int(frames.length)])
      const whole = join(start, settings(), ...some)
      for (const piece of cut(rng, rng.int(2) === 0 ? whole : wound(rng, whole))) {
        sent[from] += piece.length
        connection.push(from, piece)
      }
    }
    feed('client', PREFACE)
    feed('server', rng.int(2) === 0 ? settings([4, 1]) : new Uint8Array(0))
    if (rng.int(4) === 0) feed('client', ack())
    connection.end('client')
    connection.end('server')
    if (connection.tracked > limits.streams) throw new Error(`${connection.tracked} streams`)
    if (connection.table('client').size > limits.table) throw new Error('table')
  }
  const all = [
    ...['preface', 'frame', 'data', 'headers', 'stream', 'skipped'],
    ...['frame_length', 'header_block', 'header_list', 'tracked_streams', 'pending_settings'],
    ...['bad_preface', 'settings_not_first', 'block_interrupted', 'continuation_unexpected', 'bad_length'],
    ...[
      'stream_zero',
      'stream_not_zero',
      'wrong_sender',
      'frame_too_long',
      'illegal_in_idle',
      'illegal_in_closed',
    ],
    ...[
      'illegal_in_half_closed_local',
      'bad_padding',
      'window_overflow',
      'window_increment_zero',
      'truncated',
    ],
    ...['stream_window_exceeded', 'bad_promised_stream', 'last_stream_increased', 'trailers_without_end'],
  ]
  expect(all.filter((what) => !seen.has(what))).toEqual([])
})

it('streams, settings and windows without end do not grow what is kept', () => {
  const connection = new Http2Connection(() => {}, { limits: { streams: 1_000, settings: 100 } })
  connection.push('client', join(PREFACE, settings()))
  connection.push('server', settings())
  const wide = join(...Array.from({ length: 100 }, (_, i) => settings([100 + i, i], [4, i])))
  for (let i = 0; i < 20_000; i++) {
    connection.push('client', get(1 + i * 2, i % 2 === 0))
    if (i % 3 === 0) connection.push('server', reset(1 + i * 2, 0))
    if (i % 100 === 0) connection.push('client', wide)
  }
  expect(connection.tracked).toBeLessThanOrEqual(1_000)
})
