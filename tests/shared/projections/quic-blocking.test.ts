/** What the bytes of QUIC streams wait for (DESIGN 6.1), in traces written by hand and against the definition, byte by byte. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Blocking, totalOf, type StreamBlocking } from '../../../shared/projections/blocking.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const data = (id: number, offset: number, length: number) => ({
  type: 'stream',
  id,
  offset,
  length,
  fin: false,
})
const died = { direction: 1, reason: 'listed', delay: 5 }

/** A connection that both ends know of: the client has sent packet 0, which came. */
const begun = (): TraceMaker =>
  new TraceMaker().pair().quicSent(0, 1000, C, { number: 0 }).quicReceived(1, 1000, S, 0)

/** The server's packet `number`, which is also its `pkt`, sent and lost or received. */
function flight(
  maker: TraceMaker,
  number: number,
  sent: number,
  arrives: number | null,
  ...frames: object[]
): void {
  maker.quicSent(sent, number, S, { number, frames })
  if (arrives === null) maker.add(sent + 5, 'link:packet_dropped', died, { node: 'link', pkt: number })
  else maker.quicReceived(arrives, number, C, number)
}

const inOrder = (maker: TraceMaker): TraceMaker => {
  maker.events.sort((a, b) => a.t - b.t)
  return maker
}

function read(store: TraceStore): { blocking: Blocking; streams: StreamBlocking[] } {
  const blocking = new Blocking()
  blocking.update(store)
  return { blocking, streams: blocking.streams(store) }
}

const NONE = { self: 0, cross: 0, record: 0, key: 0, qpack: 0 }

describe('a packet with bytes of two streams is lost, a third goes on', () => {
  const maker = begun()
  flight(maker, 1, 10, null, data(0, 0, 100), data(4, 0, 50))
  flight(maker, 2, 11, 21, data(0, 100, 100), data(8, 0, 300))
  flight(maker, 3, 12, 22, data(4, 50, 50), data(8, 300, 300))
  flight(maker, 4, 30, 40, data(0, 0, 100), data(4, 0, 50))
  maker.add(60, 'transport:packet_dropped', { reason: 'duplicate', size: 1 }, { node: C, flow: FLOW })
  const store = inOrder(maker).store()
  const { blocking, streams } = read(store)
  const [zero, four, eight] = streams

  it('those whose bytes are missing block themselves, from arrival to repair', () => {
    expect(streams.map(({ stream }) => stream)).toEqual([0, 4, 8])
    expect(zero.time).toMatchObject({ ...NONE, self: 19 })
    expect(four.time).toMatchObject({ ...NONE, self: 18 })
    expect([zero.byteMs.self, four.byteMs.self]).toEqual([(100 * 19) / 1000, (50 * 18) / 1000])
  })

  it('the third waits for nothing, though bytes that were sent before its own are missing', () => {
    expect(eight.time).toMatchObject(NONE)
    expect(eight.held).toEqual([])
    expect([eight.start, eight.end, eight.bytes]).toEqual([21, 22, 600])
  })

  it('nobody is cross-blocked: the bytes that stand before another in its order of delivery are of its stream', () => {
    for (const { time, byteMs } of streams) expect([time.cross, byteMs.cross]).toEqual([0, 0])
  })

  it('names the packet that was lost and the one that brought the bytes', () => {
    for (const stream of [zero, four])
      expect(blocking.blame(store, stream, stream.held[0])).toEqual({ lost: [1], brought: 4 })
  })

  it('sums up as those of TCP do', () => {
    const totals = totalOf(streams, store.end)
    expect(totals.time).toMatchObject({ self: 37, cross: 0 })
    expect(totals.any.self).toBe(19)
    expect(totals.affected).toEqual({ ...NONE, self: 2 })
  })
})

it('what never comes is waited for until the end of the trace, or until the stream is reset', () => {
  const maker = begun()
  flight(maker, 1, 10, null, data(0, 0, 100), data(4, 0, 100))
  flight(maker, 2, 11, 21, data(0, 100, 100), data(4, 100, 100))
  flight(maker, 3, 20, 31, { type: 'reset_stream', id: 4, code: 0, finalSize: 200 })
  maker.quicReceived(81, 1000, S, 0)
  const [zero, four] = read(inOrder(maker).store()).streams
  expect([zero.time.self, zero.end, zero.held[0].to]).toEqual([60, 81, Infinity])
  expect([four.time.self, four.end, four.held[0].to]).toEqual([10, 31, 31])
})

