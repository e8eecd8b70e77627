/** Draws the layers of one stream of bytes as rulers above each other: segments, records, frames, requests. */
import { inkOn } from '../../shared/charts/signs.ts'
import type { ChartTheme } from '../../shared/charts/theme.ts'
import type { Linked } from '../../shared/projections/layers.ts'
import type { Span } from '../../shared/projections/spans.ts'
import { drawCross, drawText, type Surface } from './canvas.ts'
import { drawOffsets, NAMES, RIGHT, toX } from './ruler.ts'
import { TRACKS, type LayersScene, type Look, type RulerItem, type Track } from './layers-scene.ts'

export interface LayersPicture {
  readonly scene: LayersScene
  /** TCP offsets in sight. */
  readonly span: Span
  readonly linked: Linked | undefined
  readonly names: Readonly<Record<Track, string>>
  readonly axisName: string
}

/** An item where it was drawn, to be pointed at. */
export interface Spot {
  readonly item: RulerItem
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Segments take two lines: below stand those that were sent again. */
const LINES: Readonly<Record<Track, number>> = { segments: 2, records: 1, frames: 1, exchanges: 1 }

export function paintLayers(surface: Surface, picture: LayersPicture): Spot[] {
  const { width, height, theme, pen } = surface
  const { scene, span, names } = picture
  const axis = theme.textSize * 2
  const tracks = TRACKS.filter((track) => isUsed(scene, track))
  const lines = tracks.reduce((sum, track) => sum + LINES[track], 0)
  const gap = theme.textSize * 1.1
  const line = Math.min(theme.textSize * 3.2, (height - axis - gap * (tracks.length + 1)) / lines)
  const spots: Spot[] = []
  let y = gap * 0.6
  drawOffsets(surface, span, picture.axisName, height - axis)
  for (const track of tracks) {
    const own = line * LINES[track]
    drawText(surface, names[track], 8, y + own / 2, { color: theme.muted })
    pen.save()
    pen.beginPath()
    pen.rect(NAMES, 0, width - NAMES - RIGHT, height)
    pen.clip()
    for (const item of scene.items(track, span)) {
      const spot = place(
        width,
        span,
        item,
        y + (item.again ? line : 0),
        track === 'segments' ? line - 2 : own,
      )
      drawItem(surface, spot, colorOf(theme, item, scene.stream.side), isLit(picture.linked, item))
      spots.push(spot)
    }
    pen.restore()
    y += own + gap
  }
  return spots
}

const isUsed = ({ stream }: LayersScene, track: Track): boolean =>
  track === 'segments' ||
  (track === 'records' && stream.records.length > 0) ||
  (track === 'frames' && stream.frames.length > 0) ||
  (track === 'exchanges' && stream.owners.from.length > 0)

function place(width: number, span: Span, item: RulerItem, y: number, height: number): Spot {
  const x = toX(width, span, item.from)
  return { item, x, y, width: Math.max(1, toX(width, span, item.to) - x), height }
}

/** Undefined: nothing is selected here, so that nothing stands back. */
function isLit(linked: Linked | undefined, { track, id }: RulerItem): boolean | undefined {
  return linked === undefined ? undefined : linked[track].includes(id)
}

function colorOf(theme: ChartTheme, { track, look }: RulerItem, side: string): string {
  const own = side === 'client' ? theme.client : theme.server
  const colors: Record<Look, string> = {
    data: track === 'records' ? theme.grey : track === 'frames' ? theme.sky : own,
    head: theme.yellow,
    again: theme.retransmission,
    lost: theme.loss,
    handshake: theme.sack,
    none: theme.lineStrong,
  }
  return colors[look]
}

function drawItem(surface: Surface, spot: Spot, color: string, lit: boolean | undefined): void {
  const { pen, theme } = surface
  const { item, x, y, width, height } = spot
  const inner = Math.max(0.75, width - (width > 3 ? 1 : 0))
  pen.globalAlpha = lit === false ? 0.28 : 1
  if (item.look === 'lost') {
    pen.strokeStyle = color
    pen.lineWidth = 1.4
    pen.strokeRect(x + 0.7, y + 0.7, Math.max(0.5, inner - 1.4), height - 1.4)
    if (inner > 10) drawCross(pen, x + Math.min(inner / 2, height), y + height / 2, height * 0.4, color)
  } else {
    pen.fillStyle = color
    pen.fillRect(x, y, inner, height)
  }
  pen.globalAlpha = 1
  drawLabel(surface, spot, color, lit)
  if (lit !== true) return
  pen.strokeStyle = theme.text
  pen.lineWidth = 2
  pen.strokeRect(x - 0.5, y - 0.5, Math.max(2, inner + 1), height + 1)
}

/** The longest text that fits into what is in sight of an item. */
function drawLabel(
  surface: Surface,
  { item, x, y, width, height }: Spot,
  color: string,
  lit: boolean | undefined,
): void {
  const { pen, theme } = surface
  const left = Math.max(x, NAMES)
  const room = Math.min(x + width, surface.width - RIGHT) - left - 8
  if (height < theme.textSize || room < theme.textSize) return
  pen.font = `${theme.textSize}px ${theme.mono}`
  const text = item.texts.find((one) => pen.measureText(one).width <= room)
  if (text === undefined) return
  const isLost = item.look === 'lost'
  const beside = isLost ? Math.min(width / 2, height) + height * 0.35 : 4
  if (isLost && pen.measureText(text).width > room - beside) return
  pen.globalAlpha = lit === false ? 0.55 : 1
  pen.fillStyle = isLost || lit === false ? theme.text : inkOn(color)
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.fillText(text, left + beside, y + height / 2)
  pen.globalAlpha = 1
}
