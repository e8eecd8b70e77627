import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Blocking, totalOf, type StreamBlocking } from '../../../shared/projections/blocking.ts'
import { HELD_CONDITIONS, type HeldCondition } from '../../../shared/projections/held.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import {
  anyPlan,
  layeredTrace,
  layPieces,
  layRecords,
  type Flight,
  type Plan,
} from '../../support/layered-trace.ts'

function streamsOf(store: TraceStore): StreamBlocking[] {
  const blocking = new Blocking()
  blocking.update(store)
  return blocking.streams(store)
}

const inOrder = (lengths: readonly number[], every: number): Flight[] => {
  let at = 0
  return lengths.map((length, i) => ({
    from: at,
    to: (at += length),
    sent: i * every,
    arrives: i * every + 10,
  }))
}

// --- the definition, byte by byte ------------------------------------------------------------------------------

/** What holds bytes back over TCP. */
type Waiting = Exclude<HeldCondition, 'key' | 'qpack'>

interface Reckoning {
  bytes: number
  time: Record<Waiting, number>
  byteTime: Record<Waiting, number>
}

/** What DESIGN 6.1 says, taken word by word: each byte is asked at each moment. */
function reckon(plan: Plan, end: number): Map<number, Reckoning> {
  const pieces = layPieces(plan.pieces)
  const plainLength = pieces.at(-1)!.to
  const records = plan.records ? layRecords(plainLength, plan.records) : []
  const length = plan.records ? records.at(-1)!.to : plainLength
  const owner = new Array<number>(length).fill(0)
  const recordEnd = Array.from({ length }, (_, byte) => byte + 1)
  const place = (plain: number): number => {
    if (!plan.records) return plain
    const record = records.find((one) => one.plain <= plain && plain < one.plain + one.length)!
    return record.body + plain - record.plain
  }
  for (const { from, to, stream } of pieces) for (let p = from; p < to; p++) owner[place(p)] = stream
  for (const { from, to } of records) recordEnd.fill(to, from, to)

  const arrival = new Array<number>(length).fill(Infinity)
  for (const { from, to, arrives } of plan.flights)
    if (arrives !== null)
      for (let byte = from; byte < to; byte++) arrival[byte] = Math.min(arrival[byte], arrives)

  const moments = [...new Set(arrival.filter((t) => t <= end)), end].sort((a, b) => a - b)
  const all = new Map<number, Reckoning>()
  const of = (stream: number): Reckoning => {
    const zero = () => ({ self: 0, cross: 0, record: 0 })
    let known = all.get(stream)
    if (!known) all.set(stream, (known = { bytes: 0, time: zero(), byteTime: zero() }))
    return known
  }
  for (let byte = 0; byte < length; byte++)
    if (owner[byte] !== 0 && arrival[byte] <= end) of(owner[byte]).bytes++
  for (let i = 0; i + 1 < moments.length; i++) {
    const [t, next] = [moments[i], moments[i + 1]]
    const isHere = (byte: number): boolean => arrival[byte] <= t
    const conditions = new Set<string>()
    for (let byte = 0; byte < length; byte++) {
      if (owner[byte] === 0 || !isHere(byte)) continue
      const condition = conditionOf(byte, owner, recordEnd, isHere)
      if (condition === undefined) continue
      of(owner[byte]).byteTime[condition] += next - t
      conditions.add(`${owner[byte]} ${condition}`)
    }
    for (const entry of conditions) {
      const [stream, condition] = entry.split(' ')
      of(Number(stream)).time[condition as Waiting] += next - t
    }
  }
  return all
}

function conditionOf(
  byte: number,
  owner: readonly number[],
  recordEnd: readonly number[],
  isHere: (byte: number) => boolean,
): Waiting | undefined {
  for (let before = 0; before < byte; before++)
    if (owner[before] === owner[byte] && !isHere(before)) return 'self'
  for (let before = 0; before < byte; before++) if (!isHere(before)) return 'cross'
  for (let after = byte; after < recordEnd[byte]; after++) if (!isHere(after)) return 'record'
  return undefined
}

const runs = { numRuns: process.env.REXMIT_FULL === '1' ? 2_000 : 240 }

