/** What a ladder shows of a recording: which part of it, which packets cross there, and its two sides. */
import type { TimeRange } from '../../shared/charts/context.ts'
import type { Language } from '../../shared/charts/texts.ts'
import type { Packet } from '../../shared/projections/packets.ts'
import type { Path, Paths } from '../../shared/projections/paths.ts'
import type { States } from '../../shared/projections/states.ts'
import type { TraceNode, TraceStore } from '../../shared/trace/store.ts'
import type { LaneNetwork } from '../../shared/projections/network.ts'
import type { LadderFrame } from './ladder-frame.ts'
import { fittingWindow } from './ladder-window.ts'
import { shortName } from './lane.ts'
import { silencesIn } from './time-scale.ts'

/** More lines than this are not drawn; zoomed out so far, none could be told from another. */
const MOST_LINES = 3_000

export interface LadderAsk {
  readonly store: TraceStore
  readonly paths: Paths
  readonly states: States
  readonly language: Language
  readonly lane: string
  /** Number of the flow whose states stand at the sides; undefined: none. */
  readonly flow: number | undefined
  /** Whether a packet is on show. */
  readonly shows: (path: Path) => boolean
  /** What the user has moved to; null: what fits into `height`, from `from` or (`following`) to the newest packet. */
  readonly part: TimeRange | null
  readonly range: TimeRange
  readonly height: number
  readonly following: boolean
  readonly cursor: number | null
  readonly folding: boolean
}

export interface LadderSight {
  readonly frame: LadderFrame
  readonly paths: readonly Crossing[]
  /** There are more than were taken. */
  readonly more: boolean
}

/** The way of a packet across the ladder, from its left end (0) to its right end (1). */
export interface Crossing {
  readonly packet: Packet
  readonly from: number
  readonly to: number
  /** From the side where it was sent to the side that it is for. */
  readonly reach: number
}

/**
 * The hosts of a lane from left to right: clients, then servers. What all the others talk to (one server of several clients, one
 * client of several servers) stands between them, and the server that is furthest away at the right.
 */
export function columnsOf({ hosts, ends }: LaneNetwork): readonly TraceNode[] {
  const far = (node: TraceNode): number => (node === ends.server ? 1 : 0)
  const servers = hosts.filter(({ role }) => role === 'server').sort((a, b) => far(a) - far(b))
  const clients = hosts.filter(({ role }) => role !== 'server')
  const between = (others: readonly TraceNode[], hub: TraceNode): TraceNode[] => {
    const half = Math.ceil(others.length / 2)
    return [...others.slice(0, half), hub, ...others.slice(half)]
  }
  if (servers.length === 1 && clients.length > 1) return between(clients, servers[0])
  if (clients.length === 1 && servers.length > 1) return between(servers, clients[0])
  return [...clients, ...servers]
}

/** A part of the way to the next column: routers have none, and stand between hosts. */
const BESIDE = 0.4

/** What comes from a router or link, or goes there, begins or ends beside the other end. */
function crossing({ packet, receiver, from, to }: Path, places: ReadonlyMap<number, number>): Crossing {
  const step = 1 / Math.max(1, places.size - 1)
  const beside = (place: number): number => place + (place < 1 ? BESIDE : -BESIDE) * step
  const sender = places.get(packet.node)
  const target = receiver && places.get(receiver.id)
  const end = target ?? (sender === undefined ? 1 : receiver ? beside(sender) : sender < 0.5 ? 1 : 0)
  const start = sender ?? beside(end)
  const span = end - start
  return { packet, from: start + span * from, to: start + span * to, reach: Math.abs(span) }
}

export function ladderSight(ask: LadderAsk): LadderSight {
  const { store, paths, lane, states, flow, range, cursor } = ask
  let shown =
    ask.part ?? fittingWindow(paths, range, store.end, ask.height, cursor ?? range.from, ask.following)
  const hosts = columnsOf(paths.network.lane(lane))
  const sides = hosts.map((node) => ({
    name: `${shortName(node.name)} ${node.address}`,
    role: node.role,
    states: (flow !== undefined && states.ends.get(flow, node.id)) || [],
  }))
  const found = paths.between(store, lane, shown.from, shown.to, MOST_LINES)
  const places = new Map(hosts.map(({ id }, i) => [id, i / Math.max(1, hosts.length - 1)]))
  const isOurs = ({ packet, receiver }: Path): boolean =>
    store.nodes.get(packet.node)?.kind !== 'router' || (receiver !== undefined && places.has(receiver.id))
  const one = found.paths
    .filter((path) => isOurs(path) && ask.shows(path))
    .map((path) => crossing(path, places))
  const packets = one.map(({ packet }) => packet)
  const silences = ask.folding ? silencesIn(packets, shown) : []
  if (silences.length > 0 && ask.part === null) {
    // Beside folded silences, the room after the last packet would be out of proportion.
    const last = Math.max(...packets.map(({ until }) => until))
    shown = { from: shown.from, to: Math.min(shown.to, last + paths.latest / 2) }
  }
  const frame = {
    language: ask.language,
    range: shown,
    silences,
    sides,
    cursor,
    end: store.end,
  }
  return { frame, paths: one, more: found.more }
}
