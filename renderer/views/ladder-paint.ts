/**
 * Draws a ladder: client at the left, server at the right, time downwards, a line for each packet from where and when it
 * was sent to where and when it arrived, died, or is now.
 */
import { axisLabel, axisUnit, momentText, niceStep } from '../../shared/charts/axes.ts'
import { reasonText } from '../../shared/charts/reasons.ts'
import { word, type Language } from '../../shared/charts/texts.ts'
import type { TimeRange } from '../../shared/charts/context.ts'
import { formatSpan } from '../../shared/quantity.ts'
import type { Origins } from '../../shared/projections/origins.ts'
import type { Path } from '../../shared/projections/paths.ts'
import { stateAt, type StateChange } from '../../shared/projections/states.ts'
import type { TraceStore } from '../../shared/trace/store.ts'
import { drawCross, drawText, type Surface } from './canvas.ts'
import { packetWords } from './segment-text.ts'
import { type Silence, TimeScale } from './time-scale.ts'

export interface LadderSide {
  readonly name: string
  readonly states: readonly StateChange[]
}

export interface LadderScene {
  readonly store: TraceStore
  readonly language: Language
  readonly range: TimeRange
  /** Times that are folded. */
  readonly silences: readonly Silence[]
  readonly client: LadderSide
  readonly server: LadderSide
  readonly paths: readonly Path[]
  readonly origins: Origins
  readonly selected: number | null
  readonly pointed: number | null
  readonly cursor: number | null
}

/** A line as it was drawn, for pointing at it. */
export interface DrawnPath {
  readonly path: Path
  readonly x1: number
  readonly y1: number
  readonly x2: number
  readonly y2: number
}

