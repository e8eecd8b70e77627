/** The requests of each lane in rows, one below the other as they were wanted, and where the time of each went. */
import type { PageLoad } from '../projections/page-load.ts'
import { PHASES, type Attempt, type Phase, type PhaseKind, type Requests } from '../projections/requests.ts'
import { formatSize, formatSpan } from '../quantity.ts'
import type { ChartContext } from './context.ts'
import { failureText } from './failures.ts'
import { textWidth } from './legend.ts'
import { Picture, type Area } from './picture.ts'
import {
  boxSeries,
  rowWindow,
  textSeries,
  type Box,
  type BoxSign,
  type RowChart,
  type RowPlace,
  type RowText,
} from './rows.ts'
import { AREA_ICONS, CROSS, outline } from './signs.ts'
import { word, type ChartWord, type Language } from './texts.ts'
import type { ChartTheme } from './theme.ts'

export interface WaterfallChoice {
  /** The first row of a lane in sight, where not all of them fit. */
  readonly firstRow?: (lane: string) => number
  readonly isSelected?: (attempt: Attempt) => boolean
}

export interface WaterfallRows extends RowPlace {
  readonly attempts: readonly Attempt[]
}

export interface WaterfallChart extends RowChart {
  readonly rows: readonly WaterfallRows[]
}

const PHASE_WORDS: Readonly<Record<PhaseKind, ChartWord>> = {
  resolving: 'resolving',
  addressing: 'addressing',
  connecting: 'connecting',
  securing: 'securing',
  opening: 'opening',
  queued: 'queued',
  waiting: 'waitingFor',
  receiving: 'receiving',
}

export const phaseName = (language: Language, kind: PhaseKind): string => word(language, PHASE_WORDS[kind])

export function phaseSign(theme: ChartTheme, kind: PhaseKind): BoxSign {
  const signs: Record<PhaseKind, BoxSign> = {
    resolving: { color: theme.server, pattern: 'plain', ink: theme.ground, opacity: 0.8 },
    addressing: { color: theme.yellow, pattern: 'plain', ink: theme.ground },
    connecting: { color: theme.sack, pattern: 'plain', ink: theme.ground },
    securing: { color: theme.sack, pattern: 'falling', ink: theme.ground },
    opening: { color: theme.sack, pattern: 'rising', ink: theme.ground },
    queued: { color: theme.grey, pattern: 'plain', ink: theme.ground, opacity: 0.55 },
    waiting: { color: theme.sky, pattern: 'rising', ink: theme.ground, opacity: 0.7 },
    receiving: { color: theme.client, pattern: 'plain', ink: theme.ground },
  }
  return signs[kind]
}

/** Queued is a thread, the rest of a request a bar: the thread says that nothing is done for it. */
const THREAD = 0.3
const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const RIGHT = 14
/** Of an error, that it is worth to be said in part. */
const LEAST_WORDS = 6
/** In heights of the text: of a row, and the widths of the columns before the bars. */
const ROW = { least: 1.4, most: 1.9 }
const COLUMNS = {
  wide: { name: 16, status: 4.8, size: 6.2, via: 8 },
  narrow: { name: 11.5, status: 4.2, size: 0, via: 0 },
  tiny: { name: 7, status: 0, size: 0, via: 0 },
}
const WIDE_FROM = 78
const NARROW_FROM = 30

/** Pixels that a picture with all rows of all lanes is high. */
export function waterfallHeight({ requests }: PageLoad, { theme, lanes, store }: ChartContext): number {
  const shown = lanes.length > 0 ? lanes.map(({ id }) => id) : [...store.lanes]
  const rows = requests.all.filter(({ lane }) => shown.includes(lane)).length
  return theme.textSize * (8 + shown.length * 4 + rows * ROW.least)
}

