/**
 * The steady state of a lane's only connection, of TCP, which the models speak of. Slow start leaves a window far beyond it, so
 * the account begins when a few losses have brought it down.
 */
import type { ConnectionEnd } from './connection-end.ts'
import type { LaneFacts } from './lane-facts.ts'
import type { TcpFlow } from './flow-facts.ts'
import type { Mean } from './mean.ts'

/** Reno's window is an eighth by then, CUBIC's a third: near enough to the mean from where slow start may leave it. */
const SETTLED_AFTER = 3

/** Whether the sender has been through so many recoveries. */
export const isSettled = ({ recoveries }: ConnectionEnd): boolean => recoveries >= SETTLED_AFTER

/** How far everything had come when the steady state began. */
export interface SteadyStart {
  readonly t: number
  readonly acked: number
  readonly dataSegments: number
  readonly dataSegmentsLost: number
  /** Time on the link of each direction of each link. */
  readonly delays: readonly Mean[]
}

const delaysOf = (lane: LaneFacts): Mean[] =>
  [...lane.links.values()].flatMap(({ directions }) => directions.map(({ delay }) => delay))

export const steadyStart = (t: number, lane: LaneFacts, { sender }: TcpFlow): SteadyStart => ({
  t,
  acked: sender.acked,
  dataSegments: sender.dataSegments,
  dataSegmentsLost: lane.dataSegmentsLost,
  delays: delaysOf(lane).map((delay) => delay.copy()),
})

/** The lane's only connection and the start of its steady state; undefined: it has none, or several. */
function steady(lane: LaneFacts): { flow: TcpFlow; start: SteadyStart } | undefined {
  if (lane.tcp.size !== 1 || lane.quic.size > 0 || lane.steady === undefined) return undefined
  const [flow] = lane.tcp.values()
  return { flow, start: lane.steady }
}

/** Bytes acknowledged in the steady state over its time, in bits a second. null: it was not reached. */
export function steadyGoodput(lane: LaneFacts): number | null {
  const found = steady(lane)
  if (found === undefined) return null
  const { flow, start } = found
  const time = (flow.sender.lastData ?? 0) - start.t
  return time > 0 ? ((flow.sender.acked - start.acked) * 8e6) / time : null
}

/** Data segments lost in the steady state as a share of those sent: p of the models. */
export function steadyLossShare(lane: LaneFacts): number | null {
  const found = steady(lane)
  if (found === undefined) return null
  const { flow, start } = found
  const sent = flow.sender.dataSegments - start.dataSegments
  return sent > 0 ? (lane.dataSegmentsLost - start.dataSegmentsLost) / sent : null
}

/** Mean round-trip time of the links in the steady state, in microseconds. */
export function steadyRoundTrip(lane: LaneFacts): number | null {
  const found = steady(lane)
  if (found === undefined) return null
  let sum = 0
  for (const [i, delay] of delaysOf(lane).entries()) {
    const mean = delay.since(found.start.delays[i])
    if (mean === null) return null
    sum += mean
  }
  return sum
}
