/** Why the senders of a lane did not send more, as shares of their time (DESIGN 6.2). */
import { STALL_CAUSES, type StallCause } from '../../../shared/trace/events.ts'
import type { LaneFacts } from './lane-facts.ts'

/** A SYN flood is sent by a host that keeps no connection: there is nobody who waits. */
const connections = (lane: LaneFacts) => lane.flows.filter(({ sender }) => sender.stalls.times.length > 0)

/** Time from the first packet of each connection's sender to the connection's last, in microseconds. */
function wholeTime(lane: LaneFacts): number {
  let time = 0
  for (const flow of connections(lane)) time += flow.lastPacket - (flow.sender.since ?? flow.lastPacket)
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
    for (const flow of connections(lane)) time += flow.sender.stalls.totals(flow.lastPacket)[number]
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
