/** Draws the streams of all lanes above each other, strip by strip, on one scale of offsets. */
import { inkOn } from '../../../shared/charts/signs.ts'
import type { ChartTheme } from '../../../shared/charts/theme.ts'
import type { Span } from '../../../shared/projections/spans.ts'
import { drawCross, drawText, type Surface } from '../canvas.ts'
import { drawOffsets, NAMES, RIGHT, toX } from '../ruler.ts'
import {
  STRIPS,
  type FramingLane,
  type FramingScene,
  type Strip,
  type StripItem,
  type StripLook,
} from './scene.ts'

export interface FramingPicture {
  readonly scene: FramingScene
  readonly lanes: readonly FramingLane[]
  readonly span: Span
  readonly names: Readonly<Record<Strip, string>>
  /** What stands above the strips of a lane. */
  readonly head: (lane: FramingLane) => string
  readonly axisName: string
  /** The lane and bytes that are marked in all its strips: of what is pointed at, or of the selected packet. */
  readonly marked: { readonly lane: string; readonly span: Span } | undefined
}

/** An item where it was drawn, to be pointed at. */
export interface StripSpot {
  readonly lane: FramingLane
  readonly item: StripItem
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Segments that were sent again stand below the others. */
const MOST_LINES = STRIPS.length + 1
/** In heights of the text: the line above the strips, between strips, and the strips themselves. */
const HEAD = 1.8
const GAP = 0.35
const LINE = { least: 0.55, most: 2 }

/** How many lanes fit into a height; one at least. */
export function lanesThatFit(height: number, { textSize }: ChartTheme): number {
  const each = textSize * (HEAD + GAP * STRIPS.length + LINE.least * MOST_LINES + 0.5)
  return Math.max(1, Math.floor((height - textSize * 2) / each))
}

export function paintFraming(surface: Surface, picture: FramingPicture): StripSpot[] {
  const { height, theme } = surface
  const size = theme.textSize
  const axis = height - size * 2
  const fixed = size * (HEAD + GAP * STRIPS.length + 0.5)
  const items = picture.lanes.map(
    (lane) => new Map(STRIPS.map((strip) => [strip, picture.scene.items(lane, strip, picture.span)])),
  )
  const linesOf = (list: readonly StripItem[]): number => (list.some(({ look }) => look === 'again') ? 2 : 1)
  const lines = items
    .flatMap((strips) => [...strips.values()].map(linesOf))
    .reduce((sum, one) => sum + one, 0)
  const line = Math.min(LINE.most * size, (axis - fixed * picture.lanes.length) / lines)
  drawOffsets(surface, picture.span, picture.axisName, axis)
  const spots: StripSpot[] = []
  let y = 0
  picture.lanes.forEach((lane, at) => {
    drawText(surface, picture.head(lane), 8, y + size, { bold: true })
    y += size * HEAD
    const top = y
    for (const [strip, list] of items[at]) {
      const own = line * linesOf(list)
      if (line >= size * 0.5)
        drawText(surface, picture.names[strip], 8, y + line / 2, {
          color: theme.muted,
          size: Math.min(size, line * 1.3),
        })
      spots.push(...drawStrip(surface, picture, lane, list, { y, own, line }))
      y += own + size * GAP
    }
    const { marked } = picture
    if (marked?.lane === lane.id) drawMark(surface, picture.span, marked.span, top, y)
    y += size * 0.5
  })
  return spots
}

function drawStrip(
  surface: Surface,
  { scene, span }: FramingPicture,
  lane: FramingLane,
  items: readonly StripItem[],
  at: { readonly y: number; readonly own: number; readonly line: number },
): StripSpot[] {
  const { pen, width } = surface
  pen.save()
  pen.beginPath()
  pen.rect(NAMES, at.y - 1, width - NAMES - RIGHT, at.own + 2)
  pen.clip()
  const spots = items.map((item) => {
    const x = toX(width, span, item.from)
    const y = at.y + (item.look === 'again' ? at.line : 0)
    const spot = { lane, item, x, y, width: Math.max(1, toX(width, span, item.to) - x), height: at.line - 1 }
    drawItem(surface, spot)
    if (item.look === 'glued') drawSeams(surface, span, scene.boundaries(lane, item), spot)
    drawLabel(surface, spot)
    return spot
  })
  pen.restore()
  return spots
}

function colorOf(theme: ChartTheme, look: StripLook): string {
  const colors: Record<StripLook, string> = {
    odd: theme.client,
    even: theme.sky,
    write: theme.grey,
    segment: theme.client,
    again: theme.retransmission,
    lost: theme.loss,
    read: theme.grey,
    whole: theme.server,
    glued: theme.yellow,
    split: theme.sack,
    damaged: theme.loss,
  }
  return colors[look]
}

function drawItem(surface: Surface, spot: StripSpot): void {
  const { pen, theme } = surface
  const { item, x, y, width, height } = spot
  const color = colorOf(theme, item.look)
  const inner = Math.max(0.75, width - (width > 3 ? 1 : 0))
  if (item.look === 'lost') {
    pen.strokeStyle = color
    pen.lineWidth = 1.4
    pen.strokeRect(x + 0.7, y + 0.7, Math.max(0.5, inner - 1.4), Math.max(1, height - 1.4))
    if (inner > 8) drawCross(pen, x + Math.min(inner / 2, height), y + height / 2, height * 0.6, color)
    return
  }
  pen.fillStyle = color
  if (item.look === 'split' && inner > 8) fillTorn(pen, x, y, inner, height)
  else pen.fillRect(x, y, inner, height)
}

/** Only a part of a message: its edges are torn. */
function fillTorn(pen: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  const tooth = Math.min(3, width / 4)
  const steps = 4
  pen.beginPath()
  for (let i = 0; i <= steps; i++) pen.lineTo(x + (i % 2 === 0 ? 0 : tooth), y + (height * i) / steps)
  for (let i = steps; i >= 0; i--) pen.lineTo(x + width - (i % 2 === 0 ? 0 : tooth), y + (height * i) / steps)
  pen.closePath()
  pen.fill()
}

/** More than one message: where one ends and the next begins. */
function drawSeams(surface: Surface, span: Span, at: readonly number[], { y, height }: StripSpot): void {
  const { pen, theme, width } = surface
  pen.strokeStyle = theme.ground
  pen.lineWidth = 1.5
  pen.setLineDash([2, 2])
  for (const offset of at) {
    const x = toX(width, span, offset)
    pen.beginPath()
    pen.moveTo(x, y)
    pen.lineTo(x, y + height)
    pen.stroke()
  }
  pen.setLineDash([])
}

/** The longest text that fits into what is in sight of an item. */
function drawLabel(surface: Surface, { item, x, y, width, height }: StripSpot): void {
  const { pen, theme } = surface
  const left = Math.max(x, NAMES)
  const room = Math.min(x + width, surface.width - RIGHT) - left - 6
  if (height < theme.textSize * 0.8 || room < theme.textSize * 0.7) return
  pen.font = `${Math.min(theme.textSize, height)}px ${theme.mono}`
  const text = item.look === 'lost' ? undefined : item.texts.find((one) => pen.measureText(one).width <= room)
  if (text === undefined) return
  const color = colorOf(theme, item.look)
  // Over the seams of what is glued together the words need a ground of their own.
  pen.fillStyle = color
  pen.fillRect(left + 2, y + 1, pen.measureText(text).width + 4, height - 2)
  pen.fillStyle = inkOn(color)
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.fillText(text, left + 4, y + height / 2 + 0.5)
}

/** The same bytes in all strips of a lane. */
function drawMark(
  { pen, theme, width }: Surface,
  span: Span,
  { from, to }: Span,
  top: number,
  foot: number,
): void {
  const left = Math.max(NAMES, toX(width, span, from))
  const right = Math.min(width - RIGHT, toX(width, span, to))
  if (right < left) return
  pen.strokeStyle = theme.text
  pen.lineWidth = 1.2
  pen.strokeRect(left - 0.5, top - 2, Math.max(2, right - left), foot - top + 1)
  pen.globalAlpha = 0.1
  pen.fillStyle = theme.text
  pen.fillRect(left, top - 2, right - left, foot - top + 1)
  pen.globalAlpha = 1
}
