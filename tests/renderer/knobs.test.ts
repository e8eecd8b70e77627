import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Knob } from '../../shared/experiment.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import { GATEWAY } from '../../renderer/gateway.ts'
import { fromPlace, isSame, knobValue, rangeOf, toPlace, valueAt, type Range } from '../../renderer/knobs.ts'

const setup = EXPERIMENTS.find(({ id }) => id === 'tcp-bulk')!.setup
const knobs = [...EXPERIMENTS, GATEWAY].flatMap((experiment) =>
  experiment.knobs.map((knob) => ({ name: `${experiment.id}: ${knob.id}`, knob, setup: experiment.setup })),
)

describe('a value by its path', () => {
  it('is found as deep as the path goes', () => {
    expect(valueAt(setup, 'links.link.up.loss.rate')).toBe(0.005)
    expect(valueAt(setup, 'apps.sender.bytes')).toBe(5_000_000)
  })

  it('is undefined where the path leads nowhere, also past what objects inherit', () => {
    for (const path of ['links.none.up', 'links.link.up.loss.rate.more', 'links.constructor', 'x'])
      expect(valueAt(setup, path)).toBeUndefined()
    expect(valueAt(undefined, 'links')).toBeUndefined()
  })

  it('counts as the same by its contents', () => {
    expect(isSame([{ match: { flags: ['syn'] } }], [{ match: { flags: ['syn'] } }])).toBe(true)
    expect(isSame([], undefined)).toBe(false)
    expect(isSame(0, false)).toBe(false)
  })
})

describe.each(knobs)('$name', ({ knob, setup }) => {
  it('has a value in the set-up, of its own kind', () => {
    const value = knobValue(knob, setup)
    if (knob.kind === 'number') expect(value).toBeTypeOf('number')
    if (knob.kind === 'switch') expect(value).toBeTypeOf('boolean')
    if (knob.kind === 'choice')
      expect(knob.options!.filter((option) => isSame(option.value, value))).toHaveLength(1)
  })
})

const numbers = knobs.filter(({ knob }) => knob.kind === 'number')

describe.each(numbers)('the slider of $name', ({ knob, setup }) => {
  const range = rangeOf(knob)

  it('has the value that the experiment starts with on it', () => {
    const value = knobValue(knob, setup) as number
    expect(value).toBeGreaterThanOrEqual(range.min)
    expect(value).toBeLessThanOrEqual(range.max)
  })

  it('runs from the smallest value to the largest', () => {
    expect(fromPlace(range, 0)).toBe(range.min)
    expect(fromPlace(range, 1)).toBe(range.max)
    expect(toPlace(range, range.min)).toBe(0)
    expect(toPlace(range, range.max)).toBe(1)
  })

  it('gives more when it is moved on, and never leaves its range', () => {
    const place = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [first, second] = [Math.min(a, b), Math.max(a, b)].map((at) => fromPlace(range, at))
        expect(first).toBeLessThanOrEqual(second)
        expect(first).toBeGreaterThanOrEqual(range.min)
        expect(second).toBeLessThanOrEqual(range.max)
      }),
    )
  })
})

const numberKnob = (fields: Partial<Knob>): Range =>
  rangeOf({ ...numbers[0].knob, min: undefined, max: undefined, step: undefined, ...fields })

describe('a linear slider', () => {
  it('gives whole steps without the dirt of binary fractions', () => {
    const range = numberKnob({ min: 0, max: 1, step: 0.1, scale: 'linear' })
    expect([0.29, 0.3, 0.31, 0.72].map((place) => fromPlace(range, place))).toEqual([0.3, 0.3, 0.3, 0.7])
  })
})

describe('a logarithmic slider', () => {
  it('gives each factor of ten the same room', () => {
    const range = numberKnob({ min: 1_000, max: 1_000_000, scale: 'log' })
    expect([0, 1 / 3, 2 / 3, 1].map((place) => fromPlace(range, place))).toEqual([
      1_000, 10_000, 100_000, 1_000_000,
    ])
  })

  it('that begins at 0 has the 0 at its very start', () => {
    const range = numberKnob({ min: 0, max: 1e9, step: 1e4, scale: 'log' })
    expect(fromPlace(range, 0)).toBe(0)
    expect(fromPlace(range, 0.009)).toBe(0)
    expect(fromPlace(range, 0.02)).toBeGreaterThanOrEqual(1e4)
    expect(toPlace(range, 0)).toBe(0)
  })

  it('comes back to the value that it was set to, to three digits', () => {
    const range = numberKnob({ min: 0, max: 1e9, step: 1e4, scale: 'log' })
    fc.assert(
      fc.property(fc.double({ min: 1e4, max: 1e9, noNaN: true }), (value) => {
        expect(Math.abs(fromPlace(range, toPlace(range, value)) / value - 1)).toBeLessThan(0.051)
      }),
    )
  })
})
