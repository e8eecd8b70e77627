/** The headline, drawn to SVG as the exporter does: does it say of each protocol what the trace says, on one scale? */
import { init } from 'echarts'
import { describe, expect, test } from 'vitest'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { ALL_ROWS, headlineChart, type HeadlineChart } from '../../../shared/charts/headline.ts'
import type { StreamChoice } from '../../../shared/charts/stream-lanes.ts'
import { DARK, LIGHT } from '../../../shared/charts/theme.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { Stalls } from '../../../shared/projections/stalls.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { addPage } from '../../support/page-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const read = <P extends { update(store: TraceStore): void }>(projection: P, store: TraceStore): P => {
  projection.update(store)
  return projection
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  return {
    store,
    language: 'en',
    theme: DARK,
    width: 900,
    height: 600,
    range: { from: 0, to: store.end || 1e6 },
    lanes: [],
    flow: null,
    losses: read(new Losses(), store),
    changes: read(new Changes(), store),
    ...more,
  }
}

const drawn = (context: ChartContext, choice?: StreamChoice): HeadlineChart => {
  const { store } = context
  const load = read(new PageLoad(), store)
  return headlineChart(
    { load, windows: read(new Windows(), store), stalls: read(new Stalls(), store) },
    context,
    choice,
  )
}

