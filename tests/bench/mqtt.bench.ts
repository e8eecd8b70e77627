/**
 * A thousand MQTT clients and ten thousand messages of QoS 1 through the broker in virtual time, trace on: each message goes to one
 * subscriber. The summary, which is made after a run, is not counted.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { planExperiment } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import type { ExperimentInput, SetupInput } from '../../shared/experiment.ts'

const PAIRS = 500
const MESSAGES = 10_000
const SECOND = 1e6

const folder = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const text = { en: 'bench', zh: 'bench' }
const direction = { delay: 10_000, rate: { limit: 100e6 } }
const tcp = { nagle: false }

/** Pairs of a publisher and a subscriber, each of which begins a little after the one before. */
function clients(): SetupInput['apps'] {
  const apps: SetupInput['apps'] = {}
  const common = { kind: 'mqtt-client', host: 'client', to: 'server' } as const
  for (let i = 0; i < PAIRS; i++) {
    const [start, topic] = [i * 2_000, `readings/${i}`]
    const publish = [{ topic, qos: 1 as const, times: MESSAGES / PAIRS, every: SECOND / 10, at: 3 * SECOND }]
    apps[`s${i}`] = { ...common, start, clientId: `s${i}`, subscribe: [{ filter: topic, qos: 1 }] }
    apps[`p${i}`] = { ...common, start, clientId: `p${i}`, publish }
  }
  return apps
}

const experiment: ExperimentInput = {
  id: 'bench',
  chapter: 'mqtt',
  title: text,
  question: text,
  narrative: [],
  rfcs: [],
  setup: {
    hosts: {
      client: { role: 'client', tcp },
      server: { role: 'server', tcp: { ...tcp, synBacklog: 2_000, acceptBacklog: 2_000 } },
    },
    links: { link: { a: 'client', b: 'server', up: direction, down: direction } },
    apps: { broker: { kind: 'mqtt-broker', host: 'server' }, ...clients() },
  },
  lanes: [{ id: 'mqtt', label: text }],
  knobs: [],
  expectations: [],
  views: ['packets'],
  duration: 600 * SECOND,
}

export default async function bench() {
  const plan = planExperiment({ experiment: experiment as never, driver: 'virtual' })
  if (!plan.ok) throw new Error(plan.error.message)
  const run = new Run(plan.value, { id: 1, directory: join(folder, 'run') })
  const begin = { wall: performance.now(), cpu: process.cpuUsage() }
  const taken = { wall: 0, cpu: 0 }
  const seal = run.recorder.seal.bind(run.recorder)
  run.recorder.seal = () => {
    seal()
    const { user, system } = process.cpuUsage(begin.cpu)
    Object.assign(taken, { wall: (performance.now() - begin.wall) / 1e3, cpu: (user + system) / 1e6 })
  }
  await run.start()
  await run.ended
  if (run.info.error !== undefined) throw new Error(run.info.error)
  const delivered = [...run.reader.events(['mqtt:message_delivered'])].length
  if (delivered !== MESSAGES) throw new Error(`${delivered} of ${MESSAGES} messages were delivered`)
  let events = 0
  for (const _ of run.reader.events()) events++
  run.close()
  const name = 'MQTT: 1,000 clients, 10,000 messages of QoS 1'
  const note = `${events} events, ${(run.info.now / SECOND).toFixed(1)} s of lab time`
  return [
    { name, value: taken.wall, unit: 's', goal: 20, note },
    // Other work on the machine does not show here.
    { name: `${name}, processor time`, value: taken.cpu, unit: 's', goal: 20 },
  ]
}
