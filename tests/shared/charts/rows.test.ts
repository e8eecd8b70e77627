/** Rows of streams and requests: is what is drawn what was measured? */
import fc from 'fast-check'
import { init } from 'echarts'
import { describe, expect, test } from 'vitest'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { addCoverage, runsOf } from '../../../shared/charts/coverage.ts'
import type { Chart } from '../../../shared/charts/picture.ts'
import { boxSeries, heightAt, rowAt, rowWindow, type Box } from '../../../shared/charts/rows.ts'
import { streamsChart } from '../../../shared/charts/streams.ts'
import { LIGHT } from '../../../shared/charts/theme.ts'
import { waterfallChart, waterfallHeight } from '../../../shared/charts/waterfall.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { addPage } from '../../support/page-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

function pageStore(): TraceStore {
  const maker = new TraceMaker().pair().sent(0, 1, 'server', { seq: 7, flags: 0x12 })
  addPage(maker, '', FLOW, 100)
  return maker.store()
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  const [losses, changes] = [new Losses(), new Changes()]
  losses.update(store)
  changes.update(store)
  const size = { width: 1200, height: 500 }
  const range = { from: 0, to: store.end }
  return {
    store,
    language: 'en',
    theme: LIGHT,
    ...size,
    range,
    lanes: [],
    flow: null,
    losses,
    changes,
    ...more,
  }
}

function loadOf(store: TraceStore): PageLoad {
  const load = new PageLoad()
  load.update(store)
  return load
}

function svgOf({ option }: Chart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

describe('streams', () => {
  const store = pageStore()
  const context = contextOf(store)
  const chart = streamsChart(loadOf(store), context)

  test('have a row each, by their first arrival, and the sums beside them', () => {
    expect(chart.rows.map(({ streams }) => streams.map(({ stream }) => stream))).toEqual([[3, 1]])
    const svg = svgOf(chart, context)
    // Stream 3 waited from 61 to 81 ms for a byte of stream 1; the page took from 10 to 90 ms.
    for (const text of ['cross-blocked', '20 ms', '80 ms', '1 kB·ms']) expect(svg).toContain(text)
  })

  test('a row is found by its height, and a packet that it waited for by its moment', () => {
    const [{ top, window }] = chart.rows
    const [area] = chart.plots
    const valueOf = (y: number): number => 1 - (y - area.y) / area.height
    const middle = (row: number): number => top + (row + 0.5) * window.pitch
    expect(rowAt(chart.rows[0], heightAt(area, valueOf(middle(1))))).toBe(1)
    expect(rowAt(chart.rows[0], top - 1)).toBeUndefined()
    const reach = { t: 1, value: 0 }
    // Nothing was lost: packet 101 was overtaken.
    expect(chart.pick!(0, 70_000, valueOf(middle(0)), reach)).toBe(101)
    expect(chart.pick!(0, 70_000, valueOf(middle(1)), reach)).toBeUndefined()
    expect(chart.pick!(0, 85_000, valueOf(middle(0)), reach)).toBeUndefined()
  })

  test('the tooltip counts them by what they do', () => {
    const { formatter } = chart.option.tooltip as { formatter: (params: unknown) => string }
    const words = formatter([{ axisValue: 70_000, axisIndex: 0 }])
    expect(words).toMatch(/0 {2}self-blocked/)
    expect(words).toMatch(/1 {2}cross-blocked/)
  })
})

describe('the waterfall', () => {
  const store = pageStore()
  const load = loadOf(store)

  test('has a row for each attempt, with what came of it', () => {
    const context = contextOf(store)
    const chart = waterfallChart(load, context)
    expect(chart.rows[0].attempts.map(({ request }) => request)).toEqual([1, 2, 3, 4])
    const svg = svgOf(chart, context)
    for (const text of ['/object/1', 'from cache', 'ECONNRESET: ', '1 #3', '200']) expect(svg).toContain(text)
  })

  test('with a thousand requests shows those that fit, from the chosen one on', () => {
    const maker = new TraceMaker().pair()
    for (let i = 1; i <= 1000; i++)
      maker.add(
        i,
        'http:request_queued',
        { request: i, method: 'GET', url: `http://x/${i}`, initiator: 0, attempt: 1 },
        { node: 'client' },
      )
    const many = maker.store()
    const context = contextOf(many)
    const chart = waterfallChart(loadOf(many), context, { firstRow: () => 500 })
    const { window } = chart.rows[0]
    expect(window).toMatchObject({ first: 500, total: 1000 })
    expect(window.shown).toBeGreaterThan(10)
    expect(window.shown * window.pitch).toBeLessThanOrEqual(context.height)
    const svg = svgOf(chart, context)
    expect(svg).toContain('/501')
    expect(svg).not.toContain('/1000<')
    // As a file it is as high as it has to be.
    const file = contextOf(many, { height: waterfallHeight(loadOf(many), context) })
    expect(waterfallChart(loadOf(many), file).rows[0].window.shown).toBe(1000)
  })
})

describe('rows in sight', () => {
  test('fill the room, are never thinner than allowed, and never begin beyond the last', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.integer({ min: 1, max: 2000 }), fc.nat(3000), (total, room, first) => {
        const window = rowWindow(total, room, first, 2, 16)
        expect(window.pitch).toBeGreaterThanOrEqual(2)
        expect(window.pitch).toBeLessThanOrEqual(16)
        expect(window.first + window.shown).toBeLessThanOrEqual(Math.max(total, 0))
        if (window.shown > 1) expect(window.shown * window.pitch).toBeLessThanOrEqual(room + 1e-6)
        if (window.shown < total) expect((window.shown + 1) * window.pitch).toBeGreaterThan(room)
      }),
    )
  })
})

