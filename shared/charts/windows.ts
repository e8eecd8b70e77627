/** Congestion window, slow start threshold, bytes in flight and receive window of each lane's sender. */
import type { SenderWindows, Windows, WindowTurn } from '../projections/windows.ts'
import { momentText, needOwnScales, niceScale, valueText } from './axes.ts'
import { laneViews, type ChartContext } from './context.ts'
import { largest, Picture, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { outline, RING, TRIANGLE } from './signs.ts'
import { word } from './texts.ts'

export function windowsChart(windows: Windows, context: ChartContext): Chart {
  const { language, range, theme } = context
  const lanes = laneViews(context).flatMap((lane) => {
    const end = windows.ends.get(lane.flow.id, lane.sender.node)
    return end ? [{ ...lane, end }] : []
  })
  const turns = TURNS.filter((kind) => lanes.some(({ end }) => end.turns.some((turn) => turn.kind === kind)))
  const picture = new Picture(context, `${word(language, 'window')} (kB)`, [
    ...legendNames(context),
    ...turns.map((kind) => turnName(context, kind)),
    word(language, 'lost'),
  ])
  const areas = picture.areas(lanes)
  // The receive window may be a hundred times the others; it does not set the scale, and the legend says so.
  const each = lanes.map(({ end }) => largest([end.cwnd, end.inFlight, end.ssthresh], range))
  const steps = (areas[0]?.height ?? 0) / (theme.textSize * 2.4)
  const own = needOwnScales(each)
  const scales = each.map((most) => niceScale(own ? most : Math.max(...each), steps))
  const unitOf = Math.min(...scales.map(({ max }) => max))
  lanes.forEach(({ label, flow, end }, i) => {
    const axis = valueAxis(word(language, 'window'), 'B', unitOf, scales[i])
    const plot = picture.addPlot(areas[i], label, axis, flow.finished)
    drawWindows(picture, plot, end)
    picture.losses(plot)
  })
  noteHidden(
    picture,
    lanes.map(({ end }) => end),
    Math.max(...scales.map(({ max }) => max)),
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
  return [names.inFlight, above, names.ssthresh, names.cwnd]
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
  for (const kind of TURNS) addTurns(picture, plot, end, kind)
  const { range } = picture.context
  const reach = ((range.to - range.from) / picture.plots[plot].width) * REACH
  picture.describe(plot, (t) => [
    ...(['cwnd', 'inFlight', 'ssthresh', 'receiveWindow'] as const).map(
      (key) => `${names[key]}  ${valueText(end[key].valueAt(t) ?? NaN, 'B')}`,
    ),
    ...end.turns
      .filter((turn) => Math.abs(turn.t - t) <= reach)
      .slice(0, 3)
      .map(({ t: at, kind, how }) =>
        [turnName(picture.context, kind), how.replaceAll('_', ' '), momentText(at)]
          .filter(Boolean)
          .join('  '),
      ),
  ])
}

/** Says in the legend that a line has left the picture at the top. */
function noteHidden(picture: Picture, ends: readonly SenderWindows[], max: number): void {
  const { range, language } = picture.context
  const name = namesOf(picture.context).receiveWindow
  const least = Math.min(...ends.map(({ receiveWindow }) => receiveWindow.valueAt(range.to) ?? 0))
  if (ends.length > 0 && least > max)
    picture.legendAs(name, word(language, 'above', { name, value: valueText(least, 'B') }))
}

/** Pixels beside the pointer in which a turn is told of. */
const REACH = 5
const TURNS = ['undone', 'notified', 'slowed', 'timeout'] as const

const turnName = ({ language }: ChartContext, kind: WindowTurn['kind']): string => word(language, kind)

/** Signs on the congestion window where it turned for a reason of its own. */
function addTurns(picture: Picture, plot: number, { turns }: SenderWindows, kind: WindowTurn['kind']): void {
  const { theme, range } = picture.context
  const own = turns.filter((turn) => turn.kind === kind && turn.t >= range.from && turn.t <= range.to)
  if (own.length === 0) return
  const size = theme.textSize
  const signs: Record<WindowTurn['kind'], readonly [string, number, object]> = {
    undone: [RING, size * 0.8, outline(theme.sack, 2)],
    notified: ['diamond', size * 0.8, { color: theme.yellow }],
    slowed: ['circle', size * 0.6, { color: theme.server }],
    timeout: [TRIANGLE, size * 0.75, outline(theme.retransmission, 1.8)],
  }
  const points = Float64Array.from(
    own.flatMap(({ t, cwnd }) => [t, Math.min(cwnd, picture.plots[plot].scale.max)]),
  )
  picture.signs(plot, turnName(picture.context, kind), points, ...signs[kind])
}
