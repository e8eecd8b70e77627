/** Scales: round steps, and the unit in which an axis is labelled. */
import { formatRate, formatSize, formatSpan } from '../quantity.ts'

/** The round step (1, 2, 2.5 or 5 times a power of ten) that divides `span` into at most `count` parts. */
export function niceStep(span: number, count: number): number {
  const raw = span / Math.max(1, count)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10
  return step * power
}

export interface Scale {
  /** 0 where it is left out. */
  readonly min?: number
  readonly max: number
  readonly step: number
}

/** A scale from 0 that holds `max`, with at most `count` steps. */
export function niceScale(max: number, count: number): Scale {
  if (!(max > 0)) return { max: 1, step: 1 }
  const step = niceStep(max * 1.04, count)
  return { max: Math.ceil((max * 1.04) / step - 1e-9) * step, step }
}

/** So many times as much as the least of several plots, and the least would be a flat line on the scale of the largest. */
const FLAT = 18

/** Plots are drawn to one scale, so that they can be compared, unless some of them would show nothing on it. */
export function needOwnScales(maxima: readonly number[]): boolean {
  const used = maxima.filter((max) => max > 0)
  return used.length > 1 && Math.max(...used) > FLAT * Math.min(...used)
}

export interface AxisUnit {
  readonly symbol: string
  /** What a label's number is multiplied by to get the value. */
  readonly factor: number
}

const UNITS = {
  us: [
    [1e6, 's'],
    [1e3, 'ms'],
    [1, 'µs'],
  ],
  B: [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'B'],
  ],
  'bit/s': [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
    [1, 'bit/s'],
  ],
} as const

/** The unit for an axis up to `max`: the largest that leaves labels of 1 and more, from two of it on. */
export function axisUnit(kind: keyof typeof UNITS, max: number): AxisUnit {
  const units = UNITS[kind]
  const [factor, symbol] = units.find(([size]) => max >= 2 * size) ?? units[units.length - 1]
  return { symbol, factor }
}

/** Labels of an axis: all with the decimals that its step asks for. */
export function axisLabel({ factor }: AxisUnit, step: number): (value: number) => string {
  const decimals = Math.min(9, Math.max(0, -Math.floor(Math.log10(step / factor) + 1e-9)))
  const exact = step / factor / 10 ** -decimals
  const shown = Math.abs(exact - Math.round(exact)) > 1e-6 ? decimals + 1 : decimals
  return (value) => {
    const [whole, fraction] = Math.abs(value / factor)
      .toFixed(shown)
      .split('.')
    const sign = value < 0 ? '\u2212' : ''
    const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole
    return `${sign}${grouped}${fraction === undefined ? '' : `.${fraction}`}`
  }
}

/** A moment of lab time in words, to a microsecond where it matters: `1.234 s`, `12.35 ms`. */
export function momentText(t: number): string {
  if (t >= 1e6) return `${(t / 1e6).toFixed(4)} s`
  return `${(t / 1e3).toFixed(3)} ms`
}

const TEXTS = { us: formatSpan, B: formatSize, 'bit/s': formatRate }

/** A value in words. */
export const valueText = (value: number, kind: keyof typeof UNITS): string =>
  value === Infinity ? '∞' : TEXTS[kind](value)
