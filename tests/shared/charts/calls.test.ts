/** Remote calls as a picture: is what is drawn what was measured? */
import { init } from 'echarts'
import { describe, expect, test } from 'vitest'
import { callsChart, callsHeight, type CallsChart } from '../../../shared/charts/calls.ts'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { LIGHT } from '../../../shared/charts/theme.ts'
import { Calls } from '../../../shared/projections/calls.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

/** `count` calls of 10 ms one after another, each a packet of `payload` bytes; the `failed` one has no answer. */
function addLane(maker: TraceMaker, lane: string, count: number, payload: number, failed = 0): void {
  const at = (node: string) => ({ node: `${lane}/${node}` })
  maker.pair(lane)
  for (let call = 1; call <= count; call++) {
    const t = call * 10_000
    const status = call === failed ? 'UNAVAILABLE' : 'OK'
    maker
      .add(t, 'rpc:call_started', { call, method: '/m', size: 100 }, at('client'))
      .sent(t, 0, `${lane}/client`, { payload }, lane)
      .add(t + 9_000, 'rpc:call_finished', { call, status, size: 0, error: '' }, at('client'))
  }
}

function twoLanes(count = 6): TraceStore {
  const maker = new TraceMaker()
  addLane(maker, 'json', count, 960)
  addLane(maker, 'grpc', count, 360, 3)
  maker.events.sort((a, b) => a.t - b.t)
  return maker.store()
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  const [losses, changes] = [new Losses(), new Changes()]
  losses.update(store)
  changes.update(store)
  return {
    ...{ store, language: 'en', theme: LIGHT, width: 1200, height: 800, range: { from: 0, to: store.end } },
    ...{ lanes: [], flow: null, losses, changes },
    ...more,
  }
}

function callsOf(store: TraceStore): Calls {
  const calls = new Calls()
  calls.update(store)
  return calls
}

function svgOf({ option }: CallsChart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

describe('calls of two lanes', () => {
  const store = twoLanes()
  const context = contextOf(store)
  const chart = callsChart(callsOf(store), context)

  test('have a row each, their times and sums, and the lanes are compared below', () => {
    expect(chart.rows.map(({ lane, calls }) => `${lane} ${calls.length}`)).toEqual(['json 6', 'grpc 6'])
    expect(chart.plots).toHaveLength(2)
    const svg = svgOf(chart, context)
    for (const text of [
      '6 of 6 answered',
      '5 of 6 answered',
      '1 failed',
      'UNAVAILABLE',
      '9 ms',
      '1 kB',
      '400 B',
    ])
      expect(svg).toContain(text)
    for (const text of ['first call', 'last call', 'mean of all']) expect(svg).toContain(text)
  })

  test('at a moment it is said how many of those that had begun were answered', () => {
    const { formatter } = chart.option.tooltip as { formatter: (params: unknown) => string }
    expect(formatter([{ axisValue: 25_000, axisIndex: 0 }])).toContain('1 of 2 answered')
  })
})

test.each([
  [300, 180],
  [620, 420],
  [1600, 1000],
])('at %d x %d in both languages everything stays within the picture', (width, height) => {
  const store = twoLanes()
  for (const language of ['en', 'zh'] as const) {
    const context = contextOf(store, { width, height, language })
    const chart = callsChart(callsOf(store), context)
    expect(svgOf(chart, context)).not.toMatch(/NaN|undefined/)
    for (const { left, top, width: w, height: h } of chart.option.grid as Record<string, number>[]) {
      expect(left + w).toBeLessThanOrEqual(width)
      expect(top + h).toBeLessThanOrEqual(height)
    }
  }
})

test('of many calls those in sight are drawn; a file holds them all', () => {
  const store = twoLanes(300)
  const context = contextOf(store)
  const { window } = callsChart(callsOf(store), context, { firstRow: () => 100 }).rows[0]
  expect(window).toMatchObject({ first: 100, total: 300 })
  const file = contextOf(store, { height: callsHeight(callsOf(store), context) })
  expect(callsChart(callsOf(store), file).rows.map((rows) => rows.window.shown)).toEqual([300, 300])
})

test('without calls there is nothing', () => {
  expect(callsChart(new Calls(), contextOf(new TraceMaker().pair().store())).plots).toEqual([])
})
