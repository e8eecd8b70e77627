/**
 * What became of each message: a row for each and everyone who was to get it, from when it was given away to when it came, the lanes above
 * each other; and how many came within which time, for all lanes in one plot, so that what was lost keeps its line from the top.
 */
import {
  lostAt,
  quantileOf,
  type Delivery,
  type DeliveryFigures,
  type LaneMessages,
  type Messages,
} from '../projections/messages.ts'
import { formatNumber, formatSpan } from '../quantity.ts'
import { axisLabel, axisUnit, niceScale } from './axes.ts'
import type { ChartContext } from './context.ts'
import { addHead, headOf, LEAST_ROWS, LINE, type DeliveryLane, type Figure } from './delivery-figures.ts'
import { laneStyle } from './lane-style.ts'
import { messageWord, type MessageWord } from './message-texts.ts'
import { Picture, type Area } from './picture.ts'
import { LEFT } from './plot-axes.ts'
import {
  boxSeries,
  rowWindow,
  textSeries,
  type Box,
  type BoxSign,
  type RowChart,
  type RowPlace,
} from './rows.ts'
import { AREA_ICONS, CROSS, outline, RING, TRIANGLE } from './signs.ts'
import { word } from './texts.ts'
import type { ChartTheme } from './theme.ts'

export interface DeliveriesChoice {
  /** The first row of a lane in sight, where not all of them fit. */
  readonly firstRow?: (lane: string) => number
  readonly isSelected?: (delivery: Delivery) => boolean
  /** The run goes on: what has not come may come yet. */
  readonly isRunning?: boolean
}

/** A lane as it was drawn. */
export interface DeliveryRows extends RowPlace {
  readonly deliveries: readonly Delivery[]
}

export interface DeliveriesChart extends RowChart {
  readonly rows: readonly DeliveryRows[]
}

/** What is drawn as a bar or a thread. */
const BARS = ['delivered', 'late', 'again', 'open'] as const
type BarKind = (typeof BARS)[number]

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const RIGHT = 14
/** Heights and widths in heights of the text. */
const ROW = { least: 0.14, most: 1.6 }
const NAMES = { one: 3.6, several: 10, narrow: 6 }
const NARROW = 46
/** The plot of delays: beside the rows where the picture is wide enough, else below them if it is high enough. */
const DELAYS = { beside: 84, width: 32, height: 15, below: 22, belowForLane: 7 }
/** Threads say that nothing has come, bars that something did. */
const THREAD = 0.22

function signOf(theme: ChartTheme, kind: BarKind): BoxSign {
  const plain = { pattern: 'plain', ink: theme.ground } as const
  const signs: Record<BarKind, BoxSign> = {
    delivered: { color: theme.client, ...plain },
    late: { color: theme.sack, pattern: 'falling', ink: theme.ground },
    again: { color: theme.retransmission, ...plain, opacity: 0.7 },
    open: { color: theme.grey, ...plain, opacity: 0.7 },
  }
  return signs[kind]
}

/** Pixels that a picture with all rows of all lanes is high. */
export function deliveriesHeight(messages: Messages, context: ChartContext): number {
  const { theme } = context
  const rows = lanesOf(messages, context).map(({ messages: { deliveries } }) => shareOf(deliveries.length))
  const all = rows.reduce((sum, count) => sum + count, 0)
  return theme.textSize * (8 + rows.length * 5 + all * FILE_ROW)
}

/** In a file rows are as high as their letters, up to so many of a lane; more are drawn closer. */
const FILE_ROW = 1.2
const MOST_ROWS = 60

export function deliveriesChart(
  messages: Messages,
  context: ChartContext,
  choice: DeliveriesChoice = {},
): DeliveriesChart {
  const { theme, language } = context
  const lanes = lanesOf(messages, context)
  const used = legendOf(lanes, choice)
  const names = [
    ...used.map((key) => messageWord(language, key)),
    ...(hasDelays(context, lanes) ? lanes.map(({ label }) => label) : []),
    word(language, 'lost'),
  ]
  // A lost message has the sign and the name of a lost packet.
  const picture = new Picture(context, '', [...new Set(names)])
  for (const key of used) addLegend(picture, theme, key)
  const head = headOf(context, lanes, choice.isRunning === true)
  const places = placesOf(picture, lanes, head.lines)
  const rows = lanes.map((lane, i) =>
    addLane(picture, places.lanes[i], lane, head.of(lane), choice, i === lanes.length - 1),
  )
  if (places.delays) addDelays(picture, lanes, places.delays)
  return { ...picture.finish(undefined, 'foot'), rows }
}

