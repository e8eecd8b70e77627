/**
 * What every ladder has, whatever its lines are: the client at the left, the server at the right, time downwards with its
 * long silences folded, the states of both ends, and words along the lines as far as there is room.
 */
import { axisLabel, axisUnit, momentText, niceStep } from '../../shared/charts/axes.ts'
import { word, type Language } from '../../shared/charts/texts.ts'
import type { TimeRange } from '../../shared/charts/context.ts'
import { formatSpan } from '../../shared/quantity.ts'
import { isIdleState, isOpenState, stateAt, type StateChange } from '../../shared/projections/states.ts'
import { drawCross, drawText, type Surface } from './canvas.ts'
import { type Silence, TimeScale } from './time-scale.ts'

export interface LadderSide {
  readonly name: string
  /** client, server or empty. */
  readonly role: string
  readonly states: readonly StateChange[]
}

export interface LadderFrame {
  readonly language: Language
  readonly range: TimeRange
  /** Times that are folded. */
  readonly silences: readonly Silence[]
  /** From left to right. */
  readonly sides: readonly LadderSide[]
  readonly cursor: number | null
  /** Time of the latest event of the recording. */
  readonly end: number
}

/** The way of a packet as it was drawn, in pixels. */
export interface Line {
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
  /** To the right. */
  readonly up: boolean
  /** Pixels between the sides that it leads from and to, whether or not it comes so far. */
  readonly reach: number
}

/** What is said of a line: the shorter part alone where there is no room for both. */
export interface LineWords {
  readonly short: string
  readonly details: string
  /** What stands after both, whichever is shown. */
  readonly end: string
  readonly color: string
}

/** Where things stand, in pixels. */
export interface Layout {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly wide: boolean
  readonly time: TimeScale
  toY(t: number): number
  toTime(y: number): number
}

const BAND = 7
/** Heights of the text of a fold, and of the room below it for the words of the packet that ends it. */
const FOLD = 2.6
const ABOVE = 1
const HEAD = 6

export function layoutOf(
  { width, height, theme }: Surface,
  range: TimeRange,
  silences: readonly Silence[],
): Layout {
  const wide = width > 460
  const times = theme.textSize * 5
  const names = wide ? theme.textSize * 8 : 4
  const top = theme.textSize * 2.2
  const bottom = height - 6
  // Room for the words of a packet that is sent at once.
  const first = top + theme.textSize * 1.5
  const time = new TimeScale(range, first, bottom, silences, theme.textSize * (FOLD + ABOVE))
  return {
    left: times + names + BAND,
    right: width - names - BAND - 4,
    top,
    bottom,
    wide,
    time,
    toY: time.toY,
    toTime: time.toTime,
  }
}
/** Draws a ladder; `lines` draws what goes between its sides, clipped to the room there. */
export function paintLadderFrame(
  surface: Surface,
  layout: Layout,
  frame: LadderFrame,
  lines: () => void,
): void {
  const { pen } = surface
  drawTimes(surface, layout, frame.range)
  pen.save()
  pen.beginPath()
  pen.rect(0, layout.top, surface.width, layout.bottom - layout.top)
  pen.clip()
  lines()
  frame.sides.forEach((_, i) => drawSide(surface, layout, frame, i))
  drawFolds(surface, layout, frame)
  drawCursor(surface, layout, frame)
  pen.restore()
  drawHead(surface, layout, frame)
}

export function stroke(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
}

/** What stands at the end of a line: a head where it arrived, a cross where it died, a dot where it is now. */
export function drawLineEnd(
  { pen, theme }: Surface,
  { x1, y1, x2, y2 }: Line,
  fate: 'arrived' | 'died' | 'under_way',
  color: string,
): void {
  if (fate === 'died') {
    drawCross(pen, x2, y2, theme.textSize * 0.75, theme.loss)
    return
  }
  pen.fillStyle = color
  pen.beginPath()
  if (fate === 'under_way') pen.arc(x2, y2, 3.5, 0, 2 * Math.PI)
  else {
    const angle = Math.atan2(y2 - y1, x2 - x1)
    const corner = (turn: number): [number, number] => [
      x2 - HEAD * Math.cos(angle + turn),
      y2 - HEAD * Math.sin(angle + turn),
    ]
    pen.moveTo(x2, y2)
    pen.lineTo(...corner(0.42))
    pen.lineTo(...corner(-0.42))
    pen.closePath()
  }
  pen.fill()
}

