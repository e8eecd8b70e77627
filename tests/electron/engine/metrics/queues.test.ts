import { expect, test } from 'vitest'
import type { SetupInput } from '../../../../shared/experiment.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'

/** A transfer through a narrow link whose queue marks. */
function run(markAbove: number) {
  const up = { delay: 10_000, rate: { limit: 2_000_000 }, queue: { limit: 50_000, markAbove } }
  const setup: SetupInput = smallSetup({ up, down: { delay: 10_000 } }, 400_000)
  const tcp = { ecn: true }
  const hosts = { client: { role: 'client' as const, tcp }, server: { role: 'server' as const, tcp } }
  const run = createRun({
    experiment: smallExperiment({ setup: { ...setup, hosts } }),
    driver: 'virtual',
    seed: 1,
  })
  run.runToEnd()
  return run
}

test('the wait in the queue of the bottleneck is that of its packets, one by one', () => {
  const { reader, summary } = run(0)
  const entered = new Map<number, number>()
  const waits: number[] = []
  for (const { name, t, pkt, data } of reader.events(['link:packet_enqueued', 'link:packet_dequeued'])) {
    if (data.direction !== 0) continue
    if (name === 'link:packet_enqueued') entered.set(pkt, t)
    else waits.push(t - entered.get(pkt)!)
  }
  waits.sort((a, b) => a - b)
  const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
  const { metrics } = summary!
  expect(metrics['one/queue_delay_mean']).toBeCloseTo(mean, 6)
  const p95 = waits[Math.ceil(0.95 * waits.length) - 1]
  expect(Math.abs(metrics['one/queue_delay_p95']! - p95)).toBeLessThanOrEqual(100)
  expect(metrics['one/rtt_with_queue']).toBeCloseTo(metrics['one/path_rtt_min']! + mean, 6)
  expect(metrics['one/marks']).toBe(0)
})

test('marks and the reductions that they lead to are counted', () => {
  const { reader, summary } = run(10_000)
  const { metrics } = summary!
  expect(metrics['one/marks']).toBe([...reader.events(['link:packet_marked'])].length)
  expect(metrics['one/marks']).toBeGreaterThan(0)
  const reduced = [...reader.events(['tcp:congestion_notified'])].filter(({ data }) => data.reduced)
  expect(metrics['one/ecn_reductions']).toBe(reduced.length)
  expect(metrics['one/ecn_reductions']).toBeGreaterThan(0)
  expect(metrics['one/retransmissions']).toBe(0)
  expect(metrics['one/stall_congestion_notified']).toBeGreaterThan(0)
})
