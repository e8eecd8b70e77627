/** The deliveries of messages: is what is drawn what became of them? */
import { init } from 'echarts'
import { describe, expect, test } from 'vitest'
import type { ChartContext } from '../../../shared/charts/context.ts'
import { deliveriesChart, deliveriesHeight, type DeliveriesChart } from '../../../shared/charts/deliveries.ts'
import { LIGHT } from '../../../shared/charts/theme.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { Messages } from '../../../shared/projections/messages.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

/** `count` messages, one every millisecond, each 20 ms on its way; those that `lost` says never come, those of `twice` come again. */
function addLane(
  maker: TraceMaker,
  lane: string,
  count: number,
  lost: number[] = [],
  twice: number[] = [],
): void {
  const at = (node: string) => ({ node: `${lane}/${node}`, flow: `${lane} flow` })
  maker.pair(lane)
  for (let message = 1; message <= count; message++)
    maker.add(message * 1_000, 'app:message_sent', { channel: 'x', message, size: 9 }, at('client'))
  for (let message = 1; message <= count; message++) {
    if (lost.includes(message)) continue
    const came = { channel: 'x', message, size: 9, late: false, delay: 20_000, wrong: '' }
    maker.add(message * 1_000 + 20_000, 'app:message_received', { ...came, copy: 1 }, at('server'))
    if (twice.includes(message))
      maker.add(message * 1_000 + 30_000, 'app:message_received', { ...came, copy: 2 }, at('server'))
  }
}

function twoLanes(): TraceStore {
  const maker = new TraceMaker()
  addLane(maker, 'tcp', 10)
  addLane(maker, 'udp', 10, [3, 4], [5])
  maker.add(
    33_000,
    'app:message_received',
    { channel: 'x', message: 0, size: 5, copy: 0, late: false, delay: -1, wrong: 'split' },
    { node: 'udp/server', flow: 'udp flow' },
  )
  maker.events.sort((a, b) => a.t - b.t)
  return maker.store()
}

function contextOf(store: TraceStore, more: Partial<ChartContext> = {}): ChartContext {
  const [losses, changes] = [new Losses(), new Changes()]
  losses.update(store)
  changes.update(store)
  return {
    ...{ store, language: 'en', theme: LIGHT, width: 1200, height: 600, range: { from: 0, to: store.end } },
    ...{ lanes: [], flow: null, losses, changes },
    ...more,
  }
}

function messagesOf(store: TraceStore): Messages {
  const messages = new Messages()
  messages.update(store)
  return messages
}

function svgOf({ option }: DeliveriesChart, { width, height }: ChartContext): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption(option)
  const svg = chart.renderToSVGString()
  chart.dispose()
  return svg
}

type Series = { name: string; data: Float64Array; xAxisIndex: number }
const pointsOf = ({ option }: DeliveriesChart, name: string, plot: number): number[] =>
  [...(option.series as unknown as Series[])]
    .filter((one) => one.name === name && one.xAxisIndex === plot)
    .flatMap(({ data }) => [...data])

const store = twoLanes()
const messages = messagesOf(store)

describe('the deliveries of two lanes', () => {
  const context = contextOf(store)
  const chart = deliveriesChart(messages, context)

  test('have a row each, and the figures above them', () => {
    expect(chart.rows.map(({ lane, deliveries }) => [lane, deliveries.length])).toEqual([
      ['tcp', 10],
      ['udp', 10],
    ])
    const svg = svgOf(chart, context)
    for (const text of [
      '10 of 10 delivered',
      '8 of 10 delivered',
      '2 lost',
      '1 duplicated',
      '1 wrong',
      'median 20 ms',
    ])
      expect(svg).toContain(text)
  })

  test('each lost message has its cross when it was sent, each further copy a ring when it came', () => {
    const times = (name: string, plot: number): number[] =>
      pointsOf(chart, name, plot).filter((_, i) => i % 2 === 0)
    expect(times('lost', 0)).toEqual([])
    expect(times('lost', 1).filter((t) => t > 0)).toEqual([3_000, 4_000])
    expect(times('delivered once more', 1)).toEqual([35_000])
    expect(times('taken for a message', 1)).toEqual([33_000])
  })

  test('the curve of delays ends at the share that was delivered, and no moment can be pointed at in it', () => {
    expect(chart.plots.map(({ lane }) => lane)).toEqual(['tcp', 'udp'])
    expect(pointsOf(chart, 'tcp', 2).at(-1)).toBe(1)
    expect(pointsOf(chart, 'udp', 2).at(-1)).toBe(0.8)
    const { formatter } = chart.option.tooltip as { formatter: (params: unknown) => string }
    expect(formatter([{ axisValue: 20_000, axisIndex: 2 }])).toMatch(/20 ms\ntcp {2}100 %\nudp {2}80 %/)
    expect(formatter([{ axisValue: 22_500, axisIndex: 1 }])).toMatch(/10 sent\n2 of 10 delivered/)
  })

  test('while the run goes on nothing is lost yet', () => {
    const running = deliveriesChart(messages, context, { isRunning: true })
    expect(pointsOf(running, 'lost', 1).filter((t) => t > 1)).toEqual([])
    const svg = svgOf(running, context)
    expect(svg).toContain('2 under way')
    expect(svg).not.toContain('2 lost')
  })
})

test.each([
  [300, 180],
  [700, 420],
  [1600, 1000],
])('at %d x %d in both languages every plot stays within the picture', (width, height) => {
  for (const language of ['en', 'zh'] as const) {
    const context = contextOf(store, { width, height, language })
    const chart = deliveriesChart(messages, context)
    expect(svgOf(chart, context)).not.toMatch(/NaN|undefined/)
    for (const { left, top, width: w, height: h } of chart.option.grid as Record<string, number>[]) {
      expect(left + w).toBeLessThanOrEqual(width)
      expect(top + h).toBeLessThanOrEqual(height)
      expect(h).toBeGreaterThan(0)
    }
  }
})

test('of a thousand messages those in sight are drawn, from the chosen row on; a file is high enough for a screen of them', () => {
  const maker = new TraceMaker()
  addLane(maker, 'tcp', 1_000)
  maker.events.sort((a, b) => a.t - b.t)
  const many = maker.store()
  const context = contextOf(many)
  const { window } = deliveriesChart(messagesOf(many), context, { firstRow: () => 500 }).rows[0]
  expect(window).toMatchObject({ first: 500, total: 1_000 })
  expect(window.shown * window.pitch).toBeLessThanOrEqual(context.height)
  expect(deliveriesHeight(messagesOf(many), context)).toBeGreaterThan(600)
})

test('a lane without messages has no row, and a trace without any no plot', () => {
  expect(deliveriesChart(new Messages(), contextOf(new TraceMaker().pair().store())).plots).toEqual([])
})
