/**
 * Datagrams in fragments: a row each, over time, in which every fragment is a box as long as it was under way and as high as its
 * share of the datagram's bytes; behind them how long the receiver waited for the others, and whether it ever had the whole.
 */
import type { Fragment, FragmentedDatagram, Fragments } from '../projections/fragments.ts'
import type { TraceStore } from '../trace/store.ts'
import { formatNumber, formatSize, formatSpan } from '../quantity.ts'
import type { ChartContext, ChartLane, TimeRange } from './context.ts'
import { lanesOf } from './lane-grid.ts'
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
import { tcpIpWord, type TcpIpWord } from './tcp-ip-texts.ts'
import { word } from './texts.ts'
import type { ChartTheme } from './theme.ts'

export interface FragmentsChoice {
  /** The first row of a lane in sight, where not all of them fit. */
  readonly firstRow?: (lane: string) => number
  readonly isSelected?: (datagram: FragmentedDatagram) => boolean
}

export interface FragmentRows extends RowPlace {
  readonly datagrams: readonly FragmentedDatagram[]
}

export interface FragmentsChart extends RowChart {
  readonly rows: readonly FragmentRows[]
}

interface Lane extends ChartLane {
  readonly datagrams: readonly FragmentedDatagram[]
}

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const RIGHT = 14
/** Heights and widths in heights of the text. */
const ROW = { least: 0.6, most: 4.4, file: 2.6 }
const HEADER = 1.9
const NAMES = 9.5

const SIGNS = ['pieces', 'piecesAgain', 'lostPiece', 'assembling', 'abandoned'] as const
type Sign = (typeof SIGNS)[number]

function signOf(theme: ChartTheme, sign: Sign): BoxSign {
  const signs: Record<Sign, BoxSign> = {
    pieces: { color: theme.client, pattern: 'plain', ink: theme.ground },
    piecesAgain: { color: theme.retransmission, pattern: 'plain', ink: theme.ground },
    lostPiece: { color: theme.loss, pattern: 'falling', ink: theme.ground, opacity: 0.8 },
    assembling: { color: theme.grey, pattern: 'plain', ink: theme.ground, opacity: 0.35 },
    abandoned: { color: theme.loss, pattern: 'rising', ink: theme.ground, opacity: 0.3 },
  }
  return signs[sign]
}

/** Pixels that a picture with all rows of all lanes is high. */
export function fragmentsHeight(fragments: Fragments, context: ChartContext): number {
  const lanes = lanesWith(fragments, context)
  const rows = lanes.reduce((sum, { datagrams }) => sum + Math.min(datagrams.length, 400), 0)
  return context.theme.textSize * (7 + lanes.length * (HEADER + 1) + rows * ROW.file)
}

export function fragmentsChart(
  fragments: Fragments,
  whole: ChartContext,
  choice: FragmentsChoice = {},
): FragmentsChart {
  const lanes = lanesWith(fragments, whole)
  const range = usedRange(whole, lanes)
  const context = { ...whole, range }
  const { theme, language } = context
  const used = SIGNS.filter((sign) =>
    lanes.some(({ datagrams }) => datagrams.some((one) => shows(context.store, one, sign))),
  )
  const picture = new Picture(context, '', [
    ...used.map((sign) => tcpIpWord(language, sign)),
    tcpIpWord(language, 'whole'),
    word(language, 'lost'),
  ])
  for (const sign of used) {
    const { color, pattern, opacity } = signOf(theme, sign)
    if (sign === 'lostPiece') picture.addLegend(tcpIpWord(language, sign), CROSS, outline(theme.loss, 2))
    else picture.addLegend(tcpIpWord(language, sign), AREA_ICONS[pattern], { color, opacity, borderWidth: 0 })
  }
  const areas = areasOf(picture, lanes)
  const rows = lanes.map((lane, i) => addLane(picture, areas[i], lane, choice, i === lanes.length - 1))
  return { ...picture.finish(undefined, 'foot'), rows, range }
}

/** All of the run, where all of it was asked for, but not the time after the last fragment if that is long. */
function usedRange({ store, range }: ChartContext, lanes: readonly Lane[]): TimeRange {
  if (range.from > 0 || range.to < store.end) return range
  let last = 0
  for (const { datagrams } of lanes)
    for (const { t, until, fragments } of datagrams) {
      last = Math.max(last, t, until < Infinity ? until : 0)
      for (const piece of fragments) if (!piece.isCut) last = Math.max(last, endOf(store, piece))
    }
  return last > 0 && last < range.to * USED ? { from: 0, to: last * 1.1 } : range
}

/** A picture of which more than this is empty shows less time. */
const USED = 0.6

const lanesWith = (fragments: Fragments, context: ChartContext): Lane[] =>
  lanesOf(context).flatMap((lane) => {
    const datagrams = fragments.of(lane.id)
    return datagrams.length > 0 ? [{ ...lane, datagrams }] : []
  })

