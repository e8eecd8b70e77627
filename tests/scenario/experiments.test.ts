/** Each experiment's own claims, over seeds and over the settings under which they are made, in virtual time. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { EXPERIMENTS, findExperiment } from '../../shared/experiments/index.ts'
import type { Verdict } from '../../shared/summary.ts'
import { finishedRun } from '../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'
const seeds = (reduced: number, all: number) => Array.from({ length: full ? all : reduced }, (_, i) => i + 1)

type Verdicts = Map<string, Verdict>

async function verdicts(experiment: string, set: Record<string, unknown> = {}, seed = 1): Promise<Verdicts> {
  const run = await finishedRun({ experiment, set, seed })
  return new Map(run.summary!.expectations.map((verdict) => [verdict.id, verdict]))
}

const failed = (all: Verdicts) => [...all.values()].filter(({ holds }) => holds === false)

describe.each(EXPERIMENTS.map(({ id }) => id))('%s as it comes', (id) => {
  it.each(seeds(1, 5))('seed %d: every claim that is made holds, and some are made', async (seed) => {
    const all = await verdicts(id, {}, seed)
    expect(failed(all)).toEqual([])
    expect([...all.values()].filter(({ holds }) => holds === true).length).toBeGreaterThan(3)
  })
})

describe('tcp-handshake with each of its segments lost', () => {
  const handshake = findExperiment('tcp-handshake')!
  const option = (knob: string, label: string): Json =>
    handshake.knobs.find(({ id }) => id === knob)!.options!.find(({ label: { en } }) => en === label)!.value
  const lost = (knob: string, label: string) => verdicts('tcp-handshake', { [knob]: option(knob, label) })

  it.each([
    ['drop-up', 'the first SYN', ['first-retry']],
    ['drop-up', 'the first two SYNs', ['first-retry', 'second-retry']],
    ['drop-up', 'the first three SYNs', ['first-retry', 'second-retry', 'third-retry']],
    ['drop-up', 'every SYN', ['first-retry', 'second-retry', 'third-retry', 'gives-up']],
    ['drop-up', 'the ACK of the handshake', ['ack-repaired']],
    ['drop-down', 'the first SYN-ACK', ['syn-ack-retry']],
    ['drop-down', 'the first two SYN-ACKs', ['syn-ack-retry']],
  ])('%s, %s: exactly %j are claimed, and hold', async (knob, label, claimed) => {
    const all = await verdicts('tcp-handshake', { [knob]: option(knob, label) })
    expect(failed(all)).toEqual([])
    expect([...all.values()].filter(({ holds }) => holds).map(({ id }) => id)).toEqual(claimed)
  })

  it('fails a claim that is made and is not true', async () => {
    const impatient = await verdicts('tcp-handshake', {
      'drop-up': option('drop-up', 'the first SYN'),
      'syn-retries': 0,
    })
    expect(failed(impatient).map(({ id }) => id)).toEqual(['first-retry'])
  })

  it('takes three segments also when the third carries data', async () => {
    for (const bytes of [100, 50_000]) {
      const all = await verdicts('tcp-handshake', { wait: 0, bytes })
      expect(all.get('three-segments')).toMatchObject({ holds: true, measured: 3 })
    }
  })

  it('lets data repair a lost ACK when the client speaks first', async () => {
    const run = await finishedRun({
      experiment: 'tcp-handshake',
      set: { 'drop-up': option('drop-up', 'the ACK of the handshake'), wait: 300_000 },
    })
    const { metrics } = run.summary!
    // 200 ms to the client's ESTABLISHED, 300 ms of silence, 100 ms on the way.
    expect(metrics['main/server_established']).toBe(600_000)
    expect(metrics['main/syn_ack_interval_1']).toBeNull()
    expect(metrics['main/bytes_intact']).toBe(1)
  })

  it('keeps the accepted connection in its queue for the delay of accept', async () => {
    const run = await finishedRun({ experiment: 'tcp-handshake', set: { 'accept-delay': 700_000 } })
    const queues = [...run.reader.events(['tcp:queues_changed'])]
    const enters = queues.find(({ data }) => data.accept_queue === 1)!
    const leaves = queues.find(({ t, data }) => t > enters.t && data.accept_queue === 0)!
    expect(leaves.t - enters.t).toBe(700_000)
  })

  it('says so when a claim is made under other settings only', async () => {
    const all = await lost('drop-up', 'the first SYN')
    expect(all.get('client-established')!.void!.en).toBe(
      'claimed only with Lost from the client: nothing; here: the first SYN',
    )
  })
})

describe('tcp-bulk under what its knobs can do', () => {
  /** Whatever the link does, the bytes arrive and the account is whole. */
  const always = ['intact', 'stalls', 'causes'].flatMap((name) => [`reno-${name}`, `cubic-${name}`])

  it.each([
    ['twice the loss', { loss: 0.01 }],
    ['a longer path', { delay: 30_000 }],
    ['loss in bursts', { 'burst-start': 0.002 }],
    ['reordering', { reorder: 0.02 }],
    ['duplication', { duplicate: 0.05 }],
    ['corruption', { corrupt: 0.02 }],
    ['lost acknowledgments', { 'ack-loss': 0.1 }],
    ['jitter', { jitter: 3_000 }],
    ['no SACK', { sack: false }],
    ['no timestamps', { timestamps: false }],
    ['an ACK for each segment', { 'delayed-ack': 0 }],
    ['a narrow link with a short queue', { rate: 5_000_000, queue: 30_000, loss: 0 }],
    ['a narrow link with CoDel', { rate: 5_000_000, discipline: 'codel', loss: 0 }],
    ['a small receive buffer', { 'receive-buffer': 8_192, loss: 0 }],
    ['a slow reader', { 'read-rate': 2_000_000, loss: 0 }],
    ['small segments', { mss: 500, bytes: 1_000_000 }],
  ])('%s', async (_, set) => {
    const all = await verdicts('tcp-bulk', { bytes: 2_000_000, ...set })
    expect(failed(all)).toEqual([])
    for (const id of always) expect(all.get(id)!.holds, id).toBe(true)
  })

  it('notices bytes that are not intact: bits flipped with the checksums repaired', async () => {
    const run = await finishedRun({
      experiment: 'tcp-bulk',
      set: { corrupt: 0.05, 'links.link.up.corrupt.repair': true, bytes: 1_000_000 },
    })
    expect(run.summary!.metrics['reno/bytes_intact']).not.toBe(1)
  })
})
