/**
 * Remote calls: a row each over time, with what its bytes were spent on beside it, the lanes above each other; and the first call, the
 * last one and the mean of all lanes side by side below.
 */
import {
  BYTE_PARTS,
  meanOf,
  sumOf,
  type BytePart,
  type Call,
  type CallBytes,
  type Calls,
} from '../projections/calls.ts'
import { quantileOf } from '../projections/messages.ts'
import { formatNumber, formatSize, formatSpan } from '../quantity.ts'
import { axisLabel, axisUnit, niceScale } from './axes.ts'
import type { ChartContext } from './context.ts'
import { textWidth } from './legend.ts'
import { messageWord, type MessageWord } from './message-texts.ts'
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
import { word } from './texts.ts'
import type { ChartTheme } from './theme.ts'

export interface CallsChoice {
  /** The first row of a lane in sight, where not all of them fit. */
  readonly firstRow?: (lane: string) => number
  readonly isSelected?: (call: Call) => boolean
}

export interface CallRows extends RowPlace {
  readonly calls: readonly Call[]
}

export interface CallsChart extends RowChart {
  readonly rows: readonly CallRows[]
}

interface Lane {
  readonly id: string
  readonly label: string
  readonly calls: readonly Call[]
  readonly ended: readonly Call[]
}

type Place = Omit<Area, 'lane'>

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const RIGHT = 14
/** Heights and widths in heights of the text. */
const ROW = { least: 0.5, most: 1.7 }
const NUMBERS = 3.2
const HEADER = 2
/** Share of the width for the bytes of each call, from this width on. */
const BYTES = { share: 0.34, from: 52 }
/** The comparison below: a row for each lane of three, and what is needed besides; only where the rows keep this much. */
const COMPARED = { row: 1.5, gap: 0.9, axis: 4.2, left: 8.5, leftForRows: 7 }

const partSign = (theme: ChartTheme, part: BytePart): BoxSign => {
  const signs: Record<BytePart, BoxSign> = {
    message: { color: theme.client, pattern: 'plain', ink: theme.ground },
    headers: { color: theme.yellow, pattern: 'plain', ink: theme.ground },
    framing: { color: theme.sack, pattern: 'rising', ink: theme.ground },
    packets: { color: theme.grey, pattern: 'plain', ink: theme.ground, opacity: 0.6 },
  }
  return signs[part]
}
const callSign = (theme: ChartTheme): BoxSign => ({
  color: theme.server,
  pattern: 'plain',
  ink: theme.ground,
})

/** Pixels that a picture with all rows of all lanes is high. */
export function callsHeight(calls: Calls, context: ChartContext): number {
  const lanes = lanesOf(calls, context)
  const rows = lanes.reduce((sum, lane) => sum + lane.calls.length, 0)
  return context.theme.textSize * (6 + lanes.length * HEADER + rows * 1.3 + comparedRows(lanes))
}

export function callsChart(calls: Calls, context: ChartContext, choice: CallsChoice = {}): CallsChart {
  const { theme, language } = context
  const lanes = lanesOf(calls, context)
  const compared = comparedHeight(context, lanes)
  const showsBytes = compared > 0 || bytesWidth(context) > 0
  const parts = BYTE_PARTS.filter(
    (part) => showsBytes && lanes.some(({ ended }) => ended.some(({ bytes }) => (bytes?.[part] ?? 0) > 0)),
  )
  const failed = lanes.some(({ ended }) => ended.some(({ status }) => status !== 'OK'))
  const signs = [
    ['call', callSign(theme)] as const,
    ...parts.map((part) => [part, partSign(theme, part)] as const),
  ]
  const names = [...signs.map(([key]) => key), ...(failed ? (['failedCall'] as const) : [])]
  const picture = new Picture(context, '', [
    ...names.map((key) => messageWord(language, key)),
    word(language, 'lost'),
  ])
  if (lanes.length > 0)
    for (const [key, { color, pattern, opacity }] of signs)
      picture.addLegend(messageWord(language, key), AREA_ICONS[pattern], { color, opacity, borderWidth: 0 })
  const most = Math.max(
    1,
    ...lanes.flatMap(({ ended }) => ended.map(({ bytes }) => (bytes ? sumOf(bytes) : 0))),
  )
  const areas = areasOf(picture, lanes, compared)
  const rows = lanes.map((lane, i) => addLane(picture, areas[i], lane, most, choice, i === lanes.length - 1))
  if (compared > 0) addComparison(picture, lanes, compared)
  return { ...picture.finish(undefined, 'foot'), rows }
}

