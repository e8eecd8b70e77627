/** Transfers over paths of any MTU, told or not, with loss, reordering and every way of repairing it: whole, and no segment too long in the end. */
import { describe, expect, it } from 'vitest'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { finishedRun, smallExperiment, smallSetup } from '../support/runs.ts'

const SEEDS = process.env.REXMIT_FULL === '1' ? 200 : 12
const BYTES = 150_000

const SWITCHES = [
  'sack',
  'dsack',
  'rack',
  'tailLossProbe',
  'frto',
  'undo',
  'prr',
  'pacing',
  'timestamps',
] as const
const CONTROLS = ['newreno', 'cubic', 'bbr', 'bbr1'] as const

function chance(seed: number) {
  const rng = createRng(seed).fork('path-mtu')
  const one = <T>(of: readonly T[]): T => of[rng.int(of.length)]
  const tcp: TcpSettingsInput = {
    mtuProbing: true,
    pathMtuDiscovery: rng.int(2) === 0,
    congestion: one(CONTROLS),
  }
  for (const name of SWITCHES) tcp[name] = rng.int(2) === 0
  const mtu = one([576, 900, 1_024, 1_100, 1_280, 1_499, 1_500])
  const blackHole = rng.int(2) === 0
  const loss = { rate: one([0, 0, 0.01, 0.03]) }
  const reorder = { rate: one([0, 0.02]) }
  return {
    tcp: { ...tcp, minRto: 200_000 },
    mtu,
    direction: { delay: 10_000, mtu, blackHole, loss, reorder },
  }
}

describe('every byte arrives', () => {
  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %d', async (seed) => {
    const { tcp, mtu, direction } = chance(seed)
    const setup = smallSetup({ up: direction, down: { delay: 10_000 } }, BYTES)
    setup.hosts.client = { role: 'client', tcp }
    setup.hosts.server = { role: 'server', tcp }
    const run = await finishedRun({ experiment: smallExperiment({ setup }), seed })
    const { metrics } = run.summary!
    expect(
      [metrics['one/bytes_intact'], metrics['one/unfinished']],
      JSON.stringify({ tcp, direction }),
    ).toEqual([1, 0])
    const found = metrics['one/path_mtu']
    if (found !== null) expect(found).toBeLessThanOrEqual(Math.max(mtu, 1_024))
  })
})