function lanesOf(messages: Messages, { lanes, store }: ChartContext): DeliveryLane[] {
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.flatMap(({ id, label }) => {
    const own = messages.lanes.get(id)
    return own && own.deliveries.length > 0
      ? [{ id, label: shown.length > 1 ? label : '', messages: own }]
      : []
  })
}

// --- legend -------------------------------------------------------------------------------------------------

function legendOf(lanes: readonly DeliveryLane[], { isRunning }: DeliveriesChoice): MessageWord[] {
  const any = (test: (figures: DeliveryFigures) => number): boolean =>
    lanes.some(({ messages: { figures } }) => test(figures) > 0)
  const keys: (MessageWord | false)[] = [
    any(({ delivered, outOfOrder }) => delivered - outOfOrder) && 'delivered',
    any(({ outOfOrder }) => outOfOrder) && 'late',
    any(({ duplicated }) => duplicated) && 'again',
    any(({ missing }) => missing) && (isRunning ? 'open' : 'missing'),
    any(({ mistaken }) => mistaken) && 'mistaken',
  ]
  return keys.filter((key) => key !== false)
}

function addLegend(picture: Picture, theme: ChartTheme, key: MessageWord): void {
  const name = messageWord(picture.context.language, key)
  if (key === 'missing') return picture.addLegend(name, CROSS, outline(theme.loss, 2))
  if (key === 'mistaken') return picture.addLegend(name, TRIANGLE, outline(theme.loss))
  if (key === 'again') return picture.addLegend(name, RING, outline(theme.retransmission))
  const { color, pattern, opacity } = signOf(theme, key as BarKind)
  picture.addLegend(name, AREA_ICONS[pattern], { color, opacity, borderWidth: 0 })
}

// --- places -------------------------------------------------------------------------------------------------

interface Places {
  readonly lanes: readonly Place[]
  /** undefined: there is no room for it, or nothing to show. */
  readonly delays: Place | undefined
}
type Place = Omit<Area, 'lane'>

/** The lanes one above the other, each as high as its share of the rows. */
function placesOf(picture: Picture, lanes: readonly DeliveryLane[], lines: number): Places {
  const { width, height, theme } = picture.context
  const size = theme.textSize
  const delays = delaysPlace(picture, lanes, lines)
  const isBelow = delays !== undefined && delays.x === LEFT
  const header = size * (LINE * lines + 0.9)
  const foot = isBelow ? height - delays.y + size * 2.4 : 0
  const room = height - picture.top - picture.bottom - foot - header * lanes.length
  const shares = lanes.map(({ messages: { deliveries } }) => shareOf(deliveries.length))
  const all = shares.reduce((sum, share) => sum + share, 0)
  const left = Math.max(...lanes.map((lane) => namesWidth(picture.context, lane)), 0) + 8
  const right = delays === undefined || isBelow ? width - RIGHT : delays.x - LEFT - size
  let y = picture.top
  const areas = lanes.map((_, i) => {
    const own = Math.max(8, (room * shares[i]) / all)
    y += header
    const area = { x: left, y, width: Math.max(40, right - left), height: own }
    y += own
    return area
  })
  return { lanes: areas, delays }
}

/** A lane has room for a few rows, and no more than a screen of them. */
const shareOf = (rows: number): number => Math.max(LEAST_ROWS, Math.min(rows, MOST_ROWS))

/** Whether there are delays to be shown, and room for them. */
function hasDelays({ width, height, theme }: ChartContext, lanes: readonly DeliveryLane[]): boolean {
  if (!lanes.some(({ messages: { figures } }) => figures.delays.length > 1)) return false
  const below = (DELAYS.below + DELAYS.belowForLane * lanes.length) * theme.textSize
  return width >= DELAYS.beside * theme.textSize || height >= below
}

function delaysPlace(
  { context, top, bottom }: Picture,
  lanes: readonly DeliveryLane[],
  lines: number,
): Place | undefined {
  const { width, height, theme } = context
  const size = theme.textSize
  if (!hasDelays(context, lanes)) return undefined
  if (width >= DELAYS.beside * size) {
    const own = DELAYS.width * size
    // Below the figures of the first lane, which may be longer than its rows.
    const y = top + size * (LINE * lines + 3)
    return { x: width - RIGHT - own, y, width: own, height: Math.min(own * 0.8, height - y - bottom - size) }
  }
  const own = DELAYS.height * size
  return { x: LEFT, y: height - bottom - size - own, width: width - LEFT - RIGHT, height: own }
}

