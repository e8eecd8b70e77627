/**
 * The panes of the stage as data: a tree whose leaves are panes with tabs, and whose branches share their space out.
 * Every change makes a new tree, so that what is remembered and what is undone is a plain value.
 */
import { VIEW_IDS, type ViewId } from '../shared/experiment.ts'

export interface Pane {
  readonly kind: 'pane'
  readonly id: number
  readonly tabs: readonly ViewId[]
  readonly active: ViewId
}

export type Direction = 'row' | 'column'

export interface Branch {
  readonly kind: 'branch'
  readonly id: number
  readonly direction: Direction
  readonly children: readonly Node[]
  /** Shares of the children; they sum to 1. */
  readonly sizes: readonly number[]
}

export type Node = Pane | Branch

/** Views that make sense behind each other in one pane, because one answers what the other asks. */
const AFFINITY: readonly (readonly ViewId[])[] = [
  ['windows', 'goodput', 'states'],
  ['sequence', 'ladder', 'topology'],
  ['rtt', 'queue'],
  ['states', 'queue'],
  ['waterfall', 'cache'],
  ['headline', 'streams', 'waterfall'],
  ['layers', 'frames', 'hpack', 'qpack'],
  ['quic', 'ladder'],
  ['acks', 'sequence', 'credit'],
  ['paths', 'topology'],
  ['tls', 'keys', 'certificates'],
  ['packets', 'layers', 'stalls'],
  ['pdus', 'packets', 'frames'],
  ['deliveries', 'mqtt'],
  ['framing', 'layers'],
  ['calls', 'waterfall'],
  ['probes', 'routes', 'journey'],
  ['fragments', 'packets'],
  ['writes', 'ladder'],
  ['held', 'sequence', 'windows'],
  ['listener', 'states'],
  ['arq', 'ladder'],
]

/**
 * Views that need height: in a ladder time runs downwards; streams, certificates and decisions stand below one another. With
 * one of them first, it takes the height of the stage, and the packets, if there are any, stand beside it.
 */
const TALL: readonly ViewId[] = [
  'ladder',
  'streams',
  'tls',
  'certificates',
  'hpack',
  'cache',
  'quic',
  'qpack',
  'paths',
  'credit',
  'deliveries',
  'calls',
  'framing',
  'pdus',
  'probes',
  'routes',
  'fragments',
  'listener',
  'writes',
  'held',
  'arq',
]
/** Of these, those whose rows carry their sums or their fields beside them. */
const WIDE: readonly ViewId[] = [
  'streams',
  'certificates',
  'hpack',
  'cache',
  'qpack',
  'paths',
  'credit',
  'deliveries',
  'calls',
  'framing',
  'pdus',
  'probes',
  'routes',
  'fragments',
  'listener',
  'writes',
  'held',
  'arq',
]

/** Draws all lanes side by side with their windows and stalls: with it first there is one pane, and the other views stand behind. */
const WHOLE: ViewId = 'headline'

/** Stands on the right side of the window at all times, as a bar, so that a pane of its own can wait. */
const SHOWN_ELSEWHERE: ViewId = 'stalls'

/** No more panes than this are opened by themselves: a chart needs room to be read. */
const PANES = 4

let lastId = 0
const newId = (): number => ++lastId

export function pane(tabs: readonly ViewId[], active: ViewId = tabs[0]): Pane {
  return { kind: 'pane', id: newId(), tabs, active }
}

const even = (count: number): number[] => new Array<number>(count).fill(1 / count)

function branch(direction: Direction, children: readonly Node[], sizes = even(children.length)): Node {
  if (children.length === 1) return children[0]
  return { kind: 'branch', id: newId(), direction, children, sizes }
}

/**
 * The panes for an experiment's views: one each for the first four, in two columns (with a tall view first: that one, and
 * two beside it); all in one where the first shows everything side by side. The others stand behind the pane of their kin, or behind the one with the fewest tabs.
 */
export function defaultStage(views: readonly ViewId[]): Node {
  const last = views.filter((view) => view === SHOWN_ELSEWHERE)
  const open = [...new Set([...views.filter((view) => view !== SHOWN_ELSEWHERE), ...last])]
  if (open[0] === WHOLE) return pane(open)
  const isTall = TALL.includes(open[0])
  const heads = isTall ? headsBesideTall(open) : open.slice(0, PANES)
  const groups: ViewId[][] = heads.map((view) => [view])
  for (const view of open.filter((candidate) => !heads.includes(candidate))) {
    const kin = AFFINITY.filter((group) => group.includes(view)).flat()
    const home =
      groups.find((group) => kin.includes(group[0])) ??
      groups.reduce((least, group) => (group.length < least.length ? group : least))
    home.push(view)
  }
  const panes = groups.map((tabs) => pane(tabs))
  if (panes.length <= 2) return branch('row', panes)
  if (isTall) {
    const sizes = WIDE.includes(open[0]) ? [0.58, 0.42] : undefined
    return branch('row', [panes[0], branch('column', panes.slice(1))], sizes)
  }
  const rows = [panes.slice(0, 2), panes.slice(2)].map((row) => branch('row', row))
  return branch('column', rows, [0.54, 0.46])
}