const numbersOf = (path: string): number[] => (path.match(/-?\d+(\.\d+)?/g) ?? []).map(Number)

test('the lines of a pattern stay inside of their boxes', () => {
  const box: fc.Arbitrary<Box> = fc.record({
    x: fc.integer({ min: 0, max: 500 }),
    y: fc.integer({ min: 0, max: 500 }),
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 30 }),
  })
  const pattern = fc.constantFrom('rising' as const, 'falling' as const, 'upright' as const)
  fc.assert(
    fc.property(box, pattern, (one, pattern) => {
      const series = boxSeries([one], { color: '#000000', pattern, ink: '#ffffff' }, 0)
      const render = series.renderItem as unknown as () => { children: { shape: { pathData: string } }[] }
      const numbers = numbersOf(render().children[1]?.shape.pathData ?? '')
      for (let i = 0; i < numbers.length; i += 2) {
        expect(numbers[i]).toBeGreaterThanOrEqual(one.x - 0.01)
        expect(numbers[i]).toBeLessThanOrEqual(one.x + one.width + 0.01)
        expect(numbers[i + 1]).toBeGreaterThanOrEqual(one.y - 0.01)
        expect(numbers[i + 1]).toBeLessThanOrEqual(one.y + one.height + 0.01)
      }
    }),
  )
})

describe('coverage', () => {
  test('adds up to what the intervals take', () => {
    const spans = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 })), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(spans, (list) => {
        let t = 0
        const intervals = list.map(([gap, length]) => ({ from: (t += gap), to: (t += length) }))
        const sums = new Float64Array(97)
        addCoverage(sums, intervals, { from: 0, to: 1000 })
        const seen = intervals.reduce(
          (sum, { from, to }) => sum + Math.max(0, Math.min(1000, to) - Math.min(1000, from)),
          0,
        )
        expect((sums.reduce((sum, one) => sum + one, 0) * 1000) / 97).toBeCloseTo(seen, 6)
        expect(Math.max(...sums)).toBeLessThanOrEqual(1 + 1e-9)
      }),
    )
  })

  test('what is shorter than a column is pale, not hidden', () => {
    const range = { from: 0, to: 100 }
    expect(runsOf([{ from: 41, to: 42 }], range, 10)).toEqual([{ from: 4, to: 5, quarters: 1 }])
    expect(runsOf([{ from: 45, to: 45 }], range, 10)).toEqual([{ from: 4, to: 5, quarters: 1 }])
    expect(runsOf([{ from: 40, to: 60 }], range, 10)).toEqual([{ from: 4, to: 6, quarters: 4 }])
    expect(runsOf([{ from: 140, to: 160 }], range, 10)).toEqual([])
  })
})
