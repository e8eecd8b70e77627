/**
 * The headline: one page over several protocols, side by side on one scale of time. A column a lane: how long its page took, a row a
 * stream with what it did when (DESIGN 6.1), the packets that the link lost, the congestion windows of its senders on one scale;
 * below, what the senders waited for (6.2). The same object of the page is in the same row of each column.
 */
import type { CustomSeriesOption } from 'echarts'
import type { StreamBlocking } from '../projections/blocking.ts'
import type { PageLoad } from '../projections/page-load.ts'
import { pageSpan } from '../projections/requests.ts'
import { sharesOf, type Stalls, type StallShare } from '../projections/stalls.ts'
import type { SenderWindows, Windows } from '../projections/windows.ts'
import { formatSpan } from '../quantity.ts'
import { STALL_CAUSES, type StallCause } from '../trace/events.ts'
import { senderOf, type Flow } from '../trace/store.ts'
import { niceScale, valueText } from './axes.ts'
import { causeBox, causeSign } from './causes.ts'
import { conditionName, CONDITIONS, conditionSign } from './conditions.ts'
import type { ChartContext } from './context.ts'
import { textWidth } from './legend.ts'
import { largest, Picture, type Area } from './picture.ts'
import { LEFT, valueAxis, type ValueAxis } from './plot-axes.ts'
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
import { AREA_ICONS, LINE_ICONS } from './signs.ts'
import { addShares } from './stalls.ts'
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
import { causeName, word } from './texts.ts'

/** What the picture is drawn from, all up to date with the store. */
export interface HeadlineSources {
  readonly load: PageLoad
  readonly windows: Windows
  readonly stalls: Stalls
}

/** The rows of a column as they were drawn; `lane` is the same for all, since they are moved through together. */
export interface HeadlineRows extends RowPlace {
  readonly streams: readonly StreamBlocking[]
}

export interface HeadlineChart extends RowChart {
  /** Of the first plots; behind them come those of the windows, which have no rows. */
  readonly rows: readonly HeadlineRows[]
}

/** One lane: its streams as far as there are any, how its requests stand, and its connections. */
interface Column {
  readonly id: string
  readonly label: string
  readonly lane: StreamLane | undefined
  /** From the first wish to the last answer; undefined until that is there. */
  readonly page: { readonly from: number; readonly to: number } | undefined
  readonly asked: number
  readonly answered: number
  readonly failed: number
  readonly connections: number
  readonly windows: readonly SenderWindows[]
  readonly shares: readonly StallShare[]
}

/** What all columns are scrolled by. */
export const ALL_ROWS = 'headline'

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const RIGHT = 14
/** A run has no more lanes (`shared/experiment.ts`); a damaged recording might. */
const MOST_LANES = 8
/** Pixels of a row. */
const LEAST = 1
const MOST = 16
/** Heights in heights of the text; a picture lower than this does without. */
const HEADER = 5
const TIMES = 2.1
const STALLS_FROM = 34
const WINDOWS_FROM = 21
/** A page that takes so many times as long as the next one does not set the scale. */
const FAR_BEHIND = 2.5

