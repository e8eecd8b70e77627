/** What a run is to be: a validated experiment with its settings, or a gateway's pair of hosts. */
import type { CommandInput, DriverName, RunInfo } from '../../shared/commands.ts'
import { failure, success, type Result } from '../../shared/errors.ts'
import type { Experiment, Knob, Lane, Setup } from '../../shared/experiment.ts'
import { isProgram, PROGRAMS, type ProgramTable } from './node/programs.ts'
import { applyChanges, laneSetup, resolveExperiment, type Changes } from './settings.ts'

type Step = Experiment['steps'][number]

export interface RunPlan {
  readonly kind: RunInfo['kind']
  /** Absent for a gateway. */
  readonly experiment?: Experiment
  /** Id of the experiment, or `gateway`. */
  readonly name: string
  readonly title: RunInfo['title']
  readonly setup: Setup
  readonly lanes: readonly Lane[]
  readonly steps: readonly Step[]
  readonly knobs: readonly Knob[]
  /** Settings that were given, by path or knob. */
  readonly set: Changes
  readonly seed: number
  readonly driver: DriverName
  readonly pace: number | null
  /** Lab time at which it ends at the latest; Infinity: it goes on until it is stopped. */
  readonly duration: number
}

export type StartOptions = Pick<
  Extract<CommandInput, { type: 'run.start' }>,
  'experiment' | 'set' | 'seed' | 'driver' | 'pace'
>

/** Checks an experiment and its settings. The error names the field, the value and what is allowed. */
export function planExperiment(options: StartOptions, programs: ProgramTable = PROGRAMS): Result<RunPlan> {
  const { set = {}, seed = 1, driver = 'virtual', pace = null } = options
  const resolved = resolveExperiment(options.experiment)
  if (!resolved.ok) return resolved
  const experiment = resolved.value
  const setup = applyChanges(experiment.setup, set, experiment.knobs)
  if (!setup.ok) return setup
  const missing = missingProgram(setup.value, programs)
  if (missing !== undefined) return missing
  for (const lane of experiment.lanes) {
    const changed = laneSetup(setup.value, lane)
    if (!changed.ok) return changed
  }
  return success({
    kind: 'experiment',
    experiment,
    name: experiment.id,
    title: experiment.title,
    setup: setup.value,
    lanes: experiment.lanes,
    steps: experiment.steps,
    knobs: experiment.knobs,
    set,
    seed,
    driver,
    pace: driver === 'live' ? null : pace,
    duration: experiment.duration,
  })
}

/** An error if a program that the set-up names is not built in. */
export function missingProgram(
  { apps }: Setup,
  programs: ProgramTable = PROGRAMS,
): Result<never> | undefined {
  for (const [name, app] of Object.entries(apps))
    if (isProgram(app) && programs[app.kind] === undefined)
      return failure({ code: 'invalid', message: `${app.kind} is not built in`, field: `apps.${name}.kind` })
  return undefined
}
