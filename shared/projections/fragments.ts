/**
 * Datagrams that were cut into fragments, by their host, a router or a link, and what became of the pieces (RFC 791 3.2,
 * RFC 815, RFC 1122 3.3.2).
 */
import type { EventTable } from '../trace/columns.ts'
import type { EventName } from '../trace/events.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { isNewData } from '../tcp-causes.ts'

export interface Fragment {
  readonly pkt: number
  /** When it was made. */
  readonly t: number
  /** The bytes of the datagram's data that it carries, from 0; NaN where nobody told. */
  readonly from: number
  readonly to: number
  /** It was cut into smaller ones, which are fragments of the same datagram. */
  isCut: boolean
}

export interface FragmentedDatagram {
  /** From 1, of its lane. */
  readonly number: number
  /** Place among those of all lanes, from 0. */
  readonly place: number
  readonly lane: string
  /** When it was cut, and by which node (number of its name). */
  readonly t: number
  readonly node: number
  /** RFC 791 3.1; undefined where only the pieces of a router or link are known. */
  identification: number | undefined
  /** The packet as it was before; of a host its first fragment has the same number. */
  readonly pkt: number
  /** Bytes of its data. */
  size: number
  readonly fragments: Fragment[]
  /** Why the whole was sent again, as the trace has it; empty: it is new. */
  readonly again: string
  outcome: 'open' | 'whole' | 'abandoned'
  /** Of those that were abandoned. */
  reason: string
  /** When it was whole again or given up; infinite until then. */
  until: number
}

const IP_HEADER = 20
/** Fragment offsets count in units of eight bytes (RFC 791 3.1). */
const UNIT = 8
/** An IPv4 packet has no more fragments. */
const MOST_PIECES = 8_192

const EVENTS = [
  'arq:packet_sent',
  'ip:fragment_sent',
  'ip:packet_fragmented',
  'link:packet_fragmented',
  'ip:packet_forwarded',
  'ip:reassembly_finished',
  'ip:reassembly_abandoned',
] as const satisfies readonly EventName[]

export class Fragments {
  private readonly lanes = new Map<string, FragmentedDatagram[]>()
  /** By a packet that is a piece: place of its datagram in `all`, and 1. */
  private readonly places = new PacketIndex()
  private readonly all: FragmentedDatagram[] = []
  /** Rows of `arq:packet_sent`, and 1. */
  private readonly arq = new PacketIndex()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  /** The datagrams of a lane that were cut, as that happened. */
  of(lane: string): readonly FragmentedDatagram[] {
    return this.lanes.get(lane) ?? []
  }

