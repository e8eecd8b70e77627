/** Round-trip times of each lane's sender: samples, SRTT and RTO (RFC 6298), or PTO (RFC 9002 6.2.1). */
import type { RoundTrips, Rtt } from '../projections/rtt.ts'
import type { Series } from '../projections/series.ts'
import { niceScale, valueText } from './axes.ts'
import { bandPath } from './band.ts'
import { laneViews, type ChartContext } from './context.ts'
import { largest, Picture, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { AREA_ICONS, outline, TRIANGLE } from './signs.ts'
import { word } from './texts.ts'

export function rttChart(rtt: Rtt, context: ChartContext): Chart {
  const { language, range, theme } = context
  const lanes = laneViews(context).flatMap((lane) => {
    const end = rtt.ends.get(lane.flow.id, lane.sender.node)
    return end ? [{ ...lane, end }] : []
  })
  const names = legendNames(
    context,
    lanes.map(({ end }) => end),
  )
  const picture = new Picture(context, `${word(language, 'roundTrip')} (ms)`, names)
  const areas = picture.areas(lanes)
  const measured = largest(
    lanes.flatMap(({ end }) => [end.samples, end.smoothed, end.discarded]),
    range,
  )
  const timeouts = largest(
    lanes.map(({ end }) => end.rto),
    range,
  )
  // The RTO is many times the RTT as a rule; it sets the scale only where it does not flatten the samples.
  const showRto = measured === 0 || timeouts < 4 * measured
  const scale = niceScale(
    showRto ? Math.max(measured, timeouts) : measured,
    (areas[0]?.height ?? 0) / (theme.textSize * 2.4),
  )
  const axis = valueAxis(word(language, 'roundTrip'), 'us', scale.max, scale)
  lanes.forEach(({ label, flow, end }, i) => {
    const plot = picture.addPlot(areas[i], label, axis, flow.finished)
    drawRoundTrips(picture, plot, end)
    picture.losses(plot)
  })
  for (const isQuic of [false, true]) {
    const ends = lanes.map(({ end }) => end).filter((end) => end.isQuic === isQuic)
    noteTimeout(picture, ends, scale.max)
  }
  return picture.finish()
}

function legendNames({ language }: ChartContext, ends: readonly RoundTrips[]): string[] {
  const any = (of: (end: RoundTrips) => Series): boolean => ends.some((end) => of(end).length > 0)
  return [
    ...(['sample', 'discarded', 'smoothed', 'pto', 'lost'] as const).map((key) => word(language, key)),
    ...(any(({ spread }) => spread) ? [word(language, 'spread')] : []),
    ...(any(({ path }) => path) ? [word(language, 'path')] : []),
    ...(any(({ timeouts }) => timeouts) ? [word(language, 'timeout')] : []),
    // It may be told with its value.
    word(language, 'above', { name: word(language, 'rto'), value: '200 ms' }),
  ]
}

function drawRoundTrips(picture: Picture, plot: number, end: RoundTrips): void {
  const { theme, language } = picture.context
  const sample = word(language, 'sample')
  const smoothed = word(language, 'smoothed')
  const timeout = timeoutName(picture.context, end)
  const discarded = word(language, 'discarded')
  const path = word(language, 'path')
  picture.signs(plot, sample, picture.points(plot, end.samples, false), 'circle', theme.stroke * 2, {
    color: theme.client,
    opacity: 0.75,
  })
  if (end.discarded.length > 0)
    picture.signs(
      plot,
      discarded,
      picture.points(plot, end.discarded, false),
      'circle',
      theme.stroke * 3,
      outline(theme.retransmission, 1),
    )
  addSpread(picture, plot, end)
  // What the path takes, as nobody but the laboratory knows it.
  if (end.path.length > 0)
    picture.line(plot, path, picture.points(plot, end.path), {
      color: theme.server,
      width: 1,
      type: 'dotted',
    })
  picture.line(plot, smoothed, picture.points(plot, end.smoothed), { color: theme.text, width: 1 })
  picture.line(plot, timeout, picture.points(plot, end.rto), { color: theme.retransmission, type: 'dashed' })
  if (end.timeouts.length > 0)
    picture.signs(
      plot,
      word(language, 'timeout'),
      picture.points(plot, end.timeouts, false),
      TRIANGLE,
      theme.textSize * 0.7,
      outline(theme.retransmission, 1.6),
    )
  picture.describe(plot, (t) => [
    `${sample}  ${valueText(end.samples.valueAt(t) ?? NaN, 'us')}`,
    ...(end.path.length > 0 ? [`${path}  ${valueText(end.path.valueAt(t) ?? NaN, 'us')}`] : []),
    `${smoothed}  ${valueText(end.smoothed.valueAt(t) ?? NaN, 'us')}`,
    `${timeout}  ${valueText(end.rto.valueAt(t) ?? NaN, 'us')}`,
  ])
}

/** From SRTT up to SRTT and four times RTTVAR, as a band. */
function addSpread(picture: Picture, plot: number, { smoothed, spread }: RoundTrips): void {
  const { theme, language } = picture.context
  const band = bandPath(picture, plot, picture.points(plot, smoothed), picture.points(plot, spread))
  if (band === '') return
  const style = { fill: theme.grey, opacity: 0.22 }
  picture.addLegend(word(language, 'spread'), AREA_ICONS.plain, { color: theme.grey, opacity: 0.4 })
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: true,
    z: 1,
    data: [[picture.context.range.from, picture.plots[plot].scale.min]],
    renderItem: () => ({ type: 'path', shape: { pathData: band }, style }) as never,
  })
}

const timeoutName = ({ language }: ChartContext, { isQuic }: RoundTrips): string =>
  word(language, isQuic ? 'pto' : 'rto')

/** Says in the legend what timeout the last part of the picture has when the line lies above it. */
function noteTimeout(picture: Picture, ends: readonly RoundTrips[], max: number): void {
  const { range, language } = picture.context
  const values = ends.flatMap(({ rto }) => rto.valueAt(range.to) ?? [])
  const least = Math.min(...values)
  if (values.length === 0 || least <= max) return
  const name = timeoutName(picture.context, ends[0])
  picture.legendAs(name, word(language, 'above', { name, value: valueText(least, 'us') }))
}
