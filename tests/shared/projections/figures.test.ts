/** What each projection makes of a trace written by hand. */
import { describe, expect, test } from 'vitest'
import { Changes } from '../../../shared/projections/changes.ts'
import { Density } from '../../../shared/projections/density.ts'
import { Goodput, meanRate, rates } from '../../../shared/projections/goodput.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { Queues } from '../../../shared/projections/queue.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import type { Series } from '../../../shared/projections/series.ts'
import { stateAt, States } from '../../../shared/projections/states.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

/** A projection of the whole store, and the numbers of flow and node to ask it with. */
function read<P extends { update(store: TraceStore): void }>(
  projection: P,
  maker: TraceMaker,
  node = 'client',
) {
  const store = maker.store()
  projection.update(store)
  return { projection, store, flow: store.strings.indexOf(FLOW), node: store.strings.indexOf(node) }
}

const points = (series: Series) => [...series.times.view()].map((t, i) => [t, series.values.data[i]])

describe('windows', () => {
  const maker = new TraceMaker()
    .metrics(10, 'client', { cwnd: 1000, in_flight: 0, send_window: 500 })
    .metrics(20, 'client', { cwnd: 1000, in_flight: 800, send_window: 500, ssthresh: 700 })
    .metrics(25, 'server', { cwnd: 77 })
    .metrics(30, 'client', { cwnd: 600, in_flight: 800, send_window: 0, ssthresh: 700 })

  test('each value is kept when it changes, and for each end apart', () => {
    const { projection, flow, node } = read(new Windows(), maker)
    const client = projection.ends.get(flow, node)!
    expect(points(client.cwnd)).toEqual([
      [10, 1000],
      [30, 600],
    ])
    expect(points(client.inFlight)).toEqual([
      [10, 0],
      [20, 800],
    ])
    expect(points(client.receiveWindow)).toEqual([
      [10, 500],
      [30, 0],
    ])
    expect(projection.ends.all).toHaveLength(2)
  })

  test('a threshold that is not set is infinite, never a number', () => {
    const { projection, flow, node } = read(new Windows(), maker)
    expect(points(projection.ends.get(flow, node)!.ssthresh)).toEqual([
      [10, Infinity],
      [20, 700],
    ])
  })
})

test('round trips: samples, those not taken, SRTT only once there is one', () => {
  const maker = new TraceMaker()
    .metrics(1, 'client', { smoothed_rtt: 0, rto: 1_000_000 })
    .add(5, 'tcp:rtt_sampled', { rtt: 4000, source: 'segment' }, { node: 'client', flow: FLOW })
    .metrics(5, 'client', { smoothed_rtt: 4000, rto: 200_000 })
    .add(6, 'tcp:rtt_discarded', { rtt: 9000 }, { node: 'client', flow: FLOW })
    .metrics(7, 'client', { smoothed_rtt: 4000, rto: 400_000 })
  const { projection, flow, node } = read(new Rtt(), maker)
  const { samples, discarded, smoothed, rto } = projection.ends.get(flow, node)!
  expect([samples, discarded, smoothed, rto].map(points)).toEqual([
    [[5, 4000]],
    [[6, 9000]],
    [[5, 4000]],
    [
      [1, 1_000_000],
      [5, 200_000],
      [7, 400_000],
    ],
  ])
})

describe('goodput', () => {
  const reads: [number, number][] = [
    [100_000, 1_000],
    [150_000, 1_500],
    [150_000, 500],
    [400_000, 1_000],
  ]
  const maker = new TraceMaker()
    .sent(0, 1, 'client', { flags: 2 })
    .sent(50_000, 2, 'client', { payload: 1_000 })
  for (const [t, bytes] of reads) maker.add(t, 'tcp:data_read', { bytes }, { node: 'server', flow: FLOW })

  function transfer() {
    const { projection, store, flow, node } = read(new Goodput(), maker)
    const server = projection.ends.get(flow, store.strings.indexOf('server'))!
    return { sent: projection.ends.get(flow, node)!, totals: server.read, end: store.end }
  }

  test('the total of what was read, and when the first data were sent', () => {
    const { sent, totals } = transfer()
    expect(points(totals)).toEqual([
      [100_000, 1_000],
      [150_000, 2_500],
      [150_000, 3_000],
      [400_000, 4_000],
    ])
    expect(sent.firstData).toBe(50_000)
  })

  test('rates of whole intervals, whatever part is looked at, and they add up to the total', () => {
    const { totals, end } = transfer()
    const all = rates(totals, 0, end, 100_000, end)
    expect(all.map((rate) => [rate.from, rate.bitsPerSecond])).toEqual([
      [0, 80_000],
      [100_000, 160_000],
      [200_000, 0],
      [300_000, 80_000],
    ])
    expect(rates(totals, 130_000, 150_000, 100_000, end)).toEqual([all[1]])
    const bytes = all.reduce(
      (sum, { bitsPerSecond, from, to }) => sum + (bitsPerSecond * (to - from)) / 8e6,
      0,
    )
    expect(bytes).toBeCloseTo(4_000)
  })

  test('an interval that the end cuts is taken as long as it lasted, unless it is too short to tell', () => {
    const { totals, end } = transfer()
    expect(rates(totals, 0, 999_999, 300_000, end).at(-1)).toEqual({
      from: 300_000,
      to: 400_000,
      bitsPerSecond: 80_000,
    })
    expect(rates(totals, 0, 999_999, 390_000, end)).toHaveLength(1)
  })

  test('the mean is over the time from the first data to the last byte', () => {
    const { sent, totals } = transfer()
    expect(meanRate(totals, sent.firstData)?.bitsPerSecond).toBeCloseTo((4_000 * 8) / 0.35)
    expect(meanRate(totals, 400_000)).toBeUndefined()
    expect(meanRate(totals, Infinity)).toBeUndefined()
  })
})

