/**
 * What all charts are made of: plots above or beside each other that share one scale of time, with lines, strokes and
 * signs in them, knob changes and losses drawn over all, one legend, and words for the moment under the pointer.
 *
 * ECharts is only told to draw; scales, ticks and places are decided here, so that lanes can be compared.
 */
import type { EChartsOption, LineSeriesOption, SeriesOption } from 'echarts'
import type { Bar } from '../projections/bars.ts'
import type { Series } from '../projections/series.ts'
import { axisLabel, axisUnit, momentText, niceStep, type AxisUnit, type Scale } from './axes.ts'
import { changeLabels } from './changes.ts'
import type { ChartContext, TimeRange } from './context.ts'
import { CROSS, LINE_ICONS, outline } from './signs.ts'
import { word } from './texts.ts'

/** Where a plot stands in the picture, in pixels. */
export interface PlotArea {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly lane: string
  /** What its value axis goes from and to. */
  readonly scale: { readonly min: number; readonly max: number }
}

/** Where a plot is to stand. */
export type Area = Omit<PlotArea, 'scale'>

/** A chart to be drawn, and what its owner needs to let the user point at it. */
export interface Chart {
  readonly option: EChartsOption
  readonly plots: readonly PlotArea[]
  /** The packet whose sign lies at this moment of a plot, `reach` microseconds and values either way. */
  readonly pick?: (
    plot: number,
    t: number,
    value: number,
    reach: { t: number; value: number },
  ) => number | undefined
}

export interface ValueAxis {
  /** Name with unit, as in `Window (kB)`. */
  readonly name: string
  readonly scale: Scale
  readonly label: (value: number) => string
}

export interface LineStyle {
  readonly color: string
  readonly width?: number
  readonly type?: 'solid' | 'dashed' | 'dotted'
  readonly opacity?: number
  /** Opacity of the area below the line; none when it is left out. */
  readonly fill?: number
  readonly cap?: 'butt' | 'square'
  /** A value holds until the next. Off: points are joined. */
  readonly step?: boolean
}

/** Points in a series' own form; `null` leaves a gap. */
type Point = [number, number | null]
type MarkLine = NonNullable<LineSeriesOption['markLine']>

const LEFT = 52
const RIGHT = 14
const LOSS_REACH = 5

export class Picture {
  readonly context: ChartContext
  readonly plots: PlotArea[] = []
  private readonly series: SeriesOption[] = []
  private readonly grids: object[] = []
  private readonly xAxes: object[] = []
  private readonly yAxes: object[] = []
  private readonly titles: object[] = []
  private readonly legend = new Map<
    string,
    { readonly name: string; readonly icon?: string; readonly itemStyle?: object }
  >()
  /** Other words for a name in the legend. */
  private readonly legendText = new Map<string, string>()
  private readonly words: ((t: number) => string[])[] = []
  private axisName = ''
  /** By plot: from when on there is nothing more to hold. */
  private readonly finished: number[] = []
  private readonly legendRows: number
  private readonly timeUnit: AxisUnit
  private readonly timeStep: number

  /** `names` is what the legend will hold, so that there is room for it. */
  constructor(context: ChartContext, names: readonly string[] = []) {
    this.context = context
    this.legendRows = legendRows(context, names)
    const { from, to } = context.range
    this.timeUnit = axisUnit('us', to)
    this.timeStep = niceStep(to - from, Math.max(1, (context.width - LEFT - RIGHT) / 80))
  }

  /** Height of the row above the plots that holds legend and name of the axis, and of the row below. */
  get top(): number {
    return this.context.theme.textSize * (1 + this.legendRows * 1.4)
  }
  get bottom(): number {
    return this.context.theme.textSize * 2.2
  }