function lanesOf({ lanes: all }: Calls, { lanes, store }: ChartContext): Lane[] {
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.flatMap(({ id, label }) => {
    const own = all.get(id)
    if (own === undefined || own.calls.length === 0) return []
    return [{ id, label: shown.length > 1 ? label : '', calls: own.calls, ended: own.ended }]
  })
}

// --- places -------------------------------------------------------------------------------------------------

const comparedRows = (lanes: readonly Lane[]): number =>
  3 * (lanes.length * COMPARED.row + COMPARED.gap) + COMPARED.axis

function comparedHeight({ height, theme }: ChartContext, lanes: readonly Lane[]): number {
  if (!lanes.some(({ ended }) => ended.length > 0)) return 0
  const own = comparedRows(lanes) * theme.textSize
  const left = height - own - AROUND * theme.textSize
  return left < lanes.length * COMPARED.leftForRows * theme.textSize ? 0 : own
}
/** What legend and time axis take. */
const AROUND = 5

const bytesWidth = ({ width, theme }: ChartContext): number =>
  width < BYTES.from * theme.textSize ? 0 : width * BYTES.share

/** One above the other, each as high as its share of the rows. */
function areasOf(picture: Picture, lanes: readonly Lane[], compared: number): Place[] {
  const { width, height, theme } = picture.context
  const header = theme.textSize * HEADER
  const all = lanes.reduce((sum, { calls }) => sum + calls.length, 0)
  const room = height - picture.top - picture.bottom - compared - header * lanes.length
  const left = theme.textSize * NUMBERS
  const right = width - RIGHT - bytesWidth(picture.context)
  let y = picture.top
  return lanes.map(({ calls }) => {
    const own = Math.max(8, (room * calls.length) / Math.max(1, all))
    y += header
    const area = { x: left, y, width: Math.max(40, right - left), height: own }
    y += own
    return area
  })
}

// --- rows ---------------------------------------------------------------------------------------------------

function addLane(
  picture: Picture,
  area: Place,
  lane: Lane,
  most: number,
  choice: CallsChoice,
  isLowest: boolean,
): CallRows {
  const { theme } = picture.context
  const plot = picture.addPlot({ ...area, lane: lane.id }, '', UNLABELLED, Infinity, isLowest)
  const top = area.y + theme.textSize * 0.6
  const [least, highest] = [theme.textSize * ROW.least, theme.textSize * ROW.most]
  const window = rowWindow(
    lane.calls.length,
    area.height - theme.textSize * 0.6,
    choice.firstRow?.(lane.id) ?? 0,
    least,
    highest,
  )
  const rows = { lane: lane.id, window, top, calls: lane.calls }
  addHead(picture, plot, area, lane, rows)
  addBars(picture, plot, area, rows, choice)
  addWords(picture, plot, area, rows)
  if (bytesWidth(picture.context) > 0) addBytes(picture, plot, area, rows, most)
  picture.losses(plot, false)
  picture.describe(plot, (t) => {
    const begun = lane.calls.filter((call) => call.begun <= t)
    const done = begun.filter((call) => call.ended <= t).length
    return [messageWord(picture.context.language, 'callsDone', { done, all: begun.length })]
  })
  return rows
}

/** The calls in sight, each with the height of its upper edge. */
const inSight = ({ window, top, calls }: CallRows): { call: Call; y: number }[] =>
  calls
    .slice(window.first, window.first + window.shown)
    .map((call, row) => ({ call, y: top + row * window.pitch }))

function addBars(
  picture: Picture,
  plot: number,
  area: Place,
  rows: CallRows,
  { isSelected }: CallsChoice,
): void {
  const { range, theme, store, language, width: whole } = picture.context
  const { height, pitch } = rows.window
  const toX = (t: number): number =>
    area.x +
    ((Math.min(Math.max(t, range.from), range.to) - range.from) / (range.to - range.from)) * area.width
  const bars: Box[] = []
  const selected: Box[] = []
  const failed: number[] = []
  const { y: head, height: high } = picture.plots[plot]
  for (const { call, y } of inSight(rows)) {
    if (isSelected?.(call)) selected.push({ x: 0, y, width: whole, height: pitch })
    const end = Number.isNaN(call.ended) ? store.end : call.ended
    if (end < range.from || call.begun > range.to) continue
    const box = { x: toX(call.begun), y: y + height * 0.1, height: Math.max(1, height * 0.8) }
    bars.push({ ...box, width: Math.max(1, toX(end) - box.x) })
    if (call.status !== 'OK' && call.status !== '')
      failed.push(call.ended, 1 - (y + height / 2 - head) / high)
  }
  const mark = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.12 } as const
  picture.add(plot, { ...boxSeries(selected, mark, range.from), clip: false })
  picture.add(plot, boxSeries(bars, callSign(theme), range.from))
  const name = messageWord(language, 'failedCall')
  if (failed.length > 0)
    picture.signs(
      plot,
      name,
      Float64Array.from(failed),
      CROSS,
      theme.textSize * 0.7,
      outline(theme.loss, 2.2),
    )
}

