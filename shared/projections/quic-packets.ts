/**
 * Every QUIC packet of a recording, by connection and end: what it carried, and what became of it. The one place that reads
 * the frames of `transport:packet_sent`; whoever wants them asks `QuicPackets.of(store)`, so that they are read once.
 *
 * A connection is a flow's; the same addresses and ports may be used again, and then the flow has several, the latest last. Packet
 * numbers rise within a space (RFC 9000 12.3), so an Initial packet of the client whose number does not rise after the server has
 * taken one in opens a new one.
 */
import type { EventTable } from '../trace/columns.ts'
import { parseFrames, type TracedFrame } from '../trace/quic-frames.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export type QuicLevel = 'initial' | '0rtt' | 'handshake' | '1rtt'
/** Number spaces (RFC 9000 12.3), in the order in which a connection uses them. */
export const QUIC_SPACES = ['initial', 'handshake', 'application'] as const
export type QuicSpace = (typeof QUIC_SPACES)[number]

/** The space of a level's numbers; of a space itself, too. */
export const spaceOf = (level: string): QuicSpace =>
  level === 'initial' || level === 'handshake' ? level : 'application'

/** Where a packet is, or how it ended; the first that is true. */
export type QuicFate =
  /** Taken in by its receiver. */
  | 'received'
  /** Reached its receiver, which waits for the keys. */
  | 'buffered'
  /** Died on a link. */
  | 'died'
  /** Came out of the link, and was not taken in: too late, twice, or no longer readable. */
  | 'ignored'
  | 'under_way'

/** One QUIC packet. Times in microseconds of lab time, NaN: not (yet). */
export class QuicPacket {
  /** The end that sent it. */
  readonly end: QuicEnd
  /** In `transport:packet_sent`. */
  readonly row: number
  /** Of the datagram, which may hold several. */
  readonly pkt: number
  readonly level: QuicLevel
  readonly space: QuicSpace
  readonly number: number
  readonly size: number
  readonly path: number
  /** Destination connection id, in hexadecimal. */
  readonly dcid: string
  readonly sent: number
  /** When it came before its keys, and when it was taken in. */
  buffered = NaN
  received = NaN
  /** When its sender was told that it came, or took it for lost (both: it was not lost after all), and why. */
  acked = NaN
  lost = NaN
  trigger = ''
  private readonly text: string
  private parsed: readonly TracedFrame[] | undefined

  constructor(store: TraceStore, end: QuicEnd, table: EventTable, row: number) {
    const { columns } = table
    this.end = end
    this.row = row
    this.pkt = table.pkt.data[row]
    this.level = store.text(columns.level.data[row]) as QuicLevel
    this.space = spaceOf(this.level)
    this.number = columns.number.data[row]
    this.size = columns.size.data[row]
    this.path = columns.path.data[row]
    this.dcid = store.text(columns.dcid.data[row])
    this.sent = table.t.data[row]
    this.text = store.text(columns.frames.data[row])
  }

  /** In their order; read when first asked for. */
  get frames(): readonly TracedFrame[] {
    return (this.parsed ??= parseFrames(this.text))
  }

  /** When it reached the other end, whether or not it could be read then. */
  get arrived(): number {
    return Number.isNaN(this.buffered) ? this.received : this.buffered
  }

  fate(store: TraceStore): QuicFate {
    if (!Number.isNaN(this.received)) return 'received'
    if (!Number.isNaN(this.buffered)) return 'buffered'
    const { kind } = store.fate(this.pkt)
    if (kind === 'dropped') return 'died'
    return kind === 'delivered' ? 'ignored' : 'under_way'
  }
}

/** One end of a connection. */
export interface QuicEnd {
  readonly connection: QuicTransfer
  /** Number of the node's name. */
  readonly node: number
  readonly side: 'client' | 'server'
  /** What it sent, as it was sent. */
  readonly sent: QuicPacket[]
  /** What it took in of the other end's, as it was taken in. */
  readonly received: QuicPacket[]
  /** What it sent and heard that it came, as it heard. */
  readonly acked: QuicPacket[]
}

