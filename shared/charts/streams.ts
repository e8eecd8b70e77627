/**
 * A row for each stream of each lane, with what it did when (DESIGN 6.1), all lanes above each other on one time axis. Above the rows stands how many streams were in each condition, beside them the sums.
 */
import type { StreamBlocking } from '../projections/blocking.ts'
import type { PageLoad } from '../projections/page-load.ts'
import { formatNumber, formatSize, formatSpan } from '../quantity.ts'
import { conditionName, CONDITIONS, conditionSign } from './conditions.ts'
import type { ChartContext, TimeRange } from './context.ts'
import { addCoverage } from './coverage.ts'
import { textWidth } from './legend.ts'
import { Picture, type Area } from './picture.ts'
import { LEFT } from './plot-axes.ts'
import {
  boxSeries,
  heightAt,
  rowAt,
  rowWindow,
  type Box,
  type RowChart,
  type RowPlace,
  type RowWindow,
} from './rows.ts'
import { AREA_ICONS } from './signs.ts'
import {
  addPageMark,
  addStreamRows,
  blamedAt,
  describeStreams,
  streamLanes,
  timeText,
  type StreamChoice,
  type StreamLane,
} from './stream-lanes.ts'
import { word } from './texts.ts'

export type { StreamChoice } from './stream-lanes.ts'

/** A lane as it was drawn. */
export interface StreamRows extends RowPlace {
  readonly streams: readonly StreamBlocking[]
}

export interface StreamsChart extends RowChart {
  readonly rows: readonly StreamRows[]
}

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
/** Heights and widths in heights of the text. */
const HEADER = 1.7
const WIDE = { panel: 32, from: 76 }
const NARROW = { panel: 15, from: 46 }
/** Pixels of a row. */
const LEAST = 1
const MOST = 16

export function streamsChart(load: PageLoad, context: ChartContext, choice: StreamChoice = {}): StreamsChart {
  const { theme, language } = context
  const lanes = streamLanes(load, context)
  const used = CONDITIONS.filter((condition) =>
    lanes.some(({ totals }) => condition === 'transferring' || totals.time[condition] > 0),
  )
  const names = used.map((condition) => conditionName(language, condition))
  const picture = new Picture(context, '', [...names, word(language, 'lost')])
  for (const condition of used) {
    const { color, pattern } = conditionSign(theme, condition)
    picture.addLegend(conditionName(language, condition), AREA_ICONS[pattern], { color, borderWidth: 0 })
  }
  const areas = areasOf(picture, lanes.length)
  const counts = lanes.map((lane, i) => countsOf(lane, context.range, Math.floor(areas[i].width / COLUMN)))
  const most = Math.max(1, ...counts.map((sums) => highest(sums)))
  const rows = areas.map((area, i) => addLane(picture, area, lanes[i], { sums: counts[i], most }, choice))
  const chart = picture.finish((plot, t, value) => {
    const row = rowAt(rows[plot], heightAt(picture.plots[plot], value))
    return row === undefined ? undefined : blamedAt(load.blocking, context, rows[plot].streams[row], t)
  })
  return { ...chart, rows }
}

/** What stands beside the rows: nothing where there is no room for it. */
function panelWidth({ width, theme }: ChartContext): number {
  const letters = width / theme.textSize
  if (letters >= WIDE.from) return WIDE.panel * theme.textSize
  return letters >= NARROW.from ? NARROW.panel * theme.textSize : 0
}

/** One above the other: the same moment is in the same place. */
function areasOf(picture: Picture, count: number): Omit<Area, 'lane'>[] {
  const { width, height, theme } = picture.context
  const header = theme.textSize * HEADER
  const gap = theme.textSize * 0.9
  const each = (height - picture.top - picture.bottom - gap * (count - 1)) / Math.max(1, count)
  return Array.from({ length: count }, (_, i) => ({
    x: LEFT,
    y: picture.top + i * (each + gap) + header,
    width: Math.max(40, width - LEFT - RIGHT - panelWidth(picture.context)),
    height: Math.max(12, each - header),
  }))
}

const RIGHT = 14

function addLane(
  picture: Picture,
  area: Omit<Area, 'lane'>,
  lane: StreamLane,
  counts: Counts,
  choice: StreamChoice,
): StreamRows {
  const { theme } = picture.context
  const plot = picture.addPlot({ ...area, lane: lane.id }, '', UNLABELLED)
  const strip = Math.min(theme.textSize * 3, area.height * 0.22)
  const top = area.y + strip + 4
  const room = area.y + area.height - top
  const first = choice.firstRow?.(lane.id) ?? 0
  const window = rowWindow(lane.streams.length, room, first, LEAST, MOST)
  addCounts(picture, plot, { ...area, height: strip }, counts)
  addStreamRows(picture, plot, { ...area, y: top }, window, lane, choice)
  addHeader(picture, area, lane, window)
  if (panelWidth(picture.context) > 0) addPanel(picture, area, lane)
  if (lane.page) addPageMark(picture, plot, area, lane.page.to)
  picture.losses(plot, false)
  describeStreams(picture, plot, lane)
  return { lane: lane.id, window, top, streams: lane.streams }
}

