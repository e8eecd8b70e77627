/** Figures of what waits in TCP: for a window that is closed (RFC 9293 3.8.6.1), for a byte that is missing, for an ACK (3.7.4). */
import type { LaneFacts } from './lane-facts.ts'
import { quantile } from './quantile.ts'
import { meanRoundTrip } from './path.ts'
import { goodput, meanWindow } from './transfer.ts'
import type { TcpEnd } from './tcp-end.ts'

type Figure = (lane: LaneFacts) => number | null

const ofTcp =
  (figure: (ends: readonly TcpEnd[], lane: LaneFacts) => number): Figure =>
  (lane) => {
    const ends = [...lane.tcp.values()].flatMap((flow) => flow.ends)
    return ends.length === 0 ? null : figure(ends, lane)
  }

const ofWrites =
  (pick: 'delays' | 'allRounds', figure: (spans: readonly number[]) => number): Figure =>
  ({ tcp }) => {
    const spans = [...tcp.values()].flatMap(({ writes }) => writes[pick])
    return spans.length === 0 ? null : figure(spans)
  }

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0)
const most = (values: readonly number[]): number => values.reduce((max, one) => Math.max(max, one), 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const median = (values: readonly number[]): number => quantile(values, 0.5)

/**
 * What goes through in a round trip as a share of the window: 1 when a whole window of new data does, each time. The window is the
 * congestion window, or that of a transfer over UDP; the round trip is the mean of the path, queues included.
 */
function windowUse(lane: LaneFacts): number | null {
  const [rate, rtt, window] = [goodput(lane), meanRoundTrip(lane), meanWindow(lane)]
  if (rate === null || rtt === null || window === null || window === 0) return null
  return (rate * rtt) / (8e6 * window)
}

export const WAITING_METRICS: Readonly<Record<string, Figure>> = {
  window_use: windowUse,
  /** Packets of data over UDP that came too early and were thrown away. */
  packets_thrown_away: ({ arq }) =>
    arq.size === 0 ? null : sum([...arq.values()].flatMap(({ ends }) => ends.map((end) => end.thrownAway))),

  /** Microseconds in which a sender knew of no window, over all ends. */
  zero_window_time: ofTcp((ends, lane) =>
    sum(ends.map((end) => end.zeroWindow.integral(lane.tcp.get(end.flow)!.lastPacket))),
  ),
  /** Times that a window was closed for an end. */
  zero_windows: ofTcp((ends) => sum(ends.map((end) => end.zeroWindows))),
  window_probes: ofTcp((ends) => sum(ends.map((end) => end.windowProbes))),
  /** Segments without data that say of more room and of nothing else. */
  window_updates: ofTcp((ends) => sum(ends.map((end) => end.windowUpdates))),
  /** Payload of a data segment, in bytes. */
  mean_payload: ofTcp(
    (ends) => sum(ends.map((end) => end.sentBytes)) / sum(ends.map((end) => end.dataSegments)),
  ),

  /** The most bytes that had arrived and waited for an earlier one, and how long all of them did: byte-seconds. */
  held_bytes_max: ofTcp((ends) => most(ends.map((end) => end.outOfOrder.max))),
  held_byte_time: ofTcp((ends, lane) =>
    sum(ends.map((end) => end.outOfOrder.integral(lane.tcp.get(end.flow)!.lastPacket) / 1e6)),
  ),
  /** The most bytes that an application read at one moment. */
  burst_max: ofTcp((ends) => most(ends.map((end) => end.burstMax))),

  /** Microseconds from a write of an application until the other has read all of it. */
  write_delay_mean: ofWrites('delays', mean),
  write_delay_median: ofWrites('delays', median),
  write_delay_max: ofWrites('delays', most),
  /** Microseconds from the first write of a question until the answer was read. */
  round_time_mean: ofWrites('allRounds', mean),
  round_time_median: ofWrites('allRounds', median),
  round_time_max: ofWrites('allRounds', most),
}