it('nobody waits any more when the connection is over', () => {
  const maker = begun()
  flight(maker, 1, 10, null, data(0, 0, 100))
  flight(maker, 2, 11, 21, data(0, 100, 100))
  maker.add(
    51,
    'connectivity:connection_state_changed',
    { from: 'open', to: 'draining' },
    { node: C, flow: FLOW },
  )
  maker.quicReceived(81, 1000, S, 0)
  expect(read(inOrder(maker).store()).streams[0].time.self).toBe(30)
})

describe('key-blocked', () => {
  const crypto = [{ type: 'crypto', offset: 0, length: 900 }]
  /** The server's handshake is lost, its first data comes before it and waits for it to come again. */
  const maker = new TraceMaker()
    .pair()
    .quicSent(0, 1, C, { level: 'initial', number: 0 })
    .quicReceived(10, 1, S, 0, 'initial')
    .quicSent(10, 2, S, { level: 'handshake', number: 0, frames: crypto })
    .add(15, 'link:packet_dropped', died, { node: 'link', pkt: 2 })
    .quicSent(11, 3, S, { number: 0, size: 500, frames: [data(0, 0, 200)] })
    .quicSent(12, 4, S, { number: 1, size: 500, frames: [data(0, 300, 100)] })
    .add(21, 'transport:packet_buffered', { level: '1rtt', size: 500 }, { node: C, flow: FLOW, pkt: 3 })
    .add(22, 'transport:packet_buffered', { level: '1rtt', size: 500 }, { node: C, flow: FLOW, pkt: 4 })
    .quicSent(40, 5, S, { level: 'handshake', number: 1, frames: crypto })
    .quicReceived(50, 5, C, 1, 'handshake')
    .quicReceived(50, 5, C, 0)
    .quicReceived(50, 5, C, 1)
    .quicSent(60, 6, S, { number: 2, frames: [data(0, 200, 100)] })
    .quicReceived(70, 6, C, 2)
  const store = maker.store()
  const { blocking, streams } = read(store)

  it('from when the packet came to when its keys were there; what also misses bytes is self-blocked first', () => {
    expect(streams).toHaveLength(1)
    // 200 bytes wait for keys from 21 to 50, the 100 from offset 300 on wait for the hole from 22 to 70.
    expect(streams[0].time).toMatchObject({ ...NONE, key: 29, self: 48 })
    expect(streams[0].byteMs).toEqual({ ...NONE, key: (200 * 29) / 1000, self: (100 * 48) / 1000 })
    expect(streams[0].start).toBe(21)
  })

  it('is the fault of the packet of the handshake that was lost', () => {
    const held = streams[0].held.find(({ condition }) => condition === 'key')!
    expect(blocking.blame(store, streams[0], held)).toEqual({ lost: [2], brought: 5 })
  })
})