  /** The datagram that a packet is a piece of. */
  ofPacket(pkt: number): FragmentedDatagram | undefined {
    return this.all[this.places.get(pkt) - 1]
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      switch (name) {
        case 'arq:packet_sent':
          return this.arq.set(table.pkt.data[row], row + 1)
        case 'ip:fragment_sent':
          return this.onSent(store, table, row)
        case 'ip:packet_fragmented':
        case 'link:packet_fragmented':
          return this.onCut(store, table, row)
        case 'ip:packet_forwarded':
          return this.onForwarded(store, table, row)
        default:
          return this.onEnd(store, name, table, row)
      }
    })
  }

  private add(store: TraceStore, pkt: number, t: number, node: number): FragmentedDatagram {
    const lane = store.laneOf(node)
    let list = this.lanes.get(lane)
    if (!list) this.lanes.set(lane, (list = []))
    const datagram: FragmentedDatagram = {
      number: list.length + 1,
      place: this.all.length,
      lane,
      t,
      node,
      identification: undefined,
      pkt,
      size: 0,
      fragments: [],
      again: this.causeOf(store, pkt),
      outcome: 'open',
      reason: '',
      until: Infinity,
    }
    list.push(datagram)
    this.all.push(datagram)
    return datagram
  }

  private causeOf(store: TraceStore, pkt: number): string {
    const segment = store.sentRow(pkt)
    if (segment >= 0) {
      const cause = store.text(store.table('tcp:segment_sent').columns.cause.data[segment])
      return isNewData(cause) ? '' : cause
    }
    const row = this.arq.get(pkt) - 1
    return row < 0 ? '' : store.text(store.table('arq:packet_sent').columns.cause.data[row])
  }

  private addPiece(datagram: FragmentedDatagram, piece: Omit<Fragment, 'isCut'>): void {
    datagram.fragments.push({ ...piece, isCut: false })
    if (piece.to > datagram.size) datagram.size = piece.to
    this.places.set(piece.pkt, datagram.place + 1)
  }

  private onSent(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    const node = table.node.data[row]
    const t = table.t.data[row]
    const identification = columns.identification.data[row]
    const from = columns.fragment_offset.data[row]
    const last = this.latest(store.laneOf(node))
    const isNext = last?.identification === identification && last.node === node && from > 0
    const datagram = isNext ? last : this.add(store, table.pkt.data[row], t, node)
    datagram.identification = identification
    const to = from + columns.size.data[row] - IP_HEADER
    this.addPiece(datagram, { pkt: table.pkt.data[row], t, from, to })
  }

  private latest(lane: string): FragmentedDatagram | undefined {
    return this.lanes.get(lane)?.at(-1)
  }

  /** A router or link cut a packet, which may be a piece itself. */
  private onCut(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    const pkt = table.pkt.data[row]
    const t = table.t.data[row]
    const known = this.ofPacket(pkt)
    const parent = known?.fragments.find((piece) => piece.pkt === pkt)
    const datagram = known ?? this.add(store, pkt, t, table.node.data[row])
    if (parent) parent.isCut = true
    const whole = parent ? parent.to - parent.from : Math.max(0, store.sizeOf(pkt) - IP_HEADER)
    const count = Math.min(columns.count.data[row], MOST_PIECES)
    const each = Math.floor((columns.mtu.data[row] - IP_HEADER) / UNIT) * UNIT
    const start = parent?.from ?? 0
    for (let i = 0; i < count; i++) {
      // Of ICMP messages the length is not told: then the pieces are all that is known.
      const to = i < count - 1 ? (i + 1) * each : whole > 0 ? whole : NaN
      const piece = { pkt: columns.first.data[row] + i, t, from: start + i * each, to: start + to }
      this.addPiece(datagram, Number.isNaN(to) ? { ...piece, to: start + count * each } : piece)
    }
  }

  /** Beyond a router the identification of a piece is known. */
  private onForwarded(store: TraceStore, table: EventTable, row: number): void {
    const datagram = this.ofPacket(table.pkt.data[row])
    if (datagram === undefined || datagram.identification !== undefined) return
    datagram.identification = identificationIn(store.text(table.columns.after.data[row]))
  }

  private onEnd(store: TraceStore, name: EventName, table: EventTable, row: number): void {
    const identification = table.columns.identification.data[row]
    const isTheirs = (datagram: FragmentedDatagram | undefined): boolean =>
      datagram?.outcome === 'open' && (datagram.identification ?? identification) === identification
    const own = this.ofPacket(table.pkt.data[row])
    // Time that runs out is no packet's doing: the oldest that it may have been.
    const datagram = isTheirs(own) ? own : this.of(store.laneOf(table.node.data[row])).find(isTheirs)
    if (datagram === undefined) return
    datagram.identification = identification
    datagram.until = table.t.data[row]
    datagram.outcome = name === 'ip:reassembly_finished' ? 'whole' : 'abandoned'
    if (datagram.outcome === 'abandoned') datagram.reason = store.text(table.columns.reason.data[row])
  }
}

/** In headers that are written in hexadecimal: Ethernet, if the IP header does not stand first. */
function identificationIn(headers: string): number | undefined {
  const ip = headers.startsWith('45') ? 0 : ETHERNET
  const value = parseInt(headers.slice(2 * ip + 8, 2 * ip + 12), 16)
  return Number.isNaN(value) ? undefined : value
}
const ETHERNET = 14
