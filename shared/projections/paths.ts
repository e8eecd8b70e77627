/** The way of packets in time and place, from the host that sends to the one that it is for: what the ladder draws. */
import type { TraceNode, TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { Network, type Hop } from './network.ts'
import { Packets, type Packet } from './packets.ts'
import { Passages, type Passage } from './passages.ts'
import { lowerBound } from './series.ts'

export interface Path {
  readonly packet: Packet
  /** The node that it is for; undefined: for nobody that the recording knows. */
  readonly receiver: TraceNode | undefined
  /** From the sender (0) to the receiver (1): where it starts, and where it ends by now. */
  readonly from: number
  readonly to: number
}

/** How far on a link a packet that died in the queue is said to have come; one that left the queue came a little further. */
const QUEUE = 0.08
const WIRE = 0.16
/** What has not arrived has not come so far. */
const FAR = 0.92

export class Paths {
  readonly packets = new Packets()
  readonly passages = new Passages()
  readonly network = new Network()
  /** The longest that any packet was on its way, in microseconds. */
  longest = 0
  /** How long the latest to arrive was on its way. */
  latest = 0
  /** Delay of the last delivery by link and direction, in microseconds. */
  private readonly usual = new Map<number, number>()
  private readonly cursor = new Cursor('link:packet_delivered', 'link:packet_dropped')

  update(store: TraceStore): void {
    this.network.update(store)
    this.packets.update(store)
    this.passages.update(store)
    this.cursor.read(store, (name, table, row) => {
      const delay = table.columns.delay.data[row]
      const index = this.packets.indexOf(table.pkt.data[row])
      const whole = index < 0 ? delay : table.t.data[row] - this.packets.sent.data[index]
      if (whole > this.longest) this.longest = whole
      if (name !== 'link:packet_delivered') return
      this.latest = whole
      this.usual.set(2 * table.node.data[row] + (table.columns.direction.data[row] & 1), delay)
    })
  }

  /** The packets of a lane that are on their way at some moment from `from` to `to`, as they were sent, at most `limit`. */
  between(
    store: TraceStore,
    lane: string,
    from: number,
    to: number,
    limit: number,
  ): { readonly paths: Path[]; readonly more: boolean } {
    const { sent } = this.packets
    const end = lowerBound(sent, to)
    const paths: Path[] = []
    // Packets under way have no delay yet; they may be older than the longest so far.
    for (let at = lowerBound(sent, from - 2 * this.longest - 1_000); at < end; at++) {
      const packet = this.packets.get(store, at)
      if (packet.lane !== lane || packet.until < from) continue
      if (paths.length === limit) return { paths, more: true }
      paths.push(this.pathOf(store, packet))
    }
    return { paths, more: false }
  }

  /** The host that a packet is for: the other one of two, the other end of its flow, or else where it came to. */
  receiverOf(store: TraceStore, { node, flow, lane, pkt, arp }: Packet): TraceNode | undefined {
    const network = this.network.lane(lane)
    if (network.nodes.length === 2) return network.nodes.find(({ id }) => id !== node)
    const neighbour = arp && network.hostAt(arp.target)
    if (neighbour) return neighbour
    const own = store.nodes.get(node)?.address ?? ''
    for (const end of store.text(flow).split('-')) {
      const address = end.slice(0, end.lastIndexOf(':'))
      const host = address === own ? undefined : network.hostAt(address)
      if (host) return host
    }
    const fate = store.fate(pkt)
    if (fate.kind !== 'delivered') return undefined
    const table = store.table(fate.in)
    if (fate.in !== 'link:packet_delivered') return store.nodes.get(table.node.data[fate.row])
    return store.farEnd(table.node.data[fate.row], table.columns.direction.data[fate.row])
  }

  /** The links between the sender and the receiver of a packet; empty: not known. */
  routeOf(packet: Packet, receiver: TraceNode | undefined): readonly Hop[] {
    return (receiver && this.network.lane(packet.lane).route(packet.node, receiver.id)) ?? []
  }

  /** The part of the usual passage by a link that is over after `time`; a half where nothing is known of it. */
  shareOf(link: number, direction: number, time: number): number {
    const usual = this.usual.get(2 * link + direction) ?? 0
    return usual > 0 ? Math.max(0, Math.min(FAR, time / usual)) : 0.5
  }

  /** How far a packet has come. */
  pathOf(store: TraceStore, packet: Packet): Path {
    const receiver = this.receiverOf(store, packet)
    const start = packet.copy ? 0.5 : 0
    return { packet, receiver, from: start, to: Math.max(start, this.progressOf(store, packet, receiver)) }
  }

  /** How far it came, from 0 (its sender) to 1. */
  private progressOf(store: TraceStore, packet: Packet, receiver: TraceNode | undefined): number {
    if (packet.fate === 'delivered') return 1
    const route = this.routeOf(packet, receiver)
    const links = Math.max(1, route.length)
    const last = this.furthest(store, packet.pkt, route)
    if (last === undefined) {
      const first = route[0] as Hop | undefined
      return (first ? this.shareOf(first.link.id, first.direction, store.end - packet.t) : 0.5) / links
    }
    const { passage, place } = last
    if (passage.fate === 'dropped') return (place + this.deathOf(passage)) / links
    const isOnLink = passage.fate === 'under_way'
    const since = store.end - (isOnLink ? passage.entered : passage.until)
    const at = isOnLink ? place : place + 1
    if (packet.fate === 'dropped' || at >= links) return Math.min(FAR, at / links)
    const hop = (route[at] as Hop | undefined) ?? { link: { id: passage.link }, direction: passage.direction }
    return (at + this.shareOf(hop.link.id, hop.direction, since)) / links
  }

  /** The passage of a packet that is nearest to its receiver, and the place of its link on the way. */
  private furthest(
    store: TraceStore,
    pkt: number,
    route: readonly Hop[],
  ): { readonly passage: Passage; readonly place: number } | undefined {
    let best: { passage: Passage; place: number } | undefined
    this.passages.of(store, pkt).forEach((passage) => {
      const place = route.findIndex(
        ({ link, direction }) => link.id === passage.link && direction === passage.direction,
      )
      if (place >= (best?.place ?? 0) || (route.length === 0 && !best))
        best = { passage, place: Math.max(0, place) }
    })
    return best
  }

  /** How far on its link a packet came that died there. */
  private deathOf({ link, direction, began, entered, until, reason }: Passage): number {
    if (reason === 'queue_full' || reason === 'codel' || began === Infinity) return QUEUE
    return Math.max(WIRE, this.shareOf(link, direction, until - entered))
  }
}
