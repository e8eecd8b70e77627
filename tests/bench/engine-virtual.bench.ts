/** Virtual time: TCP payload through a loss-free link with the trace on, and the cost of a packet as runs get longer. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { planExperiment } from '../../electron/engine/plan.ts'
import { Run } from '../../electron/engine/run.ts'
import { findExperiment } from '../../shared/experiments/index.ts'

/** Payload of a full-sized segment with timestamps. */
const SEGMENT = 1448
/** Two data segments are acknowledged by one ACK. */
const PACKETS_A_SEGMENT = 1.5

interface Measured {
  readonly milliseconds: number
  /** Of the processor, in microseconds. */
  readonly cpu: number
  readonly packets: number
  readonly indexBytes: number
}

/** Beyond what the knob offers. */
const wide = {
  'links.link.up.rate.limit': 10e9,
  'links.link.down.rate.limit': 10e9,
  'links.link.up.queue.limit': 0,
}

/** One bulk transfer over a loss-free 10 Gbit/s link with 1 ms each way. */
function transfer(bytes: number): Measured {
  const experiment = findExperiment('tcp-bulk')!
  const plan = planExperiment({
    experiment: { ...experiment, lanes: experiment.lanes.slice(1), duration: 86_400e6, expectations: [] },
    set: { loss: 0, ...wide, delay: 1000, 'apps.sender.bytes': bytes },
  })
  if (!plan.ok) throw new Error(plan.error.message)
  const directory = mkdtempSync(join(tmpdir(), 'rexmit-bench-'))
  const run = new Run(plan.value, { id: 1, directory: join(directory, 'run') })
  const before = process.cpuUsage()
  const start = performance.now()
  run.runToEnd({ summarize: false })
  const milliseconds = performance.now() - start
  const { user, system } = process.cpuUsage(before)
  if (run.info.state !== 'finished') throw new Error(run.info.error ?? run.info.state)
  const { packets } = run.info.recording
  const { indexBytes } = run.recorder.spool
  run.close()
  rmSync(directory, { recursive: true })
  return { milliseconds, cpu: user + system, packets, indexBytes }
}

export default async function run() {
  // The compiler learns from the first run, and again from the second that there can be more than one.
  for (let i = 0; i < 6; i++) transfer(SEGMENT * 20_000)
  const figures = []
  for (const packets of [1e4, 1e5, 1e6]) {
    const bytes = Math.round((packets / PACKETS_A_SEGMENT) * SEGMENT)
    const measured = transfer(bytes)
    const name = `virtual run of ${packets.toLocaleString('en-US')} packets`
    figures.push({
      name: `${name}: payload`,
      value: (bytes * 8) / 1e3 / measured.milliseconds,
      unit: 'Mbit/s',
      goal: 1000,
    })
    figures.push({
      name: `${name}: cost`,
      value: (measured.cpu * 1e3) / measured.packets,
      unit: 'ns/packet',
      note: 'processor time',
    })
    figures.push({
      name: `${name}: index`,
      value: measured.indexBytes / measured.packets,
      unit: 'B/packet',
      goal: 300,
      note: 'in memory; events and bytes are on the disk',
    })
  }
  return figures
}
