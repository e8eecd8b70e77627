/**
 * The trace in memory: every batch of a run, column by column, with the few indexes that all readers need.
 *
 * A plain class on purpose: what grows with packets is never reactive (DESIGN 10). It is filled by batches only,
 * so a live run, a replay and an opened file are the same to its readers. Readers keep a row number a table
 * (`shared/projections/cursor.ts`) and read on from there.
 */
import type { Batch, BatchTable } from './batch.ts'
import { EventTable, NarrowColumn } from './columns.ts'
import { EVENT_NAMES, type EventName } from './events.ts'
import { PacketIndex } from './packet-index.ts'

/** A node of the world; everything about it is text from the recording. */
export interface TraceNode {
  /** Number of its name in the string table. */
  readonly id: number
  readonly name: string
  /** Part of the name before the first slash; empty when there is only one lane. */
  readonly lane: string
  readonly kind: string
  readonly role: string
  readonly address: string
  /** For a link: the nodes at its two sides. */
  readonly a: string
  readonly b: string
}

/** One end of a flow, and what it has sent. */
export interface FlowEnd {
  readonly node: number
  /** Payload bytes sent, retransmissions included; of QUIC the bytes of its packets. */
  bytes: number
  /** Segments, or QUIC packets. */
  segments: number
}

export interface Flow {
  /** Number of its name in the string table. */
  readonly id: number
  readonly name: string
  readonly lane: string
  readonly transport: 'tcp' | 'quic'
  /** When its first segment or QUIC packet was sent, in microseconds. */
  readonly start: number
  /** When the first of its ends was done with it (TIME-WAIT or CLOSED; of QUIC closing, draining or closed); infinite until then. */
  finished: number
  /** In the order in which they first sent. */
  readonly ends: FlowEnd[]
}

/**
 * What became of a packet, and the row that says so. It is delivered when it came to a host, or to a router that it was for:
 * what a switch or router passes on is still under way. It died on a link, or was given up by a router or an interface.
 */
export type Fate =
  | { readonly kind: 'under_way' }
  | {
      readonly kind: 'delivered'
      readonly in: 'link:packet_delivered' | 'arp:message_received' | 'icmp:message_received'
      readonly row: number
    }
  | {
      readonly kind: 'dropped'
      readonly in: 'link:packet_dropped' | 'ip:packet_discarded' | 'ethernet:frame_rejected'
      readonly row: number
    }
  | {
      readonly kind: 'fragmented'
      readonly in: 'link:packet_fragmented' | 'ip:packet_fragmented'
      readonly row: number
    }

/** Why a batch was not taken; the store is as it was before. */
export interface StoreError {
  readonly reason: string
}

const UNDER_WAY: Fate = { kind: 'under_way' }
/** Kinds of fates, and the events that tell of them. */
const FATES = [
  { kind: 'under_way', in: '' },
  { kind: 'delivered', in: 'link:packet_delivered' },
  { kind: 'dropped', in: 'link:packet_dropped' },
  { kind: 'dropped', in: 'ip:packet_discarded' },
  { kind: 'dropped', in: 'ethernet:frame_rejected' },
  { kind: 'fragmented', in: 'link:packet_fragmented' },
  { kind: 'fragmented', in: 'ip:packet_fragmented' },
  { kind: 'delivered', in: 'arp:message_received' },
  { kind: 'delivered', in: 'icmp:message_received' },
] as const
const DELIVERED = 1
const GIVEN_UP: ReadonlySet<string> = new Set(['no_neighbour', 'queue_full'])
/** A fate is packed into a number: its row times this, and its place in `FATES`. */
const FATE_ROOM = 16

export class TraceStore {
  /** String number to text. */
  readonly strings: string[] = ['']
  /** Nodes by the number of their name, in the order of their announcement. */
  readonly nodes = new Map<number, TraceNode>()
  readonly flows = new Map<number, Flow>()
  /** Names of the lanes in the order of their appearance; the empty one for nodes without a lane. */
  readonly lanes = new Set<string>()
  /** Batches and events taken so far, and metric samples that the engine left out. */
  batches = 0
  events = 0
  thinned = 0
  /** Time of the latest event in microseconds. */
  end = 0

  private readonly byName = new Map<string, TraceNode>()
  /** There is a switch, so that a frame may go several ways. */
  private isShared = false
  private readonly tables = new Map<EventName, EventTable>()
  private readonly sentRows = new PacketIndex()
  /** Rows in `udp:datagram_sent`, and 1. */
  private readonly datagramRows = new PacketIndex()
  /** Rows times `FATE_ROOM`, and the place of the fate in `FATES`. */
  private readonly fates = new PacketIndex()

  constructor() {
    for (const name of EVENT_NAMES) this.tables.set(name, new EventTable(name, () => new NarrowColumn()))
  }

  /** All events of one name; the same object for the life of the store. */
  table(name: EventName): EventTable {
    return this.tables.get(name)!
  }

