/** Which line of its table each router took for each packet, or why it gave the packet up (RFC 1812 5.2.4.3). */
import { Column } from '../trace/columns.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { readHeaders } from './headers.ts'
import { upperBound } from './series.ts'

export interface RouteUse {
  readonly t: number
  /** Number of the name of the router. */
  readonly node: number
  readonly pkt: number
  readonly destination: string
  /** The line; empty where the packet was given up. */
  readonly prefix: string
  readonly nextHop: string
  /** As it came in, and as it went on. */
  readonly ttlBefore: number
  readonly ttl: number
  /** Why it was given up; empty where it went on. */
  readonly reason: string
}

const EVENTS = ['ip:packet_forwarded', 'ip:packet_discarded'] as const

/** Uses in the order of time: their moments, and where to read of them. */
interface Uses {
  readonly times: Column
  /** Rows of one of `EVENTS`, times two, and its place in them. */
  readonly rows: Column
}
const newUses = (): Uses => ({ times: new Column('f64', 16), rows: new Column('u32', 16) })

export class RouteUses {
  private readonly nodes = new Map<number, Uses>()
  private readonly lanes = new Map<string, Uses>()
  /** By node and prefix: the moments of use. */
  private readonly lines = new Map<string, Column>()
  /** The latest use of each packet in `order`, and 1; that before it stands in `before`. */
  private readonly latest = new PacketIndex()
  private readonly order = new Column('u32')
  private readonly before = new Column('u32')
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      const node = table.node.data[row]
      const place = 2 * row + EVENTS.indexOf(name)
      push(this.nodes, node, t, place)
      push(this.lanes, store.laneOf(node), t, place)
      const pkt = table.pkt.data[row]
      this.order.push(place)
      this.before.push(this.latest.get(pkt))
      this.latest.set(pkt, this.order.length)
      if (name !== 'ip:packet_forwarded') return
      const key = `${node} ${store.text(table.columns.prefix.data[row])}`
      let times = this.lines.get(key)
      if (!times) this.lines.set(key, (times = new Column('f64', 16)))
      times.push(t)
    })
  }

  /** How often a line of a router was used up to a moment. */
  countAt(node: number, prefix: string, t: number): number {
    const times = this.lines.get(`${node} ${prefix}`)
    return times ? upperBound(times, t) : 0
  }

  /** The latest use of a router's table at or before a moment. */
  lastAt(store: TraceStore, node: number, t: number): RouteUse | undefined {
    const uses = this.nodes.get(node)
    const at = uses ? upperBound(uses.times, t) - 1 : -1
    return uses && at >= 0 ? useAt(store, uses.rows.data[at]) : undefined
  }

  /** The use in a lane that comes `by` after the last one at or before a moment. */
  beside(store: TraceStore, lane: string, t: number, by: number): RouteUse | undefined {
    const uses = this.lanes.get(lane)
    if (!uses || uses.rows.length === 0) return undefined
    const at = upperBound(uses.times, t) - 1 + by
    return useAt(store, uses.rows.data[Math.min(uses.rows.length - 1, Math.max(0, at))])
  }

  /** All uses by a packet, as it went. */
  of(store: TraceStore, pkt: number): RouteUse[] {
    const uses: RouteUse[] = []
    for (let at = this.latest.get(pkt); at > 0 && uses.length < MOST_HOPS; at = this.before.data[at - 1])
      uses.push(useAt(store, this.order.data[at - 1]))
    return uses.reverse()
  }
}

/** A TTL has eight bits. */
const MOST_HOPS = 255

function push<K>(all: Map<K, Uses>, key: K, t: number, place: number): void {
  let uses = all.get(key)
  if (!uses) all.set(key, (uses = newUses()))
  uses.times.push(t)
  uses.rows.push(place)
}

function useAt(store: TraceStore, place: number): RouteUse {
  const name = EVENTS[place % 2]
  const row = Math.floor(place / 2)
  const { t, node, pkt, columns } = store.table(name)
  const text = (field: string): string => store.text(columns[field].data[row])
  const at = { t: t.data[row], node: node.data[row], pkt: pkt.data[row] }
  const ttl = columns.ttl.data[row]
  if (name === 'ip:packet_discarded')
    return {
      ...at,
      destination: text('destination'),
      prefix: '',
      nextHop: '',
      ttlBefore: ttl,
      ttl,
      reason: text('reason'),
    }
  const header = readHeaders(text('before')).find(({ name: field }) => field === 'Destination address')
  return {
    ...at,
    destination: header?.text ?? '',
    prefix: text('prefix'),
    nextHop: text('next_hop'),
    ttlBefore: ttl + 1,
    ttl,
    reason: '',
  }
}

/** The 32 bits of an address, in groups of eight; undefined: it is none. */
export function bitsOf(address: string): readonly string[] | undefined {
  const parts = address.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part < 256))) return undefined
  return parts.map((part) => part.toString(2).padStart(8, '0'))
}

/** How many bits a prefix such as `10.77.0.0/16` has in common with an address that lies in it; undefined: it does not. */
export function matchedBits(prefix: string, address: string): number | undefined {
  const [network, length] = prefix.split('/')
  const [a, b] = [network, address].map((one) => bitsOf(one)?.join(''))
  const count = Number(length)
  return a !== undefined &&
    b !== undefined &&
    count >= 0 &&
    count <= 32 &&
    a.slice(0, count) === b.slice(0, count)
    ? count
    : undefined
}
