/** Head-of-line blocking (DESIGN 6.1): what the streams of a lane waited for, summed over them and both directions. */
import {
  Blocking,
  totalOf,
  type BlockingTotals,
  type Condition,
} from '../../../shared/projections/blocking.ts'
import { HELD_CONDITIONS, type HeldCondition } from '../../../shared/projections/held.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import type { RecordingReader } from '../recording/types.ts'
import type { LaneFacts } from './lane-facts.ts'

/** The sums of each lane. Reads the recording anew: only for runs that have streams. */
export function blockingOf(reader: RecordingReader): Map<string, BlockingTotals> {
  const store = new TraceStore()
  for (const batch of reader.batches()) store.append(batch)
  const blocking = new Blocking()
  blocking.update(store)
  const streams = blocking.streams(store)
  const lanes = new Set(streams.map(({ lane }) => lane))
  return new Map(
    [...lanes].map(
      (id) =>
        [
          id,
          totalOf(
            streams.filter(({ lane }) => lane === id),
            store.end,
          ),
        ] as const,
    ),
  )
}

type Figure = (lane: LaneFacts) => number | null

/** Microseconds in a condition, each stream counted for itself. null: there are no streams. */
const time =
  (condition: Condition): Figure =>
  ({ blocking }) =>
    blocking?.time[condition] ?? null

/** Bytes held, times the milliseconds that they were. */
const byteMs =
  (condition: HeldCondition): Figure =>
  ({ blocking }) =>
    blocking?.byteMs[condition] ?? null

/** Streams that were in a condition at all. */
const affected =
  (condition: HeldCondition): Figure =>
  ({ blocking }) =>
    blocking?.affected[condition] ?? null

export const BLOCKING_METRICS: Readonly<Record<string, Figure>> = {
  transferring_time: time('transferring'),
  ...Object.fromEntries(
    HELD_CONDITIONS.flatMap((condition) => [
      [`${condition}_blocked_time`, time(condition)],
      [`${condition}_blocked_byte_ms`, byteMs(condition)],
      [`${condition}_blocked_streams`, affected(condition)],
    ]),
  ),
}
