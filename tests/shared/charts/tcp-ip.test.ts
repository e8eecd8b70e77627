/** The charts of TCP and IP in depth: is what is drawn what was measured, and does all of it stay within the picture? */
import { init } from 'echarts'
import { describe, expect, test } from 'vitest'
import { arqChart } from '../../../shared/charts/arq.ts'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { fragmentsChart, fragmentsHeight, type FragmentsChart } from '../../../shared/charts/fragments.ts'
import { heldChart } from '../../../shared/charts/held.ts'
import { listenerChart } from '../../../shared/charts/listener.ts'
import type { Chart } from '../../../shared/charts/picture.ts'
import { probesChart } from '../../../shared/charts/probes.ts'
import { LIGHT } from '../../../shared/charts/theme.ts'
import { writesChart } from '../../../shared/charts/writes.ts'
import { Arq } from '../../../shared/projections/arq.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Fragments } from '../../../shared/projections/fragments.ts'
import { HeldBytes } from '../../../shared/projections/held-bytes.ts'
import { Listeners } from '../../../shared/projections/listeners.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { Probes } from '../../../shared/projections/probes.ts'
import { Writes } from '../../../shared/projections/writes.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
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

const drawing =
  <P extends Projection, C extends Chart>(make: () => P, draw: (projection: P, context: ChartContext) => C) =>
  (context: ChartContext): C => {
    const projection = make()
    projection.update(context.store)
    return draw(projection, context)
  }

const CHARTS = {
  probes: { trace: probesTrace, draw: drawing(() => new Probes(), probesChart) },
  fragments: { trace: fragmentsTrace, draw: drawing(() => new Fragments(), fragmentsChart) },
  writes: { trace: writesTrace, draw: drawing(() => new Writes(), writesChart) },
  held: { trace: heldTrace, draw: drawing(() => new HeldBytes(), heldChart) },
  listener: { trace: listenerTrace, draw: drawing(() => new Listeners(), listenerChart) },
  arq: { trace: arqTrace, draw: drawing(() => new Arq(), arqChart) },
} as const satisfies Record<
  string,
  { trace: (lane: string) => TraceMaker; draw: (context: ChartContext) => Chart }
>
type ChartName = keyof typeof CHARTS
const NAMES = Object.keys(CHARTS) as ChartName[]

/** The same in each of some lanes. */
function lanesOf(name: ChartName, lanes: readonly string[]): TraceStore {
  const maker = new TraceMaker()
  for (const lane of lanes) maker.events.push(...CHARTS[name].trace(lane).events)
  maker.events.sort((a, b) => a.t - b.t)
  return maker.store()
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  const [losses, changes] = [new Losses(), new Changes()]
  losses.update(store)
  changes.update(store)
  return {
    ...{ store, language: 'en', theme: LIGHT, width: 1000, height: 600, range: { from: 0, to: store.end } },
    ...{ lanes: [], flow: null, losses, changes },
    ...more,
  }
}

