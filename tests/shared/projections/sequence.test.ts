import { describe, expect, test } from 'vitest'
import type { Bars } from '../../../shared/projections/bars.ts'
import { Sequence } from '../../../shared/projections/sequence.ts'
import type { Series } from '../../../shared/projections/series.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const SYN = 0x02
const ACK = 0x10
const drop = { direction: 0, reason: 'bernoulli', delay: 9 }

const spans = (bars: Bars) => [...bars.times.view()].map((t, i) => [t, bars.from.data[i], bars.to.data[i]])
const points = (series: Series) => [...series.times.view()].map((t, i) => [t, series.values.data[i]])

function graphOf(maker: TraceMaker, node = 'client') {
  const store = maker.store()
  const sequence = new Sequence()
  sequence.update(store)
  return sequence.ends.get(store.strings.indexOf(FLOW), store.strings.indexOf(node))!
}

/** SYN, SYN-ACK, and data of 100 bytes from the client, whose first sequence number is `isn`. */
function transfer(isn: number): TraceMaker {
  const add = (n: number) => (isn + n) % 2 ** 32
  return new TraceMaker()
    .sent(0, 1, 'client', { seq: isn, flags: SYN })
    .sent(10, 2, 'server', { seq: 900, ack: add(1), flags: SYN | ACK, window: 5000 })
    .received(20, 2, 'client')
    .sent(20, 3, 'client', { seq: add(1), payload: 100 })
    .sent(21, 4, 'client', { seq: add(101), payload: 100 })
    .sent(22, 5, 'client', { seq: add(201), payload: 100 })
    .add(23, 'link:packet_dropped', drop, { node: 'link', pkt: 4 })
    .sent(30, 6, 'server', { seq: 901, ack: add(101), window: 4900 })
    .sent(31, 7, 'server', { seq: 901, ack: add(101), window: 4900, sack: [add(201), add(301)] })
    .received(40, 6, 'client')
    .received(41, 7, 'client')
    .sent(42, 8, 'client', { seq: add(101), payload: 100, cause: 'sack' })
}

describe.each([
  ['in the middle of the number space', 5_000],
  ['where the numbers wrap around after the SYN', 0xffff_ffff],
  ['where they wrap around within a segment', 2 ** 32 - 150],
])('%s', (_, isn) => {
  const graph = graphOf(transfer(isn))

  test('segments stand where they were sent, from the SYN at 0 on', () => {
    expect(spans(graph.sent)).toEqual([
      [0, 0, 1],
      [20, 1, 101],
      [21, 101, 201],
      [22, 201, 301],
    ])
  })

  test('what was sent again stands apart, and so does what died, at the time of its death', () => {
    expect(spans(graph.retransmitted)).toEqual([[42, 101, 201]])
    expect(spans(graph.lost)).toEqual([[23, 101, 201]])
    expect([...graph.lost.pkts.view()]).toEqual([4])
  })

  test('acknowledgments, the edge of the window and SACK blocks stand where they arrived', () => {
    expect(points(graph.acked)).toEqual([
      [20, 1],
      [40, 101],
    ])
    // The edge stays where it was: what was acknowledged is no longer in the window.
    expect(points(graph.windowEdge)).toEqual([[20, 5001]])
    expect(spans(graph.sacked)).toEqual([[41, 201, 301]])
  })
})

test('more than one turn of the number space goes on growing', () => {
  const maker = new TraceMaker().sent(0, 1, 'client', { seq: 0, flags: SYN })
  const step = 2 ** 30
  for (let i = 1; i <= 12; i++) maker.sent(i, i + 1, 'client', { seq: (i * step) % 2 ** 32, payload: 1 })
  expect(graphOf(maker).sent.from.data[12]).toBe(12 * step)
})

test('an old acknowledgment that comes late does not take the line back', () => {
  const maker = transfer(7)
    .sent(50, 9, 'server', { seq: 901, ack: 308, window: 4000 })
    .received(60, 9, 'client')
    .sent(61, 10, 'server', { seq: 901, ack: 108, window: 9000 })
    .received(70, 10, 'client')
  expect(points(graphOf(maker).acked).at(-1)).toEqual([60, 301])
})

test('an acknowledgment that died is marked at the number that it would have acknowledged', () => {
  const maker = transfer(7)
    .sent(50, 9, 'server', { seq: 901, ack: 308, window: 4000 })
    .add(55, 'link:packet_dropped', drop, { node: 'link', pkt: 9 })
  const graph = graphOf(maker)
  expect(spans(graph.lostAcks)).toEqual([[55, 301, 301]])
  expect(graph.lost.length).toBe(1)
})

test('SACK blocks that say the same again are drawn once', () => {
  const maker = transfer(7)
    .sent(50, 9, 'server', { seq: 901, ack: 108, window: 4900, sack: [208, 308] })
    .received(60, 9, 'client')
  expect(spans(graphOf(maker).sacked)).toHaveLength(1)
})

test('window probes are not retransmissions', () => {
  const graph = graphOf(transfer(7).sent(50, 9, 'client', { seq: 308, payload: 1, cause: 'window_probe' }))
  expect(spans(graph.probes)).toEqual([[50, 301, 302]])
  expect(graph.retransmitted.length).toBe(1)
})

describe('joining strokes for a picture', () => {
  const graph = graphOf(transfer(0))

  test('segments that touch within a column of pixels become one stroke', () => {
    expect(graph.sent.thin(20, 30, 10, 1)).toEqual([{ t: 20, from: 1, to: 301 }])
  })

  test('columns stay apart, and a gap that can be seen stays open', () => {
    expect(graph.sent.thin(20, 30, 1, 1)).toHaveLength(3)
    const gap = graphOf(transfer(0).sent(43, 9, 'client', { seq: 1001, payload: 100, cause: 'rto' }))
    expect(gap.retransmitted.thin(40, 50, 10, 10)).toEqual([
      { t: 42, from: 101, to: 201 },
      { t: 43, from: 1001, to: 1101 },
    ])
  })
})
