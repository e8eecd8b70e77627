/**
 * Where the nodes of a network stand on its map: a tidy tree that grows from the client to the right, a column for each link passed,
 * the way to the server in a straight line; what hangs on that way alone stands above or below it. It depends on nothing but the
 * links, so it stays as it is.
 */
import type { LaneNetwork } from '../projections/network.ts'

export interface MapPlace {
  /** Column and row, from 0. Rows may be halves. */
  readonly column: number
  readonly row: number
}

export interface MapLayout {
  /** By number of the node's name. */
  readonly places: ReadonlyMap<number, MapPlace>
  readonly columns: number
  readonly rows: number
}

interface Branch {
  readonly node: number
  column: number
  readonly children: Branch[]
}

/** More nodes than these do not fit above and below the one that they hang on. */
const MOST_BESIDE = 2

/** Places every node; what hangs together with nothing stands below the rest. */
export function mapLayout(network: LaneNetwork): MapLayout {
  const { client, server } = network.ends
  const route = client && server ? (network.route(client.id, server.id) ?? []) : []
  const main = new Set(route.flatMap(({ from, to }) => [from.id, to.id]))
  const places = new Map<number, MapPlace>()
  const seen = new Set<number>()
  let rows = 0
  const roots = client ? [client, ...network.nodes] : network.nodes
  for (const { id } of roots) {
    if (seen.has(id)) continue
    const trunk = grow(network, id, seen)
    putBeside(trunk, main)
    rows = place(trunk, main, places, rows)
  }
  const columns = Math.max(0, ...[...places.values()].map(({ column }) => column)) + 1
  return { places, columns, rows }
}

/** The tree of shortest ways from a node. Breadth first and without recursion: a recording may chain thousands of nodes. */
function grow(network: LaneNetwork, root: number, seen: Set<number>): Branch {
  const trunk: Branch = { node: root, column: 0, children: [] }
  seen.add(root)
  const queue = [trunk]
  for (let at = 0; at < queue.length; at++) {
    const branch = queue[at]
    for (const { to } of network.hopsFrom(branch.node)) {
      if (seen.has(to.id)) continue
      seen.add(to.id)
      const child = { node: to.id, column: branch.column + 1, children: [] }
      branch.children.push(child)
      queue.push(child)
    }
  }
  return trunk
}

/** Moves single nodes that hang on the main way into the column of the one that they hang on. */
function putBeside(trunk: Branch, main: ReadonlySet<number>): void {
  for (let at: Branch | undefined = trunk; at !== undefined;) {
    const straight: Branch | undefined = at.children.find(({ node }) => main.has(node))
    const others = at.children.filter((child) => child !== straight)
    const isSimple = straight !== undefined && others.every(({ children }) => children.length === 0)
    if (isSimple && others.length <= MOST_BESIDE) for (const other of others) other.column = at.column
    at = straight
  }
}

/** Gives each leaf a row of its own from `first` on, and the others the row of their way to the server, or the middle. */
function place(
  trunk: Branch,
  main: ReadonlySet<number>,
  places: Map<number, MapPlace>,
  first: number,
): number {
  let rows = first
  const stack: { readonly branch: Branch; readonly order: readonly Branch[]; next: number }[] = []
  const push = (branch: Branch): void =>
    void stack.push({ branch, order: around(branch.children, main), next: 0 })
  push(trunk)
  while (stack.length > 0) {
    const top = stack[stack.length - 1]
    if (top.next < top.order.length) {
      push(top.order[top.next++])
      continue
    }
    stack.pop()
    const { node, column, children } = top.branch
    const straight = children.find((child) => main.has(child.node))
    const of = (child: Branch): number => places.get(child.node)?.row ?? 0
    const row =
      children.length === 0
        ? rows++
        : straight
          ? of(straight)
          : (of(top.order[0]) + of(top.order[top.order.length - 1])) / 2
    places.set(node, { column, row })
  }
  return rows
}

/** The way to the server between the others, so that these branch off to both sides. */
function around(children: readonly Branch[], main: ReadonlySet<number>): readonly Branch[] {
  const straight = children.filter(({ node }) => main.has(node))
  const others = children.filter(({ node }) => !main.has(node))
  const half = Math.ceil(others.length / 2)
  return [...others.slice(0, half), ...straight, ...others.slice(half)]
}
