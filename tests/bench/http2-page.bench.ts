/**
 * HTTP/2 over TLS 1.3 with the laboratory's own programs, trace on: a page of many objects in virtual time, against the clock;
 * and a large answer in live time. The summary, which is made after a run, is not counted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { planExperiment } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import type { DriverName } from '../../shared/commands.ts'
import type { ExperimentInput } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'

const OBJECTS = 100
const OBJECT_SIZE = 20_000
const ROUND_TRIP = 50_000
const RATE = 10e6
/** The bottleneck holds what a window of HTTP/2 lets out, so nothing is lost. */
const QUEUE = 0
/** The compiler learns from the first runs; what counts is what a sweep sees. */
const WARM_UP = 40
const RUNS = 15
const LARGE = 60_000_000

const folder = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

interface Path {
  readonly delay: number
  readonly rate: number
  readonly window: number
}

/** One request of a browser to a site over one link. */
function experimentOf(resource: object, page: boolean, { delay, rate, window }: Path): ExperimentInput {
  const model = findExperiment('http-versions')!
  const direction = { delay, rate: { limit: rate }, queue: { limit: QUEUE } }
  const tcp = { nagle: false }
  const tls = { version: '1.3' } as const
  return {
    ...model,
    setup: {
      hosts: { client: { role: 'client', tcp }, server: { role: 'server', tcp } },
      links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
      apps: {
        site: { kind: 'http-server', host: 'server', port: 443, tls, resources: { '/': resource } },
        browser: {
          kind: 'http-client',
          host: 'client',
          to: 'server',
          port: 443,
          tls,
          version: 'h2',
          http2: { initialWindow: window, connectionWindow: window },
          requests: [{ target: '/', page }],
        },
      },
    },
    lanes: [{ id: 'h2', label: { en: 'HTTP/2', zh: 'HTTP/2' } }],
    knobs: [],
    expectations: [],
    duration: 600e6,
  }
}

let runs = 0

/** Runs it to the end of its last event; in milliseconds of wall, of processor and of lab time. */
async function measure(experiment: ExperimentInput, driver: DriverName, expected: number) {
  const plan = planExperiment({ experiment: experiment as never, driver })
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
  const [first] = run.reader.events(['http:response_started'])
  const span = answers.at(-1)!.t - first.t
  const whole = performance.now() - before.wall
  const lab = answers.at(-1)!.t / 1_000
  run.close()
  rmSync(run.directory, { recursive: true })
  return { ...measured, lab, whole, span }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]

async function page() {
  // As wide as the pipe and a little more (browsers: some megabytes), so that the link is never idle.
  const path = { delay: ROUND_TRIP / 2, rate: RATE, window: 1_000_000 }
  const resource = { type: 'text/html', objects: OBJECTS, objectSize: OBJECT_SIZE }
  const experiment = experimentOf(resource, true, path)
  for (let i = 0; i < WARM_UP; i++) await measure(experiment, 'virtual', OBJECTS + 1)
  const all: Awaited<ReturnType<typeof measure>>[] = []
  for (let i = 0; i < RUNS; i++) all.push(await measure(experiment, 'virtual', OBJECTS + 1))
  const [wall, cpu, lab, whole] = (['wall', 'cpu', 'lab', 'whole'] as const).map((key) =>
    median(all.map((one) => one[key])),
  )
  const name = 'HTTP/2 page of 100 objects of 20 kB, 10 Mbit/s, 50 ms, virtual'
  return [
    { name: `${name}: faster than the clock`, value: lab / wall, unit: 'times', goal: 20 },
    { name: `${name}: by processor time`, value: lab / cpu, unit: 'times', goal: 20 },
    { name: `${name}: with its summary`, value: lab / whole, unit: 'times' },
    { name: `${name}: page time`, value: lab, unit: 'ms', note: 'of the lab' },
  ]
}

async function live() {
  const path = { delay: 200, rate: 0, window: 8_000_000 }
  const experiment = experimentOf({ size: LARGE }, false, path)
  const { span } = await measure(experiment, 'live', 1)
  return [{ name: 'HTTP/2 over TLS 1.3, live', value: (LARGE * 8) / span, unit: 'Mbit/s', goal: 100 }]
}

export default async function run() {
  return [...(await page()), ...(await live())]
}
