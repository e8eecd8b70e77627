import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Layers, type Linked } from '../../../shared/projections/layers.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import {
  anyPlan,
  layeredTrace,
  layPieces,
  layRecords,
  type Laid,
  type Plan,
} from '../../support/layered-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

function layersOf(store: TraceStore): Layers {
  const layers = new Layers()
  layers.update(store)
  return layers
}

/** Which bytes of the TCP stream each item of a plan consists of. */
function bytesOf(plan: Plan) {
  const pieces = layPieces(plan.pieces)
  const total = pieces.at(-1)!.to
  const records = plan.records ? layRecords(total, plan.records) : []
  const range = ({ from, to }: Laid): number[] => Array.from({ length: to - from }, (_, i) => from + i)
  const toTcp = (plain: number): number => {
    if (!plan.records) return plain
    const record = records.find((one) => one.plain <= plain && plain < one.plain + one.length)!
    return record.body + plain - record.plain
  }
  return {
    segments: plan.flights.map((flight) => new Set(range(flight))),
    records: records.map((record) => new Set(range(record))),
    pieces: pieces.map((piece) => new Set(range(piece).map(toTcp))),
  }
}

const meet = (one: Set<number>, other: Set<number>): boolean => [...one].some((byte) => other.has(byte))
const indexes = (all: readonly Set<number>[], one: Set<number>): number[] =>
  all.flatMap((other, i) => (meet(one, other) ? [i] : []))

/** Rows of the trace as numbers of the plan. Frames stand in the trace in their order, as do records. */
function numbers(store: TraceStore, linked: Linked | undefined) {
  const { pkt } = store.table('tcp:segment_sent')
  return {
    segments: linked!.segments.map((row) => pkt.data[row] - 1).sort((a, b) => a - b),
    records: linked!.records,
    frames: linked!.frames,
    exchanges: linked!.exchanges,
  }
}

describe('against sets of bytes', () => {
  test('a segment, a record, a frame and an exchange find what shares a byte with them, and nothing else', () => {
    fc.assert(
      fc.property(anyPlan({ loss: true, reordering: false }), (plan) => {
        const store = layeredTrace(plan).store()
        const layers = layersOf(store)
        const { segments, records, pieces } = bytesOf(plan)
        const isH2 = plan.version === 'h2'
        const exchangesOf = (bytes: Set<number>): number[] => {
          const streams = indexes(pieces, bytes).map((i) => plan.pieces[i].stream)
          return [...new Set(streams.filter((stream) => stream !== 0))].sort((a, b) => a - b)
        }
        const expected = (bytes: Set<number>) => ({
          segments: indexes(segments, bytes),
          records: indexes(records, bytes),
          frames: isH2 ? indexes(pieces, bytes) : [],
          exchanges: exchangesOf(bytes),
        })
        plan.flights.forEach((_, i) => {
          const linked = numbers(store, layers.ofSegment(store, store.sentRow(i + 1)))
          expect(linked).toEqual({ ...expected(segments[i]), segments: [i] })
        })
        records.forEach((bytes, row) => {
          expect(numbers(store, layers.ofRecord(store, row))).toEqual(expected(bytes))
        })
        if (isH2)
          pieces.forEach((bytes, row) => {
            const { stream } = plan.pieces[row]
            const linked = numbers(store, layers.ofFrame(store, row))
            expect(linked).toEqual({ ...expected(bytes), exchanges: stream === 0 ? [] : [stream] })
          })
        const stream = [...layers.all()][0]
        for (const exchange of new Set(plan.pieces.map((piece) => piece.stream))) {
          if (exchange === 0) continue
          const own = plan.pieces.flatMap((piece, i) => (piece.stream === exchange ? [...pieces[i]] : []))
          const linked = numbers(store, layers.ofExchange(stream, exchange))
          expect(linked).toEqual({ ...expected(new Set(own)), exchanges: [exchange] })
        }
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 2_000 : 150 },
    )
  })
})

describe('a segment that was lost and sent again', () => {
  const plan: Plan = {
    version: 'h2',
    pieces: [
      { stream: 1, length: 60 },
      { stream: 3, length: 60 },
    ],
    records: { cuts: [60], extra: 17, first: 10 },
    flights: [
      { from: 0, to: 100, sent: 0, arrives: null },
      { from: 100, to: 174, sent: 1, arrives: 11 },
      { from: 0, to: 100, sent: 30, arrives: 40 },
    ],
  }
  const store = layeredTrace(plan).store()
  const layers = layersOf(store)

  test('both transmissions carry the same frames and requests', () => {
    const first = layers.ofSegment(store, store.sentRow(1))!
    const again = layers.ofSegment(store, store.sentRow(3))!
    expect(first.exchanges).toEqual([1, 3])
    expect({ ...again, segments: [] }).toEqual({ ...first, segments: [] })
  })

  test('the frame finds each of them', () => {
    expect(numbers(store, layers.ofFrame(store, 0)).segments).toEqual([0, 2])
    expect(numbers(store, layers.ofFrame(store, 1)).segments).toEqual([0, 1, 2])
  })

  test('a record is linked to its frame, and not to the one that lies before', () => {
    expect(layers.ofRecord(store, 2)!.frames).toEqual([1])
    expect(layers.ofRecord(store, 0)!.frames).toEqual([])
  })
})

test('the same addresses and ports in use again are a stream of their own', () => {
  const maker = new TraceMaker().pair()
  const frame = { from: 'client', stream: 1, type: 'DATA', flags: 0, offset: 0, length: 11, detail: '' }
  const windows = { connection_window: -1, stream_window: -1 }
  const use = (t: number, pkt: number, seq: number): void => {
    maker.sent(t, pkt, 'client', { seq, flags: 2 })
    maker.sent(t + 1, pkt + 1, 'client', { seq: seq + 1, payload: 20 })
    maker.add(t + 1, 'http:frame', { ...frame, ...windows }, { node: 'client', flow: FLOW, pkt: pkt + 1 })
  }
  use(0, 1, 1000)
  use(10, 3, 500_000)
  const store = maker.store()
  const layers = layersOf(store)
  expect([...layers.all()]).toHaveLength(2)
  expect(layers.ofSegment(store, store.sentRow(2))!.frames).toEqual([0])
  expect(layers.ofSegment(store, store.sentRow(4))!.frames).toEqual([1])
})

test('sequence numbers that wrap do not cut a stream in two', () => {
  const maker = new TraceMaker().pair().sent(0, 1, 'client', { seq: 4_294_967_290, flags: 2 })
  for (let i = 0; i < 3; i++)
    maker.sent(i + 1, i + 2, 'client', { seq: (4_294_967_291 + 10 * i) % 2 ** 32, payload: 10 })
  const store = maker.store()
  const layers = layersOf(store)
  expect([2, 3, 4].map((pkt) => layers.spanOf(store, store.sentRow(pkt)).from)).toEqual([0, 10, 20])
})
