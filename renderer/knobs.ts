/** What knobs do to numbers: reading a set-up by path, and the way between a value and a place on a slider. */
import type { Experiment, Json, Knob } from '../shared/experiment.ts'

/** The value at a path such as `links.link.up.loss.rate`; undefined when there is none. */
export function valueAt(setup: unknown, path: string): Json | undefined {
  let value: unknown = setup
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value as Json | undefined
}

/** The value of a knob in a set-up: that of its first path. */
export const knobValue = (knob: Knob, setup: unknown): Json => valueAt(setup, knob.paths[0]) ?? null

export const defaultsOf = (experiment: Experiment): Readonly<Record<string, Json>> =>
  Object.fromEntries(experiment.knobs.map((knob) => [knob.id, knobValue(knob, experiment.setup)]))

/** Values of settings are small JSON; those with the same text are the same. */
export const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b)

export interface Range {
  readonly min: number
  readonly max: number
  readonly step: number
  readonly log: boolean
}

/** The range of a number knob; what it leaves open is filled in so that a slider can be drawn. */
export function rangeOf(knob: Knob): Range {
  const min = knob.min ?? 0
  const max = Math.max(knob.max ?? 100, min)
  return { min, max, step: knob.step ?? (max - min) / 1_000, log: knob.scale === 'log' }
}

/** The smallest value of a logarithmic slider that is not zero. */
const logFloor = ({ min, max, step }: Range): number =>
  min > 0 ? min : Math.min(Math.max(step, max / 1e6), max)

/** Value -> place on the slider, 0 to 1. A logarithmic one that begins at 0 has the 0 in its first hundredth. */
export function toPlace(range: Range, value: number): number {
  const { min, max, log } = range
  if (max === min) return 0
  const clamped = Math.min(Math.max(value, min), max)
  if (!log) return (clamped - min) / (max - min)
  const floor = logFloor(range)
  const zero = min > 0 ? 0 : 0.01
  if (clamped < floor) return 0
  return max === floor ? 1 : zero + (1 - zero) * (Math.log(clamped / floor) / Math.log(max / floor))
}

/** Place on the slider -> value: by whole steps, or to three significant digits on a logarithmic one. */
export function fromPlace(range: Range, place: number): number {
  const { min, max, step, log } = range
  if (place <= 0) return min
  if (place >= 1) return max
  if (!log) {
    const value = min + Math.round((place * (max - min)) / step) * step
    return Math.min(tidy(value), max)
  }
  const floor = logFloor(range)
  const zero = min > 0 ? 0 : 0.01
  if (place < zero) return min
  const value = floor * (max / floor) ** ((place - zero) / (1 - zero))
  const rounded = tidy(Number(value.toPrecision(value < 10 * floor ? 2 : 3)))
  // A step says that there is nothing between (whole bytes, whole segments).
  const whole = Number.isInteger(floor) && floor >= 1 ? Math.round(rounded) : rounded
  return Math.min(Math.max(whole, min), max)
}

/** Takes the dirt of binary fractions off: 0.30000000000000004 -> 0.3. */
export const tidy = (value: number): number => Number(value.toPrecision(12))