function addHeader(picture: Picture, area: Omit<Area, 'lane'>, lane: StreamLane, window: RowWindow): void {
  const { theme, language } = picture.context
  const { first, shown, total } = window
  const streams = word(language, 'streamsOn', { streams: total, connections: lane.connections })
  const rows = word(language, 'rowsShown', { from: first + 1, to: first + shown, total })
  // Without the panel, the two figures that matter most.
  const sums = [
    ...(lane.page ? [formatSpan(lane.page.to - lane.page.from)] : []),
    `${conditionName(language, 'cross')} ${timeText(lane.totals.any.cross)}`,
  ]
  const beside = panelWidth(picture.context) > 0 ? [streams, ...(shown < total ? [rows] : [])] : sums
  // Where room is short, the lane's name gives way to the figures.
  const figures = beside.filter((part) => part !== '').join(GAP)
  const label = cutTo(lane.label, area.width - boldWidth(GAP + figures, theme.textSize), theme.textSize)
  const text = [label, figures].filter((part) => part !== '').join(GAP)
  picture.caption(text, area.x, area.y - theme.textSize * 1.35, area.width)
}

const GAP = '   '
/** Bold letters are wider. */
const boldWidth = (text: string, size: number): number => textWidth(text, size) * 1.1

/** As much of a text as has room, at least its first few letters. */
function cutTo(text: string, room: number, size: number): string {
  if (boldWidth(text, size) <= room) return text
  let length = text.length - 1
  while (length > 4 && boldWidth(`${text.slice(0, length)}…`, size) > room) length--
  return text.length > 5 ? `${text.slice(0, length).trimEnd()}…` : text
}

// --- how many, when -----------------------------------------------------------------------------------------

/** Pixels of a column of the counts. */
const COLUMN = 2

/**
 * What is counted above the rows. Record-blocked streams are left out: they are many, wait for no loss, and would hide the
 * others.
 */
const COUNTED = ['transferring', 'self', 'cross'] as const

/** How many streams are in each of these, by column of pixels; `most`: the highest sum of all lanes. */
interface Counts {
  readonly sums: readonly Float64Array[]
  readonly most: number
}

function countsOf({ parts }: StreamLane, range: TimeRange, columns: number): Float64Array[] {
  const sums = COUNTED.map(() => new Float64Array(Math.max(1, columns)))
  for (const own of parts) {
    COUNTED.forEach((condition, i) => addCoverage(sums[i], own[condition], range))
    // Counted once: of two conditions at a time the first that applies.
    addCoverage(sums[COUNTED.indexOf('self')], own.both, range)
  }
  return sums
}

const highest = (sums: readonly Float64Array[]): number =>
  sums[0].reduce(
    (most, _, column) =>
      Math.max(
        most,
        sums.reduce((sum, one) => sum + one[column], 0),
      ),
    0,
  )

/** How many streams are in each of these conditions, stacked, over time; all lanes have the same scale. */
function addCounts(picture: Picture, plot: number, area: Omit<Area, 'lane'>, { sums, most }: Counts): void {
  const { range, theme } = picture.context
  const columns = sums[0].length
  const width = area.width / columns
  const foot = area.y + area.height
  const below = new Float64Array(columns)
  COUNTED.forEach((condition, i) => {
    const boxes: Box[] = []
    for (let column = 0; column < columns; column++) {
      const height = (sums[i][column] / most) * area.height
      if (height < 0.05) continue
      below[column] += height
      boxes.push({ x: area.x + column * width, y: foot - below[column], width, height })
    }
    picture.add(plot, boxSeries(boxes, { ...conditionSign(theme, condition), pattern: 'plain' }, range.from))
  })
  const rule = [{ x: area.x, y: foot + 1, width: area.width, height: 1 }]
  picture.add(
    plot,
    boxSeries(rule, { color: theme.lineStrong, pattern: 'plain', ink: theme.line }, range.from),
  )
  const label = word(picture.context.language, 'streamCount', { count: formatNumber(Math.ceil(most)) })
  picture.caption(label, 6, area.y - 2, area.x - 8, theme.faint, 400)
}

// --- sums ---------------------------------------------------------------------------------------------------

/**
 * The figures of a lane, to the right of its rows: how long any stream was in a condition; where there is room, too, how
 * many were, how long all of them together, and the byte-milliseconds.
 */
function addPanel(picture: Picture, area: Omit<Area, 'lane'>, { totals, page }: StreamLane): void {
  const { theme, language, width } = picture.context
  const size = theme.textSize
  const left = area.x + area.width + size
  const room = width - left - RIGHT / 2
  const isWide = room > 25 * size
  let y = area.y - size * 1.35
  if (page) {
    picture.caption(formatSpan(page.to - page.from), left, y - size * 0.2, room, theme.text, 700, size * 1.45)
    picture.caption(word(language, 'pageTime'), left + size * 9, y + size * 0.1, size * 5, theme.faint, 400)
    const heads = word(language, 'streamsHeld')
    if (isWide) picture.caption(heads, left + size * 14.6, y + size * 0.1, size * 16, theme.faint, 400)
    y += size * 2
  }
  const lines = CONDITIONS.filter((one) => one === 'transferring' || totals.time[one] > 0 || one === 'cross')
  for (const condition of lines) {
    if (y + size > area.y + area.height) return
    const { color } = conditionSign(theme, condition)
    const name = conditionName(language, condition)
    picture.caption(name, left, y, size * 8.8, color, 600)
    picture.caption(timeText(totals.any[condition]), left + size * 9, y, size * 5.6, theme.text, 600)
    if (isWide && condition !== 'transferring' && totals.time[condition] > 0) {
      const held = `${formatSize(totals.byteMs[condition])}·ms`
      picture.caption(`${totals.affected[condition]}`, left + size * 14.6, y, size * 3, theme.muted, 400)
      picture.caption(timeText(totals.time[condition]), left + size * 17.6, y, size * 5.6, theme.muted, 400)
      picture.caption(held, left + size * 23.4, y, room - size * 23.4, theme.muted, 400)
    }
    y += size * 1.4
  }
}