export function headlineChart(
  sources: HeadlineSources,
  given: ChartContext,
  choice: StreamChoice = {},
): HeadlineChart {
  const columns = columnsOf(sources, given)
  const context = { ...given, range: rangeOf(given, columns) }
  const picture = new Picture(context, '', legendNames(context, columns))
  if (columns.every(({ lane, asked }) => lane === undefined && asked === 0))
    return { ...picture.finish(), rows: [] }
  addLegend(picture, columns)
  const bands = bandsOf(picture, columns)
  const total = Math.max(...columns.map(({ lane }) => lane?.streams.length ?? 0))
  const window = rowWindow(total, bands.rows.height, choice.firstRow?.(ALL_ROWS) ?? 0, LEAST, MOST)
  const chosen = chosenRow(columns, choice)
  const isSparse = lossesAreSparse(context, columns, bands.columns[0].width)
  const rows = columns.map((column, i) => {
    const area = { ...bands.rows, ...bands.columns[i] }
    const isLowest = bands.windows === undefined
    const plot = picture.addPlot({ ...area, lane: column.id }, '', UNLABELLED, Infinity, isLowest)
    addHeader(picture, area, column)
    if (isSparse) addLossLines(picture, plot, area)
    if (chosen !== undefined) addBand(picture, plot, area, window, chosen)
    if (column.lane) {
      addStreamRows(picture, plot, area, window, column.lane, choice)
      describeStreams(picture, plot, column.lane)
    }
    if (column.page) {
      addPageMark(picture, plot, area, column.page.to)
      if (column.page.to > context.range.to) addBeyond(picture, area, column.page.to)
    }
    return { lane: ALL_ROWS, window, top: area.y, streams: column.lane?.streams ?? [] }
  })
  addRowNumbers(picture, bands.rows, window)
  if (bands.windows) addWindows(picture, bands.windows, bands.columns, columns, isSparse)
  else columns.forEach((_, plot) => picture.losses(plot, false))
  if (bands.stalls) addStalls(picture, bands.stalls, columns)
  const chart = picture.finish((plot, t, value) => {
    const row = rows[plot] && rowAt(rows[plot], heightAt(picture.plots[plot], value))
    const stream = row === undefined ? undefined : rows[plot].streams[row]
    return stream && blamedAt(sources.load.blocking, context, stream, t)
  }, 'once')
  return { ...chart, range: context.range, rows }
}

/**
 * Of the whole run as much as the pages took, once all are there: what a connection does afterwards is of no page. One that takes far
 * longer than all others goes on beyond the edge, which its column says, or nothing would be seen of the others.
 */
function rangeOf({ range, store }: ChartContext, columns: readonly Column[]): ChartContext['range'] {
  const ends = columns.map(({ page, failed }) => page?.to ?? (failed > 0 ? 0 : Infinity))
  const [last, second = 0] = ends.sort((a, b) => b - a)
  const isWhole = range.from === 0 && range.to >= store.end
  if (!isWhole || last === 0 || last === Infinity) return range
  const end = second > 0 && last > second * FAR_BEHIND ? second * 1.25 : last * 1.04
  return { from: 0, to: Math.min(range.to, end) }
}

// --- what is shown ------------------------------------------------------------------------------------------

function columnsOf({ load, windows, stalls }: HeadlineSources, context: ChartContext): Column[] {
  const { store, lanes } = context
  const drawn = streamLanes(load, context, 'request')
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.slice(0, MOST_LANES).map(({ id, label }) => {
    const flows = [...store.flows.values()].filter(({ lane }) => lane === id)
    const attempts = load.requests.all.filter(({ lane }) => lane === id)
    const failed = attempts.filter(({ error }) => error !== '').length
    return {
      id,
      label,
      lane: drawn.find((lane) => lane.id === id),
      page: failed < attempts.length ? pageSpan(attempts) : undefined,
      asked: attempts.length,
      answered: attempts.filter(({ finished }) => !Number.isNaN(finished)).length,
      failed,
      connections: flows.length,
      windows: flows.flatMap((flow) => windows.ends.get(flow.id, senderOf(flow).node) ?? []),
      shares: sharesOfAll(stalls, flows),
    }
  })
}

/** What the senders of all connections waited for, each moment of each of them counted. */
function sharesOfAll(stalls: Stalls, flows: readonly Flow[]): StallShare[] {
  const totals = new Float64Array(STALL_CAUSES.length)
  for (const flow of flows) {
    const log = stalls.ends.get(flow.id, senderOf(flow).node)
    log?.totals(stalls.endOf(flow.id)).forEach((time, cause) => (totals[cause] += time))
  }
  return sharesOf(totals)
}

const usedConditions = (columns: readonly Column[]) =>
  CONDITIONS.filter((one) =>
    columns.some(({ lane }) => one === 'transferring' || (lane?.totals.time[one] ?? 0) > 0),
  )

function legendNames({ language }: ChartContext, columns: readonly Column[]): string[] {
  const others = (['pageEnd', 'cwnd', 'lost'] as const).map((key) => word(language, key))
  return [...usedConditions(columns).map((one) => conditionName(language, one)), ...others]
}