/** Where things stand, in pixels. */
interface Layout {
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
  const time = new TimeScale(range, first, bottom, silences, theme.textSize * 2.6)
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

export function paintLadder(surface: Surface, scene: LadderScene): DrawnPath[] {
  const layout = layoutOf(surface, scene.range, scene.silences)
  const { pen } = surface
  drawTimes(surface, layout, scene.range)
  pen.save()
  pen.beginPath()
  pen.rect(0, layout.top, surface.width, layout.bottom - layout.top)
  pen.clip()
  const drawn = scene.paths.map((path) => place(layout, path))
  for (const line of drawn) drawPath(surface, line, scene)
  drawLabels(surface, layout, drawn, scene)
  for (const line of drawn) drawEnd(surface, line)
  drawSide(surface, layout, scene, scene.client, 'client')
  drawSide(surface, layout, scene, scene.server, 'server')
  drawFolds(surface, layout, scene)
  drawCursor(surface, layout, scene)
  pen.restore()
  drawHead(surface, layout, scene)
  return drawn
}

function place(layout: Layout, path: Path): DrawnPath {
  const toX = (share: number): number => layout.left + share * (layout.right - layout.left)
  const { packet, from, to } = path
  return { path, x1: toX(from), y1: layout.toY(packet.t), x2: toX(to), y2: layout.toY(packet.until) }
}

const goesUp = ({ from, to }: Path): boolean => to >= from
const isAgain = ({ packet }: Path): boolean =>
  packet.segment !== undefined && !['', 'limited_transmit'].includes(packet.segment.cause)

function colorOf({ theme }: Surface, path: Path, up: boolean): string {
  if (isAgain(path)) return theme.retransmission
  return up ? theme.client : theme.server
}

function drawPath(surface: Surface, line: DrawnPath, scene: LadderScene): void {
  const { pen, theme } = surface
  const { path, x1, y1, x2, y2 } = line
  const { packet } = path
  const marked = packet.pkt === scene.selected
  if (marked || packet.pkt === scene.pointed) {
    pen.strokeStyle = theme.text
    pen.globalAlpha = marked ? 0.35 : 0.2
    pen.lineWidth = 7
    stroke(pen, x1, y1, x2, y2)
  }
  const data = (packet.segment?.payload ?? 0) > 0
  pen.globalAlpha = data || isAgain(path) ? 1 : 0.8
  pen.strokeStyle = colorOf(surface, path, goesUp(path))
  // Data solid, what carries none thin (DESIGN 10); copies are dashed.
  pen.lineWidth = theme.stroke * (data ? 1.1 : 0.6)
  pen.setLineDash(packet.copy ? [4, 3] : [])
  stroke(pen, x1, y1, x2, y2)
  pen.setLineDash([])
  pen.globalAlpha = 1
}

function stroke(pen: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  pen.beginPath()
  pen.moveTo(x1, y1)
  pen.lineTo(x2, y2)
  pen.stroke()
}

/** What stands at the end of a line: a head where it arrived, a cross where it died, a dot where it is now. */
function drawEnd(surface: Surface, { path, x1, y1, x2, y2 }: DrawnPath): void {
  const { pen, theme } = surface
  const { packet } = path
  const color = colorOf(surface, path, goesUp(path))
  if (packet.fate === 'dropped') {
    drawCross(pen, x2, y2, theme.textSize * 0.75, theme.loss)
    return
  }
  pen.fillStyle = color
  pen.beginPath()
  if (packet.fate === 'under_way') pen.arc(x2, y2, 3.5, 0, 2 * Math.PI)
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
function drawLabels(surface: Surface, layout: Layout, drawn: readonly DrawnPath[], scene: LadderScene): void {
  const room = surface.theme.textSize * 1.25
  for (const up of [true, false]) {
    const side = drawn.filter(
      ({ path, y1, y2 }) => goesUp(path) === up && y2 >= layout.top && y1 <= layout.bottom,
    )
    let last = -Infinity
    side.forEach((line, i) => {
      if (line.y1 - last < room) return
      last = line.y1
      const below = (side[i + 1]?.y1 ?? Infinity) - line.y1 > 2.4 * room
      if (drawLabel(surface, layout, line, scene, below)) last += room
    })
  }
}

/** Names a packet above its line; what has no room there goes below it, if `below` allows. True: it did. */
function drawLabel(
  surface: Surface,
  layout: Layout,
  line: DrawnPath,
  scene: LadderScene,
  below: boolean,
): boolean {
  const { pen, theme } = surface
  const { packet } = line.path
  const up = goesUp(line.path)
  const width = layout.right - layout.left
  const { short, details } = packetWords(packet, scene.origins.of(packet.flow, packet.node))
  const cause = packet.segment?.cause ?? ''
  const lead = cause === '' ? '' : isAgain(line.path) ? `R ${cause}  ` : `${cause}  `
  const died = packet.fate === 'dropped' ? `  ✕ ${reasonText(scene.language, packet.reason)}` : ''
  pen.font = `${theme.textSize * 0.95}px ${theme.mono}`
  const fits = (text: string): boolean => pen.measureText(text).width < width * 0.84
  const long = `${lead}${short}${details === '' ? '' : `  ${details}`}${died}`
  const style = {
    color: packet.fate === 'dropped' ? theme.loss : colorOf(surface, line.path, up),
    align: up ? ('left' as const) : ('right' as const),
    mono: true,
    size: theme.textSize * 0.95,
  }
  const inOne = fits(long)
  pen.save()
  lean(pen, line, width, up)
  drawText(surface, inOne ? long : `${lead}${short}${died}`, 0, -1, { ...style, baseline: 'bottom' })
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
function lean(
  pen: CanvasRenderingContext2D,
  { x1, y1, x2, y2 }: DrawnPath,
  width: number,
  up: boolean,
): void {
  // A packet that came not far says little about its slope.
  const fall = (y2 - y1) / Math.max(0.3, Math.abs(x2 - x1) / width)
  const angle = Math.atan2(fall, width)
  pen.translate(x1 + (up ? 8 : -8), y1 + (fall / width) * 8 - 1)
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
function drawFolds(surface: Surface, layout: Layout, { language }: LadderScene): void {
  const { pen, theme, width } = surface
  for (const { silence, y1, y2 } of layout.time.folds) {
    pen.fillStyle = theme.ground
    pen.strokeStyle = theme.lineStrong
    pen.lineWidth = 1
    pen.beginPath()
    tear(pen, 0, width, y1 + 4)
    tear(pen, width, 0, y2 - 4)
    pen.closePath()
    pen.fill()
    pen.stroke()
    const words = word(language, 'silence', { span: formatSpan(silence.lasts) })
    drawText(surface, words, (layout.left + layout.right) / 2, (y1 + y2) / 2, {
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
function drawSide(
  surface: Surface,
  layout: Layout,
  { range, store }: LadderScene,
  { states }: LadderSide,
  role: 'client' | 'server',
): void {
  const { pen, theme } = surface
  const x = role === 'client' ? layout.left : layout.right
  const band = role === 'client' ? x - BAND : x
  const names = role === 'client' ? x - BAND - 4 : x + BAND + 4
  const first = stateAt(states, range.from)
  const shown = [
    ...(first ? [{ ...first, t: range.from }] : []),
    ...states.filter(({ t }) => t > range.from && t <= range.to),
  ]
  let lastName = -Infinity
  shown.forEach(({ t, state }, i) => {
    const y = layout.toY(t)
    const end = layout.toY(Math.min(shown[i + 1]?.t ?? store.end, range.to))
    const idle = state === 'CLOSED' || state === 'LISTEN'
    pen.globalAlpha = state === 'ESTABLISHED' ? 0.85 : idle ? 0.2 : 0.4
    pen.fillStyle = idle ? theme.grey : role === 'client' ? theme.client : theme.server
    pen.fillRect(band, y, BAND, Math.max(1, end - y - 1))
    pen.globalAlpha = 1
    if (!layout.wide || y - lastName < theme.textSize * 1.1) return
    lastName = y
    drawText(surface, state, names, Math.max(y + 1, layout.top + 1), {
      color: theme.muted,
      align: role === 'client' ? 'right' : 'left',
      baseline: 'top',
      size: theme.textSize * 0.9,
    })
  })
  pen.strokeStyle = theme.lineStrong
  pen.lineWidth = 1
  stroke(pen, x, layout.top, x, layout.bottom)
}

function drawHead(surface: Surface, layout: Layout, { client, server, language, range }: LadderScene): void {
  const { pen, theme } = surface
  const y = layout.top - theme.textSize
  pen.font = `600 ${theme.textSize}px ${theme.font}`
  const both = `${client.name}  ${server.name}`
  // Addresses are left out where there is room for the names alone.
  const room = pen.measureText(both).width < layout.right - layout.left
  const nameOf = ({ name }: LadderSide): string => (room ? name : name.split(' ')[0])
  drawText(surface, nameOf(client), layout.left - BAND, y, { bold: true, color: theme.client })
  drawText(surface, nameOf(server), layout.right + BAND, y, {
    bold: true,
    color: theme.server,
    align: 'right',
  })
  const unit = axisUnit('us', range.to).symbol
  const time = layout.wide ? `${word(language, 'time')} (${unit})` : unit
  drawText(surface, time, 6, y, { color: theme.faint })
}

function drawCursor(surface: Surface, layout: Layout, { cursor, range }: LadderScene): void {
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
export function pathAt(drawn: readonly DrawnPath[], x: number, y: number, reach = 6): DrawnPath | undefined {
  let best: DrawnPath | undefined
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

function distanceTo({ x1, y1, x2, y2 }: DrawnPath, x: number, y: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const length = dx * dx + dy * dy
  const along = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length))
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy)
}
