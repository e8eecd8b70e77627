/**
 * Figures of the opening of TCP connections (RFC 9293 3.5), as means over the connections of a lane. null: there was
 * none to take the mean of.
 */
import type { LaneFacts } from './lane-facts.ts'
import type { TcpFlow } from './flow-facts.ts'
import { Mean } from './mean.ts'
import { inRoundTrips } from './path.ts'
import type { TcpEnd } from './tcp-end.ts'

function mean(lane: LaneFacts, of: (flow: TcpFlow) => number | null): number | null {
  const sum = new Mean()
  for (const flow of lane.tcp.values()) {
    const value = of(flow)
    if (value !== null) sum.add(value)
  }
  return sum.value
}

const passiveEnd = (flow: TcpFlow): TcpEnd | undefined => flow.ends.find((end) => !end.active)

/** From the first SYN to the moment at which `end` was established. */
function openingTime(flow: TcpFlow, end: TcpEnd | undefined): number | null {
  const first = flow.client?.syns[0]
  if (first === undefined || end === undefined || end.established === null) return null
  return end.established - first
}

/** Microseconds from the client's first SYN until the client is in ESTABLISHED. */
export const clientEstablished = (lane: LaneFacts): number | null =>
  mean(lane, (flow) => openingTime(flow, flow.client))

/** Microseconds from the client's first SYN until the server is in ESTABLISHED. */
export const serverEstablished = (lane: LaneFacts): number | null =>
  mean(lane, (flow) => openingTime(flow, passiveEnd(flow)))

/** The same for the client in round trips of the link itself. */
export const clientEstablishedRoundTrips = (lane: LaneFacts): number | null =>
  inRoundTrips(lane, clientEstablished(lane))

/** The same for the server in round trips of the link itself. */
export const serverEstablishedRoundTrips = (lane: LaneFacts): number | null =>
  inRoundTrips(lane, serverEstablished(lane))

/** Connections of which an end reached ESTABLISHED, or of QUIC had its handshake complete. */
export function connectionsEstablished(lane: LaneFacts): number {
  let count = 0
  for (const flow of lane.flows) if (flow.ends.some((end) => end.established !== null)) count++
  return count
}

/**
 * Segments that a connection needed until both ends were established. Data that follow at once do not count, unless they
 * are in the segment that completes the handshake.
 */
export const handshakeSegments = (lane: LaneFacts): number | null =>
  mean(lane, (flow) => (flow.open ? flow.handshakeSegments : null))

const interval = (times: readonly number[] | undefined, number: number): number | null =>
  times !== undefined && times.length > number ? times[number] - times[number - 1] : null

/** Microseconds between SYN number `n` and the next (RFC 6298 5.5: they double). */
export const synInterval =
  (n: number) =>
  (lane: LaneFacts): number | null =>
    mean(lane, (flow) => interval(flow.client?.syns, n))

/** Microseconds between SYN-ACK number `n` and the next. */
export const synAckInterval =
  (n: number) =>
  (lane: LaneFacts): number | null =>
    mean(lane, (flow) => interval(passiveEnd(flow)?.synAcks, n))

/** SYNs, and SYN-ACKs, that were sent more than once. */
export function openingRetries(lane: LaneFacts): number {
  let count = 0
  for (const { ends } of lane.tcp.values())
    for (const { syns, synAcks } of ends)
      count += Math.max(0, syns.length - 1) + Math.max(0, synAcks.length - 1)
  return count
}

/** The most connections that were half open at once. */
export const synQueueMax = (lane: LaneFacts): number => lane.synQueueMax

/** The most established connections that waited to be accepted at once. */
export const acceptQueueMax = (lane: LaneFacts): number => lane.acceptQueueMax

/** Connections that a full queue turned away. */
export const connectionsTurnedAway = (lane: LaneFacts): number => lane.connectionsTurnedAway

/**
 * Mean time that a connection was half open, in round trips of the link: the area under the length of the SYN queue
 * divided by the connections that entered it (Little's law).
 */
export function synQueueRoundTrips(lane: LaneFacts, end: number): number | null {
  if (lane.synQueueEntries === 0) return null
  return inRoundTrips(lane, lane.synQueue.integral(end) / lane.synQueueEntries)
}

/**
 * 1: a client's SYN came to its server with the option that nobody knows (RFC 6994), 0: it came without. null: no server looks
 * for it.
 */
export function unknownOptionArrived(lane: LaneFacts): number | null {
  const seen = [...lane.tcp.values()].map((flow) => passiveEnd(flow)?.optionArrived ?? null)
  return seen.every((arrived) => arrived === null) ? null : Number(seen.includes(true))
}