describe('against the definition, byte by byte', () => {
  const figures = (streams: readonly StreamBlocking[]) =>
    streams.map(({ stream, bytes, time: { self, cross, record }, byteMs }) => ({
      stream,
      bytes,
      time: { self, cross, record },
      byteTime: {
        self: Math.round(byteMs.self * 1000),
        cross: Math.round(byteMs.cross * 1000),
        record: Math.round(byteMs.record * 1000),
      },
    }))

  test('any layout, any losses, any order give the same figures', () => {
    fc.assert(
      fc.property(anyPlan({ loss: true, reordering: true }), (plan) => {
        const store = layeredTrace(plan).store()
        const expected = [...reckon(plan, store.end)]
          .sort(([a], [b]) => a - b)
          .map(([stream, figure]) => ({ stream, ...figure }))
        expect(figures(streamsOf(store))).toEqual(expected)
      }),
      runs,
    )
  })

  test('and do so however the events were cut into batches', () => {
    fc.assert(
      fc.property(
        anyPlan({ loss: true, reordering: true }),
        fc.array(fc.nat(120), { maxLength: 20 }),
        (plan, cuts) => {
          const maker = layeredTrace(plan)
          const blocking = new Blocking()
          const store = new TraceStore()
          for (const batch of maker.batches(cuts)) {
            expect(store.append(batch)).toBeUndefined()
            blocking.update(store)
            // Looking must not change what is seen later.
            blocking.streams(store)
          }
          const all = maker.store()
          const plain = (streams: StreamBlocking[]) =>
            streams.map(({ within, ...rest }) => ({ ...rest, f: within.flow }))
          expect(plain(blocking.streams(store))).toEqual(plain(streamsOf(all)))
        },
      ),
      // A whole number: with 1333.3 runs fast-check never comes to an end.
      { numRuns: Math.ceil(runs.numRuns / 4) },
    )
  })

  test('without loss and reordering nothing is self- or cross-blocked at all', () => {
    fc.assert(
      fc.property(anyPlan({ loss: false, reordering: false }), (plan) => {
        for (const { time, byteMs } of streamsOf(layeredTrace(plan).store()))
          expect([time.self, time.cross, byteMs.self, byteMs.cross]).toEqual([0, 0, 0, 0])
      }),
      runs,
    )
  })
})

describe('two streams of HTTP/2 in the clear, a segment of the first is lost', () => {
  // Stream 1: bytes 0 to 99, stream 3: 100 to 199, stream 1 again: 200 to 299; the segment of 0 to 49 comes again.
  const plan: Plan = {
    version: 'h2',
    pieces: [
      { stream: 1, length: 100 },
      { stream: 3, length: 100 },
      { stream: 1, length: 100 },
    ],
    records: null,
    flights: [
      { from: 0, to: 50, sent: 0, arrives: null },
      { from: 50, to: 150, sent: 1, arrives: 11 },
      { from: 150, to: 300, sent: 2, arrives: 12 },
      { from: 0, to: 50, sent: 30, arrives: 40 },
    ],
  }
  const store = layeredTrace(plan).store()
  const blocking = new Blocking()
  blocking.update(store)
  const [one, three] = blocking.streams(store)

  test('the first blocks itself, the second is cross-blocked, from arrival to repair', () => {
    expect(one.time).toMatchObject({ self: 29, cross: 0, record: 0 })
    expect(three.time).toMatchObject({ self: 0, cross: 29, record: 0 })
    expect(one.byteMs.self).toBeCloseTo((50 * 29 + 100 * 28) / 1000)
    expect(three.byteMs.cross).toBeCloseTo((50 * 29 + 50 * 28) / 1000)
  })

  test('both name the packet that was lost, the one that brought it, and whose byte it was', () => {
    for (const stream of [one, three]) {
      expect(stream.held).toHaveLength(1)
      expect(blocking.blame(store, stream, stream.held[0])).toEqual({ lost: [1], brought: 4 })
      expect(stream.held[0].until).toMatchObject({ offset: 0, owner: 1, t: 40 })
    }
  })

  test('the sums count each stream, and the time in which any was held once', () => {
    const totals = totalOf([one, three], store.end)
    expect(totals.time).toMatchObject({ self: 29, cross: 29 })
    expect(totals.any).toMatchObject({ self: 29, cross: 29 })
    expect(totals.affected).toEqual({ self: 1, cross: 1, record: 0, key: 0, qpack: 0 })
  })

  test('a stream that was held in both directions is one stream', () => {
    const back = { ...three, within: { ...three.within, node: three.within.node + 1 } as typeof three.within }
    expect(totalOf([one, three, back], store.end).affected).toEqual({
      self: 1,
      cross: 1,
      record: 0,
      key: 0,
      qpack: 0,
    })
  })
})

