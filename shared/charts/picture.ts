/**
 * What all charts are made of: plots above or beside each other that share one scale of time, with lines, strokes and
 * signs in them, knob changes and losses drawn over all, one legend, and words for the moment under the pointer.
 *
 * ECharts is only told to draw; scales, ticks and places are decided here, so that lanes can be compared.
 */
import type { EChartsOption, LineSeriesOption, SeriesOption } from 'echarts'
import type { Bar } from '../projections/bars.ts'
import type { Series } from '../projections/series.ts'
import { momentText } from './axes.ts'
import { changeLabels } from './changes.ts'
import type { ChartContext, TimeRange } from './context.ts'
import { Legend, textWidth } from './legend.ts'
import { freeAxis, LEFT, timeAxis, valueAxes, type ValueAxis } from './plot-axes.ts'
import { reasonText } from './reasons.ts'
import { CROSS, LINE_ICONS, outline } from './signs.ts'
import { word } from './texts.ts'
import { tooltipOption } from './tooltip.ts'

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
  /** The time that it shows, if that is less than the whole run that it was asked for. */
  readonly range?: TimeRange
  /** The packet whose sign lies at this moment of a plot, `reach` microseconds and values either way. */
  readonly pick?: (
    plot: number,
    t: number,
    value: number,
    reach: { t: number; value: number },
  ) => number | undefined
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

/**
 * Points one after another: time, value, time, value ... ; a value of NaN leaves a gap. In one typed array, since ECharts
 * copies an array of arrays point by point.
 */
export type Points = Float64Array
type ChangeWords = 'head' | 'foot' | 'once' | 'above'
type MarkLine = NonNullable<LineSeriesOption['markLine']>

const RIGHT = 14
const LOSS_REACH = 5
/** Rows of words for changes that lie close together; what finds no room is told by the tooltip. */
const CHANGE_ROWS = 3
/** A plot lower than this many heights of the text has no room for them. */
const LOW = 5
/** A plot lower than this many has its name above it, this many from its head. */
const NAMED = 3.4
const ABOVE = 1.3

export class Picture {
  readonly context: ChartContext
  readonly plots: PlotArea[] = []
  private readonly series: SeriesOption[] = []
  private readonly grids: object[] = []
  private readonly xAxes: object[] = []
  private readonly yAxes: object[] = []
  private readonly titles: object[] = []
  private readonly legend: Legend
  private readonly words: ((t: number) => string[])[] = []
  /** By plot: from when on there is nothing more to hold. */
  private readonly finished: number[] = []
  /** Room above the first plot for its name, where names do not stand in the plots. */
  private head = 0
  /** How many plots are over time. */
  private timed = 0

  /** `axisName` and `names` are what will stand above the plots, so that there is room for them. */
  constructor(context: ChartContext, axisName: string, names: readonly string[]) {
    this.context = context
    this.legend = new Legend(context.theme, context, axisName, names)
  }

