/**
 * The receive buffer of each lane's receiver: bytes behind a gap and bytes that could be read, the gaps with the segment that is
 * missing, and how many bytes the application gets at once.
 */
import type { Gap, HeldBytes, HeldEnd } from '../projections/held-bytes.ts'
import { formatNumber, formatSize, formatSpan } from '../quantity.ts'
import { axisUnit, momentText, niceScale, valueText, type Scale } from './axes.ts'
import { laneViews, type ChartContext, type LaneView } from './context.ts'
import { laneGrid, type Column } from './lane-grid.ts'
import { largest, Picture, type Area, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { boxSeries, type Box } from './rows.ts'
import { AREA_ICONS } from './signs.ts'
import { tcpIpWord, type TcpIpWord } from './tcp-ip-texts.ts'
import { word } from './texts.ts'

const SHARES = [2, 1]
/** Height of the bar of gaps below the head of a plot, in heights of the text, and where it begins. */
const GAPS = { height: 0.9, top: 0.6 }
/** So many packets of a gap are named. */
const MOST_NAMED = 4

const NAMES = ['behindGap', 'readable', 'gap', 'reading'] as const satisfies readonly TcpIpWord[]

interface Lane {
  readonly view: LaneView
  readonly end: HeldEnd
}

export function heldChart(held: HeldBytes, context: ChartContext): Chart {
  const { language, range } = context
  const name = tcpIpWord(language, 'bytesHeld')
  const picture = new Picture(context, `${name} (kB)`, [
    ...NAMES.map((key) => tcpIpWord(language, key)),
    word(language, 'lost'),
  ])
  const found = laneViews(context).flatMap((view): Lane[] => {
    const receiver = view.flow.ends.find(({ node }) => node !== view.sender.node)
    const end = receiver && held.ends.get(view.flow.id, receiver.node)
    return end ? [{ view, end }] : []
  })
  const most = largest(
    found.flatMap(({ end }) => [end.behind, end.readable]),
    range,
  )
  const grid = found.map(({ view }) => ({ lane: view }))
  const columns = laneGrid(picture, grid, `${name} (${axisUnit('B', most).symbol})`, SHARES)
  const scales = [
    scaleOf(context, most, columns[0]?.areas[0]),
    scaleOf(
      context,
      largest(
        found.map(({ end }) => end.reads),
        range,
      ),
      columns[0]?.areas[1],
    ),
  ]
  const gaps: (Place | undefined)[] = []
  columns.forEach((column, i) => {
    const lane = found[i]
    gaps.push({ held, lane, area: column.areas[0] })
    addBuffer(picture, column, held, lane, scales[0])
    if (column.areas.length < 2) return
    gaps.push(undefined)
    addReadings(picture, column.areas[1], lane, scales[1])
  })
  return picture.finish((plot, t, value) => lostIn(gaps[plot], scales[0], t, value))
}

const scaleOf = ({ theme }: ChartContext, most: number, area: Area | undefined): Scale =>
  niceScale(most * 1.25, (area?.height ?? 0) / (theme.textSize * 2.4))

interface Place {
  readonly held: HeldBytes
  readonly lane: Lane
  readonly area: Area
}

/** The packet to blame for the gap under the pointer. */
function lostIn(place: Place | undefined, { max }: Scale, t: number, value: number): number | undefined {
  // The bar of gaps stands in the upper part of the plot.
  if (!place || value < max * 0.6) return undefined
  const gap = gapAt(place.lane.end, t)
  if (!gap) return undefined
  const { flow, sender } = place.lane.view
  return place.held.blame(flow.id, sender.node, gap)[0] ?? (gap.broughtBy || undefined)
}

/** The gap that was open at a moment. */
function gapAt({ gaps }: HeldEnd, t: number): Gap | undefined {
  let low = 0
  let high = gaps.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (gaps[middle].from <= t) low = middle + 1
    else high = middle
  }
  const last = gaps[low - 1] as Gap | undefined
  return last && last.to >= t ? last : undefined
}

