/** Places for charts of which each lane has several plots: lanes beside each other as columns, the same plot of all in one row. */
import type { ChartContext, ChartLane } from './context.ts'
import type { Area, Picture } from './picture.ts'
import { LEFT } from './plot-axes.ts'

const RIGHT = 14
/** Heights of the text: of a plot at least, between two plots, and above each column for its words. */
const LEAST = 4.2
const GAP = 1.3
/** Widths of the text that a column needs at least. */
const NARROW = 26

export interface Column {
  readonly lane: ChartLane
  /** From above; fewer than were asked for where there is no height for all. */
  readonly areas: readonly Area[]
  /** Where the words above the column stand. */
  readonly head: { readonly x: number; readonly y: number; readonly width: number }
  /** The lowest of the picture, which has the numbers of the time axis. */
  readonly isLowest: boolean
}

/** The lanes to show, or all that the trace has; a single one needs no name. */
export function lanesOf({ lanes, store }: ChartContext): ChartLane[] {
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.length > 1 ? [...shown] : shown.map(({ id }) => ({ id, label: '' }))
}

/**
 * A column for each lane, divided by `shares`; where the width is too small for all of them, the lanes stand above each other.
 * `headed`: heights of the text above each for words of its own.
 */
export function laneGrid(
  picture: Picture,
  lanes: readonly ChartLane[],
  shares: readonly number[],
  headed = 0,
): Column[] {
  const { width, height, theme } = picture.context
  const size = theme.textSize
  const count = Math.max(1, lanes.length)
  const columns = Math.max(1, Math.min(count, Math.floor(width / (NARROW * size))))
  const rows = Math.ceil(count / columns)
  const each = width / columns
  const high = (height - picture.top - picture.bottom - (rows - 1) * GAP * size) / rows
  return lanes.map((lane, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)]
    const x = column * each + LEFT
    const y = picture.top + row * (high + GAP * size)
    const own = { x, width: Math.max(40, each - LEFT - RIGHT), lane: lane.id }
    const areas = divide(y + headed * size, high - headed * size, shares, size).map((place) => ({
      ...own,
      ...place,
    }))
    const head = { x: column * each + 6, y: y + size * 0.15, width: each - 12 }
    return { lane, areas, head, isLowest: i + columns >= count }
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

/** Words above a column, one after another as far as there is room: its name, then what is measured of it. */
export function headWords(picture: Picture, { head, lane }: Column, words: string): void {
  const { theme } = picture.context
  const name = lane.label === '' ? '' : `${lane.label}   `
  picture.caption(`${name}${words}`, head.x, head.y, head.width, theme.text, lane.label === '' ? 400 : 600)
}