/** Numbers at the left, and behind each bar how long it took, where there is room. */
function addWords(picture: Picture, plot: number, area: Place, rows: CallRows): void {
  const { theme, range } = picture.context
  const size = theme.textSize
  const every = Math.max(1, Math.ceil((size * 1.15) / rows.window.pitch))
  const texts = inSight(rows).flatMap(({ call, y }, row): RowText[] => {
    if (row % every !== 0) return []
    const middle = y + rows.window.height / 2
    const number = {
      text: `${call.number}`,
      x: area.x - 5,
      y: middle,
      width: area.x - 8,
      color: theme.muted,
      mono: true,
      align: 'right' as const,
    }
    if (every > 1 || Number.isNaN(call.ended) || call.ended < range.from || call.begun > range.to)
      return [number]
    const isOk = call.status === 'OK'
    const text = isOk ? formatSpan(call.ended - call.begun) : call.status
    const own = textWidth(text, size)
    const x =
      area.x + ((Math.min(call.ended, range.to) - range.from) / (range.to - range.from)) * area.width + 6
    const color = isOk ? theme.faint : theme.loss
    const room = area.x + area.width - x
    if (own <= room) return [number, { text, x, y: middle, width: room, color }]
    const before =
      area.x + ((Math.max(call.begun, range.from) - range.from) / (range.to - range.from)) * area.width - 6
    return before - area.x < own
      ? [number]
      : [number, { text, x: before, y: middle, width: own + 4, color, align: 'right' }]
  })
  picture.add(plot, textSeries(texts, theme, range.from))
}

/** Beside the rows: what the bytes of each were spent on; all lanes have one scale. */
function addBytes(picture: Picture, plot: number, area: Place, rows: CallRows, most: number): void {
  const { theme, range, width } = picture.context
  const left = area.x + area.width + theme.textSize * 1.4
  const words = theme.textSize * 6
  const room = width - RIGHT - left - words
  const { height, pitch } = rows.window
  const boxes = new Map<BytePart, Box[]>(BYTE_PARTS.map((part) => [part, []]))
  const texts: RowText[] = []
  const every = Math.max(1, Math.ceil((theme.textSize * 1.15) / pitch))
  inSight(rows).forEach(({ call, y }, row) => {
    if (call.bytes === undefined) return
    const end = addStack(
      boxes,
      call.bytes,
      { x: left, y: y + height * 0.1, width: room, height: height * 0.8 },
      most,
    )
    if (row % every === 0)
      texts.push({
        text: formatSize(sumOf(call.bytes)),
        x: end + 5,
        y: y + height / 2,
        width: words,
        color: theme.faint,
        mono: true,
      })
  })
  for (const [part, list] of boxes)
    picture.add(plot, { ...boxSeries(list, partSign(theme, part), range.from), clip: false })
  picture.add(plot, textSeries(texts, theme, range.from))
}

/** Parts one after another in a bar that is as long as `most` would be; returns where they end. */
function addStack(
  boxes: ReadonlyMap<BytePart, Box[]>,
  bytes: CallBytes,
  { x, y, width, height }: Box,
  most: number,
): number {
  let at = x
  for (const part of BYTE_PARTS) {
    const own = (bytes[part] / most) * width
    if (own <= 0) continue
    boxes.get(part)!.push({ x: at, y, width: Math.max(0.5, own), height: Math.max(1, height) })
    at += own
  }
  return at
}

