/** Places for charts of which each lane has several plots: lanes beside each other as columns, the same plot of all in one row. */
import type { ChartContext, ChartLane } from './context.ts'
import { textWidth } from './legend.ts'
import type { Area, Picture } from './picture.ts'
import { LEFT } from './plot-axes.ts'

const RIGHT = 14
/** Heights of the text: of a plot at least, between two plots, of a line above a column, and below the last of these. */
const LEAST = 4.2
const GAP = 1.3
const LINE = 1.35
const FOOT = 0.35
/** No more lines than this stand above a column. */
const MOST_LINES = 4
/** Widths of the text that a column needs at least. */
const NARROW = 26
const BETWEEN = '   '

export interface Column {
  readonly lane: ChartLane
  /** From above; fewer than were asked for where there is no height for all. */
  readonly areas: readonly Area[]
  /** Its name stands in its first plot, since there is no room above. */
  readonly isNamedInside: boolean
  /** Where the column begins, and how wide it is with what stands beside its plots. */
  readonly x: number
  readonly width: number
  /** The lowest of the picture, which has the numbers of the time axis. */
  readonly isLowest: boolean
}

export interface GridLane {
  readonly lane: ChartLane
  /** What is said above it, in parts that stay together. */
  readonly words?: readonly string[]
}

/** The lanes to show, or all that the trace has; a single one needs no name. */
export function lanesOf({ lanes, store }: ChartContext): ChartLane[] {
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.length > 1 ? [...shown] : shown.map(({ id }) => ({ id, label: '' }))
}

/**
 * A column for each lane, divided by `shares`, with its words above it; where the width is too small for all of them, the lanes
 * stand above each other. `axisName`, with its unit, is what the uppermost plots show.
 */
export function laneGrid(
  picture: Picture,
  lanes: readonly GridLane[],
  axisName: string,
  shares: readonly number[],
): Column[] {
  const { width, height, theme } = picture.context
  const size = theme.textSize
  const count = Math.max(1, lanes.length)
  const columns = Math.max(1, Math.min(count, Math.floor(width / (NARROW * size))))
  const rows = Math.ceil(count / columns)
  const each = width / columns
  const high = (height - picture.top - picture.bottom - (rows - 1) * GAP * size) / rows
  const heads = lanes.map(({ lane, words = [] }) => linesOf(lane.label, words, each - 12, size))
  const lines = Math.max(0, ...heads.map((head) => head.length))
  const wanted = lines === 0 ? 0 : (lines * LINE + FOOT) * size
  const above = high >= wanted + LEAST * size ? wanted : 0
  if (lanes.length > 0) picture.caption(axisName, 8, picture.top - size * 1.75, width * 0.6, theme.muted, 400)
  return lanes.map(({ lane }, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)]
    const x = column * each
    const y = picture.top + row * (high + GAP * size)
    const own = { x: x + LEFT, width: Math.max(40, each - LEFT - RIGHT), lane: lane.id }
    const places = divide(y + above, high - above, shares, size)
    // Without room above, its name at least stands in its plot.
    if (above === 0)
      addLines(picture, [lane.label], true, { x: x + LEFT + 6, y: y + size * 0.3, width: own.width - 12 })
    else addLines(picture, heads[i], lane.label !== '', { x: x + 6, y, width: each - 12 })
    return {
      lane,
      areas: places.map((place) => ({ ...own, ...place })),
      isNamedInside: above === 0 && lane.label !== '',
      x: x + 6,
      width: each - 12,
      isLowest: i + columns >= count,
    }
  })
}

/** Words in as few lines as hold them; a part that is too long for one is broken where it has a gap. */
function linesOf(label: string, words: readonly string[], width: number, size: number): string[] {
  const lines: string[] = []
  const broken = (part: string): string[] => (textWidth(part, size) > width ? part.split(BETWEEN) : [part])
  for (const part of [label, ...words].flatMap(broken).filter((one) => one !== '')) {
    const last = lines.at(-1)
    const joined = last === undefined ? part : `${last}${BETWEEN}${part}`
    if (last !== undefined && textWidth(joined, size) <= width) lines[lines.length - 1] = joined
    else lines.push(part)
  }
  return lines.slice(0, MOST_LINES)
}

function addLines(
  picture: Picture,
  lines: readonly string[],
  isNamed: boolean,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): void {
  const { theme } = picture.context
  lines.forEach((line, i) => {
    const isName = i === 0 && isNamed
    const place = y + (i * LINE + 0.15) * theme.textSize
    picture.caption(line, x, place, width, i === 0 ? theme.text : theme.muted, isName ? 600 : 400)
  })
}

function divide(
  top: number,
  height: number,
  shares: readonly number[],
  size: number,
): { readonly y: number; readonly height: number }[] {
  let used = shares
  const sum = (): number => used.reduce((total, share) => total + share, 0)
  const room = (): number => height - (used.length - 1) * GAP * size
  while (used.length > 1 && (Math.min(...used) / sum()) * room() < LEAST * size) used = used.slice(0, -1)
  let y = top
  return used.map((share) => {
    const own = Math.max(8, (share / sum()) * room())
    const place = { y, height: own }
    y += own + GAP * size
    return place
  })
}
