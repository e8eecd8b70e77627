/** What a run comes to: the contents of `summary.json`, and what the window shows beside the question. */
import * as v from 'valibot'
import { OPERATORS } from './experiment.ts'

/** An expectation held against the run. */
export const Verdict = v.object({
  id: v.string(),
  metric: v.string(),
  op: v.picklist(OPERATORS),
  /** What was expected; null when it is a metric that the run did not yield. */
  value: v.nullable(v.number()),
  tolerance: v.number(),
  unit: v.string(),
  measured: v.nullable(v.number()),
  /** null: not claimed here; `void` says why. */
  holds: v.nullable(v.boolean()),
  void: v.optional(v.object({ en: v.string(), zh: v.string() })),
  why: v.object({ en: v.string(), zh: v.string() }),
})
export type Verdict = v.InferOutput<typeof Verdict>

export const Summary = v.object({
  experiment: v.string(),
  seed: v.number(),
  driver: v.picklist(['live', 'virtual']),
  /** Changed settings by path, and the whole set-up under `setup`. */
  parameters: v.record(v.string(), v.unknown()),
  /** Named figures in the units of `shared/units.ts`; null: the run did not yield it. */
  metrics: v.record(v.string(), v.nullable(v.number())),
  expectations: v.array(Verdict),
  /** What the link delivered against what was asked of it, by link. */
  audit: v.record(v.string(), v.unknown()),
  /** Things that nobody asked for; any of them makes the expectations void. */
  faults: v.array(v.string()),
  /** Lab time at the end, in microseconds. */
  duration: v.number(),
})
export type Summary = v.InferOutput<typeof Summary>
