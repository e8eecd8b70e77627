/**
 * Settings by name: a path into a set-up (`links.link.up.loss.rate`), or the id of a knob, which stands for one path
 * or several. Whatever is set, the whole set-up is validated again; what does not fit gives an error that names the
 * field, the value and what is allowed.
 */
import * as v from 'valibot'
import { failure, fromIssues, show, success, type InputError, type Result } from '../../shared/errors.ts'
import { Experiment, Setup, type Knob, type Lane } from '../../shared/experiment.ts'
import { EXPERIMENTS, findExperiment } from '../../shared/experiments/index.ts'
import { invalid } from './invalid.ts'
import { checkReferences } from './references.ts'
import { readSettingText } from './setting-text.ts'

export type Changes = Readonly<Record<string, unknown>>

/** A built-in experiment by its id, or one as a file holds it. */
export function resolveExperiment(given: unknown): Result<Experiment> {
  if (typeof given === 'string') {
    const found = findExperiment(given)
    if (found !== undefined) return success(found)
    const ids = EXPERIMENTS.map(({ id }) => id).join(', ')
    return failure({
      code: 'not_found',
      message: `experiment: there is no ${show(given)}; there are ${ids}`,
      field: 'experiment',
      value: show(given),
      allowed: ids,
    })
  }
  const parsed = v.safeParse(Experiment, given)
  if (!parsed.success) return failure(fromIssues(parsed.issues))
  const checked = checkExperiment(parsed.output)
  return checked ?? success(parsed.output)
}

/** What a schema cannot say: that all paths lead somewhere. */
function checkExperiment({ setup, lanes, steps, knobs }: Experiment): Result<never> | undefined {
  const references = checkReferences(setup)
  if (references !== undefined) return references
  for (const id of steps.flatMap((step) => step.lanes ?? []))
    if (!lanes.some((lane) => lane.id === id)) return invalid('steps.lanes', id, 'a lane of the experiment')
  for (const lane of lanes) {
    const own = laneSetup(setup, lane)
    if (!own.ok) return own
    for (const { set, lanes: only } of steps) {
      if (only !== undefined && !only.includes(lane.id)) continue
      const result = applyChanges(own.value, set)
      if (!result.ok) return result
    }
  }
  for (const { id, paths } of knobs)
    for (const path of paths)
      if (placeOf(setup, path) === undefined) return invalid(`knobs.${id}`, path, 'a path of the set-up')
  return undefined
}

/** The paths that a name stands for. */
export function pathsOf(knobs: readonly Knob[], name: string): readonly string[] {
  return knobs.find(({ id }) => id === name)?.paths ?? [name]
}

/** The record that holds a path's last part, and that part; undefined: the path leads nowhere. */
function placeOf(setup: Setup, path: string): { record: Record<string, unknown>; key: string } | undefined {
  const keys = path.split('.')
  const key = keys.pop()!
  if (keys.length === 0) return undefined
  let record: unknown = setup
  for (const part of keys) {
    if (!isRecord(record) || !Object.hasOwn(record, part)) return undefined
    record = record[part]
  }
  // The last part may be a setting without a default, and so be absent; the schema says whether it is one.
  return isRecord(record) && keys.length > 1 ? { record, key } : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

/** The value at a path as it is now. */
export function valueAt(setup: Setup, path: string): unknown {
  const place = placeOf(setup, path)
  return place && Object.hasOwn(place.record, place.key) ? place.record[place.key] : undefined
}

/** A copy of `setup` with these paths set. Texts are read as the terminal writes them (`2%`, `10mbit`). */
export function applyChanges(setup: Setup, changes: Changes, knobs: readonly Knob[] = []): Result<Setup> {
  const copy = structuredClone(setup)
  for (const [name, given] of Object.entries(changes)) {
    const knob = knobs.find(({ id }) => id === name)
    for (const path of pathsOf(knobs, name)) {
      const place = placeOf(copy, path)
      if (place === undefined) return unknownSetting(name, given, knobs)
      const current = Object.hasOwn(place.record, place.key) ? place.record[place.key] : undefined
      const value = typeof given === 'string' ? readSettingText(path, given, current) : success(given)
      if (!value.ok) return value
      const misfit = knob && checkRange(knob, value.value)
      if (misfit !== undefined) return misfit
      // Not by assignment: a key such as `__proto__` must become a key.
      Object.defineProperty(place.record, place.key, {
        value: value.value,
        enumerable: true,
        writable: true,
        configurable: true,
      })
    }
  }
  const parsed = v.safeParse(Setup, copy)
  if (!parsed.success) return failure(unknownKey(fromIssues(parsed.issues)))
  return checkReferences(parsed.output) ?? success(parsed.output)
}

/** The set-up of one lane: the common one with the lane's own settings on top, and without the applications that it has not. */
export function laneSetup(setup: Setup, { id, set, without = [] }: Lane): Result<Setup> {
  const changed = applyChanges(setup, set)
  if (!changed.ok) return changed
  const { apps } = changed.value
  const missing = without.find((name) => !Object.hasOwn(apps, name))
  if (missing !== undefined) {
    const allowed = `an application: ${Object.keys(apps).join(' or ')}`
    const message = `lanes.${id}.without: ${missing} is not ${allowed}`
    return failure({ code: 'invalid', message, field: `lanes.${id}.without`, value: missing, allowed })
  }
  const kept = Object.entries(apps).filter(([name]) => !without.includes(name))
  return success({ ...changed.value, apps: Object.fromEntries(kept) })
}

/** By its id a knob goes as far as its ends; a path leads as far as the setting itself. */
function checkRange(
  { id, min = -Infinity, max = Infinity, paths }: Knob,
  value: unknown,
): Result<never> | undefined {
  if (typeof value !== 'number' || (value >= min && value <= max)) return undefined
  const ends = [min > -Infinity && `at least ${min}`, max < Infinity && `at most ${max}`].filter(Boolean)
  return invalid(id, value, `${ends.join(' and ')}, the knob's range; beyond it set ${paths.join(' and ')}`)
}

/** The schema calls a key that it does not know "not never". */
function unknownKey(error: InputError): InputError {
  if (error.allowed !== 'never') return error
  const message = `${error.field}: there is no such setting`
  return { ...error, message, allowed: 'a setting of the set-up' }
}

function unknownSetting(name: string, value: unknown, knobs: readonly Knob[]): Result<never> {
  const ids = knobs.map(({ id }) => id)
  const allowed = [...ids, 'a path such as links.link.up.loss.rate'].join(', ')
  return failure({
    code: 'invalid',
    message: `${show(name)}: there is no such setting; there are ${allowed}`,
    field: name,
    value: show(value),
    allowed,
  })
}
