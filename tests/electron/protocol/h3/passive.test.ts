/** HTTP/3 read by someone who only sees the bytes of its streams, against what the endpoints say that they have sent. */
import { beforeAll, describe, expect, test } from 'vitest'
import { PassiveHttp3 } from '../../../../electron/protocol/h3/passive/connection.ts'
import type { Http3Reading } from '../../../../electron/protocol/h3/passive/events.ts'
import { encodeFrame, encodeFrameHeader, varint } from '../../../../electron/protocol/h3/frames.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import { createRng, type Rng } from '../../../../electron/protocol/random.ts'
import { SIDES, type Side } from '../../../../electron/protocol/wire/side.ts'
import { cut, join } from '../../../support/cuts.ts'
import { frame, GET, headers, SETTINGS } from '../../../support/h3-script.ts'
import { talk, type Talk } from '../../../support/h3-talk.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

const REQUESTS = 30
const ROUNDS = process.env.REXMIT_FULL === '1' ? 200 : 20
const NOTHING = new Uint8Array(0)

let certificates: TestCertificates
let conversation: Talk
beforeAll(async () => {
  certificates = await createCertificates()
  conversation = talk(
    { certificates, fate: (_from, _d, rng) => ({ delays: rng.next() < 0.03 ? [] : [20_000] }) },
    REQUESTS,
    2_000,
  )
})

const of = <T extends Http3Reading['type']>(readings: readonly Http3Reading[], type: T) =>
  readings.filter((one): one is Extract<Http3Reading, { type: T }> => one.type === type)

class Onlooker {
  readonly readings: Http3Reading[] = []
  readonly http = new PassiveHttp3((reading) => this.readings.push(reading))
  private readonly at = new Map<string, number>()

  send(from: Side, id: number, bytes: Uint8Array, fin = false): this {
    const key = `${from} ${id}`
    const offset = this.at.get(key) ?? 0
    this.at.set(key, offset + bytes.length)
    this.http.handleStream(from, id, offset, bytes, fin)
    return this
  }

  of<T extends Http3Reading['type']>(type: T): Extract<Http3Reading, { type: T }>[] {
    return of(this.readings, type)
  }

  get problems(): string[] {
    return this.of('problem').map(({ id, violation: { code, reason } }) => `${id} ${code} ${reason}`)
  }
}

/** All streams in pieces, each stream in its order, the streams in none; `first` decides which stream goes on. */
function shuffled(rng: Rng, { streams }: Talk): Onlooker {
  const onlooker = new Onlooker()
  const queues = SIDES.flatMap((from) =>
    [...streams[from]].map(([id, bytes]) => ({ from, id, pieces: cut(rng, bytes) })),
  )
  while (queues.length > 0) {
    const at = rng.int(queues.length)
    const { from, id, pieces } = queues[at]
    const isLast = pieces.length === 1
    onlooker.send(from, id, pieces.shift()!, isLast && id % 4 === 0)
    if (isLast) queues.splice(at, 1)
  }
  return onlooker
}

