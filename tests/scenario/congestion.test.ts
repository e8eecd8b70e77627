/** The experiments of congestion control under their knobs, with their mechanisms switched off, and against falsified lanes. */
import { describe, expect, it } from 'vitest'
import type { ExperimentInput } from '../../shared/experiment.ts'
import { bufferbloat } from '../../shared/experiments/bufferbloat.ts'
import { tcpBulk } from '../../shared/experiments/tcp-bulk.ts'
import type { Verdict } from '../../shared/summary.ts'
import { createRun } from '../support/runs.ts'

type Set = Record<string, unknown>

function verdicts(experiment: ExperimentInput, set: Set = {}, seed = 1): Map<string, Verdict> {
  const run = createRun({ experiment: experiment as never, set: set as never, seed, driver: 'virtual' })
  run.runToEnd()
  expect(run.info.error).toBeUndefined()
  return new Map(run.summary!.expectations.map((verdict) => [verdict.id, verdict]))
}

const failed = (all: Map<string, Verdict>) =>
  [...all.values()].filter(({ holds }) => holds === false).map(({ id }) => id)

/** The experiment with some settings of a lane changed behind its claims' backs. */
const falsified = (experiment: ExperimentInput, lane: string, set: Set): ExperimentInput => ({
  ...experiment,
  lanes: experiment.lanes
    .filter(({ id }) => id === lane || id === 'tail' || id === 'cubic')
    .map((given) => (given.id === lane ? { ...given, set: { ...given.set, ...set } as never } : given)),
  expectations: experiment.expectations.filter(
    ({ metric }) => metric.startsWith(`${lane}/`) || metric.startsWith('tail/'),
  ),
})

describe('bufferbloat', () => {
  it.each([
    ['a shorter queue', { queue: 25_000 }],
    ['a faster line', { rate: 10_000_000 }],
    ['a longer path', { delay: 50_000 }],
    ['loss', { loss: 0.01 }],
    ['HyStart++', { hystart: true, bytes: 5_000_000 }],
    ['pacing, and no proportional rate reduction', { pacing: true, prr: false, bytes: 5_000_000 }],
    ['more pings', { every: 20_000, bytes: 5_000_000 }],
    ['marks by a threshold', { 'mark-above': 20_000 }],
    ['a tight CoDel', { target: 2_000, interval: 50_000 }],
  ])('claims what is true with %s', (_, set) => {
    expect(failed(verdicts(bufferbloat, { bytes: 2_000_000, ...set }))).toEqual([])
  })

  it('would notice a CoDel that is none', () => {
    const all = verdicts(falsified(bufferbloat, 'codel', { 'links.link.up.queue.discipline': 'drop-tail' }))
    expect(failed(all)).toEqual(['codel-ping'])
  })

  it('would notice ends that do not know ECN: CoDel drops then', () => {
    const all = verdicts(falsified(bufferbloat, 'ecn', { 'hosts.server.tcp.ecn': false }))
    expect(failed(all)).toEqual(['ecn-p95', 'ecn-reduces', 'ecn-no-loss'])
  })

  it('would notice a BBR that is CUBIC, and a queue that is not the limit', () => {
    expect(
      failed(verdicts(falsified(bufferbloat, 'bbr', { 'hosts.client.tcp.congestion': 'cubic' }))),
    ).toEqual(['bbr-ping'])
    const small = { 'hosts.server.tcp.receiveBuffer': 32_768 }
    expect(failed(verdicts(falsified(bufferbloat, 'tail', small)))).toContain('tail-ping')
  })
})

describe('tcp-bulk', () => {
  it('claims that BBR slows down at 5 % of loss, and it does', () => {
    const all = verdicts(tcpBulk, { loss: 0.05, bytes: 5_000_000 })
    expect(failed(all)).toEqual([])
    expect(all.get('bbr-tolerance')!.holds).toBe(true)
    expect(all.get('bbr-rate')!.holds).toBeNull()
  })

  it('would notice that version 1 does not, and a BBR that is CUBIC', () => {
    const set = { loss: 0.05, bytes: 5_000_000, rack: true }
    const first = falsified(tcpBulk, 'bbr', { 'hosts.client.tcp.congestion': 'bbr1' })
    expect(failed(verdicts(first, set))).toEqual(['bbr-tolerance'])
    const other = falsified(tcpBulk, 'bbr', { 'hosts.client.tcp.congestion': 'cubic' })
    expect(failed(verdicts(other))).toContain('bbr-rate')
  })
})
