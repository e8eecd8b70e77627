/**
 * Figures of the data that a lane moved, over all its connections, of TCP and of QUIC, and transfers over UDP; the sender is the end that sent more. A
 * data segment of QUIC is a packet with bytes of streams, its payload these bytes.
 */
import type { ConnectionEnd } from './connection-end.ts'
import type { LaneFacts } from './lane-facts.ts'
import { cubicWindow, mathisWindow, renoFriendlyWindow, windowRate } from './models.ts'
import { Mean } from './mean.ts'
import { steadyLossShare, steadyRoundTrip } from './steady.ts'

const senders = (lane: LaneFacts): ConnectionEnd[] => lane.transfers.map((flow) => flow.sender)

function sum(lane: LaneFacts, of: (sender: ConnectionEnd) => number): number {
  return senders(lane).reduce((total, sender) => total + of(sender), 0)
}

/** The mean of what each sender has taken a mean of itself, weighted by how often. */
function pooled(lane: LaneFacts, of: (sender: ConnectionEnd) => Mean): number | null {
  let total = 0
  let count = 0
  for (const sender of senders(lane)) {
    const mean = of(sender)
    total += mean.sum
    count += mean.count
  }
  return count === 0 ? null : total / count
}

/** Bytes that the receiving applications have read; of QUIC those that they could, as each stream came in order. */
export function bytesRead(lane: LaneFacts): number {
  let bytes = 0
  for (const flow of lane.transfers) bytes += flow.receiver?.bytesRead ?? 0
  return bytes
}

/** Microseconds from the first data segment sent to the last byte read. null: nothing was read. */
export function transferTime(lane: LaneFacts): number | null {
  let start = Infinity
  let end = -Infinity
  for (const flow of lane.transfers) {
    start = Math.min(start, flow.sender.firstData ?? Infinity)
    end = Math.max(end, flow.receiver?.lastRead ?? -Infinity)
  }
  return end > start ? end - start : null
}

/** Bytes read divided by the transfer time, in bits a second: what the applications got. */
export function goodput(lane: LaneFacts): number | null {
  const time = transferTime(lane)
  return time === null ? null : (bytesRead(lane) * 8e6) / time
}

/** Payload sent, retransmissions included, divided by the transfer time, in bits a second. */
export function throughput(lane: LaneFacts): number | null {
  const time = transferTime(lane)
  return time === null ? null : (sum(lane, (sender) => sender.sentBytes) * 8e6) / time
}

/** Data segments sent, retransmissions included. */
export const dataSegments = (lane: LaneFacts): number => sum(lane, (sender) => sender.dataSegments)

/** Data segments that died on a link or were refused as damaged. */
export const dataSegmentsLost = (lane: LaneFacts): number => lane.dataSegmentsLost

/** Lost data segments as a share of those sent. null: none was sent. */
export function lossShare(lane: LaneFacts): number | null {
  const sent = dataSegments(lane)
  return sent === 0 ? null : lane.dataSegmentsLost / sent
}

/** Data segments whose first byte had been sent before (keep-alive probes apart). */
export const retransmissions = (lane: LaneFacts): number => sum(lane, (sender) => sender.retransmissions)

/** Retransmissions that the trace gives this cause; the empty one: none. */
export const retransmissionsBy =
  (cause: string) =>
  (lane: LaneFacts): number =>
    sum(lane, (sender) => sender.resent.get(cause) ?? 0)

/** Payload sent more than once, in bytes. */
export const resentBytes = (lane: LaneFacts): number =>
  sum(lane, (sender) => sender.sentBytes - sender.newBytes)

/** Payload that had already arrived when it came (again), in bytes: retransmissions and copies not needed. */
export function duplicateBytes(lane: LaneFacts): number {
  let bytes = 0
  for (const flow of lane.transfers) bytes += flow.receiver?.duplicateBytes ?? 0
  return bytes
}

/** Retransmission timeouts of established connections (RFC 6298 5), and probe timeouts (RFC 9002 6.2). */
export const timeouts = (lane: LaneFacts): number => sum(lane, (sender) => sender.timeouts)

/** Fast recoveries entered (RFC 6582, RFC 6675), and recovery periods (RFC 9002 7.3.2). */
export const recoveries = (lane: LaneFacts): number => sum(lane, (sender) => sender.recoveries)

