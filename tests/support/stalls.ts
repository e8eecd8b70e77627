/** The account of stalls of each end of each connection, added up by hand from the events. */
import type { Run } from '../../electron/engine/run.ts'
import { STALL_CAUSES, type StallCause } from '../../shared/trace/events.ts'

export type Shares = Partial<Record<StallCause, number>>

/** Shares of the time from an end's first packet to its last, by `node flow`. */
export function stallShares(run: Run): Map<string, Shares> {
  const spans = new Map<string, { start: number; end: number }>()
  for (const { node, flow, t } of run.reader.events(['tcp:segment_sent', 'tcp:segment_received'])) {
    const span = spans.get(`${node} ${flow}`)
    if (span) span.end = t
    else spans.set(`${node} ${flow}`, { start: t, end: t })
  }
  const shares = new Map<string, Shares>()
  for (const [key, { start, end }] of spans) {
    const changes = [...run.reader.events(['tcp:stall_changed'])].filter(
      ({ node, flow, t }) => `${node} ${flow}` === key && t <= end,
    )
    const own: Shares = {}
    for (const [i, { t, data }] of changes.entries()) {
      const cause = data.cause as StallCause
      if (!STALL_CAUSES.includes(cause)) throw new Error(`unknown cause ${data.cause}`)
      const span = (changes[i + 1]?.t ?? end) - t
      if (span > 0) own[cause] = (own[cause] ?? 0) + span / (end - start)
    }
    if (end > start) shares.set(key, own)
  }
  return shares
}

export const sumOf = (shares: Shares): number => Object.values(shares).reduce((sum, share) => sum + share, 0)
