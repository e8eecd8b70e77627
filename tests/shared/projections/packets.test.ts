import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { flyingAt } from '../../../shared/projections/flight.ts'
import { parseFilter } from '../../../shared/projections/filter.ts'
import { Packets } from '../../../shared/projections/packets.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const SYN = 0x02
const link = (pkt: number) => ({ node: 'link', pkt })
const delivered = (delay: number, direction = 0) => ({ direction, delay })

const maker = new TraceMaker()
  .pair()
  .sent(0, 1, 'client', { seq: 7, flags: SYN, mss: 1460, window_scale: 7 })
  .add(10, 'link:packet_delivered', delivered(10), link(1))
  .sent(20, 2, 'client', { seq: 8, payload: 1000, ack: 9 })
  .add(22, 'link:packet_dropped', { direction: 0, reason: 'bernoulli', delay: 2 }, link(2))
  .sent(25, 3, 'client', { seq: 1008, payload: 500, ack: 9 })
  .add(26, 'link:packet_duplicated', { direction: 0, copy: 4 }, link(3))
  .add(35, 'link:packet_delivered', delivered(10), link(3))
  .sent(50, 5, 'client', { seq: 8, payload: 1000, ack: 9, cause: 'rto' })
  .add(55, 'icmp:message_sent', { type: 3, code: 4, size: 56 }, { node: 'link', pkt: 6 })
  .add(56, 'sim:mark', { text: 'now' })

function packetsOf(trace: TraceMaker) {
  const store = trace.store()
  const packets = new Packets()
  packets.update(store)
  return { store, packets, list: Array.from({ length: packets.length }, (_, i) => packets.get(store, i)) }
}

describe('the list of packets', () => {
  const { store, packets, list } = packetsOf(maker)

  test('has every packet in the order of sending, copies and those of other protocols too', () => {
    expect(list.map(({ pkt, protocol, copy }) => [pkt, protocol, copy])).toEqual([
      [1, 'TCP', false],
      [2, 'TCP', false],
      [3, 'TCP', false],
      [4, 'TCP', true],
      [5, 'TCP', false],
      [6, 'ICMP', false],
    ])
  })

  test('says what became of each, when and why', () => {
    expect(list.map(({ fate, until, reason }) => [fate, until, reason])).toEqual([
      ['delivered', 10, ''],
      ['dropped', 22, 'bernoulli'],
      ['delivered', 35, ''],
      ['under_way', 56, ''],
      ['under_way', 56, ''],
      ['under_way', 56, ''],
    ])
  })

  test('has the header as it was sent; a copy has that of its original', () => {
    expect(list[0].segment).toMatchObject({ seq: 7, flags: SYN, mss: 1460, windowScale: 7, cause: '' })
    expect(list[3].segment).toEqual(list[2].segment)
    expect(list[3]).toMatchObject({ size: 540, node: list[2].node, t: 26 })
    expect(list[5].segment).toBeUndefined()
  })

  test('is searched by number', () => {
    expect([1, 4, 6, 7, 0, 999_999].map((pkt) => packets.indexOf(pkt))).toEqual([0, 3, 5, -1, -1, -1])
  })

  test('a packet that the link cut up is followed by its pieces', () => {
    const cut = packetsOf(
      new TraceMaker()
        .sent(0, 1, 'client', { payload: 3000 })
        .add(1, 'link:packet_fragmented', { direction: 0, first: 2, count: 3, mtu: 576 }, link(1))
        .add(9, 'link:packet_delivered', delivered(8), link(3)),
    )
    expect(cut.list.map(({ pkt, protocol, fate }) => [pkt, protocol, fate])).toEqual([
      [1, 'TCP', 'fragmented'],
      [2, 'fragment', 'under_way'],
      [3, 'fragment', 'delivered'],
      [4, 'fragment', 'under_way'],
    ])
  })

  describe('filtered', () => {
    const found = (text: string) => {
      const filter = parseFilter(text)
      if ('problem' in filter) return filter.problem
      return list.filter((packet) => filter.test(packet, store)).map(({ pkt }) => pkt)
    }

    test.each<[string, number[] | string]>([
      ['', [1, 2, 3, 4, 5, 6]],
      ['syn', [1]],
      ['-syn tcp', [2, 3, 4, 5]],
      ['LOST', [2]],
      ['flying -copy', [5, 6]],
      ['again', [5]],
      ['rto', [5]],
      ['bernoulli', [2]],
      ['len>500', [2, 5]],
      ['len>=500 len<1000', [3, 4]],
      ['seq=8', [2, 5]],
      ['time<0.00002', [1]],
      ['icmp', [6]],
      ['client', [1, 2, 3, 4, 5]],
      [`${FLOW} data`, [2, 3, 4, 5]],
      ['len>x', 'len>x'],
      ['nonsense=3', 'nonsense=3'],
      ['constructor=3', 'constructor=3'],
      ['toString', []],
      ['-', [1, 2, 3, 4, 5, 6]],
    ])('%j', (text, expected) => {
      expect(found(text)).toEqual(expected)
    })

    test('whatever is typed is a filter or names the word that is none', () => {
      fc.assert(
        fc.property(fc.string(), (text) => {
          const filter = parseFilter(text)
          if ('problem' in filter) expect(text.toLowerCase()).toContain(filter.problem)
          else for (const packet of list) expect(typeof filter.test(packet, store)).toBe('boolean')
        }),
      )
    })
  })
})