function addLegend(picture: Picture, columns: readonly Column[]): void {
  const { theme, language } = picture.context
  for (const condition of usedConditions(columns)) {
    const { color, pattern } = conditionSign(theme, condition)
    picture.addLegend(conditionName(language, condition), AREA_ICONS[pattern], { color, borderWidth: 0 })
  }
  picture.addLegend(word(language, 'pageEnd'), LINE_ICONS.dashed, { color: theme.text, borderWidth: 0 })
}

// --- where it stands ----------------------------------------------------------------------------------------

interface Band {
  readonly y: number
  readonly height: number
}

interface Bands {
  /** Left edge and width of each column. */
  readonly columns: readonly { readonly x: number; readonly width: number }[]
  readonly rows: Band
  readonly windows: Band | undefined
  readonly stalls: Band | undefined
}

function bandsOf(picture: Picture, columns: readonly Column[]): Bands {
  const { width, height, theme } = picture.context
  const size = theme.textSize
  const gap = size * 1.6
  const each = Math.max(30, (width - LEFT - RIGHT - gap * (columns.length - 1)) / columns.length)
  const hasStalls = height >= STALLS_FROM * size && columns.some(({ shares }) => shares.length > 0)
  const hasWindows = height >= WINDOWS_FROM * size && columns.some(({ windows }) => windows.length > 0)
  const stalls = hasStalls ? stallsHeight(picture, columns) : 0
  const top = picture.top + HEADER * size
  const foot = height - stalls - TIMES * size
  const windows = hasWindows ? Math.min(size * 13, Math.max(size * 4.5, (foot - top) * 0.3)) : 0
  const rows = Math.max(8, foot - top - windows - (hasWindows ? size * 1.1 : 0))
  return {
    columns: columns.map((_, i) => ({ x: LEFT + i * (each + gap), width: each })),
    rows: { y: top, height: rows },
    windows: hasWindows ? { y: foot - windows, height: windows } : undefined,
    stalls: hasStalls ? { y: height - stalls, height: stalls } : undefined,
  }
}

// --- a column -----------------------------------------------------------------------------------------------

/** Name, how long the page took, and the figure that the comparison is about. */
function addHeader(picture: Picture, { x, y, width }: Omit<Area, 'lane'>, column: Column): void {
  const { theme, language } = picture.context
  const size = theme.textSize
  const { label, lane, page, asked, answered, failed } = column
  const top = y - HEADER * size
  picture.caption(label, x, top, width)
  const time = page
    ? formatSpan(page.to - page.from)
    : word(language, 'answered', { done: answered, all: asked })
  const large = size * (page ? 1.75 : 1.3)
  if (asked > 0) picture.caption(time, x, top + size * 1.35, width, theme.text, 700, large)
  const after = asked > 0 ? x + textWidth(time, large) * 1.06 + size * 0.8 : x
  const beside = besideTime(picture.context, column, x + width - after)
  const color = failed > 0 ? theme.loss : theme.muted
  const level = top + size * 1.35 + (large - size) * 0.8
  picture.caption(beside, after, level, x + width - after, color, 400)
  const cross = lane?.totals.any.cross ?? 0
  const figure = lane ? crossText(picture.context, cross, width) : word(language, 'nothingYet')
  const ink = cross > 0 ? theme.loss : lane ? theme.text : theme.faint
  picture.caption(figure, x, top + size * 3.45, width, ink, 600)
}

/** The page is not complete within what is shown. */
function addBeyond(picture: Picture, { x, y, width, height }: Omit<Area, 'lane'>, end: number): void {
  const { theme, language } = picture.context
  const text = word(language, 'goesOn', { time: formatSpan(end) })
  const wide = textWidth(text, theme.textSize) * 1.1
  const left = x + Math.max(0, width - wide)
  picture.caption(text, left, y + height - theme.textSize * 1.6, Math.min(width, wide), theme.muted, 600)
}

