/**
 * Numbers for people (DESIGN 10): at most four significant digits, thin separators, a unit that keeps the number
 * between 1 and 1,000. The words that stand for a unit without a symbol (segments, RTT) are in the locale files.
 */

/** Separates thousands, and a number from its unit; does not break. */
const THIN = '\u202f'
const MINUS = '\u2212'

/** 12345.678 -> `12 350`, 0.00123456 -> `0.001235`. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const rounded = Number(Math.abs(value).toPrecision(digits))
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)))
  const [whole, fraction = ''] = rounded.toFixed(Math.min(decimals, 12)).split('.')
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole
  const trimmed = fraction.replace(/0+$/, '')
  return `${value < 0 ? MINUS : ''}${grouped}${trimmed === '' ? '' : `.${trimmed}`}`
}

/** A whole number with all its digits: `6 291 456`. */
export const formatCount = (value: number): string =>
  String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, THIN)

type Scale = readonly (readonly [factor: number, symbol: string])[]

/** Largest first; the first factor that the value reaches is taken, else the last. */
const SCALES: Readonly<Record<string, Scale>> = {
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
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'B'],
  ],
  'B/s': [
    [1e9, 'GB/s'],
    [1e6, 'MB/s'],
    [1e3, 'kB/s'],
    [1, 'B/s'],
  ],
  ratio: [[0.01, '%']],
}

export interface Formatted {
  readonly number: string
  /** A symbol; for a unit of none, the unit's name, to be looked up in the locale files. */
  readonly unit: string
}

/** A value in one of the units of the contract, in parts, so that they can be set apart. */
export function formatParts(value: number, unit: string): Formatted {
  const scale = SCALES[unit]
  if (!scale) return { number: formatNumber(value), unit }
  const smallest = scale[scale.length - 1]
  // A zero delay is told in the unit in which delays are given.
  const [factor, symbol] =
    value === 0 && unit === 'us' ? scale[1] : (scale.find(([at]) => Math.abs(value) >= at) ?? smallest)
  return { number: formatNumber(value / factor), unit: symbol }
}

/** The symbols, which need no translation. */
const SYMBOLS = new Set(Object.values(SCALES).flatMap((scale) => scale.map(([, symbol]) => symbol)))

/** `word` gives the word for a unit without a symbol; the empty text for none. */
export function formatQuantity(value: number, unit: string, word: (unit: string) => string): string {
  const parts = formatParts(value, unit)
  const name = SYMBOLS.has(parts.unit) || parts.unit === '' ? parts.unit : word(parts.unit)
  return name === '' ? parts.number : `${parts.number}${THIN}${name}`
}

/** Lab time as a clock of its own: seconds with a fixed number of decimals, so that it does not jump about. */
export const formatClock = (micros: number): string => (micros / 1e6).toFixed(3)
