/** Figures of a lane's links: the path that its packets took. */
import type { LaneFacts } from './lane-facts.ts'
import type { DirectionFacts, LinkFacts } from './link-facts.ts'

/**
 * The links of the path: in a lane that has others, too, those between the ends of its first connection (of TCP before QUIC) of
 * which both have sent.
 */
function linksOfPath(lane: LaneFacts): readonly LinkFacts[] {
  const all = [...lane.links.values()]
  const flow = lane.flows.find(({ ends }) => ends.length === 2)
  if (all.length < 2 || flow === undefined) return all
  const [one, other] = flow.ends
  const names = lane.way.linksBetween(one.node, other.node)
  return names === undefined ? all : names.map((name) => lane.link(name))
}

/** The sum over the links of the path, or of another, and both directions; null when one of them let nothing through. */
function roundTrip(
  lane: LaneFacts,
  of: (direction: DirectionFacts) => number | null,
  links = linksOfPath(lane),
): number | null {
  let sum = 0
  for (const { directions } of links)
    for (const direction of directions) {
      const value = of(direction)
      if (value === null) return null
      sum += value
    }
  return links.length === 0 ? null : sum
}

function count(lane: LaneFacts, of: (direction: DirectionFacts) => number): number {
  let sum = 0
  for (const { directions } of lane.links.values()) for (const direction of directions) sum += of(direction)
  return sum
}

const shortest = ({ delay }: DirectionFacts): number | null => (delay.count === 0 ? null : delay.min)

/** The true round-trip time in microseconds: the shortest that the links took there plus the shortest back. */
export const shortestRoundTrip = (lane: LaneFacts): number | null => roundTrip(lane, shortest)

/** The same between two nodes; null: no way leads from one to the other. */
export function shortestRoundTripBetween(lane: LaneFacts, from: string, to: string): number | null {
  const names = lane.way.linksBetween(from, to)
  return names === undefined
    ? null
    : roundTrip(
        lane,
        shortest,
        names.map((name) => lane.link(name)),
      )
}

/** A span in true round trips; null: it is not known, or the path took no time. */
export function inRoundTrips(lane: LaneFacts, time: number | null): number | null {
  const rtt = shortestRoundTrip(lane)
  return time === null || rtt === null || rtt === 0 ? null : time / rtt
}

/** The mean round-trip time of the links in microseconds: queueing, transmission and propagation, both ways. */
export const meanRoundTrip = (lane: LaneFacts): number | null => roundTrip(lane, ({ delay }) => delay.value)

/** Packets that died on the links of the lane, whatever they carried. */
export const packetsLost = (lane: LaneFacts): number => count(lane, (direction) => direction.lost)

/** Packets that came out at the far end. */
export const packetsDelivered = (lane: LaneFacts): number => count(lane, (direction) => direction.delivered)

/** Packets that a full queue turned away (drop-tail, drop-head) or that CoDel dropped. */
export const packetsQueueLost = (lane: LaneFacts): number =>
  count(lane, ({ dropped }) => (dropped.get('queue_full') ?? 0) + (dropped.get('codel') ?? 0))

export const packetsDuplicated = (lane: LaneFacts): number => count(lane, (direction) => direction.duplicated)
export const packetsCorrupted = (lane: LaneFacts): number => count(lane, (direction) => direction.corrupted)
export const packetsReordered = (lane: LaneFacts): number => count(lane, (direction) => direction.reordered)

/** Packets that a host ignored: malformed, with a bad checksum, or for nobody. */
export const packetsRejected = (lane: LaneFacts): number => lane.packetsRejected

/** The most bytes that a queue of the lane held. */
export function queueMax(lane: LaneFacts): number {
  let max = 0
  for (const { directions } of lane.links.values())
    for (const direction of directions) max = Math.max(max, direction.queueMax)
  return max
}

/**
 * The longest pause, in microseconds, in what came within reach of a client's application, between its first byte and its last,
 * over all its connections: of TCP read from the socket, once TLS is ready; of QUIC in order on a stream of both sides.
 */
export function deliveryGapMax(lane: LaneFacts): number | null {
  let longest: number | null = null
  for (const node of lane.clients) {
    const pause = lane.pauses.get(node)?.longest ?? null
    if (pause !== null) longest = Math.max(longest ?? 0, pause)
  }
  return longest
}

/** The same in round trips of the path. */
export const deliveryGapRoundTrips = (lane: LaneFacts): number | null =>
  inRoundTrips(lane, deliveryGapMax(lane))
