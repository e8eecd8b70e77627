/** Draws the timeline: how many packets when, losses, knob changes and marks, the zoom and the cursor. */
import { axisLabel, axisUnit, momentText, niceStep, valueText } from '../../shared/charts/axes.ts'
import { changeLabels } from '../../shared/charts/changes.ts'
import type { TimeRange } from '../../shared/charts/context.ts'
import type { Language } from '../../shared/charts/texts.ts'
import type { Changes } from '../../shared/projections/changes.ts'
import type { Density } from '../../shared/projections/density.ts'
import type { Losses } from '../../shared/projections/losses.ts'
import type { TraceStore } from '../../shared/trace/store.ts'
import { drawCross, drawText, type Surface } from './canvas.ts'

export interface TimelineScene {
  readonly store: TraceStore
  readonly density: Density
  readonly losses: Losses
  readonly changes: Changes
  readonly language: Language
  /** All of the run. */
  readonly whole: TimeRange
  /** What the views are zoomed to. */
  readonly chosen: TimeRange | null
  readonly cursor: number | null
  readonly hover: number | null
  /** `{count} packets in {span}`, in the language that is on. */
  readonly scaleText: (count: number, span: string) => string
}

const BAR = 3
export const SIDE = 10

/** The rows from top to bottom; losses and changes have a row each. */
function rowsOf({ height, theme }: Surface) {
  const line = theme.textSize * 1.45
  const axis = height - line * 0.6
  const changes = axis - line * 1.1
  const losses = changes - line
  return { top: 4, bars: Math.max(12, losses - line * 0.7), losses, changes, axis }
}

export function timeToX(width: number, { from, to }: TimeRange, t: number): number {
  return SIDE + ((t - from) / (to - from)) * (width - 2 * SIDE)
}

export function xToTime(width: number, { from, to }: TimeRange, x: number): number {
  const share = (x - SIDE) / (width - 2 * SIDE)
  return from + Math.min(1, Math.max(0, share)) * (to - from)
}

export function paintTimeline(surface: Surface, scene: TimelineScene): void {
  const rows = rowsOf(surface)
  const toX = (t: number): number => timeToX(surface.width, scene.whole, t)
  drawChosen(surface, scene, toX)
  drawBars(surface, scene, rows, toX)
  drawLosses(surface, scene, rows.losses, toX)
  drawChanges(surface, scene, rows, toX)
  drawAxis(surface, scene, rows.axis, toX)
  drawMoments(surface, scene, toX)
}

function drawChosen(
  { pen, theme, height }: Surface,
  { chosen }: TimelineScene,
  toX: (t: number) => number,
): void {
  if (!chosen) return
  const [left, right] = [toX(chosen.from), toX(chosen.to)]
  pen.fillStyle = theme.client
  pen.globalAlpha = 0.14
  pen.fillRect(left, 0, Math.max(2, right - left), height)
  pen.globalAlpha = 0.9
  for (const x of [left, right]) pen.fillRect(x - 0.5, 0, 1, height)
  pen.globalAlpha = 1
}

/** A bar for so many pixels; its height is the number of packets sent in that time. */
function drawBars(
  surface: Surface,
  { density, whole, store, scaleText }: TimelineScene,
  { top, bars }: { top: number; bars: number },
  toX: (t: number) => number,
): void {
  const { pen, theme, width } = surface
  const pixel = (whole.to - whole.from) / (width - 2 * SIDE)
  // Whole intervals of the projection, so that no packet is counted in two bars.
  const joined = Math.max(1, Math.round((BAR * pixel) / density.width))
  const counts: number[] = []
  const last = Math.min(density.counts.length, Math.ceil(store.end / density.width) + 1)
  for (let at = 0; at < last; at += joined) {
    let sum = 0
    for (let i = at; i < Math.min(at + joined, last); i++) sum += density.counts[i]
    counts.push(sum)
  }
  const most = Math.max(1, ...counts)
  const span = joined * density.width
  pen.fillStyle = theme.client
  pen.globalAlpha = 0.75
  counts.forEach((count, i) => {
    if (count === 0) return
    const x = toX(i * span)
    const height = Math.max(1, (count / most) * (bars - top))
    pen.fillRect(x, bars - height, Math.max(1, toX((i + 1) * span) - x - 1), height)
  })
  pen.globalAlpha = 1
  if (store.events > 0)
    drawText(surface, scaleText(most, valueText(span, 'us')), width - SIDE, top + theme.textSize * 0.6, {
      color: theme.faint,
      align: 'right',
      size: theme.textSize * 0.92,
      ground: theme.panel,
    })
}