/** Mean time in fast recovery, in microseconds. */
export const recoveryTime = (lane: LaneFacts): number | null => pooled(lane, (sender) => sender.recoveryTimes)

/**
 * Mean of ssthresh at the start of a fast recovery as a share of what was in flight, of QUIC of the window: 0.5 for Reno (RFC
 * 5681 equation 4, RFC 9002 7.3.2), 0.7 for CUBIC (RFC 9438 4.6). Recoveries at the floor of two segments do not count.
 */
export const decreaseFactor = (lane: LaneFacts): number | null => pooled(lane, (sender) => sender.decrease)

/** The congestion window as a mean over time, in bytes, from the start of the connection to the last data segment. */
export const meanWindow = (lane: LaneFacts): number | null =>
  meanOver(lane, (sender) => sender.cwnd.until(sender.lastData ?? 0))

/** The largest congestion window, in bytes. */
export const maxWindow = (lane: LaneFacts): number =>
  senders(lane).reduce((max, sender) => Math.max(max, sender.cwnd.max), 0)

/** Mean of the round-trip samples of the senders, in microseconds. */
export const meanRttSample = (lane: LaneFacts): number | null => pooled(lane, (sender) => sender.rtt)

/**
 * Measurements of the round-trip time that were thrown away, since they could belong to any of several sendings (Karn's rule, RFC
 * 6298 3). Both ends of all connections; QUIC's packet numbers leave no such doubt (RFC 9002 4.2).
 */
export const rttSamplesDiscarded = (lane: LaneFacts): number =>
  lane.flows
    .flatMap(({ ends }): readonly ConnectionEnd[] => ends)
    .reduce((total, end) => total + end.rttDiscarded, 0)

/** Payload of a full segment, in bytes. */
export function segmentSize(lane: LaneFacts): number | null {
  const size = senders(lane).reduce((max, sender) => Math.max(max, sender.segmentSize), 0)
  return size === 0 ? null : size
}

function meanOver(lane: LaneFacts, of: (sender: ConnectionEnd) => number | null): number | null {
  const mean = new Mean()
  for (const sender of senders(lane)) {
    const value = of(sender)
    if (value !== null) mean.add(value)
  }
  return mean.value
}

/** The rate that a mean window of so many segments brings on this lane's path; null: nothing was lost. */
function modelRate(lane: LaneFacts, window: (p: number, rtt: number) => number): number | null {
  const p = steadyLossShare(lane)
  const rtt = steadyRoundTrip(lane)
  const size = segmentSize(lane)
  if (p === null || p === 0 || rtt === null || rtt === 0 || size === null) return null
  return windowRate(window(p, rtt), size, rtt)
}

/**
 * Goodput of Reno by Mathis and others (1997) in bits a second, from the loss share and the mean round-trip time that
 * this run met in its steady state. For one connection; its assumptions stand in models.ts.
 */
export const mathisGoodput = (lane: LaneFacts): number | null => modelRate(lane, (p) => mathisWindow(p))

/**
 * Goodput of CUBIC by RFC 9438 in bits a second: the larger of its curve (5.1) and of what it keeps up with as
 * Reno's friend (4.3), from the same figures.
 */
export const cubicGoodput = (lane: LaneFacts): number | null =>
  modelRate(lane, (p, rtt) => Math.max(cubicWindow(p, rtt), renoFriendlyWindow(p)))

/**
 * 1 when what the applications have read is what others have written: for each digest (SHA-256) on one side there is
 * an equal one with as many bytes on the other. 0 when not. null: no two of them have finished.
 */
export function bytesIntact(lane: LaneFacts): number | null {
  if (lane.finished.length < 2) return null
  const byNode = new Map<string, string[]>()
  for (const { node, bytes, sha256, error } of lane.finished) {
    if (error !== '') return 0
    // It has moved what no single digest stands for, or nothing.
    if (sha256 === '') return null
    byNode.set(node, [...(byNode.get(node) ?? []), `${bytes} ${sha256}`])
  }
  const sides = [...byNode.values()].map((digests) => digests.sort().join('\n'))
  return sides.length > 1 && sides.every((side) => side === sides[0]) ? 1 : 0
}

/** Applications that have not finished, or finished with an error. */
export const unfinished = (lane: LaneFacts): number =>
  lane.started - lane.finished.filter(({ error }) => error === '').length