describe('QPACK-blocked', () => {
  const ENCODER = 7
  const headers = (stream: number, offset: number, length: number): EventData<'http:frame'> => ({
    ...{ from: 'server', stream, type: 'HEADERS', flags: 0, offset, length, detail: '' },
    ...{ connection_window: -1, stream_window: -1 },
  })
  const blocked = (stream: number) => ({ stream, required: 3, known: 1, length: 60 })
  const at = { node: C, flow: FLOW }
  /** An interim response of 12 bytes with its header; then a section of 60 whose instructions are lost; then content. */
  const made = (looked: boolean): TraceStore => {
    const maker = begun()
    flight(maker, 1, 10, null, data(ENCODER, 0, 40))
    flight(maker, 2, 11, 21, data(0, 0, 14), data(4, 0, 100))
    flight(maker, 3, 12, 22, data(0, 14, 30))
    flight(maker, 4, 13, 23, data(0, 44, 100))
    maker.add(23, 'http:section_blocked', blocked(0), { ...at, pkt: 4 })
    flight(maker, 5, 14, 24, data(0, 144, 1000))
    flight(maker, 6, 40, 50, data(ENCODER, 0, 40))
    maker.add(50, 'http:section_unblocked', { stream: 0 }, { ...at, pkt: 6 })
    flight(maker, 7, 45, 55, data(0, 1144, 200))
    const sorted = inOrder(maker)
    if (looked) {
      const place = sorted.events.findIndex(({ pkt, name }) => pkt === 2 && name === 'transport:packet_sent')
      const frames = [headers(0, 0, 12), headers(0, 14, 60)]
      const told = frames.map((frame) => ({ ...new TraceMaker().add(11, 'http:frame', frame).events[0] }))
      sorted.events.splice(place + 1, 0, ...told.map((event) => ({ ...event, node: S, flow: FLOW, pkt: 2 })))
    }
    return sorted.store()
  }
  const store = made(true)
  const { blocking, streams } = read(store)
  const [zero, four] = streams

  it('is its section from when it was whole, and all behind it, until the instructions came', () => {
    // 130 bytes from 14 on are there at 23, 1000 more at 24; what comes after 50 does not wait.
    expect(zero.time).toMatchObject({ ...NONE, qpack: 27 })
    expect(zero.byteMs.qpack).toBeCloseTo((130 * 27 + 1000 * 26) / 1000)
    expect(zero.bytes).toBe(1344)
  })

  it('is not the one that needs no instructions, nor the encoder stream, which is of no request', () => {
    expect(four.time).toMatchObject(NONE)
    expect(streams.map(({ stream }) => stream)).toEqual([0, 4])
    expect(blocking.others(store).map(({ stream, time }) => [stream, time.self])).toEqual([[ENCODER, 0]])
  })

  it('is the fault of the packet that carried the instructions', () => {
    expect(blocking.blame(store, zero, zero.held[0])).toEqual({ lost: [1], brought: 6 })
  })

  it('takes all that the stream has had to wait where nobody has looked on', () => {
    const [only] = read(made(false)).streams
    expect(only.byteMs.qpack).toBeCloseTo((144 * 27 + 1000 * 26) / 1000)
  })

  it('still waits at the end of the trace, and names the hole in the encoder stream', () => {
    const maker = begun()
    flight(maker, 1, 10, null, data(ENCODER, 0, 40))
    flight(maker, 2, 11, 21, data(0, 0, 100))
    flight(maker, 3, 12, 22, data(ENCODER, 40, 10))
    maker.add(21, 'http:section_blocked', blocked(0), { ...at, pkt: 2 }).quicReceived(90, 1000, S, 0)
    const open = inOrder(maker).store()
    const now = read(open)
    expect(now.streams[0].time.qpack).toBe(69)
    expect(now.blocking.blame(open, now.streams[0], now.streams[0].held[0])).toEqual({
      lost: [1],
      brought: 0,
    })
  })
})

describe('transferring', () => {
  it("is each stream's part of the datagram on the wire, before its arrival", () => {
    const maker = begun()
    const leave = (queue_packets: number) => ({ direction: 1, queue_bytes: 0, queue_packets })
    maker
      .add(2, 'udp:datagram_sent', { payload: 1000, size: 1000 }, { node: S, pkt: 1 })
      .add(3, 'link:packet_dequeued', leave(1), { node: 'link', pkt: 1 })
      .add(503, 'link:packet_dequeued', leave(0), { node: 'link', pkt: 1 })
      .quicSent(504, 1, S, { number: 1, frames: [data(0, 0, 600), data(4, 0, 400)] })
      .quicReceived(2000, 1, C, 1)
    const [zero, four] = read(maker.store()).streams
    // 1000 bytes take 500 us at half a microsecond each.
    expect(zero.transferring).toEqual([{ from: 1500, to: 1800 }])
    expect(four.transferring).toEqual([{ from: 1800, to: 2000 }])
  })
})

// --- the definition, byte by byte ------------------------------------------------------------------------------

interface Sent {
  readonly pieces: readonly { stream: number; from: number; to: number }[]
  readonly delay: number
  readonly lost: boolean
  /** After its arrival, until its keys are there. */
  readonly keys: number
}