function shows(store: TraceStore, datagram: FragmentedDatagram, sign: Sign): boolean {
  switch (sign) {
    case 'pieces':
      return datagram.again === ''
    case 'piecesAgain':
      return datagram.again !== ''
    case 'lostPiece':
      return datagram.fragments.some((piece) => isLost(store, piece))
    case 'assembling':
      return datagram.outcome !== 'abandoned' && datagram.until > datagram.t
    case 'abandoned':
      return datagram.outcome === 'abandoned'
  }
}

const isLost = (store: TraceStore, { pkt, isCut }: Fragment): boolean =>
  !isCut && store.fate(pkt).kind === 'dropped'

/** One above the other, each as high as its share of the rows. */
function areasOf(picture: Picture, lanes: readonly Lane[]): Omit<Area, 'lane'>[] {
  const { width, height, theme } = picture.context
  const size = theme.textSize
  const room = height - picture.top - picture.bottom - size * HEADER * lanes.length
  const shares = lanes.map(({ datagrams }) => Math.max(3, Math.min(datagrams.length, 60)))
  const all = shares.reduce((sum, share) => sum + share, 0)
  let y = picture.top
  return shares.map((share) => {
    const own = Math.max(8, (room * share) / all)
    y += size * HEADER
    const x = size * NAMES
    const area = { x, y, width: Math.max(40, width - RIGHT - x), height: own }
    y += own
    return area
  })
}

function addLane(
  picture: Picture,
  area: Omit<Area, 'lane'>,
  lane: Lane,
  choice: FragmentsChoice,
  isLowest: boolean,
): FragmentRows {
  const { theme } = picture.context
  const size = theme.textSize
  const plot = picture.addPlot({ ...area, lane: lane.id }, '', UNLABELLED, Infinity, isLowest)
  const top = area.y + size * 0.6
  const window = rowWindow(
    lane.datagrams.length,
    area.height - size * 0.6,
    choice.firstRow?.(lane.id) ?? 0,
    size * ROW.least,
    size * ROW.most,
  )
  const rows: FragmentRows = { lane: lane.id, window, top, datagrams: lane.datagrams }
  addHead(picture, area, lane, rows)
  addBoxes(picture, plot, area, rows, choice)
  addWords(picture, plot, area, rows)
  picture.losses(plot, false)
  picture.describe(plot, (t) => {
    const begun = lane.datagrams.filter((one) => one.t <= t)
    const whole = begun.filter((one) => one.until <= t && one.outcome === 'whole').length
    return [tcpIpWord(picture.context.language, 'fragmentSumsShort', { whole, count: begun.length })]
  })
  return rows
}

const inSight = ({ window, top, datagrams }: FragmentRows): { datagram: FragmentedDatagram; y: number }[] =>
  datagrams
    .slice(window.first, window.first + window.shown)
    .map((datagram, row) => ({ datagram, y: top + row * window.pitch }))

/** When a fragment arrived or died; the end of the trace while it is under way. */
function endOf(store: TraceStore, { pkt }: Fragment): number {
  const fate = store.fate(pkt)
  return fate.kind === 'under_way' ? store.end : store.table(fate.in).t.data[fate.row]
}

function addBoxes(
  picture: Picture,
  plot: number,
  area: Omit<Area, 'lane'>,
  rows: FragmentRows,
  { isSelected }: FragmentsChoice,
): void {
  const { range, theme, store, language, width } = picture.context
  const { height, pitch } = rows.window
  const toX = (t: number): number =>
    area.x +
    ((Math.min(Math.max(t, range.from), range.to) - range.from) / (range.to - range.from)) * area.width
  const boxes = new Map<Sign, Box[]>(SIGNS.map((sign) => [sign, []]))
  const selected: Box[] = []
  const crosses: number[] = []
  const whole: Box[] = []
  const { y: head, height: high } = picture.plots[plot]
  for (const { datagram, y } of inSight(rows)) {
    const { t, fragments, outcome, again, size } = datagram
    if (isSelected?.(datagram)) selected.push({ x: 0, y, width, height: pitch })
    const until = Math.min(datagram.until, store.end)
    if (until < range.from || t > range.to) continue
    const span = { x: toX(t), width: Math.max(1, toX(until) - toX(t)) }
    boxes.get(outcome === 'abandoned' ? 'abandoned' : 'assembling')!.push({ ...span, y, height })
    for (const piece of fragments) {
      if (piece.isCut) continue
      const [from, to] = [piece.from / size, piece.to / size]
      const [start, end] = [piece.t, endOf(store, piece)]
      const gap = (to - from) * height > 3 ? 1 : 0
      const box = { y: y + from * height, height: Math.max(1, (to - from) * height - gap) }
      const sign = isLost(store, piece) ? 'lostPiece' : again === '' ? 'pieces' : 'piecesAgain'
      boxes.get(sign)!.push({ ...box, x: toX(start), width: Math.max(1.5, toX(end) - toX(start)) })
      if (sign === 'lostPiece') crosses.push(end, 1 - (box.y + box.height / 2 - head) / high)
    }
    if (outcome === 'whole' && until <= range.to) whole.push({ x: toX(until), y, width: 2.5, height })
  }
  const mark = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.12 } as const
  picture.add(plot, { ...boxSeries(selected, mark, range.from), clip: false })
  for (const sign of ['assembling', 'abandoned', 'pieces', 'piecesAgain', 'lostPiece'] as const)
    picture.add(plot, boxSeries(boxes.get(sign)!, signOf(theme, sign), range.from))
  const name = tcpIpWord(language, 'whole')
  if (whole.length > 0) picture.addLegend(name, AREA_ICONS.upright, { color: theme.server, borderWidth: 0 })
  picture.add(
    plot,
    boxSeries(whole, { color: theme.server, pattern: 'plain', ink: theme.ground }, range.from),
  )
  if (crosses.length > 0)
    picture.signs(
      plot,
      tcpIpWord(language, 'lostPiece'),
      Float64Array.from(crosses),
      CROSS,
      theme.textSize * 0.64,
      outline(theme.loss, 2),
    )
}

