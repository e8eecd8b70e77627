/** Figures of how the senders of a lane found out about losses, and about those that were none. */
import type { LaneFacts } from './lane-facts.ts'
import type { RecoveryLog } from './recovery-log.ts'
import type { Metric } from './table.ts'

const logs = (lane: LaneFacts): RecoveryLog[] =>
  [...lane.tcp.values()].map(({ sender }) => sender.recoveryLog)

const total =
  (of: (log: RecoveryLog) => number): Metric =>
  (lane) =>
    logs(lane).reduce((sum, log) => sum + of(log), 0)

/** Of the first connection. */
const first =
  (of: (log: RecoveryLog) => number | null): Metric =>
  (lane) => {
    const [log] = logs(lane)
    return log === undefined ? null : of(log)
  }

export const RECOVERY_METRICS: Readonly<Record<string, Metric>> = {
  /** Data segments that brought nothing new and were no copies of the network: they, or their originals, had been sent again for nothing. */
  spurious_retransmissions: (lane) => {
    let sum = 0
    for (const { receiver } of lane.tcp.values()) sum += receiver?.uselessSegments ?? 0
    return sum
  },
  undone: total((log) => log.undone),
  loss_probes: total((log) => log.lossProbes),
  dsacks: total((log) => log.duplicatesReported),
  /** Time in which losses were being repaired, by fast recovery or after a timeout, in microseconds. */
  repair_time: total((log) => log.repairTime),
  rto_first: first((log) => log.rtoFirst),
  /** The first as a multiple of the sample: 3 by RFC 6298 2.2. */
  rto_first_rtts: first(({ rtoFirst, sampleFirst }) => (rtoFirst === null ? null : rtoFirst / sampleFirst)),
  rto_max: first((log) => log.rtoMax),
  /** Mean of |SRTT - true round trip| / true round trip, over the changes of SRTT. */
  rtt_error: first((log) => log.rttError.value),
}
