/** The legend of a chart: one row above the plots, or as many as its names need. */
import type { ChartTheme } from './theme.ts'

export interface LegendSign {
  readonly icon: string
  readonly itemStyle: object
}

/** Sizes in heights of the text. */
const ICON = 1.5
const GAP = 1
const MOST_ROWS = 3
/** Height of a single row, of the legend or of the axis' name. */
const ROW = 1.4
/** Pixels at either side. */
const MARGIN = 10

export class Legend {
  /** Room above the plots in heights of the text: for the legend, and for the axis' name where the two do not share a row. */
  readonly height: number
  private readonly scrolls: boolean
  private readonly theme: ChartTheme
  private readonly left: number
  private readonly width: number
  private readonly signs = new Map<string, LegendSign>()
  /** Other words for a name. */
  private readonly texts = new Map<string, string>()

  /**
   * For a chart of this size. `names` is what it will hold, so that there is room for them; the name of the axis stands at
   * the left of the lowest row. Where the height leaves no room for so many rows there is one, to be leafed through.
   */
  constructor(
    theme: ChartTheme,
    size: { width: number; height: number },
    axisName: string,
    names: readonly string[],
  ) {
    this.theme = theme
    const most = Math.min(MOST_ROWS, Math.max(1, Math.floor(size.height / (theme.textSize * 7.3))))
    const nameEnd = MARGIN + textWidth(axisName, theme.textSize) + theme.textSize * 1.4
    const beside = Math.min(size.width * 0.6, nameEnd)
    const rowsFrom = (left: number): number => rowsOf(names, size.width - left - MARGIN, theme.textSize)
    // Beside the name of the axis if all fit there, above it where there is height for that.
    const apart = nameEnd > beside ? most > 1 : rowsFrom(beside) > most && rowsFrom(MARGIN) < most
    this.left = apart ? MARGIN : beside
    this.width = size.width - this.left - MARGIN
    const needed = rowsFrom(this.left)
    this.scrolls = needed > (apart ? most - 1 : most)
    // ECharts leaves the same gap between rows as between names.
    const more = this.scrolls ? 0 : needed - 1
    this.height = ROW * (apart ? 2 : 1) + more * (1 + GAP)
  }

  set(name: string, sign: LegendSign): void {
    this.signs.set(name, sign)
  }

  /** Says a name in other words. */
  rename(name: string, text: string): void {
    this.texts.set(name, text)
  }

  option(): object {
    const { theme } = this
    const size = theme.textSize
    return {
      type: this.scrolls ? 'scroll' : 'plain',
      top: 0,
      left: this.left,
      width: this.width,
      padding: [size * 0.4, 0],
      align: 'left',
      itemWidth: size * ICON,
      itemHeight: size * 0.75,
      itemGap: size * GAP,
      pageIconSize: size * 0.9,
      pageIconColor: theme.muted,
      pageIconInactiveColor: theme.line,
      pageTextStyle: { color: theme.faint, fontSize: size },
      inactiveColor: theme.faint,
      textStyle: { color: theme.muted, fontSize: size, fontFamily: theme.font },
      data: [...this.signs].map(([name, sign]) => ({ name, ...sign })),
      formatter: (name: string) => this.texts.get(name) ?? name,
    }
  }
}

/** Rows that the names take; infinitely many where one of them alone is too wide. */
function rowsOf(names: readonly string[], width: number, size: number): number {
  let rows = 1
  let x = 0
  for (const name of names) {
    const item = textWidth(name, size) * 1.06 + size * (ICON + 0.5)
    if (item > width) return Infinity
    if (x > 0 && x + item > width) {
      rows++
      x = 0
    }
    x += item + size * GAP
  }
  return rows
}

/** About how wide a text is; characters beyond U+2E7F (Chinese) take a square each. */
export function textWidth(text: string, size: number): number {
  let width = 0
  for (const character of text) width += character > '\u2e7f' ? size : size * 0.58
  return width
}