  /**
   * Divides the picture among `lanes`: one above the other, so that the same moment is in the same place; side by side
   * where there is no height for that.
   */
  areas(lanes: readonly { readonly id: string }[]): Area[] {
    const { width, height } = this.context
    const count = Math.max(1, lanes.length)
    const beside = count > 1 && height / count < 90 && width / count > 170
    const gap = this.context.theme.textSize * 1.9
    const inner = height - this.top - this.bottom
    return lanes.map(({ id }, i) => {
      if (!beside) {
        const each = (inner - gap * (count - 1)) / count
        return {
          x: LEFT,
          y: this.top + i * (each + gap),
          width: width - LEFT - RIGHT,
          height: Math.max(8, each),
          lane: id,
        }
      }
      const each = width / count
      return {
        x: i * each + LEFT,
        y: this.top,
        width: each - LEFT - RIGHT,
        height: Math.max(8, inner),
        lane: id,
      }
    })
  }

  /**
   * Adds a plot; `label` stands in its upper left corner, and values hold until `finished`. Returns its number.
   */
  addPlot(area: Area, label: string, axis: ValueAxis, finished = Infinity): number {
    const { theme, range, language } = this.context
    const { min = 0, max } = axis.scale
    const plot = this.plots.push({ ...area, scale: { min, max } }) - 1
    const { x, y, width, height } = area
    this.grids.push({ left: x, top: y, width, height, show: false })
    const text = { color: theme.muted, fontFamily: theme.mono, fontSize: theme.textSize }
    const isLowest = y + height > this.context.height - this.bottom - 4
    this.xAxes.push({
      type: 'value',
      gridIndex: plot,
      min: range.from,
      max: range.to,
      interval: this.timeStep,
      name: isLowest ? `${word(language, 'time')} (${this.timeUnit.symbol})` : '',
      nameLocation: 'end',
      nameGap: 0,
      nameTextStyle: {
        align: 'right',
        verticalAlign: 'top',
        padding: [theme.textSize * 0.75, 0, 0, 0],
        color: theme.faint,
        fontFamily: theme.font,
        fontSize: theme.textSize,
      },
      axisLine: { onZero: false, lineStyle: { color: theme.lineStrong } },
      axisTick: { length: 3, lineStyle: { color: theme.lineStrong } },
      splitLine: { lineStyle: { color: theme.line, width: 0.5 } },
      axisLabel: {
        ...text,
        show: isLowest,
        margin: 5,
        hideOverlap: true,
        showMinLabel: isMultiple(range.from, this.timeStep),
        showMaxLabel: false,
        formatter: this.timeLabel(width),
      },
    })
    this.yAxes.push(
      {
        type: 'value',
        gridIndex: plot,
        min,
        max,
        interval: axis.scale.step,
        name: y <= this.top + 1 ? axis.name : '',
        nameLocation: 'end',
        nameGap: theme.textSize * 0.8,
        nameTextStyle: {
          align: 'left',
          padding: [0, 0, 0, 8 - LEFT],
          color: theme.muted,
          fontFamily: theme.font,
          fontSize: theme.textSize,
        },
        axisLine: { show: false },
        axisTick: { show: false },
        splitLine: { lineStyle: { color: theme.line } },
        axisLabel: { ...text, margin: 6, formatter: axis.label, hideOverlap: true },
      },
      { type: 'value', gridIndex: plot, min: 0, max: 1, show: false },
    )
    this.axisName = axis.name
    if (label !== '') this.addTitle(label, area)
    this.words.push(() => [])
    this.finished.push(finished)
    return plot
  }

  private addTitle(text: string, area: Area): void {
    this.caption(text, area.x + 6, area.y + this.context.theme.textSize * 0.7, area.width - 12)
  }

  /** Words at a place in pixels, cut at `width`. */
  caption(text: string, x: number, y: number, width: number, color?: string): void {
    const { theme } = this.context
    this.titles.push({
      text,
      left: x,
      top: y,
      padding: 0,
      textStyle: {
        color: color ?? theme.text,
        fontFamily: theme.font,
        fontSize: theme.textSize,
        fontWeight: 600,
        width,
        overflow: 'truncate',
        textBorderColor: theme.ground,
        textBorderWidth: 3,
      },
    })
  }

  /** Labels of the time axis leave room for its name at the right. */
  private timeLabel(width: number): (value: number) => string {
    const { range, theme } = this.context
    const label = axisLabel(this.timeUnit, this.timeStep)
    const nameStart = width - theme.textSize * 6.5
    return (value) =>
      ((value - range.from) / (range.to - range.from)) * width > nameStart ? '' : label(value)
  }