/** Where there is one receiver only, the number says it all. */
function namesWidth({ theme, width }: ChartContext, { messages }: DeliveryLane): number {
  if (hasOneReceiver(messages)) return theme.textSize * NAMES.one
  return theme.textSize * (width / theme.textSize < NARROW ? NAMES.narrow : NAMES.several)
}

const hasOneReceiver = ({ deliveries, messages }: LaneMessages): boolean =>
  deliveries.length <= messages.length

// --- rows ---------------------------------------------------------------------------------------------------

function addLane(
  picture: Picture,
  area: Place,
  lane: DeliveryLane,
  head: readonly (readonly Figure[])[],
  choice: DeliveriesChoice,
  isLowest: boolean,
): DeliveryRows {
  const { theme, range } = picture.context
  const plot = picture.addPlot({ ...area, lane: lane.id }, '', UNLABELLED, Infinity, isLowest)
  const { deliveries, mistakes } = lane.messages
  // Above the first row: losses along the upper edge, then what is no message.
  const above = theme.textSize * (mistakes.length > 0 ? 1.5 : 0.6)
  const top = area.y + above
  const [least, most] = [theme.textSize * ROW.least, theme.textSize * ROW.most]
  const first = choice.firstRow?.(lane.id) ?? 0
  const window = rowWindow(deliveries.length, area.height - above, first, least, most)
  const rows = { lane: lane.id, window, top, deliveries }
  addHead(picture, area, lane, window, head)
  addBars(picture, plot, area, rows, choice)
  addSigns(picture, plot, rows, choice)
  addNames(picture, plot, area, lane, rows)
  if (mistakes.length > 0) {
    const y = 1 - (theme.textSize * 1.05) / area.height
    const points = Float64Array.from(
      mistakes.filter(({ t }) => t >= range.from && t <= range.to).flatMap(({ t }) => [t, y]),
    )
    picture.signs(
      plot,
      messageWord(picture.context.language, 'mistaken'),
      points,
      TRIANGLE,
      theme.textSize * 0.7,
      outline(theme.loss),
    )
  }
  picture.losses(plot, false)
  picture.describe(plot, (t) => wordsAt(picture.context, lane.messages, t))
  return rows
}

/** The deliveries in sight, each with the height of its upper edge. */
const inSight = ({ window, top, deliveries }: DeliveryRows): { delivery: Delivery; y: number }[] =>
  deliveries
    .slice(window.first, window.first + window.shown)
    .map((delivery, row) => ({ delivery, y: top + row * window.pitch }))

function addBars(
  picture: Picture,
  plot: number,
  area: Place,
  rows: DeliveryRows,
  { isSelected, isRunning }: DeliveriesChoice,
): void {
  const { range, theme, store } = picture.context
  const { height, pitch } = rows.window
  const boxes = new Map<BarKind, Box[]>(BARS.map((kind) => [kind, []]))
  const selected: Box[] = []
  const pixel = (range.to - range.from) / area.width
  const toX = (t: number): number =>
    area.x + (Math.min(Math.max(t, range.from), range.to) - range.from) / pixel
  const add = (kind: BarKind, from: number, to: number, y: number, share: number): void => {
    if (to < range.from || from > range.to) return
    const high = Math.max(1, height * share)
    const width = Math.max(1, toX(to) - toX(from))
    boxes.get(kind)!.push({ x: toX(from), y: y + (height - high) / 2, width, height: high })
  }
  for (const { delivery, y } of inSight(rows)) {
    const { message, receipts } = delivery
    if (isSelected?.(delivery)) selected.push({ x: 0, y, width: area.x + area.width, height: pitch })
    if (receipts.length === 0) {
      const until = isRunning ? store.end : (lostAt(store, message) ?? message.t)
      if (until > message.t) add('open', message.t, until, y, THREAD)
      continue
    }
    const [first] = receipts
    add(first.late ? 'late' : 'delivered', message.t, first.t, y, 0.8)
    if (receipts.length > 1) add('again', first.t, receipts[receipts.length - 1].t, y, THREAD)
  }
  const mark = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.12 } as const
  picture.add(plot, { ...boxSeries(selected, mark, range.from), clip: false })
  for (const [kind, list] of boxes) picture.add(plot, boxSeries(list, signOf(theme, kind), range.from))
}

