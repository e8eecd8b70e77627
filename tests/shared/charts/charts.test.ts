/** Every chart, drawn to SVG by ECharts as the exporter does: does it say what the trace says, and only that? */
import { init, type EChartsOption } from 'echarts'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { patternLines } from '../../../shared/charts/causes.ts'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { goodputChart } from '../../../shared/charts/goodput.ts'
import type { Chart } from '../../../shared/charts/picture.ts'
import { queueChart } from '../../../shared/charts/queue.ts'
import { rttChart } from '../../../shared/charts/rtt.ts'
import { sequenceChart } from '../../../shared/charts/sequence.ts'
import { inkOn } from '../../../shared/charts/signs.ts'
import { stallsChart } from '../../../shared/charts/stalls.ts'
import { statesChart } from '../../../shared/charts/states.ts'
import { streamsChart } from '../../../shared/charts/streams.ts'
import type { Language } from '../../../shared/charts/texts.ts'
import { DARK, LIGHT } from '../../../shared/charts/theme.ts'
import { waterfallChart } from '../../../shared/charts/waterfall.ts'
import { windowsChart } from '../../../shared/charts/windows.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Goodput } from '../../../shared/projections/goodput.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { Queues } from '../../../shared/projections/queue.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import { Sequence } from '../../../shared/projections/sequence.ts'
import { Stalls } from '../../../shared/projections/stalls.ts'
import { States } from '../../../shared/projections/states.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { addPage } from '../../support/page-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

function read<P extends { update(store: TraceStore): void }>(projection: P, store: TraceStore): P {
  projection.update(store)
  return projection
}

const CHARTS: Record<string, (context: ChartContext) => Chart> = {
  windows: (context) => windowsChart(read(new Windows(), context.store), context),
  rtt: (context) => rttChart(read(new Rtt(), context.store), context),
  sequence: (context) => sequenceChart(read(new Sequence(), context.store), context),
  goodput: (context) => goodputChart(read(new Goodput(), context.store), context),
  queue: (context) => queueChart(read(new Queues(), context.store), context),
  stalls: (context) => stallsChart(read(new Stalls(), context.store), context),
  states: (context) => statesChart(read(new States(), context.store), context),
  streams: (context) => streamsChart(read(new PageLoad(), context.store), context),
  waterfall: (context) => waterfallChart(read(new PageLoad(), context.store), context),
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  return {
    store,
    language: 'en',
    theme: DARK,
    width: 800,
    height: 400,
    range: { from: 0, to: store.end || 1e6 },
    lanes: [],
    flow: null,
    losses: read(new Losses(), store),
    changes: read(new Changes(), store),
    ...more,
  }
}

/** A short transfer in a lane, with everything that a chart can show. */
function addLane(maker: TraceMaker, lane: string, base = 0): void {
  const [client, server, link] = ['client', 'server', 'link'].map((name) => `${lane}/${name}`)
  const flow = `${lane}:${FLOW}`
  const at = (node: string) => ({ node, flow })
  maker
    .pair(lane)
    .add(0, 'tcp:state_changed', { from: 'CLOSED', to: 'SYN-SENT', why: 'call' }, at(client))
    .add(0, 'tcp:stall_changed', { cause: 'handshake' }, at(client))
    .sent(0, base + 1, client, { seq: 99, flags: 2 }, flow)
    .add(
      5_000,
      'tcp:queues_changed',
      { syn_queue: 1, accept_queue: 0, syn_limit: 8, accept_limit: 4, dropped: 0 },
      at(server),
    )
    .sent(10_000, base + 2, server, { seq: 7, ack: 100, flags: 0x12, window: 65_535 }, flow)
    .received(20_000, base + 2, client, 0, flow)
    .metrics(20_000, client, { cwnd: 14_600, send_window: 6_291_456, smoothed_rtt: 20_000 }, flow)
    .add(20_000, 'tcp:rtt_sampled', { rtt: 20_000, source: 'segment' }, at(client))
    .add(20_000, 'tcp:state_changed', { from: 'SYN-SENT', to: 'ESTABLISHED', why: 'segment' }, at(client))
    .add(20_000, 'tcp:stall_changed', { cause: 'sending' }, at(client))
    .sent(20_000, base + 3, client, { seq: 100, payload: 1_000 }, flow)
    .add(
      20_000,
      'link:packet_enqueued',
      { direction: 0, queue_bytes: 3_000, queue_packets: 2 },
      { node: link, pkt: base + 3 },
    )
    .add(
      25_000,
      'link:packet_dropped',
      { direction: 0, reason: 'bernoulli', delay: 5_000 },
      { node: link, pkt: base + 3 },
    )
    .add(30_000, 'tcp:stall_changed', { cause: 'congestion_window' }, at(client))
    .metrics(
      40_000,
      client,
      { cwnd: 7_300, ssthresh: 7_300, send_window: 6_291_456, smoothed_rtt: 21_000 },
      flow,
    )
    .add(50_000, 'sim:knob_changed', { path: 'links.link.up.loss.rate', from: '0', to: '0.05' })
    .sent(60_000, base + 4, client, { seq: 100, payload: 1_000, cause: 'rto' }, flow)
    .add(80_000, 'tcp:data_read', { bytes: 1_000 }, at(server))
    .received(100_000, base + 2, client, 0, flow)
  addPage(maker, lane, flow, base + 1_000)
}