/** The figure that all is about is never cut: its name gives way. */
function crossText({ language, theme }: ChartContext, cross: number, room: number): string {
  const names = [conditionName(language, 'cross'), word(language, 'crossShort')]
  const texts = names.map((name) => `${name} ${timeText(cross)}`)
  return texts.find((text) => textWidth(text, theme.textSize) * 1.1 <= room) ?? timeText(cross)
}

/** How many connections, and requests that failed; in short words where there is no room for long ones. */
function besideTime(
  { language, theme }: ChartContext,
  { connections, failed }: Column,
  room: number,
): string {
  const long = connections === 1 ? 'oneConnection' : 'connections'
  const failures = failed > 0 ? [word(language, 'failures', { count: failed })] : []
  const texts = ([long, 'connectionsShort'] as const).map((key) =>
    [...failures, word(language, key, { count: connections })].join(' · '),
  )
  return texts.find((text) => textWidth(text, theme.textSize) <= room) ?? failures[0] ?? ''
}

/** The row of the stream that is chosen: the same object in the other columns stands out a little, too. */
function chosenRow(columns: readonly Column[], { isSelected }: StreamChoice): number | undefined {
  if (isSelected === undefined) return undefined
  for (const { lane } of columns) {
    const row = lane?.streams.findIndex(isSelected) ?? -1
    if (row >= 0) return row
  }
  return undefined
}

function addBand(
  picture: Picture,
  plot: number,
  { x, y, width }: Omit<Area, 'lane'>,
  { first, shown, pitch }: RowWindow,
  row: number,
): void {
  if (row < first || row >= first + shown) return
  const { theme, range } = picture.context
  const box = { x, y: y + (row - first) * pitch - 1, width, height: Math.max(3, pitch) }
  const sign = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.1 } as const
  picture.add(plot, boxSeries([box], sign, range.from))
}

/** Whether the losses of every column can be told apart: lines through one alone would say that the others have none. */
function lossesAreSparse(
  { losses, store, range }: ChartContext,
  columns: readonly Column[],
  width: number,
): boolean {
  const gap = ((range.to - range.from) / width) * 3
  return columns.every(({ id }) => losses.between(store, id, range.from, range.to, gap).length <= width / 10)
}

/** A hair line through the rows for each packet that the lane's link lost. */
function addLossLines(picture: Picture, plot: number, { x, y, width, height }: Omit<Area, 'lane'>): void {
  const { range, theme, losses, store } = picture.context
  const pixel = (range.to - range.from) / width
  const found = losses.between(store, picture.plots[plot].lane, range.from, range.to, pixel * 3)
  const lines = found.map(({ t }): Box => ({ x: x + (t - range.from) / pixel - 0.5, y, width: 1, height }))
  const sign = { color: theme.loss, pattern: 'plain', ink: theme.loss, opacity: 0.3 } as const
  picture.add(plot, boxSeries(lines, sign, range.from))
}

/** The numbers of the first and the last row in sight, and how many there are if that is not all. */
function addRowNumbers(picture: Picture, { y }: Band, { first, shown, total, pitch }: RowWindow): void {
  const { theme, language } = picture.context
  const size = theme.textSize
  const foot = y + shown * pitch
  const say = (text: string, at: number): void => picture.caption(text, 6, at, LEFT - 8, theme.faint, 400)
  say(String(first + 1), y - size * 0.1)
  if (foot - y < 3.4 * size) return
  if (shown < total) say(word(language, 'ofRows', { total }), foot - size * 1.1)
  say(String(first + shown), foot - size * (shown < total ? 2.4 : 1.1))
}

// --- windows ------------------------------------------------------------------------------------------------

