/** What the arguments of link options mean: texts in, parts of a direction's specification out. */
import { failure, success, type Result } from './errors.ts'
import type { DirectionInput } from './link.ts'
import {
  parseCount,
  parsePackets,
  parseRate,
  parseSize,
  parseSpan,
  type Quantity,
  type QuantityError,
} from './quantity.ts'

/** Applies one option's argument to a direction and gives the direction that comes of it. */
export type Apply = (direction: DirectionInput, text: string) => Result<DirectionInput, QuantityError>
type Merge<T> = (direction: DirectionInput, value: T) => DirectionInput

/** An option whose argument is one value. */
export const one =
  <T>(parse: (text: string) => Result<T, QuantityError>, merge: Merge<T>): Apply =>
  (direction, text) => {
    const parsed = parse(text)
    return parsed.ok ? success(merge(direction, parsed.value)) : parsed
  }

/** An option whose argument is a list of quantities, the first `least` of which must be there. */
export const several =
  (
    parsers: readonly ((text: string) => Quantity)[],
    least: number,
    allowed: string,
    merge: Merge<number[]>,
  ): Apply =>
  (direction, text) => {
    const parts = text === '' ? [] : text.split(',')
    if (parts.length < least || parts.length > parsers.length) return failure({ value: text, allowed })
    const values: number[] = []
    for (const [i, part] of parts.entries()) {
      const parsed = parsers[i](part)
      if (!parsed.ok)
        return failure({ value: text, allowed: `${allowed}; ${part} is not ${parsed.error.allowed}` })
      values.push(parsed.value)
    }
    return success(merge(direction, values))
  }

/** A switch. It may be said to be off, too, since settings can come from a file. */
export const flag =
  (merge: Merge<boolean>): Apply =>
  (direction, text) => {
    if (text === '' || text === 'on' || text === 'true') return success(merge(direction, true))
    if (text === 'off' || text === 'false') return success(merge(direction, false))
    return failure({ value: text, allowed: 'on or off' })
  }

export const word =
  <T extends string>(words: readonly T[], merge: Merge<T>): Apply =>
  (direction, text) => {
    const found = words.find((candidate) => candidate === text)
    return found === undefined
      ? failure({ value: text, allowed: `one of ${words.join(', ')}` })
      : success(merge(direction, found))
  }

export const count = (text: string): Quantity => parseCount(text)
export const atLeastOne = (text: string): Quantity => parseCount(text, 1)

/** Bytes, packets or time; `none` is a queue without limit. */
export function applyQueue(direction: DirectionInput, text: string): Result<DirectionInput, QuantityError> {
  const set = (unit: 'bytes' | 'packets' | 'time', limit: number) =>
    success({ ...direction, queue: { ...direction.queue, unit, limit } })
  if (text === 'none') return set('bytes', 0)
  const kinds = [
    ['packets', parsePackets(text)],
    ['time', parseSpan(text)],
    ['bytes', parseSize(text)],
  ] as const
  // A limit of 0 would mean none, which is not what someone who writes 0 wants.
  for (const [unit, limit] of kinds) if (limit.ok && limit.value > 0) return set(unit, limit.value)
  return failure({ value: text, allowed: 'a size (64kB), packets (100p), a time (50ms), or none' })
}

/**
 * `--loss 2% --burst 3`: Gilbert's model in which the bad state loses all and lasts 3 packets in the mean, and
 * comes often enough for 2 % in all: r = 1 / burst, p = r * loss / (1 - loss).
 */
export function applyBurst(direction: DirectionInput, text: string): Result<DirectionInput, QuantityError> {
  const rate = direction.loss?.rate ?? 0
  if (rate === 0) return failure({ value: text, allowed: 'a burst length that goes with --loss' })
  if ((direction.loss?.correlation ?? 0) > 0) {
    return failure({ value: text, allowed: 'a burst length without --loss-correlation' })
  }
  const burst = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : 0
  const least = Math.max(1, rate / (1 - rate))
  if (rate === 1 || burst < least) {
    const allowed = `a mean number of packets, at least ${Number(least.toPrecision(4))} at this loss`
    return failure({ value: text, allowed: rate === 1 ? 'a burst length at a loss below 100 %' : allowed })
  }
  const r = 1 / burst
  const gilbertElliott = { p: (r * rate) / (1 - rate), r, lossBad: 1, lossGood: 0 }
  return success({ ...direction, loss: {}, gilbertElliott })
}

/** `0s:10mbit,5s:1mbit`: from each time on, a rate. */
export function parseSchedule(text: string): Result<{ at: number; limit: number }[], QuantityError> {
  const steps: { at: number; limit: number }[] = []
  for (const part of text.split(',')) {
    const [from, to, ...rest] = part.split(':')
    const at = parseSpan(from)
    const limit = parseRate(to ?? '')
    if (!at.ok || !limit.ok || rest.length > 0) {
      return failure({ value: text, allowed: 'times and rates such as 0s:10mbit,5s:1mbit' })
    }
    steps.push({ at: at.value, limit: limit.value })
  }
  return success(steps)
}

/** What is in a mahimahi trace file: a millisecond a line. */
export function parseMahimahi(text: string): Result<number[], QuantityError> {
  const times: number[] = []
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const time = parseCount(line)
    if (!time.ok) {
      return failure({ value: `line ${i + 1}: ${line.slice(0, 40)}`, allowed: 'a whole millisecond a line' })
    }
    times.push(time.value)
  }
  return times.length > 0
    ? success(times)
    : failure({ value: 'an empty file', allowed: 'a millisecond a line' })
}

/** `5s/1s`: up for 5 s, then down for 1 s, and so on. */
export function parseOutage(text: string): Result<{ up: number; downFor: number }, QuantityError> {
  const [upText, downText, ...rest] = text.split('/')
  const up = parseSpan(upText)
  const downFor = parseSpan(downText ?? '')
  const wrong = !up.ok || !downFor.ok || rest.length > 0 || downFor.value === 0
  return wrong
    ? failure({ value: text, allowed: 'the times up and down such as 5s/1s' })
    : success({ up: up.value, downFor: downFor.value })
}

export function applyRebind(direction: DirectionInput, text: string): Result<DirectionInput, QuantityError> {
  const [at, address, shift, ...rest] = text.split(',')
  const time = parseSpan(at)
  const portShift = shift === undefined ? undefined : parseCount(shift)
  if (!time.ok || time.value === 0 || portShift?.ok === false || rest.length > 0) {
    return failure({ value: text, allowed: 'a time, an address, a port shift such as 5s,10.77.0.99,1000' })
  }
  const rebind = {
    at: time.value,
    ...(address === undefined ? {} : { address }),
    ...(portShift === undefined ? {} : { portShift: portShift.value }),
  }
  return success({ ...direction, rebind })
}
