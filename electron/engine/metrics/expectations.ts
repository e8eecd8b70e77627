/** Holds the expectations of an experiment against the figures of a run. */
import { settingText } from '../../../shared/charts/changes.ts'
import type { Expectation, Knob, Setup, Text } from '../../../shared/experiment.ts'
import type { Verdict } from '../../../shared/summary.ts'
import { valueAt } from '../settings.ts'

/** What a verdict depends on besides the figure itself. */
export interface Circumstances {
  readonly metrics: Readonly<Record<string, number | null>>
  /** The set-up as lane `id` has it. */
  readonly setupOf: (lane: string) => Setup
  /** Paths of the settings that were changed while the run went on. */
  readonly changed: readonly string[]
  /** Why no expectation of this run can be judged, such as a fault; undefined: they can. */
  readonly spoilt?: Text
  /** For the names of settings. */
  readonly knobs: readonly Knob[]
}

/** Times in virtual time carry the rounding of floating point; a claim without tolerance must not fail by it. */
const ROUNDING = 1e-9

function compare(op: Expectation['op'], measured: number, value: number, tolerance: number): boolean {
  const slack = ROUNDING * Math.max(Math.abs(value), 1)
  switch (op) {
    case '=':
      return Math.abs(measured - value) <= tolerance * Math.abs(value) + slack
    case '<':
      return measured < value
    case '<=':
      return measured <= value + slack
    case '>':
      return measured > value
    case '>=':
      return measured >= value - slack
  }
}

const same = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = Object.keys(a)
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}

/** Whether one of the two paths lies within the other. */
const touches = (a: string, b: string): boolean => `${a}.`.startsWith(`${b}.`) || `${b}.`.startsWith(`${a}.`)

/** A setting by the names that the window gives it. */
function describe(
  path: string,
  values: readonly unknown[],
  knobs: readonly Knob[],
): { name: Text; values: Text } {
  const knob = knobs.find(({ paths }) => paths.includes(path))
  const texts = values.map((value): Text => {
    const option = knob?.options?.find((candidate) => same(candidate.value, value))
    const json = JSON.stringify(value) ?? ''
    return option?.label ?? both(settingText(path, json))
  })
  return {
    name: knob?.label ?? both(path),
    values: { en: texts.map(({ en }) => en).join(', '), zh: texts.map(({ zh }) => zh).join('、') },
  }
}

const both = (text: string): Text => ({ en: text, zh: text })

/** Why the claim is not made of this run; undefined: it is. */
function voidReason(expectation: Expectation, run: Circumstances): Text | undefined {
  if (run.spoilt !== undefined) return run.spoilt
  const setup = run.setupOf(expectation.metric.split('/')[0])
  for (const { path, oneOf } of expectation.given) {
    const { name, values } = describe(path, oneOf, run.knobs)
    if (run.changed.some((changed) => touches(changed, path)))
      return { en: `${name.en} was changed during the run`, zh: `运行中改动了“${name.zh}”` }
    const value = valueAt(setup, path)
    if (oneOf.some((allowed) => same(allowed, value))) continue
    const here = describe(path, [value], run.knobs).values
    return {
      en: `claimed only with ${name.en}: ${values.en}; here: ${here.en}`,
      zh: `仅当“${name.zh}”为 ${values.zh} 时才作此断言，这里是 ${here.zh}`,
    }
  }
  return undefined
}

const noModel = (name: string): Text => ({ en: `the run yields no ${name}`, zh: `本次运行得不出 ${name}` })

/**
 * Judges one expectation. `holds` is null, with the reason in `void`, when the claim is not made of this run: its
 * conditions are not met, a fault came between, or the figure that it is held against does not exist. A claim that is
 * made and whose own figure does not exist does not hold.
 */
export function judge(expectation: Expectation, run: Circumstances): Verdict {
  const { id, metric, op, tolerance, unit, why } = expectation
  const measured = run.metrics[metric] ?? null
  const value =
    typeof expectation.value === 'number' ? expectation.value : (run.metrics[expectation.value] ?? null)
  const verdict = { id, metric, op, value, tolerance, unit, measured, why }
  const reason =
    voidReason(expectation, run) ?? (value === null ? noModel(String(expectation.value)) : undefined)
  if (reason !== undefined) return { ...verdict, holds: null, void: reason }
  return { ...verdict, holds: measured !== null && compare(op, measured, value!, tolerance) }
}