  text(id: number): string {
    return this.strings[id] ?? ''
  }

  /**
   * Takes the next batch, or says why it is not the next one. What `decodeBatch` let through is well-formed;
   * what is checked here needs the batches before: order, strings, and times that are times.
   */
  append(batch: Batch): StoreError | undefined {
    const problem = this.problemOf(batch)
    if (problem !== undefined) return { reason: problem }
    for (const text of batch.strings) this.strings.push(text)
    for (const table of batch.tables) this.appendTable(table)
    this.batches++
    this.events += batch.events
    this.thinned += batch.thinned
    // In this order: a copy takes over the segment of its original, which may stand in the same batch.
    for (const name of INDEXED) {
      const table = batch.tables.find((candidate) => candidate.name === name)
      if (table) this.index(table)
    }
    return undefined
  }

  /** Row of the packet in `tcp:segment_sent`, -1 when it is none; a copy made by the link has its original's. */
  sentRow(pkt: number): number {
    return this.sentRows.get(pkt) - 1
  }

  /** Row of the packet in `udp:datagram_sent`, -1 when it is none; a copy made by the link has its original's. */
  datagramRow(pkt: number): number {
    return this.datagramRows.get(pkt) - 1
  }

  /** Length of the IP packet in bytes; 0 when it is neither a TCP segment nor a UDP datagram. */
  sizeOf(pkt: number): number {
    const segment = this.sentRow(pkt)
    if (segment >= 0) return this.table('tcp:segment_sent').columns.size.data[segment]
    const datagram = this.datagramRow(pkt)
    return datagram >= 0 ? this.table('udp:datagram_sent').columns.size.data[datagram] : 0
  }

  fate(pkt: number): Fate {
    const value = this.fates.get(pkt)
    const what = FATES[value % FATE_ROOM]
    return what.kind === 'under_way' ? UNDER_WAY : { ...what, row: Math.floor(value / FATE_ROOM) }
  }

  /** The lane of a node by the number of its name. */
  laneOf(node: number): string {
    return laneOfName(this.text(node))
  }

  /** Memory held for tables and packet indexes, in bytes. */
  get byteLength(): number {
    let sum = this.sentRows.byteLength + this.datagramRows.byteLength + this.fates.byteLength
    for (const table of this.tables.values()) sum += table.byteLength
    return sum
  }

  private problemOf(batch: Batch): string | undefined {
    if (batch.number !== this.batches) return `batch ${batch.number} where ${this.batches} is the next`
    if (batch.stringBase !== this.strings.length)
      return `strings from ${batch.stringBase} where ${this.strings.length} is the next`
    for (const table of batch.tables)
      for (let row = 0; row < table.rows; row++)
        if (!(table.t[row] >= 0 && table.t[row] < Infinity)) return `${table.name}: a time of ${table.t[row]}`
    return undefined
  }

  private appendTable(source: BatchTable): void {
    const table = this.table(source.name)
    table.seq.append(source.seq)
    table.t.append(source.t)
    table.node.append(source.node)
    table.flow.append(source.flow)
    table.pkt.append(source.pkt)
    for (const field in table.columns) table.columns[field].append(source.columns[field])
    for (const field in table.lists)
      table.lists[field].append(source.lists[field].values, source.lists[field].ends)
    for (let row = 0; row < source.rows; row++) if (source.t[row] > this.end) this.end = source.t[row]
  }

  private index(source: BatchTable): void {
    const first = this.table(source.name).length - source.rows
    const { pkt } = source
    switch (source.name) {
      case 'sim:node_added':
        for (let row = 0; row < source.rows; row++) this.addNode(source, row)
        break
      case 'tcp:segment_sent':
        for (let row = 0; row < source.rows; row++) {
          this.sentRows.set(pkt[row], first + row + 1)
          this.addSent(source, row, 'tcp', source.columns.payload[row])
        }
        break
      case 'udp:datagram_sent':
        for (let row = 0; row < source.rows; row++) this.datagramRows.set(pkt[row], first + row + 1)
        break
      case 'transport:packet_sent':
        for (let row = 0; row < source.rows; row++)
          this.addSent(source, row, 'quic', source.columns.size[row])
        break
      case 'connectivity:connection_state_changed':
      case 'tcp:state_changed':
        for (let row = 0; row < source.rows; row++) this.onState(source, row)
        break
      case 'link:packet_duplicated':
        for (let row = 0; row < source.rows; row++)
          for (const rows of [this.sentRows, this.datagramRows])
            if (rows.get(pkt[row]) > 0) rows.set(source.columns.copy[row], rows.get(pkt[row]))
        break
      case 'link:packet_delivered':
      case 'link:packet_dropped':
      case 'ip:packet_discarded':
      case 'ethernet:frame_rejected':
      case 'link:packet_fragmented':
      case 'ip:packet_fragmented':
      case 'arp:message_received':
      case 'icmp:message_received':
        for (let row = 0; row < source.rows; row++) this.onFate(source, row, first + row)
        break
    }
  }