export function waterfallChart(
  { requests }: PageLoad,
  context: ChartContext,
  choice: WaterfallChoice = {},
): WaterfallChart {
  const { theme, language, store } = context
  const lanes = lanesOf(requests, context)
  const used = PHASES.filter((kind) =>
    lanes.some(({ attempts }) =>
      attempts.some((attempt) => requests.phases(attempt, store.end).some((phase) => phase.kind === kind)),
    ),
  )
  const names = used.map((kind) => phaseName(language, kind))
  const picture = new Picture(context, '', [...names, word(language, 'failed'), word(language, 'lost')])
  for (const kind of used) {
    const { color, pattern, opacity } = phaseSign(theme, kind)
    picture.addLegend(phaseName(language, kind), AREA_ICONS[pattern], { color, opacity, borderWidth: 0 })
  }
  const areas = areasOf(picture, lanes)
  const rows = areas.map((area, i) => addLane(picture, area, lanes[i], requests, choice))
  return { ...picture.finish(undefined, 'foot'), rows }
}

interface Lane {
  readonly id: string
  readonly label: string
  readonly attempts: readonly Attempt[]
}

function lanesOf({ all }: Requests, { store, lanes }: ChartContext): Lane[] {
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.flatMap(({ id, label }) => {
    const attempts = all.filter(({ lane }) => lane === id)
    return attempts.length === 0 ? [] : [{ id, label: shown.length > 1 ? label : '', attempts }]
  })
}

function columnsOf({ width, theme }: ChartContext): (typeof COLUMNS)['wide'] {
  const letters = width / theme.textSize
  return letters >= WIDE_FROM ? COLUMNS.wide : letters >= NARROW_FROM ? COLUMNS.narrow : COLUMNS.tiny
}

/** One above the other, each as high as its share of the rows. */
function areasOf(picture: Picture, lanes: readonly Lane[]): Omit<Area, 'lane'>[] {
  const { width, height, theme } = picture.context
  const columns = columnsOf(picture.context)
  const left = theme.textSize * (columns.name + columns.status + columns.size + columns.via + 1)
  const header = theme.textSize * 1.8
  const all = lanes.reduce((sum, { attempts }) => sum + attempts.length, 0)
  const room = height - picture.top - picture.bottom - header * lanes.length
  let y = picture.top
  return lanes.map(({ attempts }) => {
    const own = Math.max(8, (room * attempts.length) / Math.max(1, all))
    y += header
    const area = { x: left, y, width: Math.max(40, width - left - RIGHT), height: own }
    y += own
    return area
  })
}

function addLane(
  picture: Picture,
  area: Omit<Area, 'lane'>,
  lane: Lane,
  requests: Requests,
  choice: WaterfallChoice,
): WaterfallRows {
  const { theme } = picture.context
  const plot = picture.addPlot({ ...area, lane: lane.id }, '', UNLABELLED)
  const first = choice.firstRow?.(lane.id) ?? 0
  const [least, most] = [theme.textSize * ROW.least, theme.textSize * ROW.most]
  // Losses are marked along the upper edge, above the first row.
  const top = area.y + theme.textSize * 0.5
  const window = rowWindow(lane.attempts.length, area.height - theme.textSize * 0.5, first, least, most)
  const place = { lane: lane.id, window, top, attempts: lane.attempts }
  addHeads(picture, plot, area, lane, place)
  addBars(picture, plot, area, place, requests, choice)
  addWords(picture, plot, area, place, requests)
  picture.losses(plot, false)
  return place
}

/** The attempts in sight, each with the height of its upper edge. */
const inSight = ({ window, top, attempts }: WaterfallRows): { attempt: Attempt; y: number }[] =>
  attempts
    .slice(window.first, window.first + window.shown)
    .map((attempt, row) => ({ attempt, y: top + row * window.pitch }))

// --- bars ---------------------------------------------------------------------------------------------------

