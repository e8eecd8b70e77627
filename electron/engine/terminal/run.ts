/** `rexmit run`: an experiment from start to end, in virtual time or live, and what came of it. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Language } from '../../../shared/charts/texts.ts'
import type { DriverName } from '../../../shared/commands.ts'
import { failure, success, type Result } from '../../../shared/errors.ts'
import { EXPERIMENTS } from '../../../shared/experiments/index.ts'
import type { LinkInput, LinkSpec } from '../../../shared/link.ts'
import type { Summary } from '../../../shared/summary.ts'
import type { ExportOptions } from '../export/export.ts'
import { planExperiment, type RunPlan } from '../plan.ts'
import { DEFAULT_SPOOL } from '../recording/spool.ts'
import { Run } from '../run.ts'
import { resolveExperiment, type Changes } from '../settings.ts'
import { describeFiles, writeFiles } from './files.ts'
import { listenForInterrupt, type Interrupt } from './interrupt.ts'
import { printable, printableJson, type Output } from './output.ts'
import { report } from './report.ts'
import { EXIT, refuse, systemError, type ExitStatus } from './status.ts'
import { withWorkplace } from './workplace.ts'

export interface RunOptions {
  /** Id of a built-in experiment, or a file that holds one. */
  readonly experiment: string | undefined
  readonly all: boolean
  readonly set: Changes
  readonly seed: number
  readonly driver: DriverName
  readonly out: string | undefined
  readonly json: boolean
  readonly language: Language
  readonly taps: ExportOptions['taps']
  readonly qlog: ExportOptions['qlog']
  /** The most bytes that are recorded of a packet; undefined: all. */
  readonly snapLength: number | undefined
  /** Lays the link options over what a link of the experiment has. */
  readonly link: (base: LinkInput) => Result<LinkSpec | undefined>
}

interface Outcome {
  readonly status: ExitStatus
  readonly summary?: Summary
}

/** Runs one experiment, or all that there are; the status is the worst of them. */
export async function run(options: RunOptions, output: Output): Promise<ExitStatus> {
  const plans: RunPlan[] = []
  const names = options.all ? EXPERIMENTS.map(({ id }) => id) : [options.experiment ?? '']
  for (const name of names) {
    const plan = planOf(name, options)
    if (!plan.ok) return refuse(output, plan.error)
    plans.push(plan.value)
  }
  const interrupt = listenForInterrupt()
  const outcomes: Outcome[] = []
  try {
    for (const plan of plans) {
      if (outcomes.length > 0 && !options.json) output.line()
      const out = options.out && (options.all ? join(options.out, plan.name) : options.out)
      outcomes.push(await runPlan(plan, out, options, interrupt, output))
      if (interrupt.happened) break
    }
  } catch (error) {
    const problem = systemError(error)
    if (problem === undefined) throw error
    return refuse(output, { message: problem })
  } finally {
    interrupt.release()
  }
  if (options.json) {
    const summaries = outcomes.map(({ summary }) => summary ?? null)
    output.line(printableJson(options.all ? summaries : summaries[0]))
  }
  if (interrupt.happened) return EXIT.interrupted
  return outcomes.some(({ status }) => status !== EXIT.ok) ? EXIT.failed : EXIT.ok
}

/** A file is told from an id by its name: ids have no dot and no slash. */
function experimentOf(name: string): Result<unknown> {
  if (!/[./\\]/.test(name)) return success(name)
  try {
    return success(JSON.parse(readFileSync(name, 'utf8')))
  } catch (error) {
    const problem = systemError(error) ?? `${name}: ${(error as Error).message}`
    return failure({
      code: 'invalid',
      message: problem,
      field: 'experiment',
      value: name,
      allowed: 'an experiment as JSON',
    })
  }
}

function planOf(name: string, { set, seed, driver, link }: RunOptions): Result<RunPlan> {
  const given = experimentOf(name)
  if (!given.ok) return given
  const experiment = resolveExperiment(given.value)
  if (!experiment.ok) return experiment
  const changes: Record<string, unknown> = {}
  for (const [id, { up, down }] of Object.entries(experiment.value.setup.links)) {
    const wanted = link({ up, down })
    if (!wanted.ok) return wanted
    if (wanted.value === undefined) continue
    changes[`links.${id}.up`] = wanted.value.up
    changes[`links.${id}.down`] = wanted.value.down
  }
  const start = { experiment: given.value as string | Record<string, unknown>, set: { ...changes, ...set } }
  return planExperiment({ ...start, seed, driver })
}

function runPlan(
  plan: RunPlan,
  out: string | undefined,
  options: RunOptions,
  interrupt: Interrupt,
  output: Output,
): Promise<Outcome> {
  // Before the run, not after it: a folder that cannot be had must not cost a run.
  if (out !== undefined) mkdirSync(out, { recursive: true })
  return withWorkplace(async (folder) => {
    const { snapLength } = options
    const spool = snapLength === undefined ? undefined : { ...DEFAULT_SPOOL, snapLength }
    const started = new Run(plan, { id: 1, directory: join(folder, 'run'), spool })
    try {
      await started.start()
      if (plan.driver === 'live')
        output.note(`${printable(plan.name)} is running by the wall clock. Ctrl-C stops it.`)
      await Promise.race([started.ended, interrupt.requested])
      await started.stop()
      return await conclude(started, out, options, output)
    } finally {
      started.close()
    }
  })
}

async function conclude(
  ended: Run,
  out: string | undefined,
  { json, language, taps, qlog }: RunOptions,
  output: Output,
): Promise<Outcome> {
  const { info, summary, reader, plan } = ended
  if (summary === undefined || info.state === 'failed') {
    output.note(
      `rexmit: ${printable(info.experiment)} broke off: ${printable(info.error ?? 'no reason is known')}`,
    )
    if (summary === undefined) return { status: EXIT.failed }
  }
  if (!json) report(output, { info, experiment: plan.experiment, summary }, language)
  if (out !== undefined) {
    const files = await writeFiles(reader, out, { taps, qlog, language })
    for (const line of describeFiles(out, files)) output.note(printable(line))
  }
  const holds = info.state !== 'failed' && summary.expectations.every((verdict) => verdict.holds !== false)
  return { status: holds ? EXIT.ok : EXIT.failed, summary }
}