let store: TraceStore
beforeAll(() => {
  const maker = new TraceMaker()
  addLane(maker, 'reno')
  addLane(maker, 'cubic', 4)
  maker.events.sort((a, b) => a.t - b.t)
  store = maker.store()
})

function svgOf({ option }: Chart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

type Line = { name: string; data: Float64Array; xAxisIndex: number }
function lineOf({ option }: Chart, name: string, plot = 0): (number | null)[][] {
  const series = option.series as unknown as Line[]
  const { data } = series.find((one) => one.name === name && one.xAxisIndex === plot)!
  return Array.from({ length: data.length / 2 }, (_, i) => [
    data[2 * i],
    Number.isNaN(data[2 * i + 1]) ? null : data[2 * i + 1],
  ])
}

describe.each(Object.entries(CHARTS))('%s', (_, chart) => {
  const sizes = [
    [300, 180],
    [800, 400],
    [1600, 1000],
  ] as const

  test.each(sizes)('is drawn at %d x %d in both languages and themes, within its bounds', (width, height) => {
    for (const language of ['en', 'zh'] satisfies Language[])
      for (const theme of [DARK, LIGHT]) {
        const context = contextOf(store, { width, height, language, theme })
        const drawn = chart(context)
        for (const area of drawn.plots) {
          expect(area.x).toBeGreaterThanOrEqual(0)
          expect(area.x + area.width).toBeLessThanOrEqual(width)
          expect(area.y + area.height).toBeLessThanOrEqual(height)
          expect(area.height).toBeGreaterThan(0)
        }
        const svg = svgOf(drawn, context)
        expect(svg).toMatch(/^<svg/)
        expect(svg).not.toMatch(/NaN|undefined|\{\w+\}/)
      }
  })

  test('has no animation, and tooltips that are text', () => {
    const { option } = chart(contextOf(store))
    expect(option.animation).toBe(false)
    expect((option.tooltip as { renderMode: string }).renderMode).toBe('richText')
  })

  test('names its time with a unit, once for plots above each other', () => {
    const names = (chart(contextOf(store)).option.xAxis as { name: string }[]).map(({ name }) => name)
    expect(names.filter((name) => name !== '')).toEqual(['Time (ms)'])
  })

  test('draws nothing where there is nothing', () => {
    const context = contextOf(new TraceStore())
    const drawn = chart(context)
    expect(drawn.plots.filter((area) => area.lane !== '')).toEqual([])
    expect(svgOf(drawn, context)).toMatch(/^<svg/)
  })

  test('asks for no large scatter without a point, which ECharts cannot draw on a canvas', () => {
    const { series } = chart(contextOf(new TraceStore())).option
    for (const one of [series ?? []].flat() as { large?: boolean; data?: ArrayLike<unknown> }[])
      expect(one.large === true && one.data?.length === 0).toBe(false)
  })

  test('survives a range that has no event, and one of a microsecond', () => {
    for (const range of [
      { from: 5e9, to: 6e9 },
      { from: 20_000, to: 20_001 },
    ]) {
      const context = contextOf(store, { range })
      expect(svgOf(chart(context), context)).not.toContain('NaN')
    }
  })
})

describe('windows', () => {
  test('lanes have a plot each on the same scale', () => {
    const { plots } = CHARTS.windows(contextOf(store))
    expect(plots.map(({ lane, scale }) => [lane, scale.max])).toEqual([
      ['reno', 17_500],
      ['cubic', 17_500],
    ])
  })

  test('the line is that of the trace, held until its end', () => {
    expect(lineOf(CHARTS.windows(contextOf(store)), 'congestion window')).toEqual([
      [20_000, 14_600],
      [40_000, 7_300],
      [100_000, 7_300],
    ])
  })

  test('a threshold that is not set is a gap', () => {
    expect(lineOf(CHARTS.windows(contextOf(store)), 'ssthresh')).toEqual([
      [20_000, null],
      [40_000, 7_300],
      [100_000, 7_300],
    ])
  })

  test('a receive window far above does not set the scale, and the legend says where it is', () => {
    const context = contextOf(store)
    expect(svgOf(CHARTS.windows(context), context)).toContain('receive window (6.291 MB, above)')
  })
})

describe('losses and changes', () => {
  test('a loss is marked in its own lane, a change is named on every chart', () => {
    const context = contextOf(store)
    for (const [name, chart] of Object.entries(CHARTS))
      expect([name, svgOf(chart(context), context)]).toEqual([
        name,
        expect.stringContaining('Loss up: 0 % → 5 %'),
      ])
    expect(lineOf(CHARTS.windows(context), 'lost')).toEqual([[25_000, 1]])
  })

  test('the sign of a lost segment can be picked', () => {
    const chart = CHARTS.sequence(contextOf(store))
    const reach = { t: 100, value: 10 }
    expect(chart.pick?.(0, 25_010, 500, reach)).toBe(3)
    expect(chart.pick?.(0, 60_000, 500, reach)).toBe(4)
    expect(chart.pick?.(0, 45_000, 500, reach)).toBeUndefined()
  })
})

test('goodput says its interval and its mean', () => {
  const context = contextOf(store)
  const svg = svgOf(CHARTS.goodput(context), context)
  expect(svg).toMatch(/Goodput per \d+ ms/)
  // 1,000 bytes from the first data at 20 ms to the last byte read at 80 ms.
  expect(svg).toContain('reno: mean 133.3 kbit/s')
})

test('stalls add up to 100 % of the time from the first packet to the last', () => {
  const context = contextOf(store, { width: 1200 })
  const svg = svgOf(CHARTS.stalls(context), context)
  for (const text of ['100 % = 100 ms', '20.0 % handshake', '10.0 %', '70.0 % congestion window'])
    expect(svg).toContain(text)
})

test('states are named in their boxes', () => {
  const context = contextOf(store, { width: 1200 })
  const svg = svgOf(CHARTS.states(context), context)
  for (const state of ['SYN-SENT', 'ESTABLISHED']) expect(svg).toContain(state)
})

test('words of the recording are text, never markup', () => {
  const evil = '<script>alert(1)</script>'
  const maker = new TraceMaker()
  addLane(maker, evil)
  maker.add(101_000, 'sim:mark', { text: '<img src=x onerror=alert(1)>' })
  const hostile = maker.store()
  for (const chart of Object.values(CHARTS)) {
    const context = contextOf(hostile, { lanes: [...hostile.lanes].map((id) => ({ id, label: id })) })
    expect(svgOf(chart(context), context)).not.toMatch(/<script|<img/)
  }
})

test('the tooltip tells the exact values of the moment, not those of the nearest point drawn', () => {
  const { option } = CHARTS.windows(contextOf(store))
  const { formatter } = option.tooltip as { formatter: (params: unknown) => string }
  const words = formatter([{ axisValue: 39_999, axisIndex: 0 }])
  expect(words).toContain('39.999 ms')
  expect(words).toContain('congestion window  14.6 kB')
  expect(words).toContain('ssthresh  ∞')
  expect(formatter([{ axisValue: 25_000, axisIndex: 1 }])).toContain('lost: #7 random loss')
  expect(formatter(undefined)).toBe('')
})

test('a run with more lanes than there can be draws eight', () => {
  const maker = new TraceMaker()
  for (let i = 0; i < 12; i++) addLane(maker, `lane${i}`, 4 * i)
  const context = contextOf(maker.store(), { height: 1000 })
  expect(CHARTS.windows(context).plots).toHaveLength(8)
})

describe('signs', () => {
  test('lines of a pattern stay inside of their box', () => {
    const box = fc.record({
      x: fc.integer({ min: -50, max: 500 }),
      y: fc.integer({ min: -50, max: 500 }),
      width: fc.integer({ min: 1, max: 300 }),
      height: fc.integer({ min: 1, max: 100 }),
    })
    fc.assert(
      fc.property(
        box,
        fc.constantFrom('rising' as const, 'falling' as const, 'upright' as const),
        (one, pattern) => {
          for (const [x1, y1, x2, y2] of patternLines(one, pattern)) {
            expect(Math.min(x1, x2)).toBeGreaterThanOrEqual(one.x)
            expect(Math.max(x1, x2)).toBeLessThanOrEqual(one.x + one.width)
            expect(Math.min(y1, y2)).toBeGreaterThanOrEqual(one.y)
            expect(Math.max(y1, y2)).toBeLessThanOrEqual(one.y + one.height)
          }
        },
      ),
    )
  })

  test('words are black on light colours and white on dark ones', () => {
    expect([inkOn('#f0e442'), inkOn('#0072b2'), inkOn('#ffffff'), inkOn('#000000')]).toEqual([
      '#0b0f13',
      '#ffffff',
      '#0b0f13',
      '#ffffff',
    ])
  })
})

test('an option is plain data that ECharts takes as it is', () => {
  const option: EChartsOption = CHARTS.windows(contextOf(store)).option
  expect(Object.keys(option)).toContain('series')
})
