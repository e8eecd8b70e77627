/** The tables by which packets find their way, as they were at any moment: interfaces, routes, neighbours (ARP), addresses of a switch. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export interface NetworkInterface {
  readonly index: number
  readonly link: string
  readonly mac: string
  readonly address: string
  readonly prefix: string
}

export interface RouteLine {
  readonly prefix: string
  /** Empty: the network is its own. */
  readonly via: string
  readonly interface: number
}

export interface Neighbour {
  readonly address: string
  readonly mac: string
  readonly state: string
  readonly interface: number
  readonly waiting: number
  /** When it became so. */
  readonly t: number
}

export interface SwitchLine {
  readonly address: string
  readonly port: number
  readonly t: number
}

/** Something that became of a line of a table; `undefined`: the line is gone. */
interface Change<T> {
  readonly t: number
  readonly key: string
  readonly line: T | undefined
}

/** What happened to the tables of one node, in the order of time. */
interface NodeTables {
  readonly interfaces: NetworkInterface[]
  readonly routes: Change<RouteLine>[]
  readonly neighbours: Change<Neighbour>[]
  readonly addresses: Change<SwitchLine>[]
}

const EVENTS = [
  'sim:interface_added',
  'sim:route_added',
  'sim:route_removed',
  'arp:entry_changed',
  'ethernet:address_learned',
] as const
type TableEvent = (typeof EVENTS)[number]

export class NetworkTables {
  private readonly nodes = new Map<number, NodeTables>()
  private readonly cursor = new Cursor<TableEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const number = (field: string): number => table.columns[field].data[row]
      const text = (field: string): string => store.text(number(field))
      const tables = this.open(table.node.data[row])
      const t = table.t.data[row]
      switch (name) {
        case 'sim:interface_added':
          tables.interfaces.push({
            index: number('index'),
            link: text('link'),
            mac: text('mac'),
            address: text('address'),
            prefix: text('prefix'),
          })
          return
        case 'sim:route_added': {
          const line = { prefix: text('prefix'), via: text('via'), interface: number('interface') }
          return void tables.routes.push({ t, key: line.prefix, line })
        }
        case 'sim:route_removed':
          return void tables.routes.push({ t, key: text('prefix'), line: undefined })
        case 'arp:entry_changed': {
          const line = {
            t,
            address: text('address'),
            mac: text('mac'),
            state: text('state'),
            interface: number('interface'),
            waiting: number('waiting'),
          }
          return void tables.neighbours.push({ t, key: `${line.interface} ${line.address}`, line })
        }
        case 'ethernet:address_learned': {
          const line = { t, address: text('address'), port: number('port') }
          const isGone = text('what') === 'aged'
          return void tables.addresses.push({ t, key: line.address, line: isGone ? undefined : line })
        }
      }
    })
  }

  interfacesOf(node: number): readonly NetworkInterface[] {
    return this.nodes.get(node)?.interfaces ?? []
  }

  /** Longest prefixes first, as they are looked up (RFC 1812 5.2.4.3). */
  routesAt(node: number, t: number): RouteLine[] {
    const lines = linesAt(this.nodes.get(node)?.routes, t)
    return lines.sort((a, b) => lengthOf(b.prefix) - lengthOf(a.prefix) || a.interface - b.interface)
  }

  neighboursAt(node: number, t: number): Neighbour[] {
    return linesAt(this.nodes.get(node)?.neighbours, t)
  }

  addressesAt(node: number, t: number): SwitchLine[] {
    return linesAt(this.nodes.get(node)?.addresses, t)
  }

  private open(node: number): NodeTables {
    let tables = this.nodes.get(node)
    if (!tables)
      this.nodes.set(node, (tables = { interfaces: [], routes: [], neighbours: [], addresses: [] }))
    return tables
  }
}

/** The lines of a table after all that happened to it up to `t`, in the order in which they came. */
function linesAt<T>(changes: readonly Change<T>[] | undefined, t: number): T[] {
  const lines = new Map<string, T>()
  for (const { t: at, key, line } of changes ?? []) {
    if (at > t) break
    if (line === undefined) lines.delete(key)
    else lines.set(key, line)
  }
  return [...lines.values()]
}

const lengthOf = (prefix: string): number => Number(prefix.slice(prefix.indexOf('/') + 1)) || 0

const numberOf = (address: string): number | undefined => {
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part < 256))) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/** The line for a destination: that of the longest prefix it is in (RFC 1812 5.2.4.3). */
export function routeFor(routes: readonly RouteLine[], destination: string): RouteLine | undefined {
  const target = numberOf(destination)
  if (target === undefined) return undefined
  let best: RouteLine | undefined
  for (const route of routes) {
    const network = numberOf(route.prefix.slice(0, route.prefix.indexOf('/')))
    const span = 2 ** (32 - lengthOf(route.prefix))
    const fits = network !== undefined && Math.floor(network / span) === Math.floor(target / span)
    if (fits && (best === undefined || lengthOf(route.prefix) > lengthOf(best.prefix))) best = route
  }
  return best
}
