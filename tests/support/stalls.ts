/** The account of stalls of each end of each connection, added up by hand from the events. */
import type { Run } from '../../electron/engine/run.ts'
import { STALL_CAUSES, type EventName, type StallCause } from '../../shared/trace/events.ts'

export type Shares = Partial<Record<StallCause, number>>

/** Shares of the time from an end's first packet to its last, by `node flow`. */
export const stallShares = (run: Run): Map<string, Shares> =>
  sharesOf(run, ['tcp:segment_sent', 'tcp:segment_received'], 'tcp:stall_changed')

/** The same of QUIC connections. */
export const quicStallShares = (run: Run): Map<string, Shares> =>
  sharesOf(run, ['transport:packet_sent', 'transport:packet_received'], 'recovery:stall_changed')

function sharesOf(
  run: Run,
  packets: readonly EventName[],
  stall: 'tcp:stall_changed' | 'recovery:stall_changed',
): Map<string, Shares> {
  const spans = new Map<string, { start: number; end: number }>()
  for (const { node, flow, t } of run.reader.events(packets)) {
    const span = spans.get(`${node} ${flow}`)
    if (span) span.end = t
    else spans.set(`${node} ${flow}`, { start: t, end: t })
  }
  // A listener with SYN cookies knows of no connection until the cookie comes back (RFC 4987 3.6).
  for (const { node, flow, t, data } of run.reader.events(['tcp:syn_cookie'])) {
    const span = spans.get(`${node} ${flow}`)
    if (span && data.what === 'accepted') span.start = t
  }
  const told = new Map<string, { t: number; data: { cause: string } }[]>()
  for (const { node, flow, t, data } of run.reader.events([stall])) {
    const key = `${node} ${flow}`
    const changes = told.get(key)
    if (changes) changes.push({ t, data })
    else told.set(key, [{ t, data }])
  }
  const shares = new Map<string, Shares>()
  for (const [key, { start, end }] of spans) {
    const changes = (told.get(key) ?? []).filter(({ t }) => t <= end)
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
