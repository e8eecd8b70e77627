/** What an experiment claims of a run, and whether it holds. */
import type { Experiment } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { finishedRun } from './runs.ts'

export interface Claims {
  /** Ids of the expectations that were claimed of this run and hold, and of those that do not, in their order. */
  readonly held: readonly string[]
  readonly failed: readonly string[]
  readonly metrics: Readonly<Record<string, number | null>>
}

/** Runs an experiment, by its id or changed, to its end in virtual time. */
export async function claimsOf(
  experiment: string | Experiment,
  set: Readonly<Record<string, unknown>> = {},
  seed = 1,
): Promise<Claims> {
  const { expectations, metrics } = (await finishedRun({ experiment, set, seed })).summary!
  const ids = (holds: boolean) =>
    expectations.filter((verdict) => verdict.holds === holds).map(({ id }) => id)
  return { held: ids(true), failed: ids(false), metrics }
}

/** An experiment with other settings in one of its lanes, which no setting of the run can reach. */
export function withLane(id: string, lane: string, set: Experiment['lanes'][number]['set']): Experiment {
  const experiment = findExperiment(id)!
  const lanes = experiment.lanes.map((one) =>
    one.id === lane ? { ...one, set: { ...one.set, ...set } } : one,
  )
  return { ...experiment, lanes }
}
