/**
 * Rows of boxes over time, many of them: each sign of all rows is one shape, so that a thousand rows cost as much as a few.
 * Patterns are cut from lines that run through the whole picture; on rows of a pixel each they still show as one.
 */
import type { CustomSeriesOption } from 'echarts'
import type { Pattern } from './causes.ts'
import type { Chart, PlotArea } from './picture.ts'
import type { ChartTheme } from './theme.ts'

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface BoxSign {
  readonly color: string
  readonly pattern: Pattern
  /** Colour of the pattern's lines. */
  readonly ink: string
  readonly opacity?: number
}

/** Pixels between two lines of a pattern, across. */
const SPACING = 6

const round = (value: number): number => Math.round(value * 100) / 100

const outlineOf = (boxes: readonly Box[]): string =>
  boxes
    .map(({ x, y, width, height }) => {
      const [left, top] = [round(x), round(y)]
      return `M${left},${top}h${round(width)}v${round(height)}h${round(-width)}Z`
    })
    .join('')

/** The lines of a pattern that fall into a box. */
function strokesOf({ x, y, width, height }: Box, pattern: Exclude<Pattern, 'plain'>): string {
  let path = ''
  const line = (x1: number, y1: number, x2: number, y2: number): void => {
    path += `M${round(x1)},${round(y1)}L${round(x2)},${round(y2)}`
  }
  if (pattern === 'upright') {
    for (let at = Math.ceil(x / SPACING) * SPACING; at < x + width; at += SPACING) line(at, y, at, y + height)
    return path
  }
  // Rising lines are those on which x + y is a multiple of the spacing, falling ones those on which x - y is.
  const sign = pattern === 'rising' ? 1 : -1
  const [first, last] = sign > 0 ? [x + y, x + y + width + height] : [x - y - height, x - y + width]
  for (let sum = Math.ceil(first / SPACING) * SPACING; sum < last; sum += SPACING) {
    const [top, bottom] = [sum - sign * y, sum - sign * (y + height)]
    const left = Math.max(x, Math.min(top, bottom))
    const right = Math.min(x + width, Math.max(top, bottom))
    if (right > left) line(left, sign * (sum - left), right, sign * (sum - right))
  }
  return path
}

/** Boxes with one sign, to be added to a plot. `t`: any moment of the plot, since a series without data is not drawn. */
export function boxSeries(
  boxes: readonly Box[],
  { color, pattern, ink, opacity = 1 }: BoxSign,
  t: number,
): CustomSeriesOption {
  const fill = { type: 'path', shape: { pathData: outlineOf(boxes) }, style: { fill: color, opacity } }
  const lines = pattern === 'plain' ? '' : boxes.map((box) => strokesOf(box, pattern)).join('')
  const strokes = {
    type: 'path',
    shape: { pathData: lines },
    style: { stroke: ink, lineWidth: 1.2, fill: 'none', opacity },
  }
  return {
    type: 'custom',
    silent: true,
    clip: true,
    data: boxes.length === 0 ? [] : [[t, 0.5]],
    renderItem: () => ({ type: 'group', children: lines === '' ? [fill] : [fill, strokes] }) as never,
  }
}

export interface RowText {
  readonly text: string
  readonly x: number
  /** Of its middle. */
  readonly y: number
  /** Cut at this width. */
  readonly width: number
  readonly color: string
  readonly mono?: boolean
  readonly bold?: boolean
  readonly align?: 'left' | 'right'
}

/** Words in the rows of a plot, which may stand beside it. */
export function textSeries(texts: readonly RowText[], theme: ChartTheme, t: number): CustomSeriesOption {
  const children = texts.map(({ text, x, y, width, color, mono, bold, align = 'left' }) => ({
    type: 'text',
    style: {
      text,
      x,
      y,
      width,
      overflow: 'truncate',
      align,
      verticalAlign: 'middle',
      fill: color,
      font: `${bold ? '600 ' : ''}${theme.textSize}px ${mono ? theme.mono : theme.font}`,
    },
  }))
  return {
    type: 'custom',
    silent: true,
    clip: false,
    data: texts.length === 0 ? [] : [[t, 0.5]],
    renderItem: () => ({ type: 'group', children }) as never,
  }
}

/** Which rows of a list are in sight, and how high each is. */
export interface RowWindow {
  readonly first: number
  readonly shown: number
  readonly total: number
  /** Pixels from one row to the next, and of the row itself. */
  readonly pitch: number
  readonly height: number
}

/**
 * As many rows as fit, from `first` on: each up to `most` pixels high, down to `least` before some have to be left out.
 */
export function rowWindow(
  total: number,
  room: number,
  first: number,
  least: number,
  most: number,
): RowWindow {
  const pitch = Math.min(most, Math.max(least, room / Math.max(1, total)))
  const shown = Math.min(total, Math.max(1, Math.floor(room / pitch + 1e-9)))
  const gap = pitch >= 6 ? 2 : pitch >= 3 ? 1 : 0
  return { first: Math.max(0, Math.min(first, total - shown)), shown, total, pitch, height: pitch - gap }
}

/** The rows of a plot as they were drawn; `top` is where the first one begins, in pixels. */
export interface RowPlace {
  readonly lane: string
  readonly window: RowWindow
  readonly top: number
}

/** A chart of rows: a place for each plot that has rows, which come before those that have none. */
export interface RowChart extends Chart {
  readonly rows: readonly RowPlace[]
}

/** Number of the row at a height in pixels, undefined beside all of them. */
export function rowAt({ window, top }: RowPlace, y: number): number | undefined {
  const row = Math.floor((y - top) / window.pitch)
  return row >= 0 && row < window.shown ? window.first + row : undefined
}

/** The height in pixels at a value of a plot's axis that goes from 0 at the foot to 1 at the head. */
export const heightAt = ({ y, height }: PlotArea, value: number): number => y + (1 - value) * height