describe('one exchange of HTTP/1.1 on its connection', () => {
  test('can only block itself', () => {
    const plan: Plan = {
      version: 'http/1.1',
      pieces: [{ stream: 1, length: 300 }],
      records: null,
      flights: [
        { from: 0, to: 100, sent: 0, arrives: 10 },
        { from: 100, to: 200, sent: 1, arrives: null },
        { from: 200, to: 300, sent: 2, arrives: 12 },
        { from: 100, to: 200, sent: 30, arrives: 40 },
      ],
    }
    const [only] = streamsOf(layeredTrace(plan).store())
    expect(only.time).toMatchObject({ self: 28, cross: 0, record: 0 })
  })
})

describe('a frame that spans two TLS records', () => {
  const plan: Plan = {
    version: 'h2',
    pieces: [{ stream: 1, length: 200 }],
    records: { cuts: [150], extra: 17, first: 20 },
    // The second record of 72 bytes begins at 192; its segments come one after the other.
    flights: inOrder([192, 30, 42], 5),
  }
  const store = layeredTrace(plan).store()
  const blocking = new Blocking()
  blocking.update(store)
  const [stream] = blocking.streams(store)

  test('waits for its record without any loss', () => {
    // 25 bytes of content behind the header of 5 wait from 15 to 20.
    expect(stream.time).toMatchObject({ self: 0, cross: 0, record: 5 })
    expect(stream.byteMs.record).toBeCloseTo((25 * 5) / 1000)
  })

  test('and no packet is to blame but the one that comes as it should', () => {
    expect(blocking.blame(store, stream, stream.held[0])).toEqual({ lost: [], brought: 3 })
  })
})

test('what never comes is waited for until the end of the trace', () => {
  const plan: Plan = {
    version: 'h2',
    pieces: [
      { stream: 1, length: 50 },
      { stream: 3, length: 50 },
    ],
    records: null,
    flights: [
      { from: 0, to: 50, sent: 0, arrives: null },
      { from: 50, to: 100, sent: 1, arrives: 11 },
      { from: 50, to: 100, sent: 90, arrives: 100 },
    ],
  }
  const [three] = streamsOf(layeredTrace(plan).store())
  expect(three).toMatchObject({ stream: 3, bytes: 50, end: 100 })
  expect(three.time.cross).toBe(89)
  expect(three.held[0].to).toBe(Infinity)
})

describe('transferring', () => {
  const plan: Plan = {
    version: 'h2',
    pieces: [
      { stream: 1, length: 60 },
      { stream: 3, length: 40 },
    ],
    records: null,
    flights: [{ from: 0, to: 100, sent: 0, arrives: 1000 }],
  }

  test('is the time that the link took for the bytes, as its queue shows it', () => {
    const maker = layeredTrace(plan)
    // Two packets of 140 bytes leave the queue 280 us apart: 2 us a byte.
    const leave = (queue_packets: number) => ({ direction: 1, queue_bytes: 0, queue_packets })
    maker.events.splice(
      -1,
      0,
      { ...maker.events.at(-1)!, t: 10, name: 'link:packet_dequeued', data: leave(1), node: 'link', pkt: 1 },
      { ...maker.events.at(-1)!, t: 290, name: 'link:packet_dequeued', data: leave(0), node: 'link', pkt: 1 },
    )
    const [one, three] = streamsOf(maker.store())
    // The packet of 140 bytes takes 280 us, which end with its arrival; of its 100 bytes of payload 60 are stream 1's.
    expect(one.transferring).toEqual([{ from: 720, to: 888 }])
    expect(three.transferring).toEqual([{ from: 888, to: 1000 }])
  })

  test('takes no time where nothing ever queued', () => {
    const [one] = streamsOf(layeredTrace(plan).store())
    expect(one.transferring).toEqual([{ from: 1000, to: 1000 }])
    expect(one.time.transferring).toBe(0)
  })
})

test('the conditions are those of the design', () => {
  expect(HELD_CONDITIONS).toEqual(['self', 'cross', 'record', 'key', 'qpack'])
})
