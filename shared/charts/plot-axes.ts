/** The axes of a plot as ECharts wants them: time below, values at the left, and a scale of 0 to 1 for signs. */
import { axisLabel, axisUnit, niceStep, type Scale } from './axes.ts'
import type { ChartContext, TimeRange } from './context.ts'
import { word } from './texts.ts'

export interface ValueAxis {
  /** Name with unit, as in `Window (kB)`. */
  readonly name: string
  readonly scale: Scale
  readonly label: (value: number) => string
}

/** A value axis up to `max` in the unit that fits. */
export function valueAxis(name: string, kind: 'us' | 'B' | 'bit/s', max: number, scale: Scale): ValueAxis {
  const unit = axisUnit(kind, max)
  return { name: `${name} (${unit.symbol})`, scale, label: axisLabel(unit, scale.step) }
}

const numbers = ({ theme }: ChartContext): object => ({
  color: theme.muted,
  fontFamily: theme.mono,
  fontSize: theme.textSize,
})

/** A number every 80 pixels or so; closer where the first after the beginning would give way to the axis' name. */
function timeStep({ from, to }: TimeRange, width: number, nameStart: number): number {
  const span = to - from
  for (let count = Math.max(1, width / 80); ; count++) {
    const step = niceStep(span, count)
    const second = (Math.floor(from / step) + 1) * step - from
    if ((second / span) * width <= nameStart || count >= MOST_STEPS) return step
  }
}

const MOST_STEPS = 8

/** `named`: with numbers and name, as the lowest of several plots has them. */
export function timeAxis(context: ChartContext, plot: number, width: number, named: boolean): object {
  const { theme, range, language } = context
  const span = range.to - range.from
  const unit = axisUnit('us', range.to)
  // The name stands at the right of the row of numbers, which leave room for it.
  const nameStart = width - theme.textSize * 6.5
  const step = timeStep(range, width, nameStart)
  const label = axisLabel(unit, step)
  return {
    type: 'value',
    gridIndex: plot,
    min: range.from,
    max: range.to,
    interval: step,
    name: named ? `${word(language, 'time')} (${unit.symbol})` : '',
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
      ...numbers(context),
      show: named,
      margin: 5,
      hideOverlap: true,
      showMinLabel: isMultiple(range.from, step),
      showMaxLabel: false,
      formatter: (value: number) => (((value - range.from) / span) * width > nameStart ? '' : label(value)),
    },
  }
}

/** The axis below a plot that is not over time. */
export function freeAxis(context: ChartContext, plot: number, { name, scale, label }: ValueAxis): object {
  const { theme } = context
  return {
    type: 'value',
    gridIndex: plot,
    min: scale.min ?? 0,
    max: scale.max,
    interval: scale.step,
    name,
    nameLocation: 'middle',
    nameGap: theme.textSize * 1.9,
    nameTextStyle: { color: theme.faint, fontFamily: theme.font, fontSize: theme.textSize },
    axisLine: { onZero: false, lineStyle: { color: theme.lineStrong } },
    axisTick: { length: 3, lineStyle: { color: theme.lineStrong } },
    splitLine: { lineStyle: { color: theme.line, width: 0.5 } },
    axisLabel: { ...numbers(context), margin: 5, hideOverlap: true, formatter: label },
  }
}

/** The axis of the values, with its name `head` pixels further up if it is the `uppermost`, and that of the signs, which is not seen. */
export function valueAxes(
  context: ChartContext,
  plot: number,
  axis: ValueAxis,
  uppermost: boolean,
  head = 0,
): object[] {
  const { theme } = context
  const values = {
    type: 'value',
    gridIndex: plot,
    min: axis.scale.min ?? 0,
    max: axis.scale.max,
    interval: axis.scale.step,
    name: uppermost ? axis.name : '',
    nameLocation: 'end',
    nameGap: theme.textSize * 0.8 + head,
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
    axisLabel: { ...numbers(context), margin: 6, formatter: axis.label, hideOverlap: true },
  }
  return [values, { type: 'value', gridIndex: plot, min: 0, max: 1, show: false }]
}

/** Pixels to the left of a plot, for the numbers of its values. */
export const LEFT = 52

const isMultiple = (value: number, step: number): boolean =>
  Math.abs(value / step - Math.round(value / step)) < 1e-6