function addHead(
  picture: Picture,
  plot: number,
  area: Place,
  { label, calls, ended }: Lane,
  { window }: CallRows,
): void {
  const { theme, language, width } = picture.context
  const size = theme.textSize
  const y = area.y - size * 1.35
  const answered = ended.filter(({ status }) => status === 'OK')
  const times = Float64Array.from(answered.map((call) => call.ended - call.begun)).sort()
  const [median, longest] = [0.5, 1].map((q) => formatSpan(quantileOf(times, q)))
  const failed = ended.length - answered.length
  const { first, shown, total } = window
  const said: (readonly [string, string])[] = [
    [label, theme.text],
    [
      messageWord(language, 'callsDone', {
        done: formatNumber(answered.length),
        all: formatNumber(calls.length),
      }),
      theme.muted,
    ],
    ...(failed > 0
      ? [[messageWord(language, 'callsFailed', { count: formatNumber(failed) }), theme.loss] as const]
      : []),
    ...(shown < total
      ? [[word(language, 'rowsShown', { from: first + 1, to: first + shown, total }), theme.faint] as const]
      : []),
  ]
  const hasBytes = bytesWidth(picture.context) > 0
  const right = hasBytes ? area.x + area.width : width - RIGHT
  let x = 6
  const widthOf = (text: string): number => textWidth(text, size) * 1.08 + size * 1.3
  if (times.length > 0) {
    const before = said.reduce((sum, [text]) => sum + widthOf(text), x)
    const texts = (['callTimes', 'callTimesShort'] as const).map((key) =>
      messageWord(language, key, { median, longest }),
    )
    const fitting = texts.find((text) => before + widthOf(text) < right)
    if (fitting !== undefined) said.push([fitting, theme.muted])
  }
  for (const [text, color] of said) {
    if (text === '' || x > right - size * 4) continue
    picture.caption(text, x, y, right - x, color, text === label ? 600 : 400)
    x += widthOf(text)
  }
  if (hasBytes && plot === 0)
    picture.caption(
      messageWord(language, 'bytesACall'),
      right + size * 1.4,
      y,
      width - right - size,
      theme.muted,
      400,
    )
}

// --- comparison ---------------------------------------------------------------------------------------------

/** The first call, the last one and the mean of all: a bar for each lane, one below the other. */
function addComparison(picture: Picture, lanes: readonly Lane[], compared: number): void {
  const { theme, language, width, height, range } = picture.context
  const size = theme.textSize
  const groups: readonly (readonly [MessageWord, (lane: Lane) => CallBytes | undefined])[] = [
    ['firstCall', ({ ended }) => ended[0]?.bytes],
    ['lastCall', ({ ended }) => ended[ended.length - 1]?.bytes],
    ['meanCall', ({ ended }) => meanOf(ended)],
  ]
  const names = Math.max(
    size * COMPARED.left,
    ...lanes.map(({ label }) => textWidth(label, size) * 1.1 + size * 7.6),
  )
  const left = Math.min(names, width * 0.4)
  const place = {
    x: left,
    y: height - compared + size * 0.4,
    width: width - left - RIGHT - size * 5,
    height: compared - size * COMPARED.axis,
  }
  const most = Math.max(1, ...groups.flatMap(([, of]) => lanes.map((lane) => sumOfKnown(of(lane)))))
  const scale = niceScale(most, place.width / (size * 8))
  const unit = axisUnit('B', scale.max)
  const across = {
    name: `${messageWord(language, 'bytesSpent')} (${unit.symbol})`,
    scale,
    label: axisLabel(unit, scale.step),
  }
  const plot = picture.addFreePlot({ ...place, lane: '' }, '', across, UNLABELLED)
  const boxes = new Map<BytePart, Box[]>(BYTE_PARTS.map((part) => [part, []]))
  const texts: RowText[] = []
  let y = place.y + size * 0.4
  for (const [key, of] of groups) {
    texts.push({
      text: messageWord(language, key),
      x: 6,
      y: y + size * 0.75,
      width: size * 7.4,
      color: theme.text,
    })
    for (const lane of lanes) {
      const bytes = of(lane)
      const middle = y + size * COMPARED.row * 0.5
      texts.push({
        text: lane.label,
        x: left - 6,
        y: middle,
        width: left - size * 7.6,
        color: theme.muted,
        align: 'right',
      })
      if (bytes) {
        const bar = { x: place.x, y: y + 1, width: place.width, height: size * COMPARED.row - 3 }
        const end = addStack(boxes, bytes, bar, scale.max)
        texts.push({
          text: formatSize(sumOf(bytes)),
          x: end + 6,
          y: middle,
          width: size * 7,
          color: theme.text,
          mono: true,
        })
      }
      y += size * COMPARED.row
    }
    y += size * COMPARED.gap
  }
  for (const [part, list] of boxes) picture.add(plot, boxSeries(list, partSign(theme, part), range.from))
  picture.add(plot, textSeries(texts, theme, range.from))
}

const sumOfKnown = (bytes: CallBytes | undefined): number => (bytes ? sumOf(bytes) : 0)
