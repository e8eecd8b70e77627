/**
 * HTTP/3 with the laboratory's own programs, trace on, in virtual time: a page of many objects at 2 % loss over many seeds, and a
 * large answer against the clock. The summary, which is made after a run, is not counted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { planExperiment } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import type { ExperimentInput } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import type { LinkInput } from '../../shared/link.ts'

const OBJECTS = 100
const OBJECT_SIZE = 10_000
const SEEDS = 30
const LARGE = 10_000_000
const LARGE_RUNS = 3

const folder = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

/** One request of a browser to a site over one link. */
function experimentOf(
  resource: object,
  page: boolean,
  direction: NonNullable<LinkInput['up']>,
): ExperimentInput {
  const tls = { version: '1.3' } as const
  return {
    ...findExperiment('http-versions')!,
    setup: {
      hosts: { client: { role: 'client' }, server: { role: 'server' } },
      links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
      apps: {
        site: {
          kind: 'http-server',
          host: 'server',
          port: 443,
          tls,
          versions: ['h3'],
          resources: { '/': resource },
        },
        browser: {
          kind: 'http-client',
          host: 'client',
          to: 'server',
          port: 443,
          tls,
          version: 'h3',
          requests: [{ target: '/', page }],
        },
      },
    },
    lanes: [{ id: 'h3', label: { en: 'HTTP/3', zh: 'HTTP/3' } }],
    steps: [],
    knobs: [],
    expectations: [],
    duration: 600e6,
  }
}

let runs = 0

/** Runs it to the end of its last event; in milliseconds of wall, of processor and of lab time. */
async function measure(experiment: ExperimentInput, seed: number, expected: number) {
  const plan = planExperiment({ experiment: experiment as never, driver: 'virtual', seed })
  if (!plan.ok) throw new Error(plan.error.message)
  const run = new Run(plan.value, { id: 1, directory: join(folder, `run-${runs++}`) })
  const measured = { wall: 0, cpu: 0 }
  const before = { wall: performance.now(), cpu: process.cpuUsage() }
  // The last thing that is written before the summary is made.
  const seal = run.recorder.seal.bind(run.recorder)
  run.recorder.seal = () => {
    seal()
    const { user, system } = process.cpuUsage(before.cpu)
    measured.wall = performance.now() - before.wall
    measured.cpu = (user + system) / 1_000
  }
  await run.start()
  await run.ended
  const answers = [...run.reader.events(['http:response_finished'])]
  const good = answers.filter(({ data }) => data.error === '')
  if (good.length !== expected) throw new Error(`${good.length} of ${expected} answers: ${run.info.error}`)
  const lab = answers.at(-1)!.t / 1_000
  run.close()
  rmSync(run.directory, { recursive: true })
  return { ...measured, lab }
}

async function pages() {
  const direction = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate: 0.02 } }
  const resource = { type: 'text/html', objects: OBJECTS, objectSize: OBJECT_SIZE }
  const experiment = experimentOf(resource, true, direction)
  const all: Awaited<ReturnType<typeof measure>>[] = []
  for (let seed = 1; seed <= SEEDS; seed++) all.push(await measure(experiment, seed, OBJECTS + 1))
  const sum = (key: 'wall' | 'cpu' | 'lab'): number => all.reduce((total, one) => total + one[key], 0) / 1_000
  const name = 'HTTP/3 page of 100 objects of 10 kB, 10 Mbit/s, 50 ms, 2 % loss, virtual'
  return [
    { name: `${name}: ${SEEDS} seeds`, value: sum('wall'), unit: 's', goal: 20, note: 'at most' },
    { name: `${name}: by processor time`, value: sum('cpu'), unit: 's', goal: 20, note: 'at most' },
    { name: `${name}: mean page time`, value: (sum('lab') / SEEDS) * 1_000, unit: 'ms', note: 'of the lab' },
  ]
}

async function download() {
  const experiment = experimentOf({ size: LARGE }, false, { delay: 25_000, rate: { limit: 20e6 } })
  const all: Awaited<ReturnType<typeof measure>>[] = []
  for (let i = 0; i < LARGE_RUNS; i++) all.push(await measure(experiment, 1, 1))
  const best = (key: 'wall' | 'cpu'): number => Math.max(...all.map((one) => one.lab / one[key]))
  const name = 'HTTP/3 download of 10 MB at 20 Mbit/s, virtual'
  return [
    { name: `${name}: faster than the clock`, value: best('wall'), unit: 'times', goal: 5 },
    { name: `${name}: by processor time`, value: best('cpu'), unit: 'times', goal: 5 },
  ]
}

export default async function run() {
  return [...(await pages()), ...(await download())]
}