/** A cross where a message was lost, as far as that is known; a ring for each copy beyond the first. */
function addSigns(picture: Picture, plot: number, rows: DeliveryRows, { isRunning }: DeliveriesChoice): void {
  const { theme, language, store } = picture.context
  const { y: head, height } = picture.plots[plot]
  const levelOf = (y: number): number => 1 - (y + rows.window.height / 2 - head) / height
  const pointsOf = (times: (delivery: Delivery) => readonly number[]): Float64Array =>
    Float64Array.from(
      inSight(rows).flatMap(({ delivery, y }) => times(delivery).flatMap((t) => [t, levelOf(y)])),
    )
  const lost = pointsOf(({ message, receipts, isIntended }) =>
    isIntended && receipts.length === 0 && !isRunning ? [lostAt(store, message) ?? message.t] : [],
  )
  const again = pointsOf(({ receipts }) => receipts.slice(1).map(({ t }) => t))
  const size = Math.min(theme.textSize * 0.72, Math.max(5, rows.window.pitch))
  if (again.length > 0)
    picture.signs(plot, messageWord(language, 'again'), again, RING, size, outline(theme.retransmission))
  if (lost.length > 0)
    picture.signs(plot, messageWord(language, 'missing'), lost, CROSS, size, outline(theme.loss, 2))
}

/** Number and receiver at the left, of as many rows as have room for them. */
function addNames(picture: Picture, plot: number, area: Place, lane: DeliveryLane, rows: DeliveryRows): void {
  const { theme, language, range } = picture.context
  const every = Math.max(1, Math.ceil((theme.textSize * 1.15) / rows.window.pitch))
  const isAlone = hasOneReceiver(lane.messages)
  const texts = inSight(rows).flatMap(({ delivery: { message, receiver }, y }, row) => {
    if (row % every !== 0) return []
    const text =
      isAlone || receiver === ''
        ? `#${message.number}`
        : messageWord(language, 'messageFor', { number: message.number, receiver })
    return [{ text, x: 6, y: y + rows.window.height / 2, width: area.x - 12, color: theme.muted, mono: true }]
  })
  picture.add(plot, textSeries(texts, theme, range.from))
}

/** What had been sent and had come by a moment. */
function wordsAt({ language }: ChartContext, { messages, deliveries }: LaneMessages, t: number): string[] {
  const sent = messages.filter((message) => message.t <= t).length
  const due = deliveries.filter(({ message }) => message.t <= t)
  const delivered = due.filter(({ receipts }) => receipts.length > 0 && receipts[0].t <= t).length
  return [
    messageWord(language, 'sent', { count: formatNumber(sent) }),
    messageWord(language, 'deliveredOf', {
      delivered: formatNumber(delivered),
      intended: formatNumber(due.length),
    }),
  ]
}

// --- delays -------------------------------------------------------------------------------------------------

/** The share of what was to come that had come within so long, of each lane. */
function addDelays(picture: Picture, lanes: readonly DeliveryLane[], place: Place): void {
  const { theme, language } = picture.context
  const longest = Math.max(
    ...lanes.map(({ messages: { figures } }) => quantileOf(figures.delays, 1)).filter(Number.isFinite),
  )
  const scale = niceScale(longest, place.width / (theme.textSize * 7))
  const unit = axisUnit('us', scale.max)
  const across = {
    name: `${messageWord(language, 'delay')} (${unit.symbol})`,
    scale,
    label: axisLabel(unit, scale.step),
  }
  const share = {
    name: '',
    scale: { max: 1, step: 0.25 },
    label: (value: number) => `${Math.round(value * 100)}`,
  }
  const plot = picture.addFreePlot({ ...place, lane: '' }, '', across, share)
  const { x, y, width } = place
  picture.caption(
    messageWord(language, 'share'),
    x + 6 - LEFT,
    y - theme.textSize * 1.6,
    width,
    theme.muted,
    400,
  )
  lanes.forEach(({ label, messages: { figures } }, i) => {
    const { delays, intended, delivered } = figures
    // What came though it was not asked for counts as well.
    const of = Math.max(intended, delivered)
    const points = new Float64Array(2 * delays.length + 4)
    delays.forEach((delay, at) => points.set([delay, (at + 1) / of], 2 * at + 2))
    points.set([scale.max, delays.length / of], 2 * delays.length + 2)
    picture.line(plot, label === '' ? messageWord(language, 'delivered') : label, points, laneStyle(theme, i))
  })
  picture.describe(plot, (delay) =>
    [formatSpan(delay)].concat(
      lanes.map(({ label, messages: { figures } }) => {
        const within = figures.delays.filter((one) => one <= delay).length
        return `${label}  ${formatNumber((100 * within) / Math.max(1, figures.intended, figures.delivered))} %`
      }),
    ),
  )
}