/** One QUIC connection: its two ends and all their packets. */
export interface QuicTransfer {
  /** Number of the flow's name, and which connection of that flow, from 0. */
  readonly flow: number
  readonly nth: number
  readonly lane: string
  /** The client's, which speaks first, then the server's; that one is missing until it has taken something in. */
  readonly ends: readonly QuicEnd[]
  /** All packets of both ends, as they were sent. */
  readonly packets: readonly QuicPacket[]
}

/** A connection as it is being put together. */
class Transfer implements QuicTransfer {
  readonly flow: number
  readonly nth: number
  readonly lane: string
  readonly ends: QuicEnd[] = []
  readonly packets: QuicPacket[] = []
  /** By sender, space and number. */
  private readonly numbered = new Map<number, Record<QuicSpace, Map<number, QuicPacket>>>()

  constructor(flow: number, nth: number, lane: string) {
    this.flow = flow
    this.nth = nth
    this.lane = lane
  }

  end(node: number): QuicEnd {
    const known = this.ends.find((end) => end.node === node)
    if (known !== undefined) return known
    const side = this.ends.length === 0 ? 'client' : 'server'
    const end: QuicEnd = { connection: this, node, side, sent: [], received: [], acked: [] }
    this.ends.push(end)
    this.numbered.set(node, { initial: new Map(), handshake: new Map(), application: new Map() })
    return end
  }

  add(packet: QuicPacket): void {
    packet.end.sent.push(packet)
    this.packets.push(packet)
    this.numbered.get(packet.end.node)![packet.space].set(packet.number, packet)
  }

  find(node: number, space: QuicSpace, number: number): QuicPacket | undefined {
    return this.numbered.get(node)?.[space].get(number)
  }

  /** A packet of the other end's than `node`. */
  findPeers(node: number, space: QuicSpace, number: number): QuicPacket | undefined {
    const peer = this.ends.find((end) => end.node !== node)
    return peer && this.find(peer.node, space, number)
  }
}

const EVENTS = [
  'transport:packet_sent',
  'transport:packet_received',
  'transport:packet_buffered',
  'recovery:packets_acked',
  'recovery:packet_lost',
  'link:packet_duplicated',
] as const
type PacketEvent = (typeof EVENTS)[number]

const shared = new WeakMap<TraceStore, QuicPackets>()

export class QuicPackets {
  /** In the order in which they began. */
  private readonly transfers: Transfer[] = []
  /** By flow: the latest last. */
  private readonly byFlow = new Map<number, Transfer[]>()
  private readonly byPkt = new Map<number, QuicPacket[]>()
  /** By row of `transport:packet_sent`. */
  private readonly byRow: (QuicPacket | undefined)[] = []
  /** By row of `transport:packet_received`. */
  private readonly byReceivedRow: (QuicPacket | undefined)[] = []
  private readonly cursor = new Cursor<PacketEvent>(...EVENTS)