function addBars(
  picture: Picture,
  plot: number,
  area: Omit<Area, 'lane'>,
  place: WaterfallRows,
  requests: Requests,
  { isSelected }: WaterfallChoice,
): void {
  const { range, theme, store } = picture.context
  const { height, pitch } = place.window
  const boxes = new Map<PhaseKind, Box[]>(PHASES.map((kind) => [kind, []]))
  const selected: Box[] = []
  const pixel = (range.to - range.from) / area.width
  const toX = (t: number): number =>
    area.x + (Math.min(Math.max(t, range.from), range.to) - range.from) / pixel
  const boxOf = ({ kind, from, to }: Phase, y: number): Box[] => {
    if (to < range.from || from > range.to) return []
    const high = height * (kind === 'queued' ? THREAD : 0.8)
    return [
      { x: toX(from), y: y + (height - high) / 2, width: Math.max(0.75, toX(to) - toX(from)), height: high },
    ]
  }
  for (const { attempt, y } of inSight(place)) {
    if (isSelected?.(attempt)) selected.push({ x: 0, y, width: area.x + area.width, height: pitch })
    for (const phase of requests.phases(attempt, store.end)) boxes.get(phase.kind)!.push(...boxOf(phase, y))
  }
  const mark = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.12 } as const
  picture.add(plot, { ...boxSeries(selected, mark, range.from), clip: false })
  for (const [kind, list] of boxes) picture.add(plot, boxSeries(list, phaseSign(theme, kind), range.from))
  addEnds(picture, plot, place)
}

/** A cross where an attempt failed, a lozenge where an answer came without a bar of its own: from the cache. */
function addEnds(picture: Picture, plot: number, place: WaterfallRows): void {
  const { theme, language } = picture.context
  const { y: head, height } = picture.plots[plot]
  const pointsOf = (test: (attempt: Attempt) => boolean): Float64Array =>
    Float64Array.from(
      inSight(place).flatMap(({ attempt, y }) =>
        test(attempt) ? [attempt.finished, 1 - (y + place.window.height / 2 - head) / height] : [],
      ),
    )
  const failed = pointsOf(({ error }) => error !== '')
  const cached = pointsOf(({ error, source }) => error === '' && source === 'cache')
  const size = theme.textSize * 0.7
  if (failed.length > 0)
    picture.signs(plot, word(language, 'failed'), failed, CROSS, size, outline(theme.loss, 2.2))
  if (cached.length > 0)
    picture.signs(plot, word(language, 'fromCache'), cached, 'diamond', size, { color: theme.server })
}

// --- words --------------------------------------------------------------------------------------------------

function addHeads(
  picture: Picture,
  plot: number,
  area: Omit<Area, 'lane'>,
  { label }: Lane,
  { window }: WaterfallRows,
): void {
  const { theme, language, range } = picture.context
  const { first, shown, total } = window
  const rows = word(language, 'rowsShown', { from: first + 1, to: first + shown, total })
  const y = area.y - theme.textSize * 0.9
  const texts = cellsOf(picture.context, y, [
    [word(language, 'request'), theme.faint],
    [word(language, 'status'), theme.faint],
    [word(language, 'size'), theme.faint],
    [word(language, 'via'), theme.faint],
  ])
  const beside = [label, ...(shown < total ? [rows] : [])].filter((part) => part !== '').join('   ')
  const plain = texts.map((text) => ({ ...text, mono: false }))
  const mark: RowText = {
    text: beside,
    x: area.x,
    y,
    width: area.width,
    color: theme.text,
    bold: label !== '',
  }
  picture.add(plot, textSeries([...plain, mark], theme, range.from))
}

/** A text for each column that there is. */
function cellsOf(context: ChartContext, y: number, cells: readonly (readonly [string, string])[]): RowText[] {
  const { theme } = context
  const columns = columnsOf(context)
  const widths = [columns.name, columns.status, columns.size, columns.via]
  let x = theme.textSize * 0.7
  return cells.flatMap(([text, color], i) => {
    const width = widths[i] * theme.textSize
    const cell = { text, x, y, width: width - theme.textSize * 0.6, color, mono: i > 0 }
    x += width
    return width === 0 || text === '' ? [] : [cell]
  })
}

