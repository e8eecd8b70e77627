/** From a datagram to QUIC packets, HTTP/3 frames and requests, and back. */
import { describe, expect, test } from 'vitest'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { QuicPackets } from '../../../shared/projections/quic-packets.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const CONTROL = 3
const data = (id: number, offset: number, length: number) => ({
  type: 'stream',
  id,
  offset,
  length,
  fin: false,
})
const frame = (stream: number, type: string, offset: number, length: number): EventData<'http:frame'> => ({
  ...{ from: 'server', stream, type, flags: 0, offset, length, detail: '' },
  ...{ connection_window: -1, stream_window: -1 },
})

/**
 * On stream 0 HEADERS of 2 + 20 bytes and DATA of 3 + 200 (its length takes two bytes), on stream 4 HEADERS alone, on the
 * control stream SETTINGS behind the byte of its type. Packet 11 dies and comes again as 14.
 */
const store = new TraceMaker()
  .pair()
  .quicSent(0, 1, C, { number: 0, frames: [data(0, 0, 30), data(4, 0, 30)] })
  .quicReceived(5, 1, S, 0)
  .quicSent(10, 10, S, { number: 0, frames: [{ type: 'ack', delay: 0, ranges: [] }, data(CONTROL, 0, 12)] })
  .add(
    10,
    'http:stream_opened',
    { from: 'server', stream: CONTROL, kind: 'control' },
    { node: S, flow: FLOW, pkt: 10 },
  )
  .add(10, 'http:frame', frame(CONTROL, 'SETTINGS', 1, 9), { node: S, flow: FLOW, pkt: 10 })
  .quicSent(11, 11, S, { number: 1, frames: [data(0, 0, 100)] })
  .add(11, 'http:frame', frame(0, 'HEADERS', 0, 20), { node: S, flow: FLOW, pkt: 11 })
  .quicSent(12, 12, S, { number: 2, frames: [data(0, 100, 125), data(4, 0, 22)] })
  .add(12, 'http:frame', frame(0, 'DATA', 22, 200), { node: S, flow: FLOW, pkt: 12 })
  .add(12, 'http:frame', frame(4, 'HEADERS', 0, 20), { node: S, flow: FLOW, pkt: 12 })
  .quicSent(30, 14, S, { number: 3, frames: [data(0, 0, 100)] })
  .add(35, 'link:packet_duplicated', { direction: 1, copy: 15 }, { node: 'link', pkt: 14 })
  .store()
const load = new PageLoad()
load.update(store)
const { quicStreams: streams } = load
const flow = store.strings.indexOf(FLOW)
const [client, server] = [C, S].map((node) => store.strings.indexOf(node))
const [SETTINGS, HEADERS, DATA, OTHER] = [0, 1, 2, 3]
const pkts = (rows: readonly number[] = []): number[] =>
  rows.map((row) => store.table('transport:packet_sent').pkt.data[row])

describe('what belongs together', () => {
  test.each([
    [10, [SETTINGS], []],
    [11, [HEADERS, DATA], [0]],
    [12, [DATA, OTHER], [0, 4]],
    [14, [HEADERS, DATA], [0]],
  ])('packet %d carries frames %j of exchanges %j', (pkt, frames, exchanges) => {
    const [packet] = QuicPackets.of(store).ofPkt(pkt)
    expect(streams.ofPacket(packet)).toMatchObject({ frames, exchanges })
    expect(load.framesOfPacket(store, pkt)).toEqual(frames)
  })

  test('a copy carries what its original does', () => {
    expect(load.framesOfPacket(store, 15)).toEqual([HEADERS, DATA])
  })

  test.each([
    [SETTINGS, [10], []],
    [HEADERS, [11, 14], [0]],
    [DATA, [11, 12, 14], [0]],
    [OTHER, [12], [4]],
  ])('frame %d was carried by packets %j, again where they came again', (row, carriers, exchanges) => {
    const linked = streams.ofFrame(store, row)
    expect(pkts(linked?.packets)).toEqual(carriers)
    expect(linked?.exchanges).toEqual(exchanges)
  })

  test('an exchange has its packets and frames, by who sends', () => {
    const response = streams.ofExchange(streams.of(flow, server)!, 0)
    expect(pkts(response.packets)).toEqual([11, 12, 14])
    expect(response.frames).toEqual([HEADERS, DATA])
    expect(pkts(streams.ofExchange(streams.of(flow, client)!, 4).packets)).toEqual([1])
    expect(load.framesOfExchange(store, flow, 0)).toEqual([HEADERS, DATA])
    expect(load.carrierOf(store, flow, server, 0)).toBe(11)
    expect(load.carrierOf(store, flow, server, 8)).toBeNull()
  })

  test('a unidirectional stream says what it is for', () => {
    expect(streams.of(flow, server)?.streams.get(CONTROL)?.kind).toBe('control')
  })
})
