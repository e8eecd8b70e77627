/** Every packet of the run, one after another as they were sent, and what is known of each. */
import { Column, type EventTable } from '../trace/columns.ts'
import type { EventName } from '../trace/events.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { Fate, TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

/** The events by which a packet comes into the world. Copies and the last kinds of fragments are made on the way. */
const BIRTHS = [
  'tcp:segment_sent',
  'udp:datagram_sent',
  'icmp:message_sent',
  'arp:message_sent',
  'ip:fragment_sent',
  'link:packet_duplicated',
  'link:packet_fragmented',
  'ip:packet_fragmented',
] as const satisfies readonly EventName[]
type Birth = (typeof BIRTHS)[number]

const isCut = (name: Birth): boolean => name === 'link:packet_fragmented' || name === 'ip:packet_fragmented'

export type Protocol = 'TCP' | 'UDP' | 'ICMP' | 'ARP' | 'fragment'

/** The header of a TCP segment as it was sent; numbers as they stand on the wire, `window` scaled. */
export interface Segment {
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  readonly payload: number
  /** 0: no such option; `windowScale` 255. */
  readonly mss: number
  readonly windowScale: number
  readonly sackPermitted: boolean
  /** Kind of an option that has no name of its own; 0: none. */
  readonly unknownOption: number
  readonly tsVal: number
  readonly tsEcr: number
  /** Flat: from, to, from, to ... */
  readonly sack: readonly number[]
  /** The first of these names what arrived twice (RFC 2883). */
  readonly dsack: boolean
  /** ECN codepoint of its IP packet (RFC 3168 5): 0 not-ECT, 1 ECT(1), 2 ECT(0), 3 CE. */
  readonly ecn: number
  /** Why it was sent again; empty when it is new. */
  readonly cause: string
}

export interface Packet {
  readonly pkt: number
  /** When it was sent, in microseconds; a copy: when the link made it. */
  readonly t: number
  /** Number of the name of the node that sent it; for a copy, the original's sender. */
  readonly node: number
  /** Number of the flow's name, 0: none. */
  readonly flow: number
  readonly lane: string
  readonly protocol: Protocol
  /** Bytes of the IP packet. */
  readonly size: number
  /** For TCP. */
  readonly segment: Segment | undefined
  /** For ARP: what is asked or answered, and the address of whom it is for. */
  readonly arp: { readonly operation: string; readonly target: string } | undefined
  /** A copy that the link made of another packet. */
  readonly copy: boolean
  readonly fate: Fate['kind']
  /** When it arrived or died; the end of the trace while it is under way. */
  readonly until: number
  /** Why it died; empty otherwise. */
  readonly reason: string
}