/** Words along the lines, as many as do not cover each other. */
export function drawLineWords<L extends Line>(
  surface: Surface,
  layout: Layout,
  lines: readonly L[],
  wordsOf: (line: L) => LineWords,
): void {
  const room = surface.theme.textSize * 1.25
  const flat: number[] = []
  for (const up of [true, false]) {
    const side = lines.filter((line) => line.up === up && line.y2 >= layout.top && line.y1 <= layout.bottom)
    let last = -Infinity
    side.forEach((line, i) => {
      if (line.y1 - last < room) return
      // Lines that hardly fall have their words in the same place, from whichever side they come.
      const isFlat = Math.abs(line.y2 - line.y1) < room
      if (isFlat && !up && flat.some((y) => Math.abs(y - line.y1) < room)) return
      if (isFlat && up) flat.push(line.y1)
      last = line.y1
      const below = (side[i + 1]?.y1 ?? Infinity) - line.y1 > 2.4 * room
      if (drawWords(surface, line, wordsOf(line), below)) last += room
    })
  }
}

/** Names a packet above its line; what has no room there goes below it, if `below` allows. True: it did. */
function drawWords(
  surface: Surface,
  line: Line,
  { short, details, end, color }: LineWords,
  below: boolean,
): boolean {
  const { pen, theme } = surface
  const width = line.reach
  pen.font = `${theme.textSize * 0.95}px ${theme.mono}`
  const fits = (text: string): boolean => pen.measureText(text).width < width * 0.84
  const long = `${short}${details === '' ? '' : `  ${details}`}${end}`
  const style = {
    color,
    align: line.up ? ('left' as const) : ('right' as const),
    mono: true,
    size: theme.textSize * 0.95,
  }
  const inOne = fits(long)
  pen.save()
  lean(pen, line)
  const brief = `${shorten(short, (text) => fits(text + end))}${end}`
  drawText(surface, inOne ? long : brief, 0, -1, { ...style, baseline: 'bottom' })
  const second = !inOne && below && details !== ''
  if (second)
    drawText(surface, shorten(details, fits), 0, 3, { ...style, color: theme.muted, baseline: 'top' })
  pen.restore()
  return second
}

/** As many of the words as fit. */
function shorten(text: string, fits: (text: string) => boolean): string {
  const words = text.split(' ')
  while (words.length > 1 && !fits(words.join(' '))) words.pop()
  return words.join(' ')
}
/** Turns the pen along the line of a packet, to the place where its words begin. */
function lean(pen: CanvasRenderingContext2D, { x1, y1, x2, y2, up, reach }: Line): void {
  // A packet that came not far says little about its slope.
  const fall = (y2 - y1) / Math.max(0.3, Math.abs(x2 - x1) / reach)
  const angle = Math.atan2(fall, reach)
  // Words that do not lean stand where a steep line begins.
  pen.translate(x1 + (up ? 8 : -8), y1 + Math.min(8, (fall / reach) * 8) - 1)
  if (angle < 0.5) pen.rotate(up ? angle : -angle)
}
function drawTimes(surface: Surface, layout: Layout, range: TimeRange): void {
  const { pen, theme, width } = surface
  const { folds, open } = layout.time
  const step = niceStep(open, (layout.bottom - layout.top) / (theme.textSize * 4))
  const unit = axisUnit('us', Math.max(range.to, step * 2))
  const label = axisLabel(unit, step)
  pen.lineWidth = 0.5
  pen.strokeStyle = theme.line
  for (let t = Math.ceil(range.from / step) * step; t <= range.to; t += step) {
    if (folds.some(({ from, to }) => t > from && t < to)) continue
    const y = layout.toY(t)
    stroke(pen, theme.textSize * 5, y, width, y)
    drawText(surface, label(t), theme.textSize * 4.6, y, { color: theme.muted, align: 'right', mono: true })
  }
}

/** A silence that is not drawn to scale: a torn strip, and how long it lasts. */
function drawFolds(surface: Surface, layout: Layout, { language }: LadderFrame): void {
  const { pen, theme, width } = surface
  for (const { silence, y1, y2 } of layout.time.folds) {
    const end = y2 - theme.textSize * ABOVE
    pen.fillStyle = theme.ground
    pen.strokeStyle = theme.lineStrong
    pen.lineWidth = 1
    pen.beginPath()
    tear(pen, 0, width, y1 + 4)
    tear(pen, width, 0, end - 4)
    pen.closePath()
    pen.fill()
    pen.stroke()
    const words = word(language, 'silence', { span: formatSpan(silence.lasts) })
    drawText(surface, words, (layout.left + layout.right) / 2, (y1 + end) / 2, {
      color: theme.muted,
      align: 'center',
    })
  }
}

/** A zigzag from one side to the other. */
function tear(pen: CanvasRenderingContext2D, from: number, to: number, y: number): void {
  const teeth = Math.max(2, Math.round(Math.abs(to - from) / 14))
  for (let i = 0; i <= teeth; i++) pen.lineTo(from + ((to - from) * i) / teeth, y + (i % 2 === 0 ? 0 : 3))
}

