/** What the card of each router and host shows: its table at a moment, and the line that was used. */
import { Network } from '../../../shared/projections/network.ts'
import { NetworkTables, routeFor } from '../../../shared/projections/network-tables.ts'
import { matchedBits, RouteUses, type RouteUse } from '../../../shared/projections/route-uses.ts'
import type { TraceNode, TraceStore } from '../../../shared/trace/store.ts'
import { projected } from '../../charts/projected.ts'
import { shortName } from '../lane.ts'

export interface RouteRow {
  readonly prefix: string
  /** Empty: the network is its own. */
  readonly via: string
  readonly interface: number
  /** How often it was used up to the moment; undefined at hosts, which do not tell. */
  readonly count: number | undefined
  /** Bits of the destination that match; undefined: it does not lie there. */
  readonly bits: number | undefined
  readonly used: boolean
}

export interface RouteCardData {
  /** Number of the name of the node. */
  readonly node: number
  readonly name: string
  readonly kind: string
  readonly address: string
  readonly rows: readonly RouteRow[]
  /** Numbers of interfaces mean something. */
  readonly several: boolean
  /** What the table was used for; at hosts only what is known of the selected packet. */
  readonly use: RouteUse | undefined
  /** It is the selected packet's. */
  readonly isSelected: boolean
}

/** Routers first, as they lie between the hosts. */
export function cardsOf(store: TraceStore, lane: string, t: number, pkt: number | null): RouteCardData[] {
  const network = projected(store, Network).lane(lane)
  const uses = projected(store, RouteUses)
  const way = pkt === null ? [] : uses.of(store, pkt)
  const nodes = network.nodes.filter(({ kind }) => kind === 'router' || kind === 'host')
  return [
    ...nodes.filter(({ kind }) => kind === 'router'),
    ...nodes.filter(({ kind }) => kind === 'host'),
  ].flatMap((node) => cardOf(store, node, t, way))
}

function cardOf(store: TraceStore, node: TraceNode, t: number, way: readonly RouteUse[]): RouteCardData[] {
  const tables = projected(store, NetworkTables)
  const routes = tables.routesAt(node.id, t)
  if (routes.length === 0) return []
  const own = way.find((use) => use.node === node.id)
  const sent = node.kind === 'host' && way.length > 0 ? sentBy(store, node, way[0]) : undefined
  const uses = projected(store, RouteUses)
  const use = own ?? sent ?? (way.length === 0 ? uses.lastAt(store, node.id, t) : undefined)
  const prefix = use && (use.prefix || (sent && routeFor(routes, use.destination)?.prefix))
  const interfaces = tables.interfacesOf(node.id)
  return [
    {
      node: node.id,
      name: shortName(node.name),
      kind: node.kind,
      address: [...new Set([node.address, ...interfaces.map(({ address }) => address)])]
        .filter(Boolean)
        .join(', '),
      several: interfaces.length > 1,
      use,
      isSelected: own !== undefined || sent !== undefined,
      rows: routes.map((line) => ({
        ...line,
        count: node.kind === 'router' ? uses.countAt(node.id, line.prefix, t) : undefined,
        bits: use && matchedBits(line.prefix, use.destination),
        used: line.prefix === prefix,
      })),
    },
  ]
}

/** The use of a host's table for a packet that it sent, as the first router on the way saw it. */
function sentBy(store: TraceStore, node: TraceNode, first: RouteUse): RouteUse | undefined {
  for (const name of [
    'tcp:segment_sent',
    'udp:datagram_sent',
    'icmp:message_sent',
    'ip:fragment_sent',
  ] as const) {
    const table = store.table(name)
    const { pkt } = table
    let low = 0
    let high = table.length
    // Packets are numbered as they are sent.
    while (low < high) {
      const middle = (low + high) >>> 1
      if (pkt.data[middle] < first.pkt) low = middle + 1
      else high = middle
    }
    if (low < table.length && pkt.data[low] === first.pkt && table.node.data[low] === node.id)
      return { ...first, node: node.id, t: table.t.data[low], prefix: '', reason: '', ttl: first.ttlBefore }
  }
  return undefined
}