describe('whatever the order of the streams and however they are cut', () => {
  test('it reads the frames, field sections and table changes that the endpoints have sent', () => {
    const rng = createRng(3)
    let waited = 0
    for (let round = 0; round < ROUNDS; round++) {
      const onlooker = shuffled(rng, conversation)
      expect(onlooker.problems).toEqual([])
      for (const from of SIDES) {
        const said = conversation.said[from]
        const mine = <T extends { from: Side }>(all: readonly T[]): T[] =>
          all.filter((one) => one.from === from)
        const frames = mine(onlooker.of('frame')).map(({ id, frame: { type } }) => `${id} ${type}`)
        expect(frames.sort()).toEqual(said.frames.map(({ id, type }) => `${id} ${type}`).sort())
        const sections = mine(onlooker.of('section'))
        const byStream = (id: number) => [
          sections.filter((one) => one.id === id).map(({ section }) => section),
          said.sections.filter((one) => one.id === id).map(({ section }) => section),
        ]
        for (const { id } of said.sections) {
          const [read, written] = byStream(id)
          expect(read.map(({ lines }) => lines)).toEqual(written.map(({ lines }) => lines))
          expect(read.map(({ requiredInsertCount }) => requiredInsertCount)).toEqual(
            written.map(({ requiredInsertCount }) => requiredInsertCount),
          )
        }
        expect(mine(onlooker.of('table')).map(({ change }) => change)).toEqual(said.changes)
        expect(mine(onlooker.of('end'))).toHaveLength(REQUESTS)
        expect(mine(onlooker.of('end')).every(({ complete }) => complete)).toBe(true)
      }
      waited += onlooker.readings.filter((one, i, { [i + 1]: next }) => {
        return one.type === 'frame' && one.frame.type === 'headers' && next?.type !== 'section'
      }).length
    }
    expect(conversation.said.client.changes.length).toBeGreaterThan(5)
    expect(waited).toBeGreaterThan(0)
  })

  test('messages keep their order: interim responses, response, trailers, end', () => {
    const onlooker = shuffled(createRng(8), conversation)
    const ofStream = onlooker.readings.filter(({ from, id }) => from === 'server' && id === 8)
    expect(
      ofStream.flatMap((one) => (one.type === 'section' ? [one.kind] : one.type === 'end' ? ['end'] : [])),
    ).toEqual([...['informational', 'response', 'trailers', 'end']])
    const [end] = onlooker.of('end').filter(({ from, id }) => from === 'server' && id === 8)
    expect(end).toMatchObject({ content: 2_000, offset: conversation.streams.server.get(8)!.length })
  })
})

describe('a section that was sent before the insertions that it needs', () => {
  const encoder = new QpackEncoder({ capacity: 200 })
  encoder.applySettings(4_096, 10)
  const section = encoder.encode(0, [...GET, { name: 'x-a', value: 'first' }]).bytes
  const instructions = encoder.takeOutput()
  const settings = join(varint(0), encodeFrame({ type: 'settings', settings: [{ id: 1, value: 4_096 }] }))
  const request = encodeFrame({ type: 'headers', section })

  test('waits for them, with the end of its message behind it', () => {
    const onlooker = new Onlooker().send('server', 3, settings).send('client', 0, request, true)
    expect(onlooker.of('frame').filter(({ id }) => id === 0)).toHaveLength(1)
    expect(onlooker.of('section')).toEqual([])
    expect(onlooker.of('end')).toEqual([])
    onlooker.send('client', 6, join(varint(2), instructions.subarray(0, -1)))
    expect(onlooker.of('section')).toEqual([])
    onlooker.send('client', 6, instructions.subarray(-1))
    const told = onlooker.readings.slice(-4).map(({ type }) => type)
    expect(told).toEqual(['instruction', 'table', 'section', 'end'])
    expect(onlooker.of('section')[0].section.lines.at(-1)).toMatchObject({
      name: 'x-a',
      value: 'first',
      table: 'dynamic',
    })
  })

  test('can be read before the settings of the decoder were seen, as in 0-RTT', () => {
    const onlooker = new Onlooker()
      .send('client', 6, join(varint(2), instructions))
      .send('client', 0, request, true)
    expect(onlooker.of('section')).toHaveLength(1)
    expect(onlooker.problems).toEqual([])
  })

  test('is void when the server refuses 0-RTT: the streams begin anew', () => {
    const onlooker = new Onlooker().send('client', 6, varint(2)).send('client', 0, request.subarray(0, 5))
    onlooker.http.restartClient()
    onlooker.http.handleStream('client', 0, 0, headers(GET), true)
    expect(onlooker.of('section')).toHaveLength(1)
    expect(onlooker.problems).toEqual([])
  })
})

