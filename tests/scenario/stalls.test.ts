/** Every moment of every connection is put down to one cause (DESIGN 6.2), in every experiment, whatever the links do. */
import { describe, expect, it } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import { finishedRun } from '../support/runs.ts'
import { quicStallShares, stallShares, sumOf } from '../support/stalls.ts'

const full = process.env.REXMIT_FULL === '1'
const SEED = 3

/** What both directions of every link of an experiment are set to; all of it only in full, else the first. */
const LINKS: Readonly<Record<string, Record<string, unknown>>> = {
  'with loss': { 'loss.rate': 0.03 },
  'as they come': {},
  'slow and full': { 'rate.limit': 2_000_000, 'queue.limit': 30_000 },
  'with jitter and reordering': { 'jitter.amount': 4_000, 'reorder.rate': 0.02 },
}

function settings({ setup }: (typeof EXPERIMENTS)[number], values: Record<string, unknown>) {
  const directions = Object.keys(setup.links).flatMap((id) => [`links.${id}.up`, `links.${id}.down`])
  return Object.fromEntries(
    directions.flatMap((direction) =>
      Object.entries(values).map(([name, value]) => [`${direction}.${name}`, value] as const),
    ),
  )
}

const hasConnections = (run: Run): boolean =>
  [...run.reader.events(['tcp:segment_sent', 'transport:packet_sent'])].length > 0

describe.each(EXPERIMENTS.map((experiment) => [experiment.id, experiment] as const))(
  '%s',
  (id, experiment) => {
    it.each(Object.entries(LINKS).slice(0, full ? undefined : 1))(
      'links %s: the shares make a whole',
      async (_, values) => {
        const run = await finishedRun({ experiment: id, seed: SEED, set: settings(experiment, values) })
        const ends = [...stallShares(run), ...quicStallShares(run)]
        // An experiment of UDP and ICMP alone has no sender that is held up.
        expect(ends.length > 0).toBe(hasConnections(run))
        for (const [end, shares] of ends) expect(sumOf(shares), end).toBeCloseTo(1, 9)
        const lanes = run.info.lanes.filter(({ id }) => ends.some(([end]) => end.startsWith(`${id}/`)))
        for (const lane of lanes)
          expect(run.summary!.metrics[`${lane.id}/stall_total`], lane.id).toBeCloseTo(1, 9)
      },
    )
  },
)
