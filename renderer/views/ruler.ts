/** Places on rulers of bytes: names at the left, offsets from left to right, their axis below. */
import { axisLabel, axisUnit, niceStep } from '../../shared/charts/axes.ts'
import type { Span } from '../../shared/projections/spans.ts'
import { drawText, type Surface } from './canvas.ts'

/** Room beside the rulers, for their names at the left, in pixels. */
export const NAMES = 112
export const RIGHT = 12

export const toX = (width: number, { from, to }: Span, offset: number): number =>
  NAMES + ((offset - from) / (to - from)) * (width - NAMES - RIGHT)

export const toOffset = (width: number, { from, to }: Span, x: number): number =>
  from + ((x - NAMES) / (width - NAMES - RIGHT)) * (to - from)

/** Offsets below the rulers; lines go up to the head of the picture. */
export function drawOffsets(surface: Surface, span: Span, name: string, y: number): void {
  const { pen, theme, width } = surface
  const step = Math.max(1, niceStep(span.to - span.from, Math.max(2, (width - NAMES) / 110)))
  const unit = axisUnit('B', step * 4)
  const label = axisLabel(unit, step)
  for (let at = Math.ceil(span.from / step) * step; at <= span.to; at += step) {
    const x = Math.round(toX(width, span, at))
    pen.fillStyle = theme.line
    pen.fillRect(x, 0, 1, y + 4)
    drawText(surface, label(at), x, y + theme.textSize, { color: theme.muted, align: 'center', mono: true })
  }
  drawText(surface, `${name} (${unit.symbol})`, 8, y + theme.textSize, { color: theme.faint })
}