/** The axis of a side, the states of its end as a band, and their names beside it. */
function drawSide(surface: Surface, layout: Layout, { range, end, sides }: LadderFrame, at: number): void {
  const { pen, theme } = surface
  const { states } = sides[at]
  const x = placeOf(layout, sides.length, at)
  const isRight = at > 0
  const isBetween = isRight && at < sides.length - 1
  const band = isRight ? x : x - BAND
  const names = isRight ? x + BAND + 4 : x - BAND - 4
  const color = colorOf(surface, sides[at])
  const first = stateAt(states, range.from)
  const shown = [
    ...(first ? [{ ...first, t: range.from }] : []),
    ...states.filter(({ t }) => t > range.from && t <= range.to),
  ]
  let lastName = -Infinity
  shown.forEach(({ t, state }, i) => {
    const y = layout.toY(t)
    const until = layout.toY(Math.min(shown[i + 1]?.t ?? end, range.to))
    const idle = isIdleState(state)
    pen.globalAlpha = isOpenState(state) ? 0.85 : idle ? 0.2 : 0.4
    pen.fillStyle = idle ? theme.grey : color
    pen.fillRect(band, y, BAND, Math.max(1, until - y - 1))
    pen.globalAlpha = 1
    if (isBetween || !layout.wide || y - lastName < theme.textSize * 1.1) return
    lastName = y
    drawText(surface, state, names, Math.max(y + 1, layout.top + 1), {
      color: theme.muted,
      align: isRight ? 'left' : 'right',
      baseline: 'top',
      size: theme.textSize * 0.9,
    })
  })
  pen.strokeStyle = theme.lineStrong
  pen.lineWidth = 1
  stroke(pen, x, layout.top, x, layout.bottom)
}

/** As much of a name as has room. */
function shortened(pen: CanvasRenderingContext2D, name: string, width: number): string {
  if (pen.measureText(name).width <= width) return name
  let length = name.length - 1
  while (length > 1 && pen.measureText(`${name.slice(0, length)}…`).width > width) length--
  return `${name.slice(0, length)}…`
}

const placeOf = ({ left, right }: Layout, count: number, at: number): number =>
  left + ((right - left) * at) / Math.max(1, count - 1)

const colorOf = ({ theme }: Surface, { role }: LadderSide): string =>
  role === 'client' ? theme.client : role === 'server' ? theme.server : theme.muted

function drawHead(surface: Surface, layout: Layout, { sides, language, range }: LadderFrame): void {
  const { pen, theme } = surface
  const y = layout.top - theme.textSize
  pen.font = `600 ${theme.textSize}px ${theme.font}`
  const each = (layout.right - layout.left) / Math.max(1, sides.length - 1)
  // Addresses are left out where there is room for the names alone.
  const room = sides.every(
    ({ name }) => pen.measureText(`${name}  `).width < each * (sides.length === 2 ? 0.5 : 0.62),
  )
  sides.forEach((side, i) => {
    const isLast = i > 0 && i === sides.length - 1
    const align = i === 0 ? 'left' : isLast ? 'right' : 'center'
    const x = placeOf(layout, sides.length, i) + (i === 0 ? -BAND : isLast ? BAND : 0)
    const name = room ? side.name : shortened(pen, side.name.split(' ')[0], each - 4)
    drawText(surface, name, x, y, { bold: true, color: colorOf(surface, side), align })
  })
  const unit = axisUnit('us', range.to).symbol
  const time = layout.wide ? `${word(language, 'time')} (${unit})` : unit
  drawText(surface, time, 6, y, { color: theme.faint })
}

function drawCursor(surface: Surface, layout: Layout, { cursor, range }: LadderFrame): void {
  if (cursor === null || cursor < range.from || cursor > range.to) return
  const { pen, theme } = surface
  const y = layout.toY(cursor)
  pen.strokeStyle = theme.text
  pen.lineWidth = 1
  stroke(pen, theme.textSize * 5, y, layout.right + BAND, y)
  drawText(surface, momentText(cursor), layout.right - 6, y, {
    mono: true,
    baseline: 'bottom',
    align: 'right',
  })
}
/** The line nearest to a point, within a few pixels. */
export function lineAt<L extends Line>(drawn: readonly L[], x: number, y: number, reach = 6): L | undefined {
  let best: L | undefined
  let least = reach
  for (const line of drawn) {
    const distance = distanceTo(line, x, y)
    if (distance < least) {
      least = distance
      best = line
    }
  }
  return best
}

function distanceTo({ x1, y1, x2, y2 }: Line, x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length))
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy)
}