test('queues: bytes of each direction, and what the queue itself turned away', () => {
  const at = (pkt: number) => ({ node: 'link', pkt })
  const maker = new TraceMaker()
    .add(1, 'link:packet_enqueued', { direction: 0, queue_bytes: 100, queue_packets: 1 }, at(1))
    .add(2, 'link:packet_enqueued', { direction: 0, queue_bytes: 200, queue_packets: 2 }, at(2))
    .add(3, 'link:packet_dropped', { direction: 0, reason: 'queue_full', delay: 0 }, at(3))
    .add(4, 'link:packet_dequeued', { direction: 0, queue_bytes: 100, queue_packets: 1 }, at(1))
    .add(5, 'link:packet_dropped', { direction: 0, reason: 'bernoulli', delay: 4 }, at(1))
    .add(6, 'link:packet_enqueued', { direction: 1, queue_bytes: 40, queue_packets: 1 }, at(4))
  const { projection } = read(new Queues(), maker)
  expect(
    projection.all.map(({ direction, bytes, drops }) => [direction, points(bytes), points(drops)]),
  ).toEqual([
    [
      0,
      [
        [1, 100],
        [2, 200],
        [4, 100],
      ],
      [[3, 200]],
    ],
    [1, [[6, 40]], []],
  ])
})

describe('states', () => {
  const change = (from: string, to: string, why: string) => ({ from, to, why })
  const where = { node: 'client', flow: FLOW }
  const maker = new TraceMaker()
    .add(0, 'tcp:state_changed', change('CLOSED', 'SYN-SENT', 'call'), where)
    .add(20, 'tcp:state_changed', change('SYN-SENT', 'ESTABLISHED', 'segment'), where)
    .add(
      30,
      'tcp:queues_changed',
      { syn_queue: 1, accept_queue: 0, syn_limit: 8, accept_limit: 4, dropped: 0 },
      { node: 'server', flow: 'one' },
    )
    .add(
      40,
      'tcp:queues_changed',
      { syn_queue: 0, accept_queue: 1, syn_limit: 8, accept_limit: 4, dropped: 2 },
      { node: 'server', flow: 'two' },
    )

  test('the state at a moment is that of the last change', () => {
    const { projection, flow, node } = read(new States(), maker)
    const changes = projection.ends.get(flow, node)!
    expect([-1, 0, 19, 20, 99].map((t) => stateAt(changes, t)?.state)).toEqual([
      undefined,
      'SYN-SENT',
      'SYN-SENT',
      'ESTABLISHED',
      'ESTABLISHED',
    ])
  })

  test("a listener's queues are one account, whichever connection changed them", () => {
    const { projection } = read(new States(), maker)
    const [{ value: queues }] = projection.listeners.all
    expect([queues.synQueue, queues.acceptQueue, queues.dropped].map(points)).toEqual([
      [
        [30, 1],
        [40, 0],
      ],
      [
        [30, 0],
        [40, 1],
      ],
      [
        [30, 0],
        [40, 2],
      ],
    ])
    expect(projection.listeners.all).toHaveLength(1)
  })
})

describe('losses', () => {
  const maker = new TraceMaker().sent(1, 1, 'reno/client', { payload: 9 })
  for (let i = 0; i < 10; i++)
    maker.add(
      10 + i,
      'link:packet_dropped',
      { direction: 0, reason: i === 3 ? 'queue_full' : 'bernoulli', delay: 1 },
      { node: i === 9 ? 'cubic/link' : 'reno/link', pkt: i + 1 },
    )

  test('are those of one lane, with time, packet, flow and reason', () => {
    const { projection, store, flow } = read(new Losses(), maker)
    const list = projection.between(store, 'reno', 0, 100)
    expect(list).toHaveLength(9)
    expect(list[0]).toMatchObject({ t: 10, pkt: 1, flow, reason: 'bernoulli', direction: 0 })
    expect(list[3].reason).toBe('queue_full')
    expect([projection.count('reno'), projection.count('cubic'), projection.count('other')]).toEqual([
      9, 1, 0,
    ])
  })

  test('thinned, there is still one wherever there was any', () => {
    const { projection, store } = read(new Losses(), maker)
    expect(projection.between(store, 'reno', 8, 100, 4).map(({ t }) => t)).toEqual([10, 12, 16])
  })
})

test('changes: knobs, marks and faults in the order in which they came', () => {
  const maker = new TraceMaker()
    .add(1, 'sim:mark', { text: 'hello' })
    .add(2, 'sim:knob_changed', { path: 'links.link.up.loss.rate', from: '0', to: '0.05' })
    .add(3, 'sim:fault', { what: 'wire_loss', detail: 'buffer full', count: 3 })
  expect(read(new Changes(), maker).projection.all).toEqual([
    { kind: 'mark', t: 1, text: 'hello' },
    { kind: 'knob', t: 2, path: 'links.link.up.loss.rate', from: '0', to: '0.05' },
    { kind: 'fault', t: 3, what: 'wire_loss', detail: 'buffer full' },
  ])
})

test('density: counts stay exact when the run outgrows the intervals', () => {
  const maker = new TraceMaker()
  for (let i = 0; i < 100; i++) maker.sent(i * 1_000_000, i + 1, 'client', {})
  const { projection } = read(new Density(), maker)
  expect(projection.counts.reduce((sum, count) => sum + count, 0)).toBe(100)
  expect(projection.width * projection.counts.length).toBeGreaterThan(99e6)
  for (let i = 0; i < 100; i++)
    expect(projection.counts[Math.floor((i * 1e6) / projection.width)]).toBeGreaterThan(0)
})
