/** The figures that stand above the deliveries of each lane, in as few lines as they need. */
import { quantileOf, type LaneMessages } from '../projections/messages.ts'
import { formatNumber, formatSpan } from '../quantity.ts'
import type { ChartContext } from './context.ts'
import { textWidth } from './legend.ts'
import { messageWord, type MessageWord } from './message-texts.ts'
import type { Area, Picture } from './picture.ts'
import type { RowWindow } from './rows.ts'
import { word } from './texts.ts'

export interface DeliveryLane {
  readonly id: string
  readonly label: string
  readonly messages: LaneMessages
}

export type Figure = readonly [text: string, color: string]

/** Lines of figures: how many the longest head has, and those of each lane. */
export interface DeliveryHead {
  readonly lines: number
  readonly of: (lane: DeliveryLane) => readonly (readonly Figure[])[]
}

/** Heights of the text: a line of figures, and rows that a lane keeps at least. */
export const LINE = 1.4
export const LEAST_ROWS = 4
const RIGHT = 14

/** What stands above the rows of each lane, in as many lines as the longest needs. */
export function headOf(
  context: ChartContext,
  lanes: readonly DeliveryLane[],
  isRunning: boolean,
): DeliveryHead {
  // Some height is for the rows.
  const each = context.height / Math.max(1, lanes.length) / context.theme.textSize - LEAST_ROWS
  const most = Math.max(1, Math.floor(each / LINE))
  const all = new Map(
    lanes.map((lane) => {
      const whole = wrapped(context, figuresOf(context, lane, isRunning))
      // Where it takes more than a line, what did not happen need not be said.
      const brief = whole.length === 1 ? whole : wrapped(context, figuresOf(context, lane, isRunning, true))
      return [lane, brief.slice(0, most)] as const
    }),
  )
  const lines = Math.max(1, ...[...all.values()].map((list) => list.length))
  return { lines, of: (lane) => all.get(lane) ?? [] }
}

function figuresOf(
  { theme, language }: ChartContext,
  { label, messages }: DeliveryLane,
  isRunning: boolean,
  isBrief = false,
): Figure[] {
  const { sent, intended, delivered, unasked, missing, duplicated, outOfOrder, mistaken, delays } =
    messages.figures
  const counted = (key: MessageWord, count: number, color: string): Figure[] =>
    count === 0 && isBrief
      ? []
      : [[messageWord(language, key, { count: formatNumber(count) }), count > 0 ? color : theme.faint]]
  const [median, p95, longest] = [0.5, 0.95, 1].map((q) => formatSpan(quantileOf(delays, q)))
  const of = { delivered: formatNumber(delivered - unasked), intended: formatNumber(intended) }
  const spans = messageWord(language, isBrief ? 'delaysShort' : 'delays', { median, p95, longest })
  return [
    ...(label === '' ? [] : [[label, theme.text] as const]),
    ...(isBrief ? [] : counted('sent', sent, theme.muted)),
    ...(intended > 0 ? [[messageWord(language, 'deliveredOf', of), theme.client] as const] : []),
    ...(unasked > 0 ? counted('unaskedCount', unasked, theme.client) : []),
    ...(isRunning
      ? counted('underWayCount', missing, theme.muted)
      : counted('lostCount', missing, theme.loss)),
    ...counted('duplicates', duplicated, theme.retransmission),
    ...counted('outOfOrder', outOfOrder, theme.sack),
    ...(mistaken > 0 ? counted('wrong', mistaken, theme.loss) : []),
    ...(delays.length > 0 ? [[spans, theme.muted] as const] : []),
  ]
}

/** Between two figures. */
const GAP = 1.3
const widthOf = ([text]: Figure, size: number): number => textWidth(text, size) * 1.08 + size * GAP

function wrapped({ width, theme }: ChartContext, figures: readonly Figure[]): Figure[][] {
  const lines: Figure[][] = []
  let room = 0
  for (const figure of figures) {
    const own = widthOf(figure, theme.textSize)
    if (lines.length === 0 || own > room) {
      lines.push([])
      room = width - RIGHT - 6
    }
    lines[lines.length - 1].push(figure)
    room -= own
  }
  return lines
}

export function addHead(
  picture: Picture,
  area: Pick<Area, 'y'>,
  lane: DeliveryLane,
  window: RowWindow,
  lines: readonly (readonly Figure[])[],
): void {
  const { theme, language, width } = picture.context
  const size = theme.textSize
  const { first, shown, total } = window
  lines.forEach((line, i) => {
    const y = area.y - size * (0.5 + LINE * (lines.length - i))
    let x = 6
    line.forEach((figure, j) => {
      const [text, color] = figure
      const isName = i === 0 && j === 0 && lane.label !== ''
      picture.caption(text, x, y, width - x - 4, color, isName ? 600 : 400)
      x += widthOf(figure, size)
    })
    if (i < lines.length - 1 || shown >= total) return
    const text = word(language, 'rowsShown', { from: first + 1, to: first + shown, total })
    const own = textWidth(text, size) * 1.08
    if (x + own < width - RIGHT) picture.caption(text, width - RIGHT - own, y, own + 4, theme.faint, 400)
  })
}