describe('paths through the link', () => {
  const store = maker.store()
  const paths = new Paths()
  paths.update(store)
  const between = (from: number, to: number, limit = 99) => paths.between(store, '', from, to, limit)

  test('those on their way in a span of time, wherever they were sent before it', () => {
    expect(between(30, 40).paths.map(({ packet }) => packet.pkt)).toEqual([3, 4])
    expect(between(0, 60).paths.map(({ packet }) => packet.pkt)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('a delivered one crosses, a lost one breaks off, one under way has come as far as its time', () => {
    const [first, lost, , copy, last] = between(0, 60).paths
    expect([first.from, first.to]).toEqual([0, 1])
    expect(lost.from).toBe(0)
    expect(lost.to).toBeGreaterThan(0)
    expect(lost.to).toBeLessThan(0.5)
    expect(copy.from).toBe(0.5)
    expect(last.to).toBeCloseTo(0.6)
  })

  test('what does not fit is said', () => {
    expect(between(0, 60, 2)).toMatchObject({ more: true })
    expect(between(0, 60, 2).paths).toHaveLength(2)
    expect(between(0, 60).more).toBe(false)
  })
})

describe('what is on the wire', () => {
  const queued = (pkt: number, t: number, direction = 0) =>
    [t, 'link:packet_enqueued', { direction, queue_bytes: 0, queue_packets: 1 }, link(pkt)] as const
  const begun = (pkt: number, t: number, direction = 0) =>
    [t, 'link:packet_dequeued', { direction, queue_bytes: 0, queue_packets: 0 }, link(pkt)] as const
  const trace = new TraceMaker()
    .pair()
    .sent(0, 1, 'client', { payload: 100 })
    .add(...queued(1, 0))
    .add(...begun(1, 0))
    .sent(1, 2, 'client', { payload: 100 })
    .add(...queued(2, 1))
    .add(100, 'link:packet_delivered', delivered(100), link(1))
    .add(...begun(2, 120))
    .add(170, 'link:packet_dropped', { direction: 0, reason: 'by_hand', delay: 169 }, link(2))
    .sent(180, 3, 'server', {})
    .add(300, 'sim:mark', { text: 'end' })
  const store = trace.store()
  const paths = new Paths()
  paths.update(store)
  const at = (t: number) =>
    flyingAt(store, paths, '', t).map(({ packet, place, dead }) => [
      packet.pkt,
      Number(place.toFixed(2)),
      dead,
    ])

  test('a packet moves from its departure to its arrival, and is gone then', () => {
    expect(at(25)).toEqual([[1, 0.25, false]])
    expect(at(99)).toEqual([[1, 0.99, false]])
    expect(at(100)).toEqual([])
  })

  test('one that waits in the queue is not on the wire', () => {
    expect(at(60)).toEqual([[1, 0.6, false]])
    expect(at(119)).toEqual([])
    expect(at(130)).toEqual([[2, 0.1, false]])
  })

  test('one that died stays for a moment where it died', () => {
    expect(at(175)).toEqual([[2, 0.5, true]])
    expect(at(250).map(([pkt]) => pkt)).toEqual([3])
  })

  test('without a queue the wire begins at the sender; what has not arrived is nearly there at most', () => {
    expect(at(190)).toEqual([
      [2, 0.5, true],
      [3, 0.1, false],
    ])
    expect(at(300)).toEqual([[3, 0.97, false]])
  })

  test('another lane has packets of its own', () => {
    expect(flyingAt(store, paths, 'other', 25)).toEqual([])
  })
})
