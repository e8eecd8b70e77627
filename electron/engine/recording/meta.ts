/** The small files of a recording: what it is (`meta.json`), what came of it (`summary.json`), whose it is. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { DRIVERS } from '../../../shared/commands.ts'
import { Experiment, Lane, Setup, Text } from '../../../shared/experiment.ts'
import { Summary } from '../../../shared/summary.ts'
import type { RecordingMeta } from './types.ts'

/** The same as `RunInfo`; what is read from a disk is checked like any other input. */
const Info = v.object({
  run: v.number(),
  kind: v.picklist(['experiment', 'gateway']),
  experiment: v.string(),
  title: Text,
  seed: v.number(),
  driver: v.picklist(DRIVERS),
  pace: v.nullable(v.number()),
  state: v.picklist(['running', 'paused', 'finished', 'stopped', 'failed', 'recovered']),
  now: v.number(),
  error: v.optional(v.string()),
  setup: Setup,
  lanes: v.array(Lane),
  gateway: v.optional(
    v.object({
      listen: v.string(),
      to: v.string(),
      protocol: v.picklist(['tcp', 'udp']),
      connections: v.object({ open: v.number(), total: v.number(), refused: v.number() }),
    }),
  ),
  recording: v.object({ bytes: v.number(), packets: v.number(), truncatedPackets: v.number() }),
})

const Meta = v.object({
  info: Info,
  experiment: v.optional(Experiment),
  set: v.record(v.string(), v.unknown()),
  startedAt: v.string(),
})

/** Under another name first, so that a crash leaves the old file or the new one, never half of one. */
function writeJson(directory: string, name: string, value: unknown): void {
  const path = join(directory, name)
  writeFileSync(`${path}.new`, JSON.stringify(value, null, 1))
  renameSync(`${path}.new`, path)
}

function readJson<S extends v.GenericSchema>(directory: string, name: string, schema: S) {
  try {
    const parsed = v.safeParse(schema, JSON.parse(readFileSync(join(directory, name), 'utf8')))
    return parsed.success ? (parsed.output as v.InferOutput<S>) : undefined
  } catch {
    return undefined
  }
}

export const writeMeta = (directory: string, meta: RecordingMeta): void =>
  writeJson(directory, 'meta.json', meta)

/** Undefined when there is none, or none that this version understands. */
export const readMeta = (directory: string): RecordingMeta | undefined =>
  readJson(directory, 'meta.json', Meta)

export const writeSummary = (directory: string, summary: Summary): void =>
  writeJson(directory, 'summary.json', summary)

export const readSummary = (directory: string): Summary | undefined =>
  readJson(directory, 'summary.json', Summary)
