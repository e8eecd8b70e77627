/** What each lane's sender waited for (DESIGN 6.2): a bar of shares that is 100 % long, and a strip over time. */
import type { CustomSeriesOption } from 'echarts'
import { STALL_CAUSES, type StallCause } from '../trace/events.ts'
import type { StallLog, Stalls, StallShare } from '../projections/stalls.ts'
import { momentText, valueText } from './axes.ts'
import { causeBox, causeSign } from './causes.ts'
import { laneViews, type ChartContext, type LaneView } from './context.ts'
import { textWidth } from './legend.ts'
import { Picture, type Chart, type Area } from './picture.ts'
import { AREA_ICONS, inkOn } from './signs.ts'
import { causeName, word } from './texts.ts'

interface StallLane extends LaneView {
  readonly log: StallLog
  readonly shares: readonly StallShare[]
  /** The last packet: where the account ends. */
  readonly end: number
}

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }

export function stallsChart(stalls: Stalls, context: ChartContext): Chart {
  const { theme, language } = context
  const lanes = laneViews(context).flatMap((lane): StallLane[] => {
    const log = stalls.ends.get(lane.flow.id, lane.sender.node)
    const end = stalls.endOf(lane.flow.id)
    return log ? [{ ...lane, log, end, shares: log.shares(end) }] : []
  })
  const used = STALL_CAUSES.filter((cause) =>
    lanes.some(({ shares }) => shares.some((share) => share.cause === cause)),
  )
  const picture = new Picture(context, '', [
    ...used.map((cause) => causeName(language, cause)),
    word(language, 'lost'),
  ])
  for (const cause of used) {
    const { color, pattern } = causeSign(theme, cause)
    picture.addLegend(causeName(language, cause), AREA_ICONS[pattern], { color, borderWidth: 0 })
  }
  picture.areas(lanes).forEach((area, i) => {
    const lane = lanes[i]
    const text = theme.textSize * 1.5
    const bar = Math.min(area.height * 0.45, theme.textSize * 3)
    const strip = { ...area, y: area.y + text + bar + 4, height: Math.max(6, area.height - text - bar - 4) }
    const plot = picture.addPlot(strip, '', UNLABELLED)
    picture.caption(`${lane.label}  ${total(lane)}`, area.x, area.y, area.width)
    addShares(picture, plot, { ...area, y: area.y + text, height: bar }, lane.shares)
    addStrip(picture, plot, strip, lane)
    picture.losses(plot)
    picture.describe(plot, (t) => describe(context, lane, t))
  })
  return picture.finish()
}

const total = ({ log, end }: StallLane): string =>
  log.times.length === 0 ? '' : `100 % = ${valueText(Math.max(0, end - log.times.data[0]), 'us')}`

function describe({ language }: ChartContext, { log, shares, end }: StallLane, t: number): string[] {
  const [now] = t > end ? [] : log.thin(t, t + 1e-3, 1e-9)
  const lines = shares.map(({ cause, time, permille }) => {
    const mark = now?.cause === cause ? '▸ ' : '  '
    return `${mark}${percent(permille)}  ${causeName(language, cause)}  ${momentText(time)}`
  })
  return lines
}

const percent = (permille: number): string => `${(permille / 10).toFixed(1).padStart(5)} %`

/** The bar of shares in a box of pixels, wherever the plot is; it has no axis but its own length. */
export function addShares(
  picture: Picture,
  plot: number,
  box: Omit<Area, 'lane'>,
  shares: readonly StallShare[],
): void {
  const { theme, language } = picture.context
  const starts: number[] = []
  let sum = 0
  for (const { permille } of shares) {
    starts.push(sum)
    sum += permille
  }
  const series: CustomSeriesOption = {
    type: 'custom',
    silent: true,
    clip: false,
    data: shares.map((_, i) => [picture.context.range.from, 0, i]),
    renderItem: (_, api) => {
      const i = api.value(2) as number
      const { cause, permille } = shares[i]
      const piece = {
        x: box.x + (starts[i] / 1000) * box.width,
        y: box.y,
        width: Math.max(0, (permille / 1000) * box.width - 1),
        height: box.height,
      }
      const sign = causeSign(theme, cause)
      const drawn = causeBox(piece, sign, theme.ground)
      const label = shareLabel(causeName(language, cause), permille, piece.width, theme.textSize)
      if (label === '') return drawn
      const text = {
        type: 'text' as const,
        style: {
          text: label,
          x: piece.x + 5,
          y: piece.y + piece.height / 2,
          verticalAlign: 'middle' as const,
          fill: inkOn(sign.color),
          // Clears the pattern behind the words.
          backgroundColor: sign.color,
          padding: [2, 3],
          font: `600 ${theme.textSize}px ${theme.font}`,
        },
      }
      return { type: 'group', children: [drawn, text] } as never
    },
  }
  picture.add(plot, series)
}

/** As much as there is room for: percentage and cause, the percentage, nothing. */
function shareLabel(name: string, permille: number, width: number, size: number): string {
  const number = `${(permille / 10).toFixed(1)} %`
  for (const label of [`${number} ${name}`, number]) if (textWidth(label, size) + 14 < width) return label
  return ''
}

function addStrip(picture: Picture, plot: number, area: Area, { log, end }: StallLane): void {
  const { range, theme } = picture.context
  const pixel = (range.to - range.from) / area.width
  const intervals = log.thin(range.from, Math.min(range.to, Math.max(range.from, end)), pixel)
  const causes = intervals.map(({ cause }) => STALL_CAUSES.indexOf(cause))
  const toX = (t: number): number => area.x + (t - range.from) / pixel
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: true,
    encode: { x: 0, y: 1 },
    data: intervals.map(({ from }, i) => [from, 0.5, i]),
    renderItem: (_, api) => {
      const { from, to } = intervals[api.value(2) as number]
      const cause = STALL_CAUSES[causes[api.value(2) as number]] as StallCause
      const box = { x: toX(from), y: area.y, width: Math.max(0.5, toX(to) - toX(from)), height: area.height }
      return causeBox(box, causeSign(theme, cause), theme.ground)
    },
  })
}