function addWords(
  picture: Picture,
  plot: number,
  area: Omit<Area, 'lane'>,
  place: WaterfallRows,
  requests: Requests,
): void {
  const { theme, range, store } = picture.context
  const texts = inSight(place).flatMap(({ attempt, y }) => {
    const middle = y + place.window.height / 2
    const color = attempt.error === '' ? theme.text : theme.loss
    const cells = cellsOf(picture.context, middle, [
      [nameOf(picture.context.language, attempt), color],
      [attempt.status > 0 ? String(attempt.status) : '', attempt.status >= 400 ? theme.loss : theme.muted],
      [Number.isNaN(attempt.finished) ? '' : formatSize(attempt.encoded), theme.muted],
      [viaOf(attempt, requests), theme.muted],
    ])
    return [...cells, ...afterBar(picture, area, attempt, requests, middle, store.end)]
  })
  picture.add(plot, textSeries(texts, theme, range.from))
}

/** `https://server.lab/object/7` as `/object/7`, with the method unless it is GET. */
function nameOf(language: Language, { method, url, attempt }: Attempt): string {
  const target = url.replace(/^[a-z]+:\/\/[^/]*/i, '')
  const again = attempt > 1 ? `  ${word(language, 'attempt', { n: attempt })}` : ''
  return `${method === 'GET' ? '' : `${method} `}${target}${again}`
}

/** Number of the connection among those of its client, and of the exchange on it. */
function viaOf({ flow, exchange, lane }: Attempt, requests: Requests): string {
  if (flow === 0) return ''
  return `${requests.connectionNumber(lane, flow)} #${exchange}`
}

/** What is said behind the bar: how long it took, where the answer came from, or what went wrong. */
function afterBar(
  picture: Picture,
  area: Omit<Area, 'lane'>,
  attempt: Attempt,
  requests: Requests,
  y: number,
  now: number,
): RowText[] {
  const { range, theme, language } = picture.context
  const phases = requests.phases(attempt, now)
  const begin = phases[0]?.from ?? attempt.queued
  const end = phases[phases.length - 1]?.to ?? attempt.queued
  if (end < range.from || begin > range.to) return []
  const toX = (t: number): number => area.x + ((t - range.from) / (range.to - range.from)) * area.width
  const text = outcomeOf(language, attempt, end - begin)
  const color = attempt.error === '' ? theme.faint : theme.loss
  const width = textWidth(text, theme.textSize)
  const gap = theme.textSize * 0.7
  const right = toX(Math.min(end, range.to)) + gap
  const left = toX(Math.max(begin, range.from)) - gap
  const [behind, before] = [area.x + area.width - right, left - area.x]
  // What does not fit behind the bar stands before it; an error is worth being cut where there is more room.
  if (width <= behind || (attempt.error !== '' && behind >= before && behind > LEAST_WORDS * theme.textSize))
    return [{ text, x: right, y, width: Math.min(behind, width + gap), color }]
  if (width <= before || (attempt.error !== '' && before > LEAST_WORDS * theme.textSize))
    return [{ text, x: left, y, width: Math.min(before, width + gap), color, align: 'right' }]
  return []
}

function outcomeOf(language: Language, { error, message, source, finished }: Attempt, span: number): string {
  if (error !== '') return [error, failureText(language, error, message)].filter(Boolean).join(': ')
  if (source === 'cache') return word(language, 'fromCache')
  const time = span > 0 ? formatSpan(span) : ''
  if (Number.isNaN(finished)) return `${time} …`
  if (source === 'validated') return `${time}  ${word(language, 'notModified')}`
  return source === 'push' ? `${time}  ${word(language, 'pushed')}` : time
}