function headsBesideTall([tall, ...others]: readonly ViewId[]): ViewId[] {
  const [second, third] = others
  return [tall, second, others.includes('packets') && second !== 'packets' ? 'packets' : third].filter(
    (view) => view !== undefined,
  )
}

export function panesOf(node: Node): readonly Pane[] {
  return node.kind === 'pane' ? [node] : node.children.flatMap(panesOf)
}

export const findPane = (node: Node, id: number): Pane | undefined =>
  panesOf(node).find((candidate) => candidate.id === id)

/** Replaces the node with this id; `undefined` takes it out, and a branch of one child gives way to the child. */
function replace(node: Node, id: number, change: (node: Node) => Node | undefined): Node | undefined {
  if (node.id === id) return change(node)
  if (node.kind === 'pane') return node
  const children: Node[] = []
  const sizes: number[] = []
  node.children.forEach((child, i) => {
    const next = replace(child, id, change)
    if (!next) return
    children.push(next)
    sizes.push(node.sizes[i])
  })
  if (children.length === 0) return undefined
  if (children.length === 1) return children[0]
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return { ...node, children, sizes: sizes.map((size) => size / total) }
}

const changePane = (root: Node, id: number, change: (pane: Pane) => Node | undefined): Node =>
  // The last pane stays: a stage without any could not be filled again.
  replace(root, id, (node) => (node.kind === 'pane' ? change(node) : node)) ?? root

/** Shows a view in a pane, as a tab behind the others if it is not there yet. */
export function showView(root: Node, id: number, view: ViewId): Node {
  return changePane(root, id, (node) => ({
    ...node,
    tabs: node.tabs.includes(view) ? node.tabs : [...node.tabs, view],
    active: view,
  }))
}

/** Closes a tab; with its last tab the pane goes, unless it is the only one. */
export function closeView(root: Node, id: number, view: ViewId): Node {
  const only = panesOf(root).length === 1
  return changePane(root, id, (node) => {
    const tabs = node.tabs.filter((tab) => tab !== view)
    if (tabs.length === 0) return only ? node : undefined
    if (node.active !== view) return { ...node, tabs }
    const at = Math.min(node.tabs.indexOf(view), tabs.length - 1)
    return { ...node, tabs, active: tabs[at] }
  })
}

/** Moves a view into a new pane beside (`row`) or below (`column`) this one. */
export function splitPane(root: Node, id: number, view: ViewId, direction: Direction): Node {
  return changePane(root, id, (node) => {
    const rest = node.tabs.filter((tab) => tab !== view)
    const stay = rest.length === 0 ? node : { ...node, tabs: rest, active: rest[0] }
    return branch(direction, [stay, pane([view])])
  })
}

export function resize(root: Node, id: number, sizes: readonly number[]): Node {
  return replace(root, id, (node) => (node.kind === 'branch' ? { ...node, sizes } : node)) ?? root
}

/** A tree as it was written down; undefined when it is none. Ids are given anew, depth and size are bounded. */
export function parseStage(value: unknown, depth = 0): Node | undefined {
  if (typeof value !== 'object' || value === null || depth > 6) return undefined
  const { kind, tabs, active, direction, children, sizes } = value as Record<string, unknown>
  if (kind === 'pane') {
    if (!Array.isArray(tabs)) return undefined
    const known = VIEW_IDS.filter((view) => tabs.includes(view))
    const ordered = (tabs as ViewId[]).filter((view, i) => known.includes(view) && tabs.indexOf(view) === i)
    if (ordered.length === 0) return undefined
    return pane(ordered, ordered.find((view) => view === active) ?? ordered[0])
  }
  if (kind !== 'branch' || (direction !== 'row' && direction !== 'column')) return undefined
  if (!Array.isArray(children) || !Array.isArray(sizes) || children.length > 8) return undefined
  const nodes = children.map((child) => parseStage(child, depth + 1))
  if (nodes.length < 2 || nodes.some((node) => !node) || sizes.length !== nodes.length) return undefined
  const shares = sizes as number[]
  if (!shares.every((size) => typeof size === 'number' && size > 0.01 && size < 1)) return undefined
  return branch(direction, nodes as Node[], shares)
}