function addBuffer(
  picture: Picture,
  { areas: [area] }: Column,
  held: HeldBytes,
  lane: Lane,
  scale: Scale,
): void {
  const { theme, language } = picture.context
  const { end, view } = lane
  const axis = { ...valueAxis('', 'B', scale.max, scale), name: '' }
  const plot = picture.addPlot(area, '', axis, view.flow.finished)
  const [behind, readable] = (['behindGap', 'readable'] as const).map((key) => tcpIpWord(language, key))
  picture.line(plot, behind, picture.points(plot, end.behind), {
    color: theme.yellow,
    width: 1.2,
    fill: 0.45,
  })
  picture.line(plot, readable, picture.points(plot, end.readable), {
    color: theme.server,
    width: 1.2,
    type: 'dashed',
    fill: 0.2,
  })
  addGaps(picture, plot, area, lane)
  picture.losses(plot, false)
  picture.describe(plot, (t) => [
    `${behind}  ${valueText(end.behind.valueAt(t) ?? 0, 'B')}`,
    `${readable}  ${valueText(end.readable.valueAt(t) ?? 0, 'B')}`,
    ...gapWords(picture.context, held, lane, t),
  ])
}

/** A bar for each gap, as long as it was open; those that are less than a pixel apart are drawn as one. */
function addGaps(picture: Picture, plot: number, area: Area, { end }: Lane): void {
  const { theme, range, language, store } = picture.context
  const pixel = (range.to - range.from) / area.width
  const y = area.y + theme.textSize * GAPS.top
  const boxes: Box[] = []
  let last: { x: number; right: number } | undefined
  const push = (): void => {
    if (last)
      boxes.push({
        x: last.x,
        y,
        width: Math.max(1, last.right - last.x),
        height: theme.textSize * GAPS.height,
      })
  }
  for (const gap of end.gaps) {
    const to = Math.min(gap.to, store.end)
    if (to < range.from || gap.from > range.to) continue
    const x = area.x + (Math.max(gap.from, range.from) - range.from) / pixel
    const right = area.x + (Math.min(to, range.to) - range.from) / pixel
    if (last && x - last.right < 1) last.right = Math.max(last.right, right)
    else {
      push()
      last = { x, right }
    }
  }
  push()
  if (boxes.length === 0) return
  const sign = { color: theme.loss, pattern: 'rising', ink: theme.ground } as const
  picture.addLegend(tcpIpWord(language, 'gap'), AREA_ICONS.rising, { color: theme.loss, borderWidth: 0 })
  picture.add(plot, boxSeries(boxes, sign, range.from))
}

function gapWords({ language }: ChartContext, held: HeldBytes, { end, view }: Lane, t: number): string[] {
  const gap = gapAt(end, t)
  if (!gap) return []
  const lost = held.blame(view.flow.id, view.sender.node, gap)
  const named = lost.slice(0, MOST_NAMED).map((pkt) => `#${pkt}`)
  const pkts = lost.length > MOST_NAMED ? `${named.join(', ')}, …` : named.join(', ')
  return [
    tcpIpWord(language, 'gapAt', { seq: formatNumber(gap.seq), t: momentText(gap.from) }),
    ...(lost.length > 0 ? [`✕ ${tcpIpWord(language, 'gapBy', { pkts })}`] : []),
    ...(gap.to < Infinity ? [tcpIpWord(language, 'gapOver', { span: formatSpan(gap.to - gap.from) })] : []),
  ]
}

/** A stroke for each time that the application took bytes, as high as they were many. */
function addReadings(picture: Picture, area: Area, { end, view }: Lane, scale: Scale): void {
  const { theme, language } = picture.context
  const axis = valueAxis(tcpIpWord(language, 'readings'), 'B', scale.max, scale)
  const plot = picture.addPlot(area, axis.name, axis, view.flow.finished)
  const points = picture.points(plot, end.reads, false)
  const bars = Array.from({ length: points.length / 2 }, (_, i) => ({
    t: points[2 * i],
    from: 0,
    to: points[2 * i + 1],
  }))
  picture.strokes(plot, tcpIpWord(language, 'reading'), bars, theme.client, 1.4)
  picture.describe(plot, (t) => {
    const at = end.reads.indexAt(t) - 1
    if (at < 0) return []
    const before = `${tcpIpWord(language, 'reading')}  ${formatSize(end.reads.values.data[at])}`
    return [`${before}  ${momentText(end.reads.times.data[at])}`, `${formatSize(end.read.values.data[at])}`]
  })
}
