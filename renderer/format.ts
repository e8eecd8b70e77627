/** Values with the units of the contract (`KNOB_UNITS`, units of expectations), as they are shown and as they are typed. */
import { failure, success } from '../shared/errors.ts'
import {
  formatNumber,
  formatRate,
  formatShare,
  formatSize,
  formatSpan,
  parseCount,
  parseRate,
  parseShare,
  parseSize,
  parseSpan,
  type Quantity,
} from '../shared/quantity.ts'
import { tidy } from './knobs.ts'

/** Sizes below this are given to the byte: a segment is one of 1460 B, not of 1.46 kB. */
const ALL_DIGITS = 10_000

const FORMATS: Readonly<Record<string, (value: number) => string>> = {
  us: formatSpan,
  'bit/s': formatRate,
  B: (value) => (value < ALL_DIGITS ? `${formatNumber(value)} B` : formatSize(value)),
  'B/s': (value) => `${formatSize(value)}/s`,
  ratio: formatShare,
}

/** `word` gives the word for a unit that has no symbol (segments, RTT); empty: none. */
export function formatQuantity(value: number, unit: string, word: (unit: string) => string): string {
  // A delay of nothing is told in the unit in which delays are given.
  if (unit === 'us' && value === 0) return '0 ms'
  const format = FORMATS[unit]
  if (format) return format(value)
  const name = unit === '' ? '' : word(unit)
  return name === '' ? formatNumber(value) : `${formatNumber(value)} ${name}`
}

/** Reads what was typed for a value of this unit. A bare number is taken in `fallback`, the unit that was shown. */
export function parseQuantity(text: string, unit: string, fallback = ''): Quantity {
  const quantity = read(text, unit, fallback)
  // 0.512132 s times a million is 512131.99999999994 us.
  return quantity.ok ? success(tidy(quantity.value)) : quantity
}

function read(text: string, unit: string, fallback: string): Quantity {
  const plain = /^[\d.,\s]+$/.test(text) ? text.replace(/[,\s]/g, '') : text.trim()
  const full = /^[\d.]+$/.test(plain) ? `${plain} ${fallback}`.trim() : plain
  switch (unit) {
    case 'us':
      return parseSpan(full)
    case 'bit/s':
      return parseRate(full)
    case 'B':
      return parseSize(full)
    case 'B/s':
      return parseSize(full.replace(/\/s$/, ''))
    case 'ratio':
      return parseShare(full)
    case 'packets':
    case 'segments':
    case 'count':
      return parseCount(plain)
    default:
      return plain !== '' && Number.isFinite(Number(plain))
        ? success(Number(plain))
        : failure({ value: text, allowed: 'a number' })
  }
}

/** Factors and symbols to choose from for an exact text, largest first. */
const EXACT: Readonly<Record<string, readonly (readonly [number, string])[]>> = {
  us: [
    [1e6, 's'],
    [1e3, 'ms'],
    [1, 'µs'],
  ],
  'bit/s': [
    [1e9, 'Gbit/s'],
    [1e6, 'Mbit/s'],
    [1e3, 'kbit/s'],
    [1, 'bit/s'],
  ],
  B: [
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'B'],
  ],
  'B/s': [
    [1e6, 'MB/s'],
    [1e3, 'kB/s'],
    [1, 'B/s'],
  ],
  ratio: [[0.01, '%']],
}

/** The value with all its digits, as it can be typed again; and its unit apart. */
export function exactParts(value: number, unit: string): { readonly number: string; readonly unit: string } {
  const scale = EXACT[unit]
  if (!scale) return { number: String(value), unit: '' }
  const fits = scale.find(([factor]) => Math.abs(value) >= factor) ?? scale[scale.length - 1]
  const [factor, symbol] = value === 0 ? (scale[1] ?? scale[0]) : fits
  return { number: String(Number((value / factor).toPrecision(12))), unit: symbol }
}

/** Lab time as a clock: seconds with a fixed number of decimals, so that it does not jump about. */
export const formatClock = (micros: number, decimals = 3): string => (micros / 1e6).toFixed(decimals)
