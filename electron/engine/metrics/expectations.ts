/** Holds the expectations of an experiment against the figures of a run. */
import type { Expectation, Setup } from '../../../shared/experiment.ts'
import { show } from '../../../shared/errors.ts'
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
  readonly spoilt?: string
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

/** Why the claim is not made of this run; undefined: it is. */
function voidReason(expectation: Expectation, run: Circumstances): string | undefined {
  if (run.spoilt !== undefined) return run.spoilt
  const setup = run.setupOf(expectation.metric.split('/')[0])
  for (const { path, oneOf } of expectation.given) {
    if (run.changed.some((changed) => touches(changed, path))) return `${path} was changed during the run`
    const value = valueAt(setup, path)
    if (!oneOf.some((allowed) => same(allowed, value)))
      return `claimed only for ${path} = ${oneOf.map(show).join(' or ')}, here ${show(value)}`
  }
  return undefined
}

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
    voidReason(expectation, run) ?? (value === null ? `the run yields no ${expectation.value}` : undefined)
  if (reason !== undefined) return { ...verdict, holds: null, void: reason }
  return { ...verdict, holds: measured !== null && compare(op, measured, value!, tolerance) }
}
