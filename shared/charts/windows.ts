/** Congestion window, slow start threshold, bytes in flight and receive window of each lane's sender. */
import type { SenderWindows, Windows } from '../projections/windows.ts'
import { niceScale, valueText } from './axes.ts'
import { laneViews, type ChartContext } from './context.ts'
import { largest, Picture, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { word } from './texts.ts'

export function windowsChart(windows: Windows, context: ChartContext): Chart {
  const { language, range, theme } = context
  const picture = new Picture(context, `${word(language, 'window')} (kB)`, legendNames(context))
  const lanes = laneViews(context).flatMap((lane) => {
    const end = windows.ends.get(lane.flow.id, lane.sender.node)
    return end ? [{ ...lane, end }] : []
  })
  const areas = picture.areas(lanes)
  // The receive window may be a hundred times the others; it does not set the scale, and the legend says so.
  const most = largest(
    lanes.flatMap(({ end }) => [end.cwnd, end.inFlight, end.ssthresh]),
    range,
  )
  const scale = niceScale(most, (areas[0]?.height ?? 0) / (theme.textSize * 2.4))
  const axis = valueAxis(word(language, 'window'), 'B', scale.max, scale)
  lanes.forEach(({ label, flow, end }, i) => {
    const plot = picture.addPlot(areas[i], label, axis, flow.finished)
    drawWindows(picture, plot, end)
    picture.losses(plot)
  })
  noteHidden(
    picture,
    lanes.map(({ end }) => end),
    scale.max,
  )
  return picture.finish()
}

/** Narrow charts use the short names of the trade. */
const NARROW = 420

interface Names {
  readonly cwnd: string
  readonly ssthresh: string
  readonly inFlight: string
  readonly receiveWindow: string
}

function namesOf({ language, width }: ChartContext): Names {
  const narrow = width < NARROW
  return {
    cwnd: word(language, narrow ? 'cwndShort' : 'cwnd'),
    ssthresh: word(language, 'ssthresh'),
    inFlight: word(language, 'inFlight'),
    receiveWindow: word(language, narrow ? 'receiveWindowShort' : 'receiveWindow'),
  }
}

/** What the legend will hold; the receive window may be told with its value. */
function legendNames(context: ChartContext): string[] {
  const { language } = context
  const names = namesOf(context)
  const above = word(language, 'above', { name: names.receiveWindow, value: '6.291 MB' })
  return [names.inFlight, above, names.ssthresh, names.cwnd, word(language, 'lost')]
}

function drawWindows(picture: Picture, plot: number, end: SenderWindows): void {
  const { theme } = picture.context
  const names = namesOf(picture.context)
  picture.line(plot, names.inFlight, picture.points(plot, end.inFlight), {
    color: theme.grey,
    width: 0.7,
    fill: 0.2,
  })
  picture.line(plot, names.receiveWindow, picture.points(plot, end.receiveWindow), { color: theme.server })
  picture.line(plot, names.ssthresh, picture.points(plot, end.ssthresh), {
    color: theme.muted,
    width: 0.8,
    type: 'dotted',
  })
  picture.line(plot, names.cwnd, picture.points(plot, end.cwnd), { color: theme.client, width: 1.2 })
  picture.describe(plot, (t) =>
    (['cwnd', 'inFlight', 'ssthresh', 'receiveWindow'] as const).map(
      (key) => `${names[key]}  ${valueText(end[key].valueAt(t) ?? NaN, 'B')}`,
    ),
  )
}

/** Says in the legend that a line has left the picture at the top. */
function noteHidden(picture: Picture, ends: readonly SenderWindows[], max: number): void {
  const { range, language } = picture.context
  const name = namesOf(picture.context).receiveWindow
  const least = Math.min(...ends.map(({ receiveWindow }) => receiveWindow.valueAt(range.to) ?? 0))
  if (ends.length > 0 && least > max)
    picture.legendAs(name, word(language, 'above', { name, value: valueText(least, 'B') }))
}
