/** What a ladder shows of a recording: which part of it, which packets cross there, and its two sides. */
import type { TimeRange } from '../../shared/charts/context.ts'
import type { Language } from '../../shared/charts/texts.ts'
import type { Path, Paths } from '../../shared/projections/paths.ts'
import type { States } from '../../shared/projections/states.ts'
import type { TraceNode, TraceStore } from '../../shared/trace/store.ts'
import type { LadderFrame } from './ladder-frame.ts'
import { fittingWindow } from './ladder-window.ts'
import { nodesOf, shortName } from './lane.ts'
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
  readonly paths: readonly Path[]
  /** There are more than were taken. */
  readonly more: boolean
}

export function ladderSight(ask: LadderAsk): LadderSight {
  const { store, paths, lane, states, flow, range, cursor } = ask
  let shown =
    ask.part ?? fittingWindow(paths, range, store.end, ask.height, cursor ?? range.from, ask.following)
  const { client, server } = nodesOf(store, lane)
  const side = (node: TraceNode | undefined) => ({
    name: node ? `${shortName(node.name)} ${node.address}` : '',
    states: (flow !== undefined && node && states.ends.get(flow, node.id)) || [],
  })
  const found = paths.between(store, lane, shown.from, shown.to, MOST_LINES, (id) => id === client?.id)
  const one = found.paths.filter(ask.shows)
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
    client: side(client),
    server: side(server),
    cursor,
    end: store.end,
  }
  return { frame, paths: one, more: found.more }
}
