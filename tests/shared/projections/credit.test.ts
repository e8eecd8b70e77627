/** Flow control as the sender sees it (RFC 9000 4, RFC 9113 5.2). */
import { describe, expect, it } from 'vitest'
import { Credit } from '../../../shared/projections/credit.ts'
import type { Series } from '../../../shared/projections/series.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const at = (node: string) => ({ node, flow: FLOW })

const points = (series: Series): [number, number][] =>
  Array.from({ length: series.length }, (_, i) => [series.times.data[i], series.values.data[i]])

function creditOf(store: TraceStore, node: string) {
  const credit = new Credit()
  credit.update(store)
  return credit.ends.get(store.strings.indexOf(FLOW), store.strings.indexOf(node))!
}

const stream = (id: number, offset: number, length: number) => ({
  ...{ type: 'stream', id, offset, length },
  fin: false,
})

/** The server sends on two streams of the client's with 100 bytes of credit each, 150 for both. `cause`: of a stall that it begins with. */
function served(cause?: string): TraceMaker {
  const parameters = JSON.stringify({
    initial_max_data: 150,
    initial_max_stream_data_bidi_local: 100,
    initial_max_stream_data_bidi_remote: 7,
    initial_max_stream_data_uni: 40,
  })
  const maker = new TraceMaker().pair().quicSent(0, 1, C, { level: 'initial', number: 0 })
  if (cause !== undefined) maker.add(1, 'recovery:stall_changed', { cause }, at(S))
  return maker
    .add(5, 'transport:parameters_set', { owner: 'remote', parameters }, at(S))
    .quicSent(10, 2, S, { number: 0, frames: [stream(0, 0, 100)] })
    .quicSent(11, 3, S, { number: 1, frames: [stream(4, 0, 50)] })
    .quicSent(12, 4, S, {
      number: 2,
      frames: [
        { type: 'stream_data_blocked', id: 0, limit: 100 },
        { type: 'data_blocked', limit: 150 },
      ],
    })
}

describe('QUIC', () => {
  it('has the limits of the other end at first, by who opened a stream and how many ways it has', () => {
    const maker = served().quicSent(13, 5, S, { number: 3, frames: [stream(3, 0, 1)] })
    const direction = creditOf(maker.store(), S)
    expect(points(direction.connection.limit)).toEqual([[5, 150]])
    expect(points(direction.streams.get(0)!.limit)).toEqual([[10, 100]])
    expect(points(direction.streams.get(3)!.limit)).toEqual([[13, 40]])
    expect(points(direction.connection.sent)).toEqual([
      [10, 100],
      [11, 150],
      [13, 151],
    ])
  })

  it('counts bytes that are sent again once', () => {
    const maker = served().quicSent(20, 5, S, { number: 3, frames: [stream(0, 50, 50)] })
    expect(creditOf(maker.store(), S).connection.sent.valueAt(20)).toBe(150)
  })

  it('is blocked from the frame that says so until a higher limit has come, not merely left', () => {
    const frames = [
      { type: 'max_data', maximum: 300 },
      { type: 'max_stream_data', id: 0, maximum: 100 },
    ]
    const maker = served().quicSent(20, 6, C, { number: 0, frames }).quicReceived(30, 6, S, 0)
    const { connection, streams } = creditOf(maker.store(), S)
    expect(connection.gaps).toEqual([{ from: 12, to: 30 }])
    expect(points(connection.limit)).toEqual([
      [5, 150],
      [30, 300],
    ])
    expect(connection.blockedTime(1_000)).toBe(18)
    // The same limit once more is no credit.
    expect(streams.get(0)!.gaps).toEqual([{ from: 12, to: Infinity }])
    expect(streams.get(0)!.blockedTime(100)).toBe(88)
  })

  it('of the connection is blocked as the stall account has it, where its sender tells of that', () => {
    const store = served('handshake')
      .add(15, 'recovery:stall_changed', { cause: 'connection_credit' }, at(S))
      .quicSent(20, 6, C, { number: 0, frames: [{ type: 'max_data', maximum: 160 }] })
      .quicReceived(30, 6, S, 0)
      .add(40, 'recovery:stall_changed', { cause: 'congestion_window' }, at(S))
      .store()
    // It used up what it was given at once: no cause but this one in between.
    expect(creditOf(store, S).connection.gaps).toEqual([{ from: 15, to: 40 }])
  })

  it('is the same however the events are cut into batches', () => {
    const maker = served()
    expect(points(creditOf(maker.store([6, 7]), S).connection.sent)).toEqual(
      points(creditOf(maker.store(), S).connection.sent),
    )
  })
})

describe('HTTP/2', () => {
  const data = (offset: number, length: number, windows: readonly [number, number], flags = 0) => ({
    ...{ from: 'server', stream: 1, type: 'DATA', flags, offset, length, detail: '' },
    ...{ connection_window: windows[0], stream_window: windows[1] },
  })

  it('has what was sent and the window that is left; one that is used up is open again with the next frame', () => {
    const store = new TraceMaker()
      .pair()
      .sent(0, 1, S, { payload: 1 })
      .add(10, 'http:frame', data(0, 60, [40, 0]), at(S))
      .add(30, 'http:frame', data(69, 40, [0, 60], 1), at(S))
      .store()
    const { connection, streams } = creditOf(store, S)
    expect(points(connection.limit)).toEqual([[10, 100]])
    expect(points(connection.sent)).toEqual([
      [10, 60],
      [30, 100],
    ])
    expect(connection.gaps).toEqual([{ from: 30, to: Infinity }])
    expect(streams.get(1)!.gaps).toEqual([{ from: 10, to: 30 }])
  })

  it('says nothing of the frames of HTTP/3, whose credit is that of QUIC', () => {
    const store = new TraceMaker()
      .pair()
      .sent(0, 1, S, { payload: 1 })
      .add(10, 'http:frame', data(0, 60, [-1, -1]), at(S))
      .store()
    expect(creditOf(store, S)).toBeUndefined()
  })
})