function drawLosses(surface: Surface, scene: TimelineScene, y: number, toX: (t: number) => number): void {
  const { whole, losses, store } = scene
  const { pen, theme, width } = surface
  const pixel = (whole.to - whole.from) / (width - 2 * SIDE)
  for (const lane of store.lanes)
    for (const { t } of losses.between(store, lane, whole.from, whole.to, pixel * 2))
      drawCross(pen, toX(t), y, theme.textSize * 0.6, theme.loss)
}

function drawChanges(
  surface: Surface,
  { changes, whole, language }: TimelineScene,
  rows: { top: number; changes: number },
  toX: (t: number) => number,
): void {
  const { pen, theme, width } = surface
  const pixel = (whole.to - whole.from) / (width - 2 * SIDE)
  const labels = changeLabels(changes.all, whole.from, whole.to, pixel * theme.textSize, language)
  let free = -Infinity
  for (const { t, text, fault } of labels) {
    const x = toX(t)
    const color = fault ? theme.loss : theme.change
    pen.strokeStyle = color
    pen.lineWidth = 1
    pen.setLineDash([3, 2])
    pen.beginPath()
    pen.moveTo(x, rows.top)
    pen.lineTo(x, rows.changes + theme.textSize * 0.6)
    pen.stroke()
    pen.setLineDash([])
    pen.font = `${theme.textSize}px ${theme.font}`
    const length = pen.measureText(text).width
    // At the end of the run the words stand before their line.
    const left = x + 4 + length > width ? x - 4 - length : x + 4
    if (left < free) continue
    free = left + length + 8
    drawText(surface, text, left, rows.changes, { color, ground: theme.panel })
  }
}

function drawAxis(surface: Surface, { whole }: TimelineScene, y: number, toX: (t: number) => number): void {
  const { pen, theme, width } = surface
  const step = niceStep(whole.to - whole.from, Math.max(2, width / 90))
  const unit = axisUnit('us', whole.to)
  const label = axisLabel(unit, step)
  pen.fillStyle = theme.lineStrong
  for (let t = Math.ceil(whole.from / step) * step; t <= whole.to * (1 + 1e-9); t += step) {
    const x = toX(t)
    pen.fillRect(x, y - theme.textSize * 0.95, 1, 3)
    const align = x < 24 ? 'left' : x > width - 24 ? 'right' : 'center'
    drawText(
      surface,
      `${label(t)} ${unit.symbol}`,
      align === 'left' ? SIDE : align === 'right' ? width - SIDE : x,
      y,
      {
        color: theme.muted,
        align,
        mono: true,
        ground: theme.panel,
      },
    )
  }
}

function drawMoments(surface: Surface, { cursor, hover }: TimelineScene, toX: (t: number) => number): void {
  const { pen, theme, height, width } = surface
  if (hover !== null) {
    pen.fillStyle = theme.muted
    pen.globalAlpha = 0.6
    pen.fillRect(toX(hover), 0, 1, height)
    pen.globalAlpha = 1
  }
  if (cursor === null) return
  const x = toX(cursor)
  pen.fillStyle = theme.text
  pen.fillRect(x - 0.5, 0, 1.5, height)
  const text = momentText(cursor)
  pen.font = `600 ${theme.textSize}px ${theme.mono}`
  const length = pen.measureText(text).width + 10
  const left = Math.min(Math.max(x - length / 2, 0), width - length)
  pen.beginPath()
  pen.roundRect(left, 0, length, theme.textSize * 1.5, 3)
  pen.fill()
  pen.fillStyle = theme.ground
  pen.textAlign = 'left'
  pen.textBaseline = 'middle'
  pen.fillText(text, left + 5, theme.textSize * 0.78)
}
