/** A thousand connections in one world, which share a link of 100 Mbit/s: lab time against the clock, with the trace on. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { planExperiment } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import type { ExperimentInput } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'

const CONNECTIONS = 1_000
const RATE = 100e6
/** Of one connection: ten seconds of the link, shared evenly. */
const BYTES = (RATE * 10) / 8 / CONNECTIONS

function experiment(): ExperimentInput {
  const base = findExperiment('tcp-bulk')!
  const direction = { delay: 10_000, rate: { limit: RATE }, queue: { limit: 250_000 } }
  const senders = Array.from({ length: CONNECTIONS }, (_, i) => [
    `sender-${i}`,
    // One a millisecond, so that handshakes do not come all at once.
    { kind: 'tcp-send', host: 'client', to: 'server', port: 5_001, start: i * 1_000, bytes: BYTES },
  ])
  const sink = { kind: 'tcp-sink', host: 'server', port: 5_001 }
  return {
    ...base,
    setup: {
      hosts: { client: { role: 'client' }, server: { role: 'server' } },
      links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
      apps: { sink, ...Object.fromEntries(senders) },
    },
    lanes: [{ id: 'all', label: { en: 'all', zh: '全部' } }],
    steps: [],
    knobs: [],
    expectations: [],
    duration: 600e6,
  } as ExperimentInput
}

export default function run() {
  const plan = planExperiment({ experiment: experiment() })
  if (!plan.ok) throw new Error(plan.error.message)
  const directory = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
  const start = performance.now()
  const world = new Run(plan.value, { id: 1, directory: join(directory, 'run') })
  world.runToEnd({ summarize: false })
  const seconds = (performance.now() - start) / 1e3
  const { state, error, now, recording } = world.info
  if (state !== 'finished') throw new Error(error ?? state)
  const figures = [
    {
      name: `${CONNECTIONS} connections over 100 Mbit/s: lab time`,
      value: now / 1e6 / seconds,
      unit: 'x the clock',
      goal: 1,
      note: `${(now / 1e6).toFixed(1)} s of lab time, ${recording.packets} packets`,
    },
    {
      name: `${CONNECTIONS} connections over 100 Mbit/s: goodput`,
      value: (CONNECTIONS * BYTES * 8) / now,
      unit: 'Mbit/s',
      note: 'in lab time, with all that was lost',
    },
  ]
  world.close()
  rmSync(directory, { recursive: true })
  return Promise.resolve(figures)
}