/** The packets in the order in which they were sent, numbered from 0. */
export class Packets {
  private readonly kinds = new Column('u8')
  private readonly rows = new Column('u32')
  private readonly times = new Column('f64')
  private readonly pkts = new Column('u32')
  /** Indexes by the number of the packet, and 1. */
  private readonly places = new PacketIndex()
  private readonly cursor = new Cursor<Birth>(...BIRTHS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const { columns } = table
      if (isCut(name)) {
        const pieces = Math.min(columns.count.data[row], MOST_PIECES)
        for (let i = 0; i < pieces; i++) this.add(name, row, table.t.data[row], columns.first.data[row] + i)
      } else {
        const pkt = name === 'link:packet_duplicated' ? columns.copy.data[row] : table.pkt.data[row]
        // A first fragment is the packet that its datagram was announced as.
        if (name === 'ip:fragment_sent' && this.places.get(pkt) > 0) return
        this.add(name, row, table.t.data[row], pkt)
      }
    })
  }

  private add(name: Birth, row: number, t: number, pkt: number): void {
    this.kinds.push(BIRTHS.indexOf(name))
    this.rows.push(row)
    this.times.push(t)
    this.pkts.push(pkt)
    this.places.set(pkt, this.pkts.length)
  }

  get length(): number {
    return this.rows.length
  }

  /** When each was sent, in ascending order. */
  get sent(): Column {
    return this.times
  }

  /** What is known of a packet by now. */
  get(store: TraceStore, index: number): Packet {
    const name = BIRTHS[this.kinds.data[index]]
    const pkt = this.pkts.data[index]
    const row = this.rows.data[index]
    const table = store.table(name)
    // Of a copy and of a piece the header is that of the packet that it was made of.
    const sent = store.sentRow(isCut(name) ? table.pkt.data[row] : pkt)
    const source = sent >= 0 ? store.table('tcp:segment_sent') : table
    const sourceRow = sent >= 0 ? sent : row
    const node = source.node.data[sourceRow]
    return {
      pkt,
      t: this.times.data[index],
      node,
      flow: source.flow.data[sourceRow],
      lane: store.laneOf(node),
      protocol: PROTOCOLS[name] ?? 'TCP',
      size: sizeAt(store, source, sourceRow),
      segment: !isCut(name) && sent >= 0 ? segmentAt(store, sent) : undefined,
      arp: name === 'arp:message_sent' ? arpAt(store, row) : undefined,
      copy: name === 'link:packet_duplicated',
      ...fateOf(store, pkt),
    }
  }

  /** Index of the packet with this number, -1 when there is none. */
  indexOf(pkt: number): number {
    return pkt > 0 ? this.places.get(pkt) - 1 : -1
  }
}

/** An IPv4 packet has no more fragments: 65,535 bytes in units of eight. */
const MOST_PIECES = 8192

const PROTOCOLS: Partial<Record<Birth, Protocol>> = {
  'udp:datagram_sent': 'UDP',
  'icmp:message_sent': 'ICMP',
  'arp:message_sent': 'ARP',
  'ip:fragment_sent': 'fragment',
  'link:packet_fragmented': 'fragment',
  'ip:packet_fragmented': 'fragment',
}

/** An ARP message is a frame, written in hexadecimal; of fragments made on the way the length is not told. */
function sizeAt(store: TraceStore, { columns }: EventTable, row: number): number {
  if ('size' in columns) return columns.size.data[row]
  return 'bytes' in columns ? store.text(columns.bytes.data[row]).length / 2 : 0
}

function arpAt(store: TraceStore, row: number): Packet['arp'] {
  const { columns } = store.table('arp:message_sent')
  return {
    operation: store.text(columns.operation.data[row]),
    target: store.text(columns.target_address.data[row]),
  }
}

/** The header of the segment in a row of `tcp:segment_sent`. */
export function segmentAt(store: TraceStore, row: number): Segment {
  const { columns, lists } = store.table('tcp:segment_sent')
  return {
    seq: columns.seq.data[row],
    ack: columns.ack.data[row],
    flags: columns.flags.data[row],
    window: columns.window.data[row],
    payload: columns.payload.data[row],
    mss: columns.mss.data[row],
    windowScale: columns.window_scale.data[row],
    sackPermitted: columns.sack_permitted.data[row] === 1,
    unknownOption: columns.unknown_option.data[row],
    tsVal: columns.ts_val.data[row],
    tsEcr: columns.ts_ecr.data[row],
    sack: Array.from(lists.sack.get(row)),
    dsack: columns.dsack.data[row] === 1,
    ecn: columns.ecn.data[row],
    cause: store.text(columns.cause.data[row]),
  }
}

function fateOf(store: TraceStore, pkt: number): Pick<Packet, 'fate' | 'until' | 'reason'> {
  const fate = store.fate(pkt)
  if (fate.kind === 'under_way') return { fate: 'under_way', until: store.end, reason: '' }
  const table = store.table(fate.in)
  const until = table.t.data[fate.row]
  const reason = fate.kind === 'dropped' ? store.text(table.columns.reason.data[fate.row]) : ''
  return { fate: fate.kind, until, reason }
}
