/** What is on the wire of a link at one moment, and where. Read from the tables at once: nothing is kept for it. */
import type { EventName } from '../trace/events.ts'
import type { TraceStore } from '../trace/store.ts'
import type { Packet } from './packets.ts'
import type { Paths } from './paths.ts'
import { lowerBound, upperBound } from './series.ts'

export interface FlyingPacket {
  readonly packet: Packet
  /** From where it came on the wire (0) to the far end (1). */
  readonly place: number
  /** It died a moment ago, here. */
  readonly dead: boolean
}

/** How long a dead packet is still shown, as a share of the time on the wire. */
const REMAINS = 0.5
/** No more packets are looked at; what lies further back has arrived or is lost. */
const MOST = 20_000
/** A packet that has not arrived is not drawn further on than this. */
const NEARLY = 0.97

/** The packets of a lane on the wire at `t`; those that still stand in a queue are none of them. */
export function flyingAt(store: TraceStore, paths: Paths, lane: string, t: number): FlyingPacket[] {
  const { packets } = paths
  const since = t - 2 * paths.longest - 1_000
  const enqueued = timesOf(store, 'link:packet_enqueued', since, t)
  const dequeued = timesOf(store, 'link:packet_dequeued', since, t)
  const end = upperBound(packets.sent, t)
  const candidates: Packet[] = []
  for (let at = Math.max(lowerBound(packets.sent, since), end - MOST); at < end; at++) {
    const packet = packets.get(store, at)
    if (packet.lane === lane && packet.fate !== 'fragmented') candidates.push(packet)
  }
  const entryOf = ({ pkt, t: sent }: Packet): number | undefined =>
    dequeued.get(pkt) ?? (enqueued.has(pkt) ? undefined : sent)
  let wire = 1
  for (const packet of candidates)
    if (packet.fate === 'delivered') wire = Math.max(wire, packet.until - (entryOf(packet) ?? packet.until))
  return candidates.flatMap((packet) => placed(packet, entryOf(packet), t, wire))
}

function placed(packet: Packet, entry: number | undefined, t: number, wire: number): FlyingPacket[] {
  if (entry === undefined) return []
  const over = packet.fate !== 'under_way' && packet.until <= t
  if (over && packet.fate === 'delivered') return []
  const dead = over && packet.fate === 'dropped'
  if (dead && t > packet.until + REMAINS * wire) return []
  const arrival = packet.fate === 'delivered' ? packet.until : entry + wire
  const now = dead ? packet.until : t
  const share = arrival > entry ? (now - entry) / (arrival - entry) : 0
  const most = packet.fate === 'delivered' ? 1 : NEARLY
  return [{ packet, place: Math.min(most, Math.max(0, share)), dead }]
}

/** When each packet was last named by an event, between two moments. */
function timesOf(store: TraceStore, name: EventName, from: number, to: number): Map<number, number> {
  const table = store.table(name)
  const times = new Map<number, number>()
  const end = upperBound(table.t, to)
  for (let row = Math.max(lowerBound(table.t, from), end - MOST); row < end; row++)
    times.set(table.pkt.data[row], table.t.data[row])
  return times
}