/** The congestion windows of each column's senders, a line a connection, all on one scale. */
function addWindows(
  picture: Picture,
  band: Band,
  places: Bands['columns'],
  columns: readonly Column[],
  isSparse: boolean,
): void {
  const { language, range, theme } = picture.context
  const most = largest(
    columns.flatMap(({ windows }) => windows.map(({ cwnd }) => cwnd)),
    range,
  )
  const scale = niceScale(most, Math.max(1, band.height / (theme.textSize * 2.2)))
  const axis = valueAxis(word(language, 'cwnd'), 'B', scale.max, scale)
  const silent: ValueAxis = { ...axis, label: () => '' }
  columns.forEach(({ id, windows, page }, i) => {
    const area = { ...band, ...places[i] }
    const plot = picture.addPlot(
      { ...area, lane: id },
      i === 0 ? axis.name : '',
      i === 0 ? axis : silent,
      page?.to,
      true,
    )
    for (const { cwnd } of windows)
      picture.line(plot, word(language, 'cwnd'), picture.points(plot, cwnd), {
        color: theme.client,
        opacity: windows.length > 1 ? 0.75 : 1,
      })
    if (page) addPageMark(picture, plot, area, page.to)
    picture.losses(plot, isSparse)
    picture.describe(plot, (t) =>
      windows.map(({ cwnd }) => `${word(language, 'cwnd')}  ${valueText(cwnd.valueAt(t) ?? NaN, 'B')}`),
    )
  })
}

// --- stalls -------------------------------------------------------------------------------------------------

const usedCauses = (columns: readonly Column[]): StallCause[] =>
  STALL_CAUSES.filter((cause) => columns.some(({ shares }) => shares.some((share) => share.cause === cause)))

interface LegendItem {
  readonly cause: StallCause
  readonly x: number
  readonly row: number
}

/** The signs of all causes in rows, as they fit. */
function causeLegend(
  { context: { theme, language, width } }: Picture,
  columns: readonly Column[],
): LegendItem[] {
  const size = theme.textSize
  let [x, row] = [0, 0]
  return usedCauses(columns).map((cause) => {
    const item = textWidth(causeName(language, cause), size) + size * 3.6
    if (x > 0 && x + item > width - 2 * RIGHT) [x, row] = [0, row + 1]
    const place = { cause, x: RIGHT / 2 + x, row }
    x += item
    return place
  })
}

const BAR = 1.35
const stallsHeight = (picture: Picture, columns: readonly Column[]): number => {
  const rows = 1 + (causeLegend(picture, columns).at(-1)?.row ?? 0)
  return picture.context.theme.textSize * (1.9 + columns.length * (BAR + 0.25) + rows * 1.5 + 0.3)
}

function addStalls(picture: Picture, { y }: Band, columns: readonly Column[]): void {
  const { theme, language, width } = picture.context
  const size = theme.textSize
  picture.caption(word(language, 'stallShares'), RIGHT / 2, y + size * 0.4, width - RIGHT, theme.text, 600)
  const widest = Math.max(...columns.map(({ label }) => textWidth(label, size)))
  const names = Math.min(width * 0.3, widest + size)
  columns.forEach(({ label, shares }, i) => {
    const top = y + size * (1.9 + i * (BAR + 0.25))
    const box = { x: RIGHT / 2 + names, y: top, width: width - RIGHT * 1.5 - names, height: size * BAR }
    picture.caption(label, RIGHT / 2, top + size * 0.15, names - size * 0.5, theme.muted, 400)
    addShares(picture, i, box, shares)
  })
  const foot = y + size * (1.9 + columns.length * (BAR + 0.25) + 0.3)
  picture.add(0, legendSeries(picture, causeLegend(picture, columns), foot))
}

function legendSeries({ context }: Picture, items: readonly LegendItem[], y: number): CustomSeriesOption {
  const { theme, language, range } = context
  const size = theme.textSize
  const children = items.flatMap(({ cause, x, row }) => {
    const top = y + row * size * 1.5
    const box = { x, y: top + size * 0.15, width: size * 1.5, height: size * 0.75 }
    const style = {
      text: causeName(language, cause),
      x: x + size * 2,
      y: top + size * 0.55,
      verticalAlign: 'middle',
      fill: theme.muted,
      font: `${size}px ${theme.font}`,
    }
    return [causeBox(box, causeSign(theme, cause), theme.ground), { type: 'text', style }]
  })
  return {
    type: 'custom',
    silent: true,
    clip: false,
    data: [[range.from, 0.5]],
    renderItem: () => ({ type: 'group', children }) as never,
  }
}