  /** The packets of a recording, up to date with it: the same object for all who ask. */
  static of(store: TraceStore): QuicPackets {
    let packets = shared.get(store)
    if (packets === undefined) shared.set(store, (packets = new QuicPackets()))
    packets.update(store)
    return packets
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => this.onRow(store, name, table, row))
  }

  get connections(): readonly QuicTransfer[] {
    return this.transfers
  }

  /** The connections of a flow, the latest last; almost always one. */
  ofFlow(flow: number): readonly QuicTransfer[] {
    return this.byFlow.get(flow) ?? []
  }

  /** The packets in one datagram (RFC 9000 12.2), or in a copy of it that the link made. */
  ofPkt(pkt: number): readonly QuicPacket[] {
    return this.byPkt.get(pkt) ?? []
  }

  /** The packet in a row of `transport:packet_sent`. */
  inRow(row: number): QuicPacket | undefined {
    return this.byRow[row]
  }

  /** The packet that was taken in by a row of `transport:packet_received`. */
  receivedInRow(row: number): QuicPacket | undefined {
    return this.byReceivedRow[row]
  }

  private onRow(store: TraceStore, name: PacketEvent, table: EventTable, row: number): void {
    const value = (field: string): number => table.columns[field].data[row]
    if (name === 'transport:packet_sent') return this.onSent(store, table, row)
    if (name === 'link:packet_duplicated') {
      const packets = this.byPkt.get(table.pkt.data[row])
      if (packets !== undefined) this.byPkt.set(value('copy'), packets)
      return
    }
    const transfer = this.byFlow.get(table.flow.data[row])?.at(-1)
    if (transfer === undefined) return
    const node = table.node.data[row]
    const t = table.t.data[row]
    switch (name) {
      case 'transport:packet_received': {
        const packet = transfer.findPeers(node, spaceOf(store.text(value('level'))), value('number'))
        if (packet === undefined || !Number.isNaN(packet.received)) return
        packet.received = t
        this.byReceivedRow[row] = packet
        transfer.end(node).received.push(packet)
        return
      }
      case 'transport:packet_buffered':
        return this.onBuffered(store, table, row)
      case 'recovery:packet_lost': {
        const packet = transfer.find(node, spaceOf(store.text(value('space'))), value('number'))
        if (packet === undefined) return
        packet.lost = t
        packet.trigger = store.text(value('trigger'))
        return
      }
      case 'recovery:packets_acked':
        return onAcked(transfer, node, spaceOf(store.text(value('space'))), table.lists.packets.get(row), t)
    }
  }

  private onSent(store: TraceStore, table: EventTable, row: number): void {
    const flow = table.flow.data[row]
    const node = table.node.data[row]
    const { columns } = table
    const level = store.text(columns.level.data[row])
    const known = this.byFlow.get(flow)
    const isNew =
      known === undefined || (level === 'initial' && isUsed(known.at(-1)!, node, columns.number.data[row]))
    const transfer = isNew ? this.begin(store, flow, node) : known.at(-1)!
    const packet = new QuicPacket(store, transfer.end(node), table, row)
    transfer.add(packet)
    this.byRow[row] = packet
    const inDatagram = this.byPkt.get(packet.pkt)
    if (inDatagram === undefined) this.byPkt.set(packet.pkt, [packet])
    else inDatagram.push(packet)
  }

  private begin(store: TraceStore, flow: number, node: number): Transfer {
    const known = this.byFlow.get(flow)
    const transfer = new Transfer(flow, known?.length ?? 0, store.laneOf(node))
    this.transfers.push(transfer)
    if (known === undefined) this.byFlow.set(flow, [transfer])
    else known.push(transfer)
    return transfer
  }

  /** The packet's number is not known yet: of its datagram the one of this level is meant that has not come. */
  private onBuffered(store: TraceStore, { t, node, pkt, columns }: EventTable, row: number): void {
    const level = store.text(columns.level.data[row])
    const waiting = this.ofPkt(pkt.data[row]).filter(
      (packet) => packet.end.node !== node.data[row] && Number.isNaN(packet.arrived),
    )
    const packet = waiting.find((one) => one.level === level) ?? waiting.at(-1)
    if (packet !== undefined) packet.buffered = t.data[row]
  }
}

/** Whether the client has used this number for an Initial packet of a connection that the server knows of. */
const isUsed = (transfer: Transfer, node: number, number: number): boolean =>
  transfer.ends.length === 2 &&
  transfer.ends[0].node === node &&
  transfer.ends[0].sent.some((packet) => packet.space === 'initial' && packet.number >= number)

/** `ranges`: from and to before, alternately. A recording may lie about their length, but not make this long. */
function onAcked(
  transfer: Transfer,
  node: number,
  space: QuicSpace,
  ranges: ArrayLike<number>,
  t: number,
): void {
  let left = transfer.packets.length
  for (let at = 0; at + 1 < ranges.length; at += 2)
    for (let number = ranges[at]; number < ranges[at + 1] && left > 0; number++, left--) {
      const packet = transfer.find(node, space, number)
      if (packet === undefined || !Number.isNaN(packet.acked)) continue
      packet.acked = t
      packet.end.acked.push(packet)
    }
}