/** What became of a datagram, in a few words. */
export function outcomeText(
  { language }: Pick<ChartContext, 'language'>,
  datagram: FragmentedDatagram,
): string {
  const { outcome, reason, t, until } = datagram
  if (outcome === 'open') return ''
  if (outcome === 'whole') return tcpIpWord(language, 'wholeAfter', { span: formatSpan(until - t) })
  return tcpIpWord(language, 'abandonedBecause', { reason: reasonOf(language, reason) })
}

const REASONS: readonly TcpIpWord[] = ['timeout', 'overlap', 'too_many', 'too_long']
/** A reason that is not known stays as it is. */
const reasonOf = (language: ChartContext['language'], reason: string): string =>
  REASONS.some((known) => known === reason) ? tcpIpWord(language, reason as TcpIpWord) : reason

/** `#3  4,028 B` at the left, and behind each row what became of it, where there is room. */
function addWords(picture: Picture, plot: number, area: Omit<Area, 'lane'>, rows: FragmentRows): void {
  const { theme, range, store } = picture.context
  const size = theme.textSize
  const every = Math.max(1, Math.ceil((size * 1.15) / rows.window.pitch))
  const toX = (t: number): number =>
    area.x +
    ((Math.min(Math.max(t, range.from), range.to) - range.from) / (range.to - range.from)) * area.width
  const texts = inSight(rows).flatMap(({ datagram, y }, row): RowText[] => {
    if (row % every !== 0) return []
    const middle = y + rows.window.height / 2
    const { number, size: bytes, outcome, until, t } = datagram
    const label = {
      text: `#${number}  ${formatSize(bytes)}`,
      x: area.x - 6,
      y: middle,
      width: area.x - 10,
      color: theme.muted,
      mono: true,
      align: 'right' as const,
    }
    const text = outcomeText(picture.context, datagram)
    if (text === '' || every > 1 || until < range.from || t > range.to) return [label]
    const ends = datagram.fragments.map((piece) => endOf(store, piece))
    const x = toX(Math.max(until, ...ends)) + 6
    const color = outcome === 'abandoned' ? theme.loss : theme.faint
    const own = textWidth(text, size)
    if (x + own <= area.x + area.width) return [label, { text, x, y: middle, width: own + 8, color }]
    const before = toX(t) - 6
    if (before - area.x >= own)
      return [label, { text, x: before, y: middle, width: own + 8, color, align: 'right' }]
    // Over the time that was waited, at its end.
    const inside = toX(Math.min(until, range.to)) - 6
    return [label, { text, x: inside, y: middle, width: own + 8, color: theme.text, align: 'right' }]
  })
  picture.add(plot, textSeries(texts, theme, range.from))
}

function addHead(picture: Picture, area: Omit<Area, 'lane'>, lane: Lane, { window }: FragmentRows): void {
  const { theme, language, width } = picture.context
  const { datagrams, label } = lane
  const { first, shown, total } = window
  const pieces = datagrams.reduce(
    (sum, { fragments }) => sum + fragments.filter(({ isCut }) => !isCut).length,
    0,
  )
  const count = (test: (one: FragmentedDatagram) => boolean): string =>
    formatNumber(datagrams.filter(test).length)
  const values = {
    count: formatNumber(datagrams.length),
    pieces: formatNumber(pieces),
    whole: count(({ outcome }) => outcome === 'whole'),
    abandoned: count(({ outcome }) => outcome === 'abandoned'),
    again: count(({ again }) => again !== ''),
  }
  const long = tcpIpWord(language, 'fragmentSums', values)
  const isLong = textWidth(`${label}   ${long}`, theme.textSize) * 1.05 > width - 20
  const sums = [
    isLong ? tcpIpWord(language, 'fragmentSumsShort', values) : long,
    ...(shown < total ? [word(language, 'rowsShown', { from: first + 1, to: first + shown, total })] : []),
  ].join('   ')
  const text = label === '' ? sums : `${label}   ${sums}`
  picture.caption(text, 6, area.y - theme.textSize * 1.35, width - 20, theme.text, label === '' ? 400 : 600)
}