  /** The points of a series that can be seen, for `line` or `dots`. */
  points(plot: number, series: Series, hold = true): Point[] {
    const { range, store } = this.context
    const { times, values } = series
    const picked: Point[] = series
      .thin(range.from, range.to, Math.ceil(this.plots[plot].width * 2))
      .map((at) => [times.data[at], Number.isFinite(values.data[at]) ? values.data[at] : null])
    // The last value holds until the end of the trace, or of the connection.
    const finished = Math.max(this.finished[plot], picked.at(-1)?.[0] ?? 0)
    const end = Math.min(store.end, range.to, finished)
    if (hold && picked.length > 0 && end > picked[picked.length - 1][0])
      picked.push([end, picked[picked.length - 1][1]])
    return picked
  }

  line(plot: number, name: string, points: Point[], style: LineStyle): void {
    const { theme } = this.context
    const icon = LINE_ICONS[style.type ?? 'solid']
    this.legend.set(name, { name, icon, itemStyle: { color: style.color, borderWidth: 0 } })
    this.series.push({
      type: 'line',
      name,
      ...this.axesOf(plot),
      data: points,
      step: style.step === false ? false : 'end',
      symbol: 'none',
      silent: true,
      connectNulls: false,
      itemStyle: { color: style.color },
      areaStyle: style.fill === undefined ? undefined : { color: style.color, opacity: style.fill },
      lineStyle: {
        color: style.color,
        width: (style.width ?? 1) * theme.stroke,
        type: style.type ?? 'solid',
        opacity: style.opacity ?? 1,
        join: 'bevel',
        cap: style.cap ?? 'butt',
      },
    })
  }

  /** Vertical strokes, each from one value to another at one moment. */
  strokes(plot: number, name: string, bars: readonly Bar[], color: string, width = 1): void {
    const data: (number | null)[][] = []
    const least = (this.context.range.to - this.context.range.from) / 1e6
    for (const { t, from, to } of bars) data.push([t, from], [t, to], [t + least, null])
    this.line(plot, name, data as Point[], { color, width, step: false, cap: 'square' })
  }

  /** Points with a sign each; those that would cover each other to the pixel are drawn once. */
  signs(
    plot: number,
    name: string,
    points: readonly Point[],
    symbol: string,
    size: number,
    style: object,
  ): void {
    this.legend.set(name, { name, icon: symbol, itemStyle: style })
    this.series.push({
      type: 'scatter',
      name,
      ...this.axesOf(plot),
      data: this.onePerPixel(plot, points),
      symbol,
      symbolSize: size,
      silent: true,
      itemStyle: style,
      z: 4,
    })
  }

  private onePerPixel(plot: number, points: readonly Point[]): Point[] {
    const { range } = this.context
    const { width, height, scale } = this.plots[plot]
    const { min, max } = scale
    const seen = new Set<number>()
    return points.filter(([t, value]) => {
      const x = Math.round(((t - range.from) / (range.to - range.from)) * width)
      const y = Math.round((((value ?? 0) - min) / (max - min)) * height)
      const cell = x * 65_536 + y
      if (seen.has(cell)) return false
      seen.add(cell)
      return true
    })
  }

  /** Any other series, drawn in a plot. */
  add(plot: number, series: SeriesOption): void {
    this.series.push({ ...series, ...this.axesOf(plot) } as SeriesOption)
  }

  /** A name for what is no series of its own. */
  addLegend(name: string, icon: string, itemStyle: object): void {
    this.legend.set(name, { name, icon, itemStyle })
    this.series.push({ type: 'scatter', name, data: [], silent: true })
  }

  /** Says a name of the legend in other words. */
  legendAs(name: string, text: string): void {
    this.legendText.set(name, text)
  }

  /** What is said of a moment in a plot: a line each. */
  describe(plot: number, words: (t: number) => string[]): void {
    this.words[plot] = words
  }

