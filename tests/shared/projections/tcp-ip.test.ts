/** What the views of TCP and IP in depth are drawn from, on small traces whose figures can be counted by hand. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arq } from '../../../shared/projections/arq.ts'
import { Fragments } from '../../../shared/projections/fragments.ts'
import { HeldBytes } from '../../../shared/projections/held-bytes.ts'
import { Listeners } from '../../../shared/projections/listeners.ts'
import { hopsOf, Probes } from '../../../shared/projections/probes.ts'
import { matchedBits, RouteUses } from '../../../shared/projections/route-uses.ts'
import type { Series } from '../../../shared/projections/series.ts'
import { Unwrapper } from '../../../shared/projections/unwrapper.ts'
import { Writes } from '../../../shared/projections/writes.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import {
  arqTrace,
  fragmentsTrace,
  heldTrace,
  listenerTrace,
  probesTrace,
  writesTrace,
} from '../../support/tcp-ip-trace.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

interface Projection {
  update(store: TraceStore): void
}

function read<P extends Projection>(kind: new () => P, maker: TraceMaker): { all: P; store: TraceStore } {
  const store = maker.store()
  const all = new kind()
  all.update(store)
  return { all, store }
}

const pointsOf = ({ times, values }: Series): [number, number][] =>
  Array.from(times.view(), (t, i) => [t, values.data[i]])

describe('probes', () => {
  const { all, store } = read(Probes, probesTrace())
  const [trace, ping] = all.of('a')

  test('belong to their programs, of which one climbs', () => {
    expect(all.of('a').map(({ name, climbs, probes }) => [name, climbs, probes.length])).toEqual([
      ['trace', true, 9],
      ['ping', false, 4],
    ])
    expect(all.of('b')).toEqual([])
  })

  test('hop by hop: who answered, the median, and what nobody answered', () => {
    const hops = hopsOf(trace)
    expect(hops.map(({ ttl, from, median }) => [ttl, from, median])).toEqual([
      [1, ['10.77.1.1'], 11_000],
      [2, ['10.77.2.1'], 21_000],
      [3, ['10.77.0.2'], 31_000],
    ])
    expect(hops[1].probes.map(({ outcome }) => outcome)).toEqual([
      'time_exceeded',
      'timed_out',
      'time_exceeded',
    ])
    expect(all.addresses.nameAt(store, 'a', '10.77.2.1')).toBe('far')
    expect(all.addresses.nameAt(store, 'a', '10.77.9.9')).toBe('')
  })

  test('a ping without an answer has no round trip', () => {
    expect(ping.probes.map(({ rtt }) => rtt)).toEqual([30_000, 30_000, NaN, 30_000])
    expect(ping.probes[2]).toMatchObject({ outcome: 'timed_out', ended: 1_390_000 })
  })
})

describe('fragments', () => {
  const { all } = read(Fragments, fragmentsTrace())

  test('lie in their datagram by their bytes, and the datagram says what became of it', () => {
    const datagrams = all.of('a')
    expect(datagrams.map(({ outcome, reason, until, again }) => [outcome, reason, until, again])).toEqual([
      ['whole', '', 12_000, ''],
      ['abandoned', 'timeout', 600_000, ''],
      ['whole', '', 212_000, 'timeout'],
    ])
    for (const { fragments, size } of datagrams) {
      expect(fragments.map(({ from, to }) => [from, to])).toEqual([
        [0, 1_480],
        [1_480, 2_960],
        [2_960, 4_000],
      ])
      expect(size).toBe(4_000)
    }
    expect(all.ofPacket(12)).toBe(datagrams[1])
    expect(all.ofPacket(999)).toBeUndefined()
  })

  test('of a router or a link lie where its MTU puts them, those of a fragment within it', () => {
    const maker = new TraceMaker()
      .pair('a')
      .add(0, 'udp:datagram_sent', { payload: 2_972, size: 3_000 }, { node: 'a/client', pkt: 1 })
      .add(
        1,
        'ip:packet_fragmented',
        { out_interface: 1, mtu: 1_500, first: 2, count: 3 },
        { node: 'a/router', pkt: 1 },
      )
      .add(
        2,
        'link:packet_fragmented',
        { direction: 0, mtu: 1_000, first: 5, count: 2 },
        { node: 'a/link', pkt: 2 },
      )
    const [datagram] = read(Fragments, maker).all.of('a')
    expect(datagram.fragments.map(({ pkt, from, to, isCut }) => [pkt, from, to, isCut])).toEqual([
      [2, 0, 1_480, true],
      [3, 1_480, 2_960, false],
      [4, 2_960, 2_980, false],
      [5, 0, 976, false],
      [6, 976, 1_480, false],
    ])
  })
})

describe('writes', () => {
  const { all, store } = read(Writes, writesTrace())
  const [client] = all.ends.all.filter(({ node }) => store.text(node) === 'a/client')
  const { writes, delivered } = client.value

  test('left, were read and acknowledged, each at its time', () => {
    expect(writes.map(({ t, sent, read, acked }) => [t, sent, read, acked])).toEqual([
      [30_000, 30_000, 40_000, 90_000],
      [31_000, 90_000, 100_000, 110_000],
      [200_000, 200_000, 210_000, Infinity],
      [220_000, Infinity, Infinity, Infinity],
    ])
    expect(delivered).toBe(3)
    expect(writes.map(({ pkt }) => pkt)).toEqual([3, 5, 7, 0])
  })

  test('that Nagle held until the delayed acknowledgment say so', () => {
    expect(writes.slice(0, 3).map(({ nagle, delayedAck }) => [nagle, delayedAck])).toEqual([
      [0, false],
      [59_000, true],
      [0, false],
    ])
  })

  test('a round lasts from its question', () => {
    expect(all.rounds).toMatchObject([{ number: 1, t: 30_000, time: 185_000 }])
  })
})

describe('held bytes', () => {
  const { all, store } = read(HeldBytes, heldTrace())
  const end = all.ends.all.find(({ node }) => store.text(node) === 'a/server')!

  test('wait behind the gap, across the wrap of the sequence numbers', () => {
    expect(end.value.gaps).toEqual([{ from: 32_000, to: 70_000, seq: 1_001, broughtBy: 7 }])
    expect(pointsOf(end.value.behind)).toEqual([
      [30_000, 0],
      [32_000, 1_000],
      [33_000, 2_000],
      [34_000, 3_000],
      [70_000, 0],
    ])
  })

  test('the lost packet is to blame, and what follows comes in one burst', () => {
    const sender = all.ends.all.find(({ node }) => store.text(node) === 'a/client')
    const client = [...store.nodes.values()].find(({ name }) => name === 'a/client')!
    expect(all.blame(end.flow, client.id, end.value.gaps[0])).toEqual([3])
    expect(pointsOf(end.value.reads)).toEqual([
      [30_000, 1_000],
      [70_000, 4_000],
    ])
    expect(sender?.value.gaps ?? []).toEqual([])
  })
})

describe('retransmission over UDP', () => {
  const { all, store } = read(Arq, arqTrace())
  const [transfer] = all.of('a')
  const numbers = (bars: { from: { view(): ArrayLike<number> } }): number[] => Array.from(bars.from.view())

  test('keeps what was sent, sent again, lost, kept and delivered apart', () => {
    expect(numbers(transfer.sent)).toEqual([0, 1, 2, 3])
    expect(numbers(transfer.resent)).toEqual([1])
    expect(numbers(transfer.lost)).toEqual([1])
    expect(numbers(transfer.buffered)).toEqual([2, 3])
    expect(numbers(transfer.delivered)).toEqual([0, 1])
    expect(numbers(transfer.refused)).toEqual([])
    expect(pointsOf(transfer.timeouts)).toEqual([[50_000, 1]])
  })

  test('each end has its own window, though the receiver spoke first', () => {
    expect(store.text(transfer.sender)).toBe('a/client')
    const window = transfer.windows.get(transfer.sender)!
    expect(pointsOf(window.base)).toEqual([
      [0, 0],
      [20_000, 1],
      [70_000, 4],
    ])
    expect(pointsOf(window.used).map(([, used]) => used)).toEqual([1, 2, 3, 4, 3, 0])
    expect(window.edge.valueAt(20_000)).toBe(5)
  })
})

test('a listener tells of its queues, their limits, those turned away and cookies', () => {
  const { all, store } = read(Listeners, listenerTrace())
  const [{ value }] = all.of(store, 'a')
  expect(pointsOf(value.synQueue).map(([, count]) => count)).toEqual([0, 1, 2, 1, 0])
  expect(value.synLimit.valueAt(40_000)).toBe(2)
  expect(value.dropped.valueAt(40_000)).toBe(1)
  expect(pointsOf(value.cookiesSent)).toEqual([
    [13_000, 1],
    [14_000, 2],
  ])
  expect([value.cookiesAccepted.length, value.cookiesRefused.length]).toEqual([1, 1])
  expect(all.of(store, 'b')).toEqual([])
})

describe('uses of routes', () => {
  // Ethernet addresses, then an IPv4 header from 10.77.0.1 to 10.77.2.9 with TTL 64.
  const header = (ttl: string): string =>
    `${'02'.repeat(12)}08004500002800070000${ttl}110000` + '0a4d00010a4d0209'
  const fields = { in_interface: 0, out_interface: 1, next_hop: '10.77.9.2', size: 40, after: '' }
  const forward = (maker: TraceMaker, t: number, node: string, pkt: number, prefix: string, ttl: number) =>
    maker.add(t, 'ip:packet_forwarded', { ...fields, prefix, ttl, before: header('40') }, { node, pkt })
  const maker = new TraceMaker()
  forward(maker, 10, 'a/near', 1, '10.77.0.0/16', 63)
  forward(maker, 20, 'a/far', 1, '10.77.2.0/24', 62)
  forward(maker, 30, 'a/near', 2, '0.0.0.0/0', 63)
  maker.add(
    40,
    'ip:packet_discarded',
    { reason: 'ttl_expired', size: 60, ttl: 1, destination: '10.77.2.9' },
    { node: 'a/near', pkt: 3 },
  )
  const { all, store } = read(RouteUses, maker)
  const near = store.table('ip:packet_forwarded').node.data[0]

  test('are counted up to a moment, and the latest is known', () => {
    expect(all.countAt(near, '10.77.0.0/16', 9)).toBe(0)
    expect(all.countAt(near, '10.77.0.0/16', 100)).toBe(1)
    expect(all.lastAt(store, near, 35)).toMatchObject({ pkt: 2, prefix: '0.0.0.0/0', ttlBefore: 64, ttl: 63 })
    expect(all.lastAt(store, near, 40)).toMatchObject({ pkt: 3, prefix: '', reason: 'ttl_expired' })
    expect(all.lastAt(store, near, 9)).toBeUndefined()
  })

  test('of a packet stand in the order of its way', () => {
    expect(all.of(store, 1).map(({ node, prefix }) => [store.text(node), prefix])).toEqual([
      ['a/near', '10.77.0.0/16'],
      ['a/far', '10.77.2.0/24'],
    ])
    expect(all.of(store, 1)[0].destination).toBe('10.77.2.9')
    expect(all.of(store, 9)).toEqual([])
  })

  test('one can go from each to the next and back', () => {
    expect(all.beside(store, 'a', -1, 1)?.t).toBe(10)
    expect(all.beside(store, 'a', 20, 1)?.t).toBe(30)
    expect(all.beside(store, 'a', 20, -1)?.t).toBe(10)
    expect(all.beside(store, 'a', 40, 1)?.t).toBe(40)
    expect(all.beside(store, 'b', 0, 1)).toBeUndefined()
  })

  test.each([
    ['10.77.0.0/16', '10.77.2.9', 16],
    ['10.77.2.0/23', '10.77.3.9', 23],
    ['10.77.2.0/24', '10.77.3.9', undefined],
    ['0.0.0.0/0', '1.2.3.4', 0],
    ['nonsense', '1.2.3.4', undefined],
    ['10.77.0.0/99', '10.77.0.1', undefined],
  ])('%s holds %s by %s bits', (prefix, address, bits) => {
    expect(matchedBits(prefix, address)).toBe(bits)
  })
})

test('relative sequence numbers go on beyond 2^32, and back a little', () => {
  const unwrap = new Unwrapper()
  expect(unwrap.relative(4_294_967_290)).toBe(0)
  unwrap.advance(10)
  expect(unwrap.relative(4)).toBe(10)
  expect(unwrap.relative(4_294_967_291)).toBe(1)
})

describe('however the events were cut into batches', () => {
  const KINDS = { Probes, Fragments, Writes, HeldBytes, Arq, Listeners }
  const TRACES = { probesTrace, fragmentsTrace, writesTrace, heldTrace, arqTrace, listenerTrace }
  /** What an object holds, without its cursors. */
  const plain = (value: unknown): unknown => {
    if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)])
    if (Array.isArray(value)) return value.map(plain)
    if (typeof value !== 'object' || value === null) return value
    if ('view' in value && typeof value.view === 'function') return [...value.view()]
    return Object.fromEntries(
      Object.entries(value)
        .filter(([key, item]) => key !== 'cursor' && typeof item !== 'function')
        .map(([key, item]) => [key, plain(item)]),
    )
  }
  const pairs = Object.keys(KINDS).map((kind, i) => [kind, Object.keys(TRACES)[i]] as const)

  test.each(pairs)('%s are the same', (kind, made) => {
    const maker = TRACES[made as keyof typeof TRACES]()
    const Kind: new () => Projection = KINDS[kind as keyof typeof KINDS]
    const whole = new Kind()
    whole.update(maker.store())
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 8 }), (cuts) => {
        const parts = new Kind()
        const store = new TraceStore()
        for (const batch of maker.batches(cuts)) {
          expect(store.append(batch)).toBeUndefined()
          parts.update(store)
        }
        expect(plain(parts)).toEqual(plain(whole))
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 400 : 40 },
    )
  })
})
