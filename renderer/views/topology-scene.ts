/** What the pictures of a network say of its nodes and links at one moment. */
import { valueText } from '../../shared/charts/axes.ts'
import { directionText, settingAt } from '../../shared/charts/link-text.ts'
import { mapLayout, type MapLayout } from '../../shared/charts/map-layout.ts'
import type { RunInfo } from '../../shared/commands.ts'
import { Changes } from '../../shared/projections/changes.ts'
import { flyingAt } from '../../shared/projections/flight.ts'
import { Network, type LaneNetwork } from '../../shared/projections/network.ts'
import { Paths } from '../../shared/projections/paths.ts'
import { Queues } from '../../shared/projections/queue.ts'
import { stateAt, States } from '../../shared/projections/states.ts'
import { Windows } from '../../shared/projections/windows.ts'
import type { Flow, TraceNode, TraceStore } from '../../shared/trace/store.ts'
import { projected } from '../charts/projected.ts'
import { shortName } from './lane.ts'
import type { MapScene } from './map-paint.ts'
import type { TopologyDirection } from './topology-parts.ts'

export interface Moment {
  readonly store: TraceStore
  readonly setup: RunInfo['setup'] | undefined
  readonly now: number
  readonly words: {
    readonly lost: string
    readonly inFlight: string
    /** By kind of node. */
    readonly kinds: Readonly<Record<string, string>>
  }
}

/** The queue before one direction of a link, and what is set on it. */
export function directionAt(
  { store, setup, now, words }: Moment,
  link: TraceNode,
  number: 0 | 1,
): TopologyDirection {
  const queue = projected(store, Queues).all.find(
    ({ node, direction }) => node === link.id && direction === number,
  )
  const name = shortName(link.name)
  const end = number === 0 ? 'up' : 'down'
  const spec = setup?.links[name]?.[end]
  const changes = projected(store, Changes).all
  const read = (path: string, value: unknown): unknown =>
    settingAt(changes, `links.${name}.${end}.${path}`, now, value)
  const limit = spec?.queue.unit === 'bytes' ? spec.queue.limit : 0
  return {
    bytes: queue?.bytes.valueAt(now) ?? 0,
    packets: queue?.packets.valueAt(now) ?? 0,
    // Without a limit in bytes the fullest so far is the measure.
    limit: limit > 0 ? limit : mostOf(queue?.bytes),
    settings: spec ? directionText(read, spec, words.lost) : '',
  }
}

function mostOf(
  bytes:
    | {
        length: number
        extremes(from: number, to: number): readonly [number, number]
        values: { data: ArrayLike<number> }
      }
    | undefined,
): number {
  return bytes && bytes.length > 0 ? bytes.values.data[bytes.extremes(0, bytes.length)[1]] : 0
}

/** What is said of an end of a connection: its state, and at a client its windows. */
export function linesOf({ store, now, words }: Moment, node: TraceNode, flow: Flow | undefined): string[] {
  const lines: string[] = []
  const changes = flow && projected(store, States).ends.get(flow.id, node.id)
  const state = changes && stateAt(changes, now)
  if (state) lines.push(state.state)
  const windows = flow && projected(store, Windows).ends.get(flow.id, node.id)
  const cwnd = windows?.cwnd.valueAt(now)
  if (windows && cwnd !== undefined && node.role === 'client') {
    lines.push(`cwnd ${valueText(cwnd, 'B')}`)
    lines.push(`${words.inFlight} ${valueText(windows.inFlight.valueAt(now) ?? 0, 'B')}`)
  }
  return lines
}

const layouts = new WeakMap<LaneNetwork, MapLayout>()

function layoutOf(network: LaneNetwork): MapLayout {
  let layout = layouts.get(network)
  if (!layout) layouts.set(network, (layout = mapLayout(network)))
  return layout
}

/** The map of a lane; `flow` is the connection whose ends tell of themselves. */
export function mapAt(
  moment: Moment,
  lane: string,
  flow: Flow | undefined,
  followed: Pick<MapScene, 'lit' | 'node'> = { lit: new Set(), node: null },
): MapScene {
  const { store, now, words } = moment
  const network = projected(store, Network).lane(lane)
  const byName = new Map(network.nodes.map((node) => [node.name, node.id]))
  return {
    ...followed,
    label: '',
    layout: layoutOf(network),
    nodes: network.nodes.map((node) => ({
      id: node.id,
      name: shortName(node.name),
      kind: node.kind,
      role: node.role,
      lines: [
        node.address || (words.kinds[node.kind] ?? node.kind),
        ...linesOf(moment, node, flow).slice(0, 1),
      ],
    })),
    links: network.links.map((link) => ({
      id: link.id,
      name: shortName(link.name),
      a: byName.get(link.a)!,
      b: byName.get(link.b)!,
      directions: [directionAt(moment, link, 0), directionAt(moment, link, 1)],
    })),
    flying: flyingAt(store, projected(store, Paths), lane, now),
  }
}