  /** Crosses along the upper edge of a plot where its lane lost packets, with a hair line while there are few. */
  losses(plot: number): void {
    const { context } = this
    const { range, theme, losses, store, language } = context
    const { width, lane } = this.plots[plot]
    const pixel = (range.to - range.from) / width
    const found = losses.between(store, lane, range.from, range.to, pixel * 3)
    const name = word(language, 'lost')
    this.legend.set(name, { name, icon: CROSS, itemStyle: outline(theme.loss) })
    const few = found.length <= width / 14
    this.series.push({
      type: 'scatter',
      name,
      xAxisIndex: plot,
      yAxisIndex: 2 * plot + 1,
      data: found.map(({ t }) => [t, 1]),
      symbol: CROSS,
      symbolSize: theme.textSize * 0.64,
      itemStyle: outline(theme.loss),
      silent: true,
      clip: false,
      z: 5,
      markLine: few
        ? verticals(
            found.map(({ t }) => ({ xAxis: t })),
            { color: theme.loss, width: 0.7, opacity: 0.4 },
          )
        : verticals([], {}),
    })
  }

  /** Knob changes, marks and faults as labelled lines. */
  private changes(plot: number): void {
    const { theme, range, changes } = this.context
    const pixel = (range.to - range.from) / this.plots[plot].width
    const labels = changeLabels(changes.all, range.from, range.to, pixel * theme.textSize * 1.3)
    const lines = verticals(
      labels.map(({ t, text, fault }) => ({
        xAxis: t,
        lineStyle: { color: fault ? theme.loss : theme.change },
        label: { formatter: text, color: fault ? theme.loss : theme.change },
      })),
      { width: 1, type: [4, 3], opacity: 0.9 },
    )
    // Above each other, plots have their lines at the same places: one set of words is enough.
    const label = {
      show: this.plots[plot].y <= this.plots[0].y,
      // Along the line, so no longer than it.
      width: this.plots[plot].height - theme.textSize * 1.5,
      overflow: 'truncate',
      position: 'insideEndBottom',
      fontFamily: theme.font,
      fontSize: theme.textSize * 0.95,
      textBorderColor: theme.ground,
      textBorderWidth: 3,
      distance: 4,
    }
    this.series.push({
      type: 'line',
      xAxisIndex: plot,
      yAxisIndex: 2 * plot + 1,
      data: [],
      silent: true,
      z: 6,
      markLine: { ...lines, label } as MarkLine,
    })
  }

  private axesOf(plot: number): { xAxisIndex: number; yAxisIndex: number } {
    return { xAxisIndex: plot, yAxisIndex: 2 * plot }
  }

  /** The finished chart. */
  finish(pick?: Chart['pick']): Chart {
    for (let plot = 0; plot < this.plots.length; plot++) this.changes(plot)
    return { option: this.option(), plots: this.plots, pick }
  }

  private option(): EChartsOption {
    const { theme } = this.context
    return {
      animation: false,
      backgroundColor: 'transparent',
      textStyle: { fontFamily: theme.font, fontSize: theme.textSize },
      title: this.titles,
      grid: this.grids,
      xAxis: this.xAxes,
      yAxis: this.yAxes,
      series: this.series,
      legend: this.legendOption(),
      tooltip: this.tooltipOption(),
    } as EChartsOption
  }

  private legendOption(): object {
    const { theme, width } = this.context
    return {
      type: this.legendRows > 1 ? 'plain' : 'scroll',
      top: 0,
      right: RIGHT,
      // The name of the axis stands at the left of the lowest row.
      left:
        this.legendRows > 1
          ? width * 0.27
          : Math.min(width * 0.6, 8 + textWidth(this.axisName, theme.textSize) + theme.textSize),
      padding: [theme.textSize * 0.4, 0],
      align: 'left',
      itemWidth: theme.textSize * ICON,
      itemHeight: theme.textSize * 0.75,
      itemGap: theme.textSize * GAP,
      pageIconSize: theme.textSize * 0.9,
      pageIconColor: theme.muted,
      pageIconInactiveColor: theme.line,
      pageTextStyle: { color: theme.faint, fontSize: theme.textSize },
      inactiveColor: theme.faint,
      textStyle: { color: theme.muted, fontSize: theme.textSize, fontFamily: theme.font },
      data: [...this.legend.values()],
      formatter: (name: string) => this.legendText.get(name) ?? name,
    }
  }

