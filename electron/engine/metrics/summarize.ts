/** What a run comes to. */
import type { LinkAudit } from '../../../shared/link-audit.ts'
import type { Setup, Text } from '../../../shared/experiment.ts'
import type { Summary } from '../../../shared/summary.ts'
import type { RecordingMeta, RecordingReader } from '../recording/types.ts'
import { applyChanges } from '../settings.ts'
import { judge } from './expectations.ts'
import { collectFacts, type RunFacts } from './facts.ts'
import { LaneFacts } from './lane-facts.ts'
import { METRICS } from './table.ts'

/** All figures of a run by `lane/name`; those of nodes without a lane stand under their bare name. */
export function figures(facts: RunFacts, lanes: readonly string[]): Record<string, number | null> {
  const metrics: Record<string, number | null> = {}
  for (const id of new Set([...lanes, ...facts.lanes.keys()])) {
    const lane = facts.lanes.get(id) ?? new LaneFacts(id)
    const prefix = id === '' ? '' : `${id}/`
    for (const [name, metric] of Object.entries(METRICS)) metrics[prefix + name] = metric(lane, facts.end)
  }
  return metrics
}

/** Why nothing can be said of the run's expectations; undefined: it can. */
function spoilt({ info }: RecordingMeta, { faults }: RunFacts): Text | undefined {
  if (faults.length > 0) return { en: faults[0], zh: `出了意外：${faults[0]}` }
  if (info.state === 'stopped') return { en: 'the run was stopped before its end', zh: '运行在结束前被停止' }
  if (info.state === 'failed' || info.state === 'recovered')
    return {
      en: `the run broke off: ${info.error ?? info.state}`,
      zh: `运行中断：${info.error ?? info.state}`,
    }
  return undefined
}

/** The set-up as a lane has it; the common one for a name that is no lane's. */
function setupOf({ info }: RecordingMeta, id: string): Setup {
  const lane = info.lanes.find((candidate) => candidate.id === id)
  if (lane === undefined) return info.setup
  const setup = applyChanges(info.setup, lane.set)
  return setup.ok ? setup.value : info.setup
}

/**
 * The summary of a run from its recording.
 * @param audit what each link says of itself, by the name of its node
 */
export function summarize(reader: RecordingReader, audit: Readonly<Record<string, LinkAudit>> = {}): Summary {
  const { meta } = reader
  const facts = collectFacts(reader)
  const metrics = figures(
    facts,
    meta.info.lanes.map((lane) => lane.id),
  )
  const circumstances = {
    metrics,
    setupOf: (lane: string) => setupOf(meta, lane),
    changed: facts.changed,
    spoilt: spoilt(meta, facts),
    knobs: meta.experiment?.knobs ?? [],
  }
  return {
    experiment: meta.info.experiment,
    seed: meta.info.seed,
    driver: meta.info.driver,
    parameters: { ...meta.set, setup: meta.info.setup },
    metrics,
    expectations: (meta.experiment?.expectations ?? []).map((expectation) =>
      judge(expectation, circumstances),
    ),
    audit,
    faults: [...facts.faults],
    duration: facts.end,
  }
}
