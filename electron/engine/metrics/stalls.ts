/** Why the senders of a lane did not send more, as shares of their time (DESIGN 6.2). */
import { STALL_CAUSES, type StallCause } from '../../../shared/trace/events.ts'
import type { LaneFacts } from './facts.ts'

/** Time from the first packet to the last of all connections, in microseconds. */
function wholeTime(lane: LaneFacts): number {
  let time = 0
  for (const flow of lane.flows) time += flow.lastPacket - (flow.sender.firstSent ?? flow.lastPacket)
  return time
}

/** The share of the time in which the senders waited for this. null: there was no time. */
export const stallShare =
  (cause: StallCause) =>
  (lane: LaneFacts): number | null => {
    const whole = wholeTime(lane)
    if (whole === 0) return null
    const number = STALL_CAUSES.indexOf(cause)
    let time = 0
    for (const flow of lane.flows) time += flow.sender.stalls.totals(flow.lastPacket)[number]
    return time / whole
  }

/**
 * The sum of all shares: 1, if every moment from the first packet to the last is put down to exactly one cause. The
 * whole is measured by packets, the parts by the sender's own account, so a gap in the account shows.
 */
export function stallTotal(lane: LaneFacts): number | null {
  let sum: number | null = null
  for (const cause of STALL_CAUSES) {
    const share = stallShare(cause)(lane)
    if (share !== null) sum = (sum ?? 0) + share
  }
  return sum
}