  private tooltipOption(): object {
    const { theme } = this.context
    return {
      trigger: 'axis',
      renderMode: 'richText',
      confine: true,
      transitionDuration: 0,
      axisPointer: { type: 'line', animation: false, lineStyle: { color: 'transparent' } },
      backgroundColor: theme.panel,
      borderColor: theme.lineStrong,
      borderWidth: 1,
      padding: [5, 8],
      textStyle: {
        color: theme.text,
        fontFamily: theme.mono,
        fontSize: theme.textSize,
        lineHeight: theme.textSize * 1.5,
      },
      formatter: (params: unknown) => this.tooltip(params),
    }
  }

  private tooltip(params: unknown): string {
    const first = (Array.isArray(params) ? params[0] : params) as
      { axisValue?: number; axisIndex?: number } | undefined
    if (typeof first?.axisValue !== 'number') return ''
    const plot = first.axisIndex ?? 0
    return this.momentWords(plot, first.axisValue).join('\n')
  }

  private momentWords(plot: number, t: number): string[] {
    const { range, losses, store, language, changes } = this.context
    const area = this.plots[plot]
    const reach = ((range.to - range.from) / area.width) * LOSS_REACH
    const lines = [momentText(t), ...(this.words[plot]?.(t) ?? [])]
    for (const loss of losses.between(store, area.lane, t - reach, t + reach).slice(0, 3))
      lines.push(`✕ ${word(language, 'lost')}: #${loss.pkt} ${loss.reason}  ${momentText(loss.t)}`)
    for (const { text } of changeLabels(changes.all, t - reach, t + reach, 0).slice(0, 3))
      lines.push(`⚑ ${text}`)
    return lines
  }
}

/** Lines at moments, from the foot of a plot to its head. */
function verticals(data: readonly object[], lineStyle: object): MarkLine {
  return {
    symbol: 'none',
    silent: true,
    animation: false,
    label: { show: false },
    lineStyle,
    data: [...data],
  } as never
}

/** Sizes in the legend, in heights of its text. */
const ICON = 1.5
const GAP = 1

/** One row, or two where one cannot hold the names and there is height for a second. */
function legendRows({ width, height, theme }: ChartContext, names: readonly string[]): number {
  const item = (name: string): number => textWidth(name, theme.textSize) + theme.textSize * (ICON + GAP + 0.5)
  const needed = names.reduce((sum, name) => sum + item(name), 0)
  return needed > width * 0.72 && height > theme.textSize * 22 ? 2 : 1
}

/** About how wide a text is; characters beyond U+2E7F (Chinese) take a square each. */
export function textWidth(text: string, size: number): number {
  let width = 0
  for (const character of text) width += character > '\u2e7f' ? size : size * 0.58
  return width
}

const isMultiple = (value: number, step: number): boolean =>
  Math.abs(value / step - Math.round(value / step)) < 1e-6

/** The largest value that can be seen of any of the series; infinite ones do not count. */
export function largest(all: readonly Series[], { from, to }: TimeRange): number {
  let most = 0
  for (const series of all) {
    const start = Math.max(0, series.indexAt(from) - 1)
    const end = series.indexAt(to)
    if (end <= start) continue
    const [, high] = series.extremes(start, end)
    const value = series.values.data[high]
    if (Number.isFinite(value)) most = Math.max(most, value)
    else
      for (let at = start; at < end; at++)
        if (Number.isFinite(series.values.data[at])) most = Math.max(most, series.values.data[at])
  }
  return most
}

/** A value axis from 0 to `max` in the unit that fits, with as many steps as the height has room for. */
export function valueAxis(name: string, kind: 'us' | 'B' | 'bit/s', max: number, scale: Scale): ValueAxis {
  const unit = axisUnit(kind, max)
  return { name: `${name} (${unit.symbol})`, scale, label: axisLabel(unit, scale.step) }
}
