/** What is on the wires of a lane at one moment, and where. Nothing is kept for it beside the passages of packets. */
import type { TraceStore } from '../trace/store.ts'
import type { Packet } from './packets.ts'
import type { Passage } from './passages.ts'
import type { Paths } from './paths.ts'
import { lowerBound, upperBound } from './series.ts'

export interface FlyingPacket {
  readonly packet: Packet
  /** Number of the link's name. */
  readonly link: number
  readonly direction: number
  /** From where it came on the wire of this link (0) to the far end (1). */
  readonly place: number
  /** It died a moment ago, here. */
  readonly dead: boolean
}

type Way = Pick<Passage, 'link' | 'direction' | 'began' | 'until' | 'fate'>

/** How long a dead packet is still shown, as a share of the time on the wire. */
const REMAINS = 0.5
/** No more packets are looked at; what lies further back has arrived or is lost. */
const MOST = 20_000
/** A packet that has not arrived is not drawn further on than this. */
const NEARLY = 0.97

/** The packets of a lane on the wires at `t`; those that still stand in a queue are none of them. */
export function flyingAt(store: TraceStore, paths: Paths, lane: string, t: number): FlyingPacket[] {
  const { packets } = paths
  const end = upperBound(packets.sent, t)
  const ways: { readonly packet: Packet; readonly way: Way }[] = []
  for (
    let at = Math.max(lowerBound(packets.sent, t - 2 * paths.longest - 1_000), end - MOST);
    at < end;
    at++
  ) {
    const packet = packets.get(store, at)
    if (packet.lane === lane) for (const way of waysOf(store, paths, packet)) ways.push({ packet, way })
  }
  const wires = new Map<number, number>()
  for (const { way } of ways)
    if (way.fate === 'delivered')
      wires.set(keyOf(way), Math.max(wires.get(keyOf(way)) ?? 1, way.until - way.began))
  // A direction by which nothing has arrived yet is taken to be as slow as the slowest other.
  const slowest = Math.max(1, ...wires.values())
  return ways.flatMap(({ packet, way }) => placed(packet, way, t, wires.get(keyOf(way)) ?? slowest))
}

const keyOf = ({ link, direction }: Way): number => 2 * link + direction

/** The passages of a packet; where it is on a link that has not told of it yet, that one, too. */
function waysOf(store: TraceStore, paths: Paths, packet: Packet): Way[] {
  const passages = paths.passages.of(store, packet.pkt).filter(({ fate }) => fate !== 'fragmented')
  if (packet.fate !== 'under_way' || passages.some(({ fate }) => fate === 'under_way')) return passages
  const hop = paths.routeOf(packet, paths.receiverOf(store, packet)).at(passages.length)
  if (hop === undefined || paths.passages.tellsOfQueue(hop.link.id, hop.direction)) return passages
  const began = passages.at(-1)?.until ?? packet.t
  const next = { link: hop.link.id, direction: hop.direction, began, until: Infinity, fate: 'under_way' }
  return [...passages, next as Way]
}

function placed(packet: Packet, way: Way, t: number, wire: number): FlyingPacket[] {
  const { link, direction, began, until, fate } = way
  const over = until <= t
  // A packet that dies in the queue never comes on the wire.
  if ((began > t && !(over && fate === 'dropped')) || (over && fate === 'delivered')) return []
  const dead = over && fate === 'dropped'
  if (dead && t > until + REMAINS * wire) return []
  const arrival = fate === 'delivered' ? until : began + wire
  const now = dead ? until : t
  const share = arrival > began ? (now - began) / (arrival - began) : 0
  const most = fate === 'delivered' ? 1 : NEARLY
  return [{ packet, link, direction, place: Math.min(most, Math.max(0, share)) || 0, dead }]
}