function svgOf({ option }: HeadlineChart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

const nodesOf = (lane: string): string[] => ['client', 'server', 'link'].map((name) => `${lane}/${name}`)

/** HTTP/2: two objects of which the second overtakes the first; a request fails, one comes from the cache. */
function addHttp2(maker: TraceMaker, lane: string, base: number): void {
  const flow = `${lane}:${FLOW}`
  const [client, server] = nodesOf(lane)
  maker
    .pair(lane)
    .sent(0, base + 900, client, { seq: 99, flags: 2 }, flow)
    .sent(5_000, base + 901, server, { seq: 7, flags: 0x12 }, flow)
    .add(20_000, 'tcp:stall_changed', { cause: 'sending' }, { node: server, flow })
    .metrics(20_000, server, { cwnd: 20_000 }, flow)
    .add(60_000, 'tcp:stall_changed', { cause: 'congestion_window' }, { node: server, flow })
  addPage(maker, lane, flow, base)
}

const request = (number: number) => ({
  request: number,
  method: 'GET',
  url: `https://server.lab/${number}`,
  initiator: 0,
  attempt: 1,
})
const done = {
  content: 100,
  encoded: 100,
  encoding: '',
  source: 'network',
  sha256: '',
  error: '',
  message: '',
}

/** HTTP/3: of two objects that were asked for in this order the second comes first; the first loses a packet. */
function addHttp3(maker: TraceMaker, lane: string, base: number): void {
  const flow = `${lane}:${FLOW}`
  const [client, server, link] = nodesOf(lane)
  const at = { node: client, flow }
  const data = (id: number, offset: number) => ({ type: 'stream', id, offset, length: 50, fin: false })
  const sent = (number: number, exchange: number) => ({
    request: number,
    exchange,
    version: 'h3',
    reused: number > 1,
  })
  const metrics = {
    ssthresh: 0xffff_ffff,
    in_flight: 0,
    smoothed_rtt: 0,
    min_rtt: 0,
    rtt_variance: 0,
    pto_count: 0,
  }
  maker
    .pair(lane)
    .add(10_000, 'http:request_queued', request(1), { node: client })
    .add(10_000, 'http:request_queued', request(2), { node: client })
    .quicSent(10_000, base + 1, client, { level: 'initial', number: 0 }, flow)
    .quicReceived(20_000, base + 1, server, 0, 'initial', flow)
    .add(21_000, 'http:request_sent', sent(1, 0), at)
    .add(21_000, 'http:request_sent', sent(2, 4), at)
    .add(22_000, 'recovery:stall_changed', { cause: 'pacer' }, { node: server, flow })
    .add(22_000, 'recovery:metrics_updated', { ...metrics, cwnd: 40_000 }, { node: server, flow })
    .quicSent(30_000, base + 2, server, { number: 0, frames: [data(0, 0)] }, flow)
    .quicSent(30_000, base + 3, server, { number: 1, frames: [data(4, 0), data(0, 50)] }, flow)
    .add(
      35_000,
      'link:packet_dropped',
      { direction: 1, reason: 'listed', delay: 5_000 },
      { node: link, pkt: base + 2 },
    )
    .quicReceived(40_000, base + 3, client, 1, '1rtt', flow)
    .add(41_000, 'http:response_finished', { request: 2, ...done }, at)
    .quicSent(50_000, base + 4, server, { number: 2, frames: [data(0, 0)] }, flow)
    .quicReceived(60_000, base + 4, client, 2, '1rtt', flow)
    .add(60_000, 'http:response_finished', { request: 1, ...done }, at)
    .quicSent(200_000, base + 5, server, { number: 3 }, flow)
}

function storeOf(...lanes: ((maker: TraceMaker) => void)[]): TraceStore {
  const maker = new TraceMaker()
  for (const add of lanes) add(maker)
  maker.events.sort((a, b) => a.t - b.t)
  return maker.store()
}

const two = storeOf(
  (maker) => addHttp2(maker, 'h2', 0),
  (maker) => addHttp3(maker, 'h3', 5_000),
)
const four = storeOf(
  (maker) => addHttp2(maker, 'h1', 0),
  (maker) => addHttp2(maker, 'h1x6', 2_000),
  (maker) => addHttp2(maker, 'h2', 4_000),
  (maker) => addHttp3(maker, 'h3', 6_000),
)

describe('at any size', () => {
  const sizes = [
    [260, 160],
    [700, 420],
    [900, 600],
    [1900, 1100],
  ] as const

  test.each(sizes)('%d x %d: all lies within the picture, in both languages and themes', (width, height) => {
    for (const language of ['en', 'zh'] as const)
      for (const theme of [DARK, LIGHT]) {
        const context = contextOf(four, { width, height, language, theme })
        const chart = drawn(context)
        for (const area of chart.plots) {
          expect(area.x).toBeGreaterThanOrEqual(0)
          expect(area.x + area.width).toBeLessThanOrEqual(width)
          expect(area.y).toBeGreaterThanOrEqual(0)
          expect(area.y + area.height).toBeLessThanOrEqual(height)
        }
        expect(svgOf(chart, context)).not.toMatch(/NaN|undefined|\{\w+\}/)
      }
  })

  test('columns have one scale of time and one of windows, and rows at the same heights', () => {
    const { plots, rows, option } = drawn(contextOf(four))
    expect(plots).toHaveLength(8)
    const [rowPlots, windowPlots] = [plots.slice(0, 4), plots.slice(4)]
    for (const all of [rowPlots, windowPlots])
      for (const { y, width, height } of all)
        expect([y, width, height]).toEqual([all[0].y, all[0].width, all[0].height])
    expect(new Set(windowPlots.map(({ scale }) => scale.max)).size).toBe(1)
    const times = (option.xAxis as { min: number; max: number }[]).map(({ min, max }) => `${min} ${max}`)
    expect(new Set(times).size).toBe(1)
    expect(new Set(rows.map(({ top, window }) => `${top} ${window.pitch}`)).size).toBe(1)
    expect(windowPlots.map(({ x }) => x)).toEqual(rowPlots.map(({ x }) => x))
  })

  test('where it is too low, windows and stalls give way to the rows', () => {
    const shares = (height: number) => {
      const context = contextOf(two, { height })
      const chart = drawn(context)
      return [chart.plots.length, svgOf(chart, context).includes('Why the senders')]
    }
    expect([shares(600), shares(300), shares(200)]).toEqual([
      [4, true],
      [4, false],
      [2, false],
    ])
  })
})

describe('what a column says', () => {
  const context = contextOf(two)
  const svg = svgOf(drawn(context), context)

  test('how long its page took, over how many connections, and how long streams waited for others', () => {
    for (const text of ['80 ms', '50 ms', '1 connection', 'cross-blocked 20 ms', 'cross-blocked 0 ms'])
      expect(svg).toContain(text)
  })

  test('that a request failed', () => {
    expect(svg).toContain('1 failed')
  })

  test('what its senders waited for', () => {
    // From 20 to 60 ms and on to the last packet at 81; the pacer from 22 ms on to the last packet.
    for (const text of ['65.6 %', '34.4 %', '100.0 % pacer']) expect(svg).toContain(text)
  })

  test('how many requests have been answered, while the page is not there', () => {
    const early = storeOf((maker) => {
      addHttp3(maker, 'h3', 0)
      maker.events.splice(0, maker.events.length, ...maker.events.filter(({ t }) => t < 55_000))
    })
    const context = contextOf(early)
    expect(svgOf(drawn(context), context)).toContain('1 of 2 …')
  })

  test('nothing yet, of a lane that has only begun; and the picture is empty before any has', () => {
    const begun = storeOf(
      (maker) => addHttp3(maker, 'h3', 0),
      (maker) => maker.pair('late'),
    )
    const context = contextOf(begun)
    const chart = drawn(context)
    expect(chart.plots.map(({ lane }) => lane)).toEqual(['h3', 'late', 'h3', 'late'])
    expect(svgOf(chart, context)).toContain('nothing yet')
    const nothing = contextOf(storeOf((maker) => maker.pair('late')))
    expect(drawn(nothing)).toMatchObject({ plots: [], rows: [] })
    expect(svgOf(drawn(nothing), nothing)).toMatch(/^<svg/)
  })
})

describe('the range', () => {
  test('is as long as the pages took when all of the run is asked for, and else what was asked for', () => {
    const whole = drawn(contextOf(two))
    expect(whole.range).toEqual({ from: 0, to: 90_000 * 1.04 })
    const range = { from: 10_000, to: 300_000 }
    expect(drawn(contextOf(two, { range })).range).toEqual(range)
  })

  test('is not set by a page that takes far longer than all others, whose column says when it ends', () => {
    const slow = (maker: TraceMaker) =>
      maker
        .pair('slow')
        .add(0, 'http:request_queued', request(1), { node: 'slow/client' })
        .add(900_000, 'http:response_finished', { request: 1, ...done }, { node: 'slow/client' })
    const context = contextOf(storeOf(slow, (maker) => addHttp3(maker, 'h3', 0)))
    const chart = drawn(context)
    expect(chart.range).toEqual({ from: 0, to: 60_000 * 1.25 })
    expect(svgOf(chart, context)).toContain('until 900 ms →')
    const zoomed = contextOf(context.store, { range: { from: 1, to: 900_000 } })
    expect(svgOf(drawn(zoomed), zoomed)).not.toContain('until')
  })

  test('may have no event, or be a microsecond long', () => {
    for (const range of [
      { from: 5e9, to: 6e9 },
      { from: 40_000, to: 40_001 },
    ]) {
      const context = contextOf(two, { range })
      expect(svgOf(drawn(context), context)).not.toContain('NaN')
    }
  })
})

describe('rows', () => {
  test('stand in the order of the requests, not in that of their first bytes', () => {
    const chart = drawn(contextOf(two))
    expect(chart.rows[1].streams.map(({ stream, start }) => [stream, start])).toEqual([
      [0, 40_000],
      [4, 40_000],
    ])
  })

  test('are moved through together, and the numbers beside them say which are in sight', () => {
    const many = storeOf((maker) => {
      const flow = `h3:${FLOW}`
      const [client, server] = nodesOf('h3')
      maker.pair('h3').quicSent(0, 1, client, { number: 0 }, flow).quicReceived(1, 1, server, 0, '1rtt', flow)
      for (let i = 0; i < 900; i++) {
        const frames = [{ type: 'stream', id: 4 * i, offset: 0, length: 10, fin: true }]
        maker.quicSent(10 + i, i + 10, server, { number: i, frames }, flow)
        maker.quicReceived(500 + i, i + 10, client, i, '1rtt', flow)
      }
    })
    const context = contextOf(many)
    const chart = drawn(context, { firstRow: (lane) => (lane === ALL_ROWS ? 100 : 0) })
    const { first, shown, total } = chart.rows[0].window
    expect([first, total]).toEqual([100, 900])
    expect(shown).toBeLessThan(900)
    const svg = svgOf(chart, context)
    for (const text of ['>101<', `>${100 + shown}<`, '>of 900<']) expect(svg).toContain(text)
  })

  test('a point of a row that waits gives the packet to blame', () => {
    const chart = drawn(contextOf(two))
    const { window, top } = chart.rows[1]
    const area = chart.plots[1]
    const height = 1 - (top + window.pitch / 2 - area.y) / area.height
    expect(chart.pick?.(1, 45_000, height, { t: 1, value: 1 })).toBe(5_002)
    expect(chart.pick?.(1, 20_000, height, { t: 1, value: 1 })).toBeUndefined()
    expect(chart.pick?.(3, 45_000, 10_000, { t: 1, value: 1 })).toBeUndefined()
  })
})

test('words of the recording are text, never markup', () => {
  const evil = '<script>alert(1)<'
  const context = contextOf(storeOf((maker) => addHttp2(maker, evil, 0)))
  expect(svgOf(drawn(context), context)).not.toMatch(/<script/)
})

test('a change is named once', () => {
  const changed = storeOf(
    (maker) => addHttp3(maker, 'a', 0),
    (maker) => addHttp3(maker, 'b', 1_000),
    (maker) =>
      maker.add(30_000, 'sim:knob_changed', { path: 'links.link.up.loss.rate', from: '0', to: '0.05' }),
  )
  const context = contextOf(changed)
  expect(svgOf(drawn(context), context).split('Loss up: 0 % → 5 %')).toHaveLength(2)
})