  private onFate(source: BatchTable, row: number, at: number): void {
    const { name } = source
    const pkt = source.pkt[row]
    if (name === 'link:packet_delivered') {
      const far = this.farEnd(source.node[row], source.columns.direction[row])
      if (far !== undefined && (far.kind === 'switch' || far.kind === 'router')) return
      // A switch that floods sends copies to those who are not meant, too: what becomes of these is no matter.
      if (this.isShared && far !== undefined && !this.isFor(pkt, far.address)) return
    } else if (name === 'arp:message_received' || name === 'icmp:message_received') {
      // What is for a router itself; at a host the link has told of it.
      if (this.nodes.get(source.node[row])?.kind !== 'router') return
    } else if (name === 'ethernet:frame_rejected') {
      // Nobody answered for its next hop, or too many waited for that; other frames were not for who rejects them.
      if (!GIVEN_UP.has(this.text(source.columns.reason[row]))) return
    } else if (this.isShared && this.fates.get(pkt) % FATE_ROOM === DELIVERED) return
    this.fates.set(pkt, FATE_ROOM * at + FATES.findIndex((fate) => fate.in === name))
  }

  /** Whether a host with this address is an end of the packet's flow; so is every host when there is none. */
  private isFor(pkt: number, address: string): boolean {
    const row = this.sentRow(pkt)
    const datagram = this.datagramRow(pkt)
    const table = this.table(row >= 0 ? 'tcp:segment_sent' : 'udp:datagram_sent')
    const flow = row >= 0 || datagram >= 0 ? this.text(table.flow.data[row >= 0 ? row : datagram]) : ''
    return flow === '' || `-${flow}`.includes(`-${address}:`)
  }

  /** The node at which a direction of a link ends; undefined: the recording does not say. */
  farEnd(link: number, direction: number): TraceNode | undefined {
    const node = this.nodes.get(link)
    return node && this.byName.get((direction & 1) === 0 ? node.b : node.a)
  }

  private addNode(source: BatchTable, row: number): void {
    const id = source.node[row]
    const text = (field: string): string => this.text(source.columns[field][row])
    const name = this.text(id)
    const lane = laneOfName(name)
    const kind = text('kind')
    const node = {
      id,
      name,
      lane,
      kind,
      role: text('role'),
      address: text('address'),
      a: text('a'),
      b: text('b'),
    }
    this.nodes.set(id, node)
    this.byName.set(name, node)
    this.isShared ||= kind === 'switch'
    this.lanes.add(lane)
  }

  private addSent(source: BatchTable, row: number, transport: Flow['transport'], bytes: number): void {
    const id = source.flow[row]
    if (id === 0) return
    const node = source.node[row]
    let flow = this.flows.get(id)
    if (!flow) {
      flow = {
        id,
        name: this.text(id),
        lane: this.laneOf(node),
        transport,
        start: source.t[row],
        finished: Infinity,
        ends: [],
      }
      this.flows.set(id, flow)
    }
    let end = flow.ends.find((candidate) => candidate.node === node)
    if (!end) flow.ends.push((end = { node, bytes: 0, segments: 0 }))
    end.bytes += bytes
    end.segments++
  }

  private onState(source: BatchTable, row: number): void {
    const flow = this.flows.get(source.flow[row])
    if (!flow) return
    const state = this.text(source.columns.to[row])
    if (OVER.has(state)) flow.finished = Math.min(flow.finished, source.t[row])
    // The same addresses and ports may be used again.
    else if (state === 'ESTABLISHED' || state === 'open') flow.finished = Infinity
  }
}

/** States in which an end does no more for its application (RFC 9293 3.3.2, RFC 9000 10.2). */
const OVER: ReadonlySet<string> = new Set(['TIME-WAIT', 'CLOSED', 'closing', 'draining', 'closed'])

const INDEXED: readonly EventName[] = [
  'sim:node_added',
  'tcp:segment_sent',
  'udp:datagram_sent',
  'transport:packet_sent',
  'tcp:state_changed',
  'connectivity:connection_state_changed',
  'link:packet_duplicated',
  'link:packet_delivered',
  'link:packet_dropped',
  'ethernet:frame_rejected',
  'ip:packet_discarded',
  'link:packet_fragmented',
  'ip:packet_fragmented',
  'arp:message_received',
  'icmp:message_received',
]

/** `reno` of `reno/client`; empty when the name has no lane. */
export function laneOfName(name: string): string {
  const slash = name.indexOf('/')
  return slash === -1 ? '' : name.slice(0, slash)
}

/** The end that has sent more payload; the one that spoke first when both sent the same. */
export function senderOf(flow: Flow): FlowEnd {
  return flow.ends.reduce((most, end) => (end.bytes > most.bytes ? end : most))
}