  /** Height of the row above the plots that holds legend and name of the axis, and of the row below. */
  get top(): number {
    return this.context.theme.textSize * (1 + this.legend.height)
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
    const size = this.context.theme.textSize
    const gap = size * 1.9
    const inner = height - this.top - this.bottom
    // Names that would cover low plots stand above them: between two there is room anyway.
    const isLow = !beside && count > 1 && (inner - gap * (count - 1)) / count < size * NAMED
    this.head = isLow ? size * ABOVE : 0
    return lanes.map(({ id }, i) => {
      if (!beside) {
        const each = (inner - this.head - gap * (count - 1)) / count
        return {
          x: LEFT,
          y: this.top + this.head + i * (each + gap),
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
   * Adds a plot; `label` stands in its upper left corner, and values hold until `finished`. The times below it are `timed` as a
   * rule only where nothing else is below. Returns its number.
   */
  addPlot(
    area: Area,
    label: string,
    axis: ValueAxis,
    finished = Infinity,
    timed = area.y + area.height > this.context.height - this.bottom - 4,
  ): number {
    this.timed = this.plots.length + 1
    return this.place(
      area,
      label,
      axis,
      timeAxis(this.context, this.plots.length, area.width, timed),
      finished,
    )
  }

  /** Adds a plot over something else than time, after all those over time; nobody can point at a moment in it. */
  addFreePlot(area: Area, label: string, across: ValueAxis, axis: ValueAxis): number {
    return this.place(area, label, axis, freeAxis(this.context, this.plots.length, across), Infinity)
  }

  private place(area: Area, label: string, axis: ValueAxis, across: object, finished: number): number {
    const { min = 0, max } = axis.scale
    const plot = this.plots.push({ ...area, scale: { min, max } }) - 1
    const { x, y, width, height } = area
    this.grids.push({ left: x, top: y, width, height, show: false, outerBoundsMode: 'none' })
    this.xAxes.push(across)
    this.yAxes.push(...valueAxes(this.context, plot, axis, y <= this.top + this.head + 1, this.head))
    if (label !== '') this.addTitle(label, area)
    this.words.push(() => [])
    this.finished.push(finished)
    return plot
  }

  private addTitle(text: string, area: Area): void {
    const size = this.context.theme.textSize
    if (this.head > 0) this.caption(text, area.x, area.y - size * ABOVE, area.width)
    else this.caption(text, area.x + 6, area.y + size * 0.7, area.width - 12)
  }

  /** Words at a place in pixels, cut at `width`. */
  caption(
    text: string,
    x: number,
    y: number,
    width: number,
    color?: string,
    weight = 600,
    size = this.context.theme.textSize,
  ): void {
    const { theme } = this.context
    this.titles.push({
      text,
      left: x,
      top: y,
      padding: 0,
      textStyle: {
        color: color ?? theme.text,
        fontFamily: theme.font,
        fontSize: size,
        fontWeight: weight,
        width,
        overflow: 'truncate',
        textBorderColor: theme.ground,
        textBorderWidth: 3,
      },
    })
  }

  /** The points of a series that can be seen, for `line` or `signs`. With `hold` the last value holds on. */
  points(plot: number, series: Series, hold = true): Points {
    const { range, store } = this.context
    const { times, values } = series
    const picked = series.thin(range.from, range.to, Math.ceil(this.plots[plot].width))
    const points = new Float64Array(2 * picked.length + 2)
    picked.forEach((at, i) => {
      points[2 * i] = times.data[at]
      points[2 * i + 1] = Number.isFinite(values.data[at]) ? values.data[at] : NaN
    })
    const length = 2 * picked.length
    // Until the end of the trace, or of the connection.
    const end = Math.min(store.end, range.to, this.finished[plot])
    if (!hold || length === 0 || end <= points[length - 2]) return points.subarray(0, length)
    points[length] = end
    points[length + 1] = points[length - 1]
    return points
  }

  /** ECharts takes typed arrays, though its types do not know it for lines. */
  private draw(series: object): void {
    this.series.push(series as SeriesOption)
  }

  line(plot: number, name: string, points: Points, style: LineStyle): void {
    const { theme } = this.context
    const icon = LINE_ICONS[style.type ?? 'solid']
    this.legend.set(name, { icon, itemStyle: { color: style.color, borderWidth: 0 } })
    this.draw({
      type: 'line',
      name,
      ...this.axesOf(plot),
      data: points,
      dimensions: ['x', 'y'],
      step: style.step === false ? false : 'end',
      symbol: 'none',
      showSymbol: false,
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
    // ECharts leaves out what is shorter than a pixel, which would be all that a long transfer sends.
    const { scale, height } = this.plots[plot]
    const pixel = (scale.max - scale.min) / height
    const data = new Float64Array(6 * bars.length)
    bars.forEach(({ t, from, to }, i) => data.set([t, from, t, Math.max(to, from + pixel), t, NaN], 6 * i))
    this.line(plot, name, data, { color, width, step: false, cap: 'square' })
  }

  /** Points with a sign each; those that would cover each other to the pixel are drawn once. */
  signs(plot: number, name: string, points: Points, symbol: string, size: number, style: object): void {
    this.legend.set(name, { icon: symbol, itemStyle: style })
    const data = this.onePerPixel(plot, points)
    this.draw({
      type: 'scatter',
      name,
      ...this.axesOf(plot),
      data,
      dimensions: ['x', 'y'],
      symbol,
      symbolSize: size,
      // Dots come in thousands; as one path they cost as much as a line. ECharts cannot draw none of them so.
      large: symbol === 'circle' && data.length > 0,
      largeThreshold: 0,
      silent: true,
      itemStyle: style,
      z: 4,
    })
  }

  private onePerPixel(plot: number, points: Points): Points {
    const { range } = this.context
    const { width, height, scale } = this.plots[plot]
    const kept = new Float64Array(points.length)
    let length = 0
    const seen = new Set<number>()
    for (let i = 0; i < points.length; i += 2) {
      const x = Math.round(((points[i] - range.from) / (range.to - range.from)) * width)
      const y = Math.round(((points[i + 1] - scale.min) / (scale.max - scale.min)) * height)
      const cell = x * 65_536 + y
      if (seen.has(cell)) continue
      seen.add(cell)
      kept[length++] = points[i]
      kept[length++] = points[i + 1]
    }
    return kept.subarray(0, length)
  }

  /** Any other series, drawn in a plot. */
  add(plot: number, series: SeriesOption): void {
    this.series.push({ ...series, ...this.axesOf(plot) } as SeriesOption)
  }

  /** A name for what is no series of its own. */
  addLegend(name: string, icon: string, itemStyle: object): void {
    this.legend.set(name, { icon, itemStyle })
    this.series.push({ type: 'scatter', name, data: [], silent: true })
  }

  /** Says a name of the legend in other words. */
  legendAs(name: string, text: string): void {
    this.legend.rename(name, text)
  }

  /** What is said of a moment in a plot: a line each. */
  describe(plot: number, words: (t: number) => string[]): void {
    this.words[plot] = words
  }

  /** Crosses along the upper edge of a plot where its lane lost packets, with hair lines, if wanted, while there are few. */
  losses(plot: number, hairLines = true): void {
    const { context } = this
    const { range, theme, losses, store, language } = context
    const { width, lane } = this.plots[plot]
    const pixel = (range.to - range.from) / width
    const found = losses.between(store, lane, range.from, range.to, pixel * 3)
    const name = word(language, 'lost')
    if (found.length > 0) this.legend.set(name, { icon: CROSS, itemStyle: outline(theme.loss) })
    const few = hairLines && found.length <= width / 14
    this.draw({
      type: 'scatter',
      name,
      xAxisIndex: plot,
      yAxisIndex: 2 * plot + 1,
      data: pairs(found.map(({ t }) => [t, 1])),
      dimensions: ['x', 'y'],
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
  private changes(plot: number, words: ChangeWords): void {
    const { theme, range, changes, language } = this.context
    const pixel = (range.to - range.from) / this.plots[plot].width
    const labels = changeLabels(changes.all, range.from, range.to, pixel * theme.textSize, language)
    const colorOf = (fault: boolean): string => (fault ? theme.loss : theme.change)
    const data = labels.map(({ t, fault }) => ({ xAxis: t, lineStyle: { color: colorOf(fault) } }))
    this.series.push({
      type: 'line',
      xAxisIndex: plot,
      yAxisIndex: 2 * plot + 1,
      data: [],
      silent: true,
      z: 6,
      markLine: verticals(data, { width: 1, type: [4, 3], opacity: 0.9 }),
    })
    // Above each other, plots have their lines at the same places: one set of words is enough.
    if (this.plots[plot].y > this.plots[0].y || (words === 'once' && plot > 0)) return
    this.nameChanges(
      plot,
      labels.map(({ t, text, fault }) => ({ t, text, color: colorOf(fault) })),
      words,
    )
  }

  /** The words of changes beside their lines, in a few rows so that they do not cover each other. */
  private nameChanges(
    plot: number,
    labels: readonly { t: number; text: string; color: string }[],
    words: ChangeWords,
  ): void {
    const { theme, range } = this.context
    const { x, y, width, height } = this.plots[plot]
    // In a low plot they would cover everything; the timeline below has them, too.
    if (height < theme.textSize * LOW) return
    const line = theme.textSize * 1.2
    const yOf = (row: number): number => {
      if (words === 'above') return y - line
      return words === 'head' ? y + theme.textSize * 2.1 + line * row : y + height - line * (row + 1.2)
    }
    const free = new Array<number>(words === 'above' ? 1 : CHANGE_ROWS).fill(-Infinity)
    for (const { t, text, color } of labels) {
      const length = textWidth(text, theme.textSize) + 8
      const line = x + ((t - range.from) / (range.to - range.from)) * width
      // At the end of the picture the words stand before their line.
      const left = line + length > x + width ? Math.max(x, line - length) : line + 4
      const row = free.findIndex((end) => end <= left)
      if (row < 0) continue
      free[row] = left + length
      this.caption(text, left, yOf(row), length, color, 400)
    }
  }

  private axesOf(plot: number): { xAxisIndex: number; yAxisIndex: number } {
    return { xAxisIndex: plot, yAxisIndex: 2 * plot }
  }

  /**
   * The finished chart. The words of changes stand at the head or, where rows fill the plot from the top, at its foot; `once`: at
   * the foot of the first plot alone, since those beside it have the same lines; `above`: before the plot, in one row, where there is no room in it.
   */
  finish(pick?: Chart['pick'], words: ChangeWords = 'head'): Chart {
    for (let plot = 0; plot < this.timed; plot++) this.changes(plot, words)
    return { option: this.option(), plots: this.plots.slice(0, this.timed), pick }
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
      legend: this.legend.option(),
      tooltip: tooltipOption(theme, (params) => this.tooltip(params)),
    } as EChartsOption
  }

  private tooltip(params: unknown): string {
    const first = (Array.isArray(params) ? params[0] : params) as
      { axisValue?: number; axisIndex?: number } | undefined
    if (typeof first?.axisValue !== 'number') return ''
    const plot = first.axisIndex ?? 0
    const words =
      plot < this.timed ? this.momentWords(plot, first.axisValue) : this.words[plot](first.axisValue)
    return words.join('\n')
  }

  private momentWords(plot: number, t: number): string[] {
    const { range, losses, store, language, changes } = this.context
    const area = this.plots[plot]
    const reach = ((range.to - range.from) / area.width) * LOSS_REACH
    const lines = [momentText(t), ...(this.words[plot]?.(t) ?? [])]
    for (const loss of losses.between(store, area.lane, t - reach, t + reach).slice(0, 3))
      lines.push(
        `✕ ${word(language, 'lost')}: #${loss.pkt} ${reasonText(language, loss.reason)}  ${momentText(loss.t)}`,
      )
    for (const { text } of changeLabels(changes.all, t - reach, t + reach, 0, language).slice(0, 3))
      lines.push(`⚑ ${text}`)
    return lines
  }
}

export const pairs = (points: readonly (readonly [number, number])[]): Points =>
  Float64Array.from(points.flat())

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
