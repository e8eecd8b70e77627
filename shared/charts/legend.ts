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

export class Legend {
  readonly rows: number
  private readonly theme: ChartTheme
  private readonly left: number
  private readonly width: number
  private readonly signs = new Map<string, LegendSign>()
  /** Other words for a name. */
  private readonly texts = new Map<string, string>()

  /**
   * Stands from `left` over `width` pixels; `names` is what it will hold, so that there is room for them. Where `height`
   * (that of the chart) leaves none for so many rows there is one, to be leafed through.
   */
  constructor(theme: ChartTheme, left: number, width: number, height: number, names: readonly string[]) {
    this.theme = theme
    this.left = left
    this.width = width
    const rows = rowsOf(names, width, theme.textSize)
    const most = Math.min(MOST_ROWS, Math.floor(height / (theme.textSize * 9)))
    this.rows = rows <= most ? rows : 1
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
      type: this.rows > 1 ? 'plain' : 'scroll',
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

function rowsOf(names: readonly string[], width: number, size: number): number {
  let rows = 1
  let x = 0
  for (const name of names) {
    const item = textWidth(name, size) * 1.06 + size * (ICON + 0.5)
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