describe('a rule that is broken is told with its clause:', () => {
  test.each<[string, Side, number, Uint8Array, boolean, string]>([
    [
      'DATA first',
      'client',
      0,
      frame(0, new Uint8Array(4)),
      false,
      '0 H3_FRAME_UNEXPECTED 9114 4.1: DATA before a header section',
    ],
    [
      'a frame of HTTP/2',
      'client',
      0,
      frame(0x08),
      false,
      '0 H3_FRAME_UNEXPECTED 9114 7.2.8: HTTP2 on a request stream',
    ],
    [
      'an end inside a frame',
      'client',
      0,
      encodeFrameHeader(1, 9),
      true,
      '0 H3_FRAME_ERROR 9114 7.1: the stream ends inside a frame',
    ],
    [
      'nothing at all',
      'client',
      4,
      NOTHING,
      true,
      '4 H3_REQUEST_INCOMPLETE 9114 4.1: the stream ends without a header section',
    ],
    [
      'no SETTINGS',
      'client',
      2,
      join(varint(0), frame(0x07, varint(0))),
      false,
      '2 H3_MISSING_SETTINGS 9114 6.2.1: GOAWAY before SETTINGS',
    ],
    [
      'a closed control stream',
      'server',
      3,
      join(varint(0), SETTINGS),
      true,
      '3 H3_CLOSED_CRITICAL_STREAM 9114 6.2.1: the control stream was closed',
    ],
    [
      'a stream of the server for requests',
      'server',
      1,
      frame(1),
      false,
      '1 H3_STREAM_CREATION_ERROR 9114 6.1: the server opens a request stream',
    ],
    [
      'a reference to nothing',
      'client',
      0,
      frame(1, Uint8Array.of(0, 0, 0x80)),
      false,
      '0 QPACK_DECOMPRESSION_FAILED 9204 2.2.3: entry -1 was evicted or never there',
    ],
    [
      'a table that is too large',
      'client',
      6,
      join(varint(2), Uint8Array.of(0x3f, 0xff, 0xff, 0xff, 0x7f)),
      false,
      '6 QPACK_ENCODER_STREAM_ERROR 9204 4.3.1: a capacity of 268435486, 65536 are allowed',
    ],
    [
      'a request without a path',
      'client',
      0,
      headers(GET.slice(0, 3)),
      true,
      '0 H3_MESSAGE_ERROR 9114 4.3.1: no :path',
    ],
  ])('%s', (_, from, id, bytes, fin, problem) => {
    expect(new Onlooker().send(from, id, bytes, fin).problems).toEqual([problem])
  })

  test('and what comes after it on other streams is read', () => {
    const onlooker = new Onlooker().send('client', 0, frame(0)).send('client', 4, headers(GET), true)
    expect(onlooker.of('end')).toMatchObject([{ id: 4, complete: true }])
  })
})

test('a reset ends a message that is not whole', () => {
  const onlooker = new Onlooker().send(
    'server',
    0,
    join(headers([{ name: ':status', value: '200' }]), encodeFrameHeader(0, 100), new Uint8Array(40)),
  )
  onlooker.http.handleReset('server', 0)
  expect(onlooker.of('end')).toMatchObject([{ content: 40, complete: false }])
  expect(onlooker.of('frame')).toHaveLength(1)
})

test('reserved types mean nothing: streams, frames and settings', () => {
  const onlooker = new Onlooker().send('client', 14, join(varint(0x21), new Uint8Array(50)))
  onlooker.send('client', 0, join(frame(0x21, new Uint8Array(9)), headers(GET), frame(0x40)), true)
  expect(onlooker.of('stream')).toMatchObject([{ id: 14, kind: 'reserved' }])
  expect(
    onlooker.of('frame').map(({ frame: { type }, offset, length }) => [type, offset, length]),
  ).toMatchObject([
    ['unknown', 0, 9],
    ['headers', 11, headers(GET).length - 2],
    ['unknown', 11 + headers(GET).length, 0],
  ])
  expect(onlooker.of('end')).toMatchObject([{ complete: true }])
})