function svgOf({ option }: Chart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  const series = [option.series ?? []].flat().map((one) => ({ ...one, large: false }))
  chart.setOption({ ...option, series } as never)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

const tooltipAt = ({ option }: Chart, plot: number, t: number): string =>
  (option.tooltip as { formatter: (params: unknown) => string }).formatter([
    { axisValue: t, axisIndex: plot },
  ])

const drawn = (name: ChartName) => {
  const context = contextOf(lanesOf(name, ['a']))
  const chart = CHARTS[name].draw(context)
  return { context, chart, svg: svgOf(chart, context) }
}

describe.each(NAMES)('%s', (name) => {
  test.each([
    [280, 160],
    [420, 300],
    [1900, 900],
  ])(
    'at %d x %d stays within the picture, with one lane in English and with four in Chinese',
    (width, height) => {
      for (const language of ['en', 'zh'] as const)
        for (const lanes of [['a'], ['a', 'b', 'c', 'd']]) {
          const context = contextOf(lanesOf(name, lanes), { width, height, language })
          const chart = CHARTS[name].draw(context)
          expect(chart.plots.length).toBeGreaterThanOrEqual(lanes.length)
          expect(svgOf(chart, context)).not.toMatch(/NaN|undefined|Infinity/)
          for (const { left, top, width: w, height: h } of chart.option.grid as Record<string, number>[]) {
            expect(left).toBeGreaterThanOrEqual(0)
            expect(left + w).toBeLessThanOrEqual(width)
            expect(top + h).toBeLessThanOrEqual(height)
            expect(Math.min(w, h)).toBeGreaterThan(0)
          }
        }
    },
  )

  test('of nothing draws nothing', () => {
    expect(CHARTS[name].draw(contextOf(new TraceMaker().pair('a').store())).plots).toEqual([])
  })

  test('can be drawn at every moment of a run, and of any part of it', () => {
    const store = lanesOf(name, ['a', 'b'])
    for (const range of [
      { from: 0, to: 1 },
      { from: store.end / 3, to: store.end / 2 },
      { from: store.end, to: store.end + 1e6 },
    ]) {
      const context = contextOf(store, { range })
      const chart = CHARTS[name].draw(context)
      expect(svgOf(chart, context)).not.toMatch(/NaN|undefined|Infinity/)
      chart.plots.forEach((_, plot) => expect(typeof tooltipAt(chart, plot, range.from)).toBe('string'))
    }
  })
})

describe('probes', () => {
  const { chart, svg } = drawn('probes')

  test('names who answered, with the median, and how many nobody answered', () => {
    for (const text of ['near 10.77.1.1', 'far 10.77.2.1', 'server 10.77.0.2', '11 ms', '21 ms', '31 ms'])
      expect(svg).toContain(text)
    expect(svg).toContain('hops: 3 · probes: 9, 1 without answer')
    expect(svg).toContain('3 of 4 answered')
  })

  test('a click on a dot chooses its probe, one beside it none', () => {
    const reach = { t: 5_000, value: 1_000 }
    expect(chart.pick?.(0, 401_000, 20_200, reach)).toBe(4)
    expect(chart.pick?.(0, 450_000, 20_200, reach)).toBeUndefined()
  })

  test('at a moment the probes sent then are told', () => {
    expect(tooltipAt(chart, 0, 1_300_000)).toContain('ping #3 TTL 64, no answer')
    expect(tooltipAt(chart, 0, 100_000)).toContain('trace #1 TTL 1, TTL expired on the way, 10.77.1.1, 10 ms')
  })
})

describe('fragments', () => {
  const { chart, svg, context } = drawn('fragments')

  test('sums up, and says of each datagram what became of it', () => {
    expect(svg).toContain('datagrams: 3, fragments: 9 · 2 whole again · 1 thrown away · 1 sent again')
    for (const text of [
      'whole after 12 ms',
      'thrown away: time ran out',
      'fragment, sent again',
      'lost fragment',
    ])
      expect(svg).toContain(text)
    expect((chart as FragmentsChart).rows.map(({ datagrams }) => datagrams.length)).toEqual([3])
  })

  test('a file is as high as its rows', () => {
    const fragments = new Fragments()
    fragments.update(context.store)
    expect(fragmentsHeight(fragments, context)).toBeGreaterThan(100)
  })
})

describe('writes', () => {
  const { chart, svg } = drawn('writes')

  test('sums up rounds and writes, and what Nagle held', () => {
    expect(svg).toContain('rounds: 1 · median 185 ms · longest 185 ms')
    expect(svg).toContain('writes: 3 · median 10 ms · longest 69 ms')
    expect(svg).toContain('1 held by Nagle’s rule, 1 until the delayed ACK')
  })

  test('a dot leads to the packet that carried the write', () => {
    expect(chart.pick?.(0, 31_500, 68_000, { t: 2_000, value: 4_000 })).toBe(5)
    expect(chart.pick?.(0, 120_000, 68_000, { t: 2_000, value: 4_000 })).toBeUndefined()
    expect(tooltipAt(chart, 0, 31_000)).toMatch(
      /#2 client wrote 100 B, left after 59 ms, of that 59 ms for Nagle/,
    )
  })
})

describe('the receive buffer', () => {
  const { chart } = drawn('held')

  test('blames the lost packet for the gap, by word and by click', () => {
    const words = tooltipAt(chart, 0, 50_000)
    expect(words).toContain('behind a gap  3 kB')
    expect(words).toContain('byte 1001 is missing since 32.000 ms')
    expect(words).toContain('lost: #3')
    expect(words).toContain('it came after 38 ms')
    const top = chart.plots[0].scale.max
    expect(chart.pick?.(0, 50_000, top * 0.9, { t: 1, value: 1 })).toBe(3)
    expect(chart.pick?.(0, 50_000, top * 0.1, { t: 1, value: 1 })).toBeUndefined()
  })

  test('the burst after it is one reading', () => {
    expect(tooltipAt(chart, 1, 71_000)).toContain('one reading  4 kB')
  })
})

test('a listener shows its limits and sums', () => {
  const { chart, svg } = drawn('listener')
  for (const text of [
    'limit 2',
    'limit 4',
    'turned away 1',
    'cookies sent 2',
    'cookies accepted 1',
    'cookies refused 1',
  ])
    expect(svg).toContain(text)
  expect(tooltipAt(chart, 0, 11_500)).toContain('2 / 2')
})

test('retransmission over UDP: sums, the window at a moment, and the lost packet by a click', () => {
  const { chart, svg } = drawn('arq')
  expect(svg).toContain('5 sent, 1 of them again')
  expect(tooltipAt(chart, 0, 30_000)).toContain('window in use: 3 of 4')
  expect(tooltipAt(chart, 0, 30_000)).toContain('receiver expects  1')
  expect(chart.pick?.(0, 5_000, 1.5, { t: 500, value: 0.5 })).toBe(2)
})
