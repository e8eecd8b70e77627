/** The way of packets through the link in time and place: what the ladder and the topology draw. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { lowerBound } from './series.ts'
import { Packets, type Packet } from './packets.ts'

export interface Path {
  readonly packet: Packet
  /** From the client (0) to the server (1): where it starts, and where it ends by now. */
  readonly from: number
  readonly to: number
}

/** How far a packet that died in the queue is said to have come; one that left the queue came a little further. */
const QUEUE = 0.08
const WIRE = 0.16
/** What has not arrived has not come so far. */
const FAR = 0.92

/** The directions of one lane's link, for the usual time of passage. */
interface Passage {
  /** Delay of the last delivery in microseconds, by direction; 0: none yet. */
  readonly usual: [number, number]
}

export class Paths {
  readonly packets = new Packets()
  /** The longest that any packet was on its way, in microseconds. */
  longest = 0
  /** How long the latest to arrive was on its way. */
  latest = 0
  private readonly passages = new Map<number, Passage>()
  private readonly cursor = new Cursor('link:packet_delivered', 'link:packet_dropped')

  update(store: TraceStore): void {
    this.packets.update(store)
    this.cursor.read(store, (name, table, row) => {
      const delay = table.columns.delay.data[row]
      if (delay > this.longest) this.longest = delay
      if (name !== 'link:packet_delivered') return
      this.latest = delay
      const node = table.node.data[row]
      let passage = this.passages.get(node)
      if (!passage) this.passages.set(node, (passage = { usual: [0, 0] }))
      passage.usual[table.columns.direction.data[row] & 1] = delay
    })
  }

  /**
   * The packets of a lane that are on their way at some moment from `from` to `to`, as they were sent, at most `limit`.
   * `isClient` tells which side a node is on.
   */
  between(
    store: TraceStore,
    lane: string,
    from: number,
    to: number,
    limit: number,
    isClient: (node: number) => boolean,
  ): { readonly paths: Path[]; readonly more: boolean } {
    const { sent } = this.packets
    const end = lowerBound(sent, to)
    const paths: Path[] = []
    // Packets under way have no delay yet; they may be older than the longest so far.
    for (let at = lowerBound(sent, from - 2 * this.longest - 1_000); at < end; at++) {
      const packet = this.packets.get(store, at)
      if (packet.lane !== lane || packet.until < from) continue
      if (paths.length === limit) return { paths, more: true }
      paths.push(this.pathOf(store, packet, isClient(packet.node)))
    }
    return { paths, more: false }
  }

  private pathOf(store: TraceStore, packet: Packet, up: boolean): Path {
    const progress = this.progressOf(store, packet)
    const start = packet.copy ? 0.5 : 0
    const stop = Math.max(start, progress)
    return { packet, from: up ? start : 1 - start, to: up ? stop : 1 - stop }
  }

  /** How far it came, from 0 (its sender) to 1. */
  private progressOf(store: TraceStore, packet: Packet): number {
    if (packet.fate === 'delivered') return 1
    const drop = store.fate(packet.pkt)
    if (drop.kind !== 'dropped') return this.share(store, packet, store.end)
    if (packet.reason === 'queue_full' || packet.reason === 'codel') return QUEUE
    return Math.min(FAR, Math.max(WIRE, this.share(store, packet, packet.until)))
  }

  /** The part of the usual passage that has gone by at `t`. */
  private share(store: TraceStore, packet: Packet, t: number): number {
    const usual = this.usualDelay(store, packet)
    return usual > 0 ? Math.min(FAR, (t - packet.t) / usual) : 0.5
  }

  private usualDelay(store: TraceStore, packet: Packet): number {
    for (const [node, passage] of this.passages) {
      if (store.laneOf(node) !== packet.lane) continue
      const link = store.nodes.get(node)
      const up = link === undefined || link.a === store.text(packet.node)
      return passage.usual[up ? 0 : 1]
    }
    return 0
  }
}
