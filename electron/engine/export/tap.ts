/**
 * What hosts see: the packets that each sends and those that reach it, in time order, with what the laboratory knows
 * of them. A packet that dies on the way stands in its sender's view only.
 */
import type { EventName } from '../../../shared/trace/events.ts'
import { PacketFlags } from '../metrics/packet-flags.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'
import type { Survey } from './survey.ts'

export interface SeenPacket {
  /** Microseconds of lab time. */
  readonly t: number
  readonly pkt: number
  readonly outgoing: boolean
  /** Which of the hosts saw it. */
  readonly tap: number
  /** Length of the IP packet where the event tells, 0 where not, as with ARP. */
  readonly size: number
  /** Empty: nothing to say. */
  readonly comment: string
}

const FATES = [
  'link:packet_dropped',
  'link:packet_corrupted',
  'link:packet_rewritten',
  'link:packet_duplicated',
  'link:packet_marked',
  'link:packet_reordered',
  'ip:packet_discarded',
] as const satisfies readonly EventName[]

/** What happened to single packets on links and in routers, in words; most packets have no entry. */
export type Fates = ReadonlyMap<number, string>

function fateOf(event: TraceEvent<(typeof FATES)[number]>): string {
  switch (event.name) {
    case 'link:packet_dropped':
      return `lost on link: ${event.data.reason}`
    case 'link:packet_corrupted': {
      const { offset, repaired } = event.data
      return `corrupted on link: byte ${offset}${repaired ? ', checksums repaired' : ''}`
    }
    case 'link:packet_rewritten':
      return `rewritten on link: ${event.data.what}`
    case 'link:packet_duplicated':
      return `duplicated on link: the copy is packet ${event.data.copy}`
    case 'ip:packet_discarded':
      return `discarded by ${event.node}: ${event.data.reason}`
    case 'link:packet_marked':
      return 'marked on link: congestion experienced'
    case 'link:packet_reordered':
      return `reordered on link: ${Math.round(event.data.shift)} us later than its turn`
  }
}

/** Reads what became of the packets of the whole run. */
export function readFates(reader: RecordingReader): Fates {
  const fates = new Map<number, string>()
  const add = (pkt: number, text: string): void => {
    const known = fates.get(pkt)
    fates.set(pkt, known === undefined ? text : `${known}; ${text}`)
  }
  for (const event of reader.events(FATES)) {
    add(event.pkt, fateOf(event))
    if (event.name === 'link:packet_duplicated')
      add(event.data.copy, `copy of packet ${event.pkt}, made by link`)
  }
  return fates
}

const SEEN = [
  'tcp:segment_sent',
  'udp:datagram_sent',
  'icmp:message_sent',
  'ip:fragment_sent',
  'link:packet_enqueued',
  'link:packet_delivered',
  'link:packet_dropped',
  'tcp:segment_received',
  'udp:datagram_received',
  'icmp:message_received',
  'ip:packet_rejected',
  'arp:message_sent',
  'arp:message_received',
  'arp:packet_released',
] as const satisfies readonly EventName[]

type Seen = TraceEvent<(typeof SEEN)[number]>

const SENT = 1
const RECEIVED = 2

/** Why data went for the first time, where there is more to say. */
const NEW_DATA: Readonly<Record<string, string>> = {
  limited_transmit: 'new data by limited transmit',
  mtu_probe: 'new data, to try a larger MTU',
}

/** Packets that did not go on the wire when they were sent, by host: they waited for ARP, and may never have left. */
type HeldBack = ReadonlyMap<string, ReadonlySet<number>>

function readHeldBack(reader: RecordingReader): HeldBack {
  const held = new Map<string, Set<number>>()
  for (const { name, node, pkt, data } of reader.events(['arp:packet_held', 'ip:packet_rejected'])) {
    if (name === 'ip:packet_rejected' && data.reason !== 'no_route') continue
    const packets = held.get(node) ?? new Set()
    held.set(node, packets.add(pkt))
  }
  return held
}

class Tap {
  private readonly host: string
  private readonly run: Survey
  private readonly heldBack: ReadonlySet<number>
  private readonly flags = new PacketFlags()

  constructor(host: string, run: Survey, heldBack: HeldBack) {
    this.host = host
    this.run = run
    this.heldBack = heldBack.get(host) ?? new Set()
  }

  /** Which way the packet goes at this host, or undefined when the event is not about that. */
  private directionOf(event: Seen): 'out' | 'in' | undefined {
    const { node } = event
    if (node === this.host) {
      if (event.name === 'arp:packet_released') return 'out'
      if (this.heldBack.has(event.pkt)) return undefined
      return event.name.endsWith('_sent') ? 'out' : 'in'
    }
    const link = this.run.nodes.get(node)
    if (link === undefined || !('direction' in event.data)) return undefined
    const [from, to] = event.data.direction === 0 ? [link.a, link.b] : [link.b, link.a]
    if (event.name === 'link:packet_delivered') return to === this.host ? 'in' : undefined
    // An outsider says nothing of itself: what enters the link from its side is what it sent.
    return from === this.host && this.run.nodes.get(from)?.kind === 'outsider' ? 'out' : undefined
  }

  /** Whether the event is the first to say that this host sent, or received, the packet. */
  take(event: Seen): 'out' | 'in' | undefined {
    const { pkt } = event
    if (pkt === 0) return undefined
    const direction = this.directionOf(event)
    if (direction === undefined) return undefined
    const flag = direction === 'out' ? SENT : RECEIVED
    if (this.flags.get(pkt) & flag) return undefined
    this.flags.set(pkt, flag)
    return direction
  }
}

function commentOf(event: Seen, fates: Fates): string {
  const fate = fates.get(event.pkt) ?? ''
  if (event.name !== 'tcp:segment_sent' || event.data.cause === '') return fate
  const { cause } = event.data
  const reason = NEW_DATA[cause] ?? `retransmission: ${cause}`
  return fate === '' ? reason : `${reason}; ${fate}`
}

/** The packets at the hosts, in time order. */
export function* packetsAt(
  reader: RecordingReader,
  hosts: readonly string[],
  run: Survey,
  fates: Fates,
): Generator<SeenPacket> {
  const heldBack = readHeldBack(reader)
  const taps = hosts.map((host) => new Tap(host, run, heldBack))
  for (const event of reader.events(SEEN)) {
    for (const [tap, each] of taps.entries()) {
      const direction = each.take(event)
      if (direction === undefined) continue
      const size = 'size' in event.data ? event.data.size : 0
      const comment = commentOf(event, fates)
      yield { t: event.t, pkt: event.pkt, outgoing: direction === 'out', tap, size, comment }
    }
  }
}
