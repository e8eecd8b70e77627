/**
 * Quantities with units as people write them, and as they are shown. Reading gives the program's own units:
 * bits a second, microseconds, bytes, shares from 0 to 1. A unit is always needed but for 0, for bytes and
 * for shares: `10` as a delay could be anything.
 */
import { failure, success, type Result } from './errors.ts'

/** A text that is no quantity of the kind, and what would be one. */
export interface QuantityError {
  readonly value: string
  readonly allowed: string
}

export type Quantity = Result<number, QuantityError>

/** A plain decimal number and letters; no sign, no exponent. */
const PATTERN = /^(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}) ?([a-z%/]*)$/i

type Units = Readonly<Record<string, number>>

const RATES: Units = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 }
const SPANS: Units = { us: 1, ms: 1e3, s: 1e6, min: 60e6, h: 3_600e6 }
const SIZES: Units = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
}
const SHARES: Units = { '': 1, '%': 0.01 }

function read(text: string, units: Units, allowed: string): Quantity {
  // The micro sign is a letter of its own; everyone else writes u.
  const match = PATTERN.exec(text.trim().replace('µ', 'u').replace('μ', 'u'))
  const wrong = failure({ value: text, allowed })
  if (match === null) return wrong
  const number = Number(match[1])
  const name = match[2].toLowerCase()
  if (Object.hasOwn(units, name)) return success(number * units[name])
  return number === 0 && name === '' ? success(0) : wrong
}

/** Bits a second: `10mbit`, `1.5gbit`, `500kbit/s`, `9600bit`. */
export function parseRate(text: string): Quantity {
  const allowed =
    'a rate in bits a second such as 10mbit, 500kbit or 1gbit (not kbps, which tc takes for bytes)'
  return withError(read(text.trim().replace(/\/s$/i, ''), RATES, allowed), text)
}

/** Microseconds: `25ms`, `1.5s`, `200us`, `2min`. */
export const parseSpan = (text: string): Quantity =>
  withError(read(text, SPANS, 'a span of time such as 25ms, 1.5s or 200us'), text)

/** Whole bytes: `64kB` (64,000), `1MiB` (1,048,576), `1500B`, `1500`. */
export function parseSize(text: string): Quantity {
  const size = read(text, SIZES, 'a size such as 1500, 1500B, 64kB or 1MiB')
  return size.ok ? success(Math.round(size.value)) : size
}

/** A share from 0 to 1: `2%`, `0.02`. */
export function parseShare(text: string): Quantity {
  const allowed = 'a share such as 2% or 0.02, from 0 to 1'
  const share = read(text, SHARES, allowed)
  return share.ok && share.value > 1 ? failure({ value: text, allowed }) : share
}

/** A whole number from `least` on: `12`. */
export function parseCount(text: string, least = 0): Quantity {
  const value = /^\d{1,10}$/.test(text.trim()) ? Number(text) : -1
  return value >= least
    ? success(value)
    : failure({ value: text, allowed: `a whole number from ${least} on` })
}

/** A number of packets: `100p`. */
export function parsePackets(text: string): Quantity {
  const number = /^(\d{1,10}) ?p(?:ackets?)?$/.exec(text.trim())
  return number ? success(Number(number[1])) : failure({ value: text, allowed: 'packets such as 100p' })
}

/** The error speaks of the text as it was given. */
const withError = (quantity: Quantity, text: string): Quantity =>
  quantity.ok ? quantity : failure({ ...quantity.error, value: text })

/** Between groups of three digits: thin, and never the end of a line. */
const SEPARATOR = '\u202f'

/** At most four significant digits, groups of three set apart from five digits on: `12 350`, `0.01235`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const [whole, fraction] = String(Math.abs(round(value))).split('.')
  const grouped = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, SEPARATOR) : whole
  return (value < 0 ? '−' : '') + grouped + (fraction === undefined ? '' : `.${fraction}`)
}

const round = (value: number): number => Number(value.toPrecision(4))

type Scale = readonly (readonly [factor: number, unit: string])[]

/** Each from the largest unit to the smallest. */
const RATE_SCALE: Scale = [
  [1e9, 'Gbit/s'],
  [1e6, 'Mbit/s'],
  [1e3, 'kbit/s'],
  [1, 'bit/s'],
]
const SPAN_SCALE: Scale = [
  [1e6, 's'],
  [1e3, 'ms'],
  [1, 'µs'],
]
const SIZE_SCALE: Scale = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
  [1, 'B'],
]

/** In the largest unit that gives at least 1 after rounding; what is smaller still, in the smallest. */
function scaled(value: number, scale: Scale): string {
  const smallest = scale[scale.length - 1]
  const fits = scale.find(([factor]) => Math.abs(round(value / factor)) >= 1)
  const [factor, unit] = value === 0 ? smallest : (fits ?? smallest)
  return `${formatNumber(value / factor)} ${unit}`
}

/** `10 Mbit/s` for 10,000,000 bits a second. */
export const formatRate = (bitsPerSecond: number): string => scaled(bitsPerSecond, RATE_SCALE)

/** `25 ms` for 25,000 microseconds. */
export const formatSpan = (microseconds: number): string => scaled(microseconds, SPAN_SCALE)

/** `64 kB` for 64,000 bytes. */
export const formatSize = (bytes: number): string => scaled(bytes, SIZE_SCALE)

/** `2 %` for 0.02. */
export const formatShare = (share: number): string => `${formatNumber(share * 100)} %`