/** Streams cut into pieces, dealt to packets; whatever is lost comes again at the end. */
const anyPlan = (loss: boolean) =>
  fc
    .array(
      fc.record({
        pieces: fc.array(
          fc.record({ stream: fc.integer({ min: 0, max: 3 }), length: fc.integer({ min: 1, max: 9 }) }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        delay: fc.integer({ min: 10, max: loss ? 40 : 10 }),
        lost: loss ? fc.boolean() : fc.constant(false),
        keys: loss ? fc.constantFrom(0, 0, 0, 17) : fc.constant(0),
      }),
      { minLength: 1, maxLength: 12 },
    )
    .map((packets): Sent[] => {
      const next = [0, 0, 0, 0]
      const laid = packets.map(({ pieces, ...rest }) => ({
        ...rest,
        pieces: pieces.map(({ stream, length }) => ({
          stream,
          from: next[stream],
          to: (next[stream] += length),
        })),
      }))
      const again = laid.filter(({ lost }) => lost).map((packet) => ({ ...packet, lost: false, keys: 0 }))
      return [...laid, ...again]
    })

function traceOf(plan: readonly Sent[]): TraceStore {
  const maker = begun()
  plan.forEach(({ pieces, delay, lost, keys }, i) => {
    const [number, sent] = [i + 1, 10 + 5 * i]
    const frames = pieces.map(({ stream, from, to }) => data(4 * stream, from, to - from))
    if (keys === 0) return flight(maker, number, sent, lost ? null : sent + delay, ...frames)
    maker.quicSent(sent, number, S, { number, frames })
    if (lost) return void maker.add(sent + 5, 'link:packet_dropped', died, { node: 'link', pkt: number })
    maker.add(
      sent + delay,
      'transport:packet_buffered',
      { level: '1rtt', size: 1200 },
      { node: C, flow: FLOW, pkt: number },
    )
    maker.quicReceived(sent + delay + keys, number, C, number)
  })
  return inOrder(maker).store()
}

/** DESIGN 6.1 word by word: each byte is asked at each moment. */
function reckon(plan: readonly Sent[], stream: number): { self: number; key: number; bytes: number } {
  const arrived: number[] = []
  const ready: number[] = []
  plan.forEach(({ pieces, delay, lost, keys }, i) => {
    for (const piece of pieces)
      for (let byte = piece.from; byte < piece.to && piece.stream === stream && !lost; byte++)
        // Of several copies the one counts that could be read first.
        if (!(ready[byte] <= 10 + 5 * i + delay + keys)) {
          arrived[byte] = 10 + 5 * i + delay
          ready[byte] = arrived[byte] + keys
        }
  })
  const moments = [...new Set([...arrived, ...ready])].sort((a, b) => a - b)
  const sums = { self: 0, key: 0, bytes: arrived.length }
  for (let byte = 0; byte < arrived.length; byte++)
    for (let i = 0; i + 1 < moments.length; i++) {
      const [t, next] = [moments[i], moments[i + 1]]
      if (arrived[byte] > t) continue
      const before = arrived.slice(0, byte)
      if (before.some((one) => one > t)) sums.self += next - t
      else if (ready.slice(0, byte + 1).some((one) => one > t)) sums.key += next - t
    }
  return sums
}

const runs = { numRuns: process.env.REXMIT_FULL === '1' ? 2_000 : 150 }

describe('against the definition, byte by byte', () => {
  it('any pieces, losses, delays and late keys give the same figures, and none of them is cross-blocked', () => {
    fc.assert(
      fc.property(anyPlan(true), (plan) => {
        for (const { stream, bytes, byteMs, time } of read(traceOf(plan)).streams) {
          const expected = reckon(plan, stream / 4)
          expect(bytes).toBe(expected.bytes)
          expect(byteMs.self * 1000).toBeCloseTo(expected.self)
          expect(byteMs.key * 1000).toBeCloseTo(expected.key)
          expect([byteMs.cross, time.cross, byteMs.record, byteMs.qpack]).toEqual([0, 0, 0, 0])
        }
      }),
      runs,
    )
  })

  it('without loss, reordering and late keys all are exactly 0', () => {
    fc.assert(
      fc.property(anyPlan(false), (plan) => {
        for (const { byteMs, held } of read(traceOf(plan)).streams) {
          expect(byteMs).toEqual(NONE)
          expect(held).toEqual([])
        }
      }),
      runs,
    )
  })
})

describe('a stream is a request and its response', () => {
  const maker = begun()
    .quicSent(10, 500, C, { number: 1, frames: [data(0, 10, 30)] })
    .quicReceived(20, 500, S, 1)
    .quicSent(30, 501, C, { number: 2, frames: [data(0, 0, 10)] })
    .quicReceived(45, 501, S, 2)
  flight(maker, 1, 50, 60, data(0, 0, 100))
  const store = inOrder(maker).store()
  const { blocking, streams } = read(store)
  const response = streams.find(({ within }) => within.side === 'server')!

  it('what either waited for can be asked at a moment', () => {
    const waiting = blocking.heldAt(store, response, 30)!
    expect([waiting.stream.within.side, waiting.held.condition]).toEqual(['client', 'self'])
    expect(blocking.blame(store, waiting.stream, waiting.held)).toEqual({ lost: [], brought: 501 })
    expect(blocking.heldAt(store, response, 55)).toBeUndefined()
  })
})
