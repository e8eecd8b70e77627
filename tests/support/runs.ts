/** Runs of the real engine for tests: each in a folder of its own, closed and removed after the test. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { planExperiment, type StartOptions } from '../../electron/engine/plan.ts'
import { Run, type RunOptions } from '../../electron/engine/run.ts'
import type { ExperimentInput, SetupInput } from '../../shared/experiment.ts'

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rexmit-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A client that sends to a server over one link. */
export function smallSetup(link: Partial<SetupInput['links'][string]> = {}, bytes = 100_000): SetupInput {
  return {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server', up: { delay: 5_000 }, down: { delay: 5_000 }, ...link } },
    apps: {
      sender: { kind: 'tcp-send', host: 'client', to: 'server', port: 5001, bytes },
      sink: { kind: 'tcp-sink', host: 'server', port: 5001 },
    },
  }
}

const text = (words: string) => ({ en: words, zh: words })

export function smallExperiment(changes: Partial<ExperimentInput> = {}): ExperimentInput {
  return {
    id: 'small',
    chapter: 'tcp-transfer',
    title: text('Small'),
    question: text('?'),
    narrative: [],
    rfcs: [],
    setup: smallSetup(),
    lanes: [{ id: 'one', label: text('One') }],
    knobs: [],
    expectations: [],
    views: ['packets'],
    duration: 600_000_000,
    ...changes,
  }
}

/** A run that has not started yet. */
export function createRun(
  options: Partial<StartOptions> & { experiment?: unknown } = {},
  runOptions: Partial<RunOptions> = {},
): Run {
  const plan = planExperiment({ experiment: smallExperiment() as never, ...options } as StartOptions)
  if (!plan.ok) throw new Error(plan.error.message)
  const run = new Run(plan.value, { id: 1, directory: join(temporaryFolder(), 'run'), ...runOptions })
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return run
}

/** A run that has come to its end. With programs in Node this takes turns of the event loop, so it cannot be had at once. */
export async function finishedRun(options: Parameters<typeof createRun>[0] = {}): Promise<Run> {
  const run = createRun(options)
  await run.start()
  await run.ended
  expect(run.info.error).toBeUndefined()
  expect(run.info.state).toBe('finished')
  return run
}

/** The file that holds all events of a run. */
export const traceBytes = (run: Run): Buffer => readFileSync(join(run.directory, 'trace.bin'))
export const packetBytes = (run: Run): Buffer => readFileSync(join(run.directory, 'packets.bin'))
