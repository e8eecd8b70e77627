/** Goodput of each lane: bytes that the receiving application read in intervals of stated length, and their mean. */
import { meanRate, rates, type Goodput } from '../projections/goodput.ts'
import { niceScale, niceStep, valueText } from './axes.ts'
import { laneViews, type ChartContext } from './context.ts'
import { laneStyle } from './lane-style.ts'
import { pairs, Picture, type Chart, type Area } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { word } from './texts.ts'

/** One bar for so many pixels. */
const PIXELS_A_BAR = 8
/** Shorter intervals would show single acknowledgments rather than a rate. */
const SHORTEST = 10_000

/** Lanes are drawn over each other here: one line each, and what is asked is which is higher. */
export function goodputChart(goodput: Goodput, context: ChartContext): Chart {
  const { language, range, store, theme } = context
  const interval = Math.max(SHORTEST, niceStep(range.to - range.from, context.width / PIXELS_A_BAR))
  const title = word(language, 'goodputName', { interval: valueText(interval, 'us') })
  const picture = new Picture(context, `${title} (Mbit/s)`, legendNames(context))
  const [area] = picture.areas([{ id: '' }])
  const lanes = laneViews(context).flatMap((lane) => {
    const { flow, sender } = lane
    const reader = flow.ends.find((end) => end !== sender)
    const totals = reader && goodput.ends.get(flow.id, reader.node)?.read
    if (!totals) return []
    const start = goodput.ends.get(flow.id, sender.node)?.firstData ?? Infinity
    const end = Math.min(store.end, flow.finished)
    return [{ ...lane, totals, start, list: rates(totals, range.from, range.to, interval, end) }]
  })
  const most = Math.max(0, ...lanes.flatMap(({ list }) => list.map(({ bitsPerSecond }) => bitsPerSecond)))
  const scale = niceScale(most, area.height / (theme.textSize * 2.4))
  const plot = picture.addPlot(withLane(area, lanes), '', valueAxis(title, 'bit/s', scale.max, scale))
  const lines = lanes.map(({ label, totals, list, start }, i) => {
    const name = label === '' ? word(language, 'goodput') : label
    const style = laneStyle(theme, i)
    const points = list.map(({ from, bitsPerSecond }): [number, number] => [from, bitsPerSecond])
    if (list.length > 0) points.push([list[list.length - 1].to, list[list.length - 1].bitsPerSecond])
    picture.line(plot, name, pairs(points), style)
    const mean = meanRate(totals, start)
    if (mean) {
      picture.legendAs(name, `${name}: ${word(language, 'mean')} ${valueText(mean.bitsPerSecond, 'bit/s')}`)
      picture.line(plot, name, Float64Array.of(mean.from, mean.bitsPerSecond, mean.to, mean.bitsPerSecond), {
        ...style,
        width: 0.6,
        opacity: 0.7,
        step: false,
      })
    }
    return { name, list }
  })
  picture.describe(plot, (t) =>
    lines.map(({ name, list }) => {
      const rate = list.find(({ from, to }) => t >= from && t < to)
      return `${name}  ${rate ? valueText(rate.bitsPerSecond, 'bit/s') : '–'}`
    }),
  )
  if (lanes.length === 1) picture.losses(plot)
  return picture.finish()
}

/** Each lane is told with its mean. */
const legendNames = (context: ChartContext): string[] =>
  laneViews(context).map(({ label }) => `${label}: ${word(context.language, 'mean')} 10.81 Mbit/s`)

/** With several lanes in one plot, crosses of one would pass for those of all: none are drawn then. */
const withLane = (area: Area, lanes: readonly { readonly id: string }[]): Area => ({
  ...area,
  lane: lanes.length === 1 ? lanes[0].id : '',
})
