/** The time-sequence graph of each lane's sender, read as tcptrace and xplot draw it. */
import type { Sequence, SequenceGraph } from '../projections/sequence.ts'
import { lowerBound } from '../projections/series.ts'
import type { Bars } from '../projections/bars.ts'
import { needOwnScales, niceScale, valueText } from './axes.ts'
import { laneViews, type ChartContext } from './context.ts'
import { pairs, Picture, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { CROSS, outline, RETRANSMISSION, RING } from './signs.ts'
import { word } from './texts.ts'

interface LaneGraph {
  readonly label: string
  readonly finished: number
  readonly graph: SequenceGraph
  /** Sequence numbers that the range of time covers. */
  readonly from: number
  readonly to: number
}

export function sequenceChart(sequence: Sequence, context: ChartContext): Chart {
  const views = laneViews(context)
  const lanes = views.flatMap(({ label, flow, sender, id }): (LaneGraph & { id: string })[] => {
    const graph = sequence.ends.get(flow.id, sender.node)
    return graph ? [{ id, label, graph, finished: flow.finished, ...extent(graph, context) }] : []
  })
  const isSpurious = lanes.some(({ graph }) => graph.spurious.length > 0)
  const isProbed = lanes.some(({ graph }) => graph.probes.length > 0)
  const names = legendNames(context, isSpurious, isProbed)
  const picture = new Picture(context, `${word(context.language, 'sequence')} (MB)`, names)
  const areas = picture.areas(lanes)
  // Zoomed in, the axis follows the data; lanes have the same span, so that slopes can be compared.
  const spans = lanes.map(({ from, to }) => to - from)
  const own = needOwnScales(spans)
  const steps = (areas[0]?.height ?? 0) / (context.theme.textSize * 2.4)
  const scales = lanes.map((lane, i) => scaleFor(lane, own ? spans[i] : Math.max(1, ...spans), steps))
  const unitOf = Math.min(...scales.map(({ max }) => max))
  const graphs = lanes.map((lane, i) => {
    const scale = scales[i]
    const axis = valueAxis(word(context.language, 'sequence'), 'B', own ? unitOf : scale.max, scale)
    const plot = picture.addPlot(areas[i], lane.label, axis, lane.finished)
    drawGraph(picture, plot, lane.graph, scale.max - scale.min)
    return lane.graph
  })
  return picture.finish((plot, t, value, reach) => pickPacket(graphs[plot], t, value, reach))
}

const legendNames = ({ language }: ChartContext, isSpurious: boolean, isProbed: boolean): string[] =>
  (
    [
      'windowEdge',
      'acked',
      'sacked',
      'sent',
      'retransmitted',
      ...(isSpurious ? (['spurious'] as const) : []),
      'lost',
      ...(isProbed ? (['probe'] as const) : []),
    ] as const
  ).map((key) => word(language, key))

/** A scale that starts at a round number where the data do. */
export function scaleFor({ from }: { readonly from: number }, span: number, steps: number) {
  const { max, step } = niceScale(span, steps)
  const min = Math.floor(from / step) * step
  return { min, max: min + max + (min < from - step / 2 ? step : 0), step }
}

/** The lowest and highest sequence number in the time on show. */
export function extent(graph: SequenceGraph, { range }: ChartContext): { from: number; to: number } {
  let from = graph.acked.valueAt(range.from) ?? 0
  let to = graph.acked.valueAt(range.to) ?? 1
  for (const bars of [graph.sent, graph.retransmitted]) {
    const end = lowerBound(bars.times, range.to)
    for (let at = lowerBound(bars.times, range.from); at < end; at++) {
      if (bars.from.data[at] < from) from = bars.from.data[at]
      if (bars.to.data[at] > to) to = bars.to.data[at]
    }
  }
  return { from, to: Math.max(to, from + 1) }
}

/** Draws a graph into a plot that shows `span` sequence numbers. */
export function drawGraph(picture: Picture, plot: number, graph: SequenceGraph, span: number): void {
  const { context } = picture
  const { theme, language, range } = context
  const { width, height } = picture.plots[plot]
  const columns = (range.to - range.from) / (width * 2)
  const rows = span / (height * 2)
  const thin = (bars: Bars) => bars.thin(range.from, range.to, columns, rows)
  const name = (key: Parameters<typeof word>[1]) => word(language, key)
  picture.line(plot, name('windowEdge'), picture.points(plot, graph.windowEdge), {
    color: theme.server,
    width: 0.8,
    type: 'dashed',
  })
  picture.strokes(plot, name('sacked'), thin(graph.sacked), theme.sack, 1)
  picture.strokes(plot, name('sent'), thin(graph.sent), theme.client, 1.4)
  picture.line(plot, name('acked'), picture.points(plot, graph.acked), { color: theme.server, width: 0.7 })
  if (graph.probes.length > 0) picture.strokes(plot, name('probe'), thin(graph.probes), theme.yellow, 2)
  const again = thin(graph.retransmitted)
  const middle = (bars: readonly { t: number; from: number; to: number }[]) =>
    pairs(bars.map(({ t, from, to }) => [t, (from + to) / 2] as const))
  picture.strokes(plot, name('retransmitted'), again, theme.retransmission, 2)
  picture.signs(
    plot,
    name('retransmitted'),
    middle(again),
    RETRANSMISSION,
    theme.textSize * 0.75,
    outline(theme.retransmission, 1.4),
  )
  if (graph.spurious.length > 0)
    picture.signs(
      plot,
      name('spurious'),
      middle(thin(graph.spurious)),
      RING,
      theme.textSize * 0.8,
      outline(theme.sack, 1.8),
    )
  picture.signs(
    plot,
    name('lost'),
    middle(thin(graph.lost)),
    CROSS,
    theme.textSize * 0.64,
    outline(theme.loss),
  )
  picture.describe(plot, (t) => [
    `${name('acked')}  ${valueText(graph.acked.valueAt(t) ?? 0, 'B')}`,
    `${name('windowEdge')}  ${valueText(graph.windowEdge.valueAt(t) ?? 0, 'B')}`,
  ])
}

/** The segment nearest to a point, among those within reach: lost and repeated ones first. */
export function pickPacket(
  graph: SequenceGraph,
  t: number,
  value: number,
  reach: { t: number; value: number },
): number | undefined {
  return pickFrom([graph.lost, graph.lostAcks, graph.retransmitted, graph.sent], t, value, reach)
}

/** The packet of the bar nearest to a point, among those within reach; bars that come first go first. */
export function pickFrom(
  all: readonly Bars[],
  t: number,
  value: number,
  reach: { t: number; value: number },
): number | undefined {
  for (const bars of all) {
    const end = lowerBound(bars.times, t + reach.t)
    let best: number | undefined
    let least = Infinity
    for (let at = lowerBound(bars.times, t - reach.t); at < end; at++) {
      if (value < bars.from.data[at] - reach.value || value > bars.to.data[at] + reach.value) continue
      const distance = Math.abs(bars.times.data[at] - t)
      if (distance < least) {
        least = distance
        best = bars.pkts.data[at]
      }
    }
    if (best !== undefined) return best
  }
  return undefined
}
