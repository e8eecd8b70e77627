/**
 * So few of all experiments that whatever an experiment can be made of is still in one of them: each kind of application, in each
 * version and security that it speaks, each kind of node. For what holds of every run, whatever its numbers; in full all take part.
 */
import { laneSetup } from '../../electron/engine/settings.ts'
import type { Experiment, Setup } from '../../shared/experiment.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'

/** What a lane is made of, as words. */
function partsOf({ apps, switches, routers }: Setup): string[] {
  const parts = Object.values(apps).flatMap((app) => {
    const { kind, version, tls } = app as { kind: string; version?: string; tls?: { version?: string } }
    return [kind, `${kind} ${version ?? ''}`, `${kind} ${tls ? `TLS ${tls.version ?? ''}` : ''}`]
  })
  if (Object.keys(switches).length > 0) parts.push('switch')
  if (Object.keys(routers).length > 0) parts.push('router')
  return parts
}

function madeOf({ setup, lanes }: Experiment): Set<string> {
  const setups = lanes.flatMap((lane) => {
    const own = laneSetup(setup, lane)
    return own.ok ? [own.value] : []
  })
  return new Set(setups.flatMap(partsOf))
}

/** In the order of the catalogue. */
export function representatives(): readonly Experiment[] {
  if (process.env.REXMIT_FULL === '1') return EXPERIMENTS
  const parts = new Map(EXPERIMENTS.map((experiment) => [experiment, madeOf(experiment)]))
  const missing = new Set([...parts.values()].flatMap((own) => [...own]))
  const chosen = new Set<Experiment>()
  while (missing.size > 0) {
    const worth = (experiment: Experiment): number =>
      [...parts.get(experiment)!].filter((part) => missing.has(part)).length
    const best = EXPERIMENTS.reduce((most, one) => (worth(one) > worth(most) ? one : most))
    chosen.add(best)
    for (const part of parts.get(best)!) missing.delete(part)
  }
  return EXPERIMENTS.filter((experiment) => chosen.has(experiment))
}
