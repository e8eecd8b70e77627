/**
 * Messages of MQTT, DNS, WebSocket, gRPC and ARP, and what breaks their rules, one after another as onlookers and interfaces told of
 * them; and which of them a packet carries.
 *
 * A message is told of with the packet that took its last byte. Of those that lie in a stream of TCP (MQTT, WebSocket) the place is known,
 * so that every other packet with a part of one leads to it, too, retransmissions included.
 */
import type { PduProtocol } from '../commands.ts'
import { Column, type EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import type { Layers } from './layers.ts'
import { Spans, type Span } from './spans.ts'

export const PDU_EVENTS = [
  'mqtt:packet',
  'mqtt:problem',
  'dns:message',
  'dns:problem',
  'ws:frame',
  'ws:problem',
  'grpc:message',
  'arp:message_sent',
] as const
export type PduEvent = (typeof PDU_EVENTS)[number]

const PROTOCOLS: Readonly<Record<PduEvent, PduProtocol>> = {
  'mqtt:packet': 'mqtt',
  'mqtt:problem': 'mqtt',
  'dns:message': 'dns',
  'dns:problem': 'dns',
  'ws:frame': 'websocket',
  'ws:problem': 'websocket',
  'grpc:message': 'grpc',
  'arp:message_sent': 'arp',
}

/** Bytes before the message of gRPC: compressed flag and length. */
const GRPC_PREFIX = 5
/** Of a connection whose CONNECT was not seen: MQTT 3.1.1. */
const USUAL_LEVEL = 4

export interface Pdu {
  readonly event: PduEvent
  /** In the table of the event. */
  readonly row: number
  readonly protocol: PduProtocol
  readonly t: number
  readonly pkt: number
  /** Number of the name of the node that sent it, and of the flow's, 0: none. */
  readonly node: number
  readonly flow: number
  readonly lane: string
  /** client or server; empty for ARP. */
  readonly from: string
  /** Of the whole message, of which `hex` may hold the beginning only. */
  readonly length: number
  readonly hex: string
  /** Protocol level of MQTT. */
  readonly version: number
  /** Of a problem: the rule that is broken, and how. */
  readonly rule: string
  readonly reason: string
}

export class Pdus {
  /** By number of the message: its event and the row there. */
  private readonly kinds = new Column('u8', 64)
  private readonly rows = new Column('u32', 64)
  /** By event and row: the number of the message. */
  private readonly numbers = new Map<PduEvent, Column>(
    PDU_EVENTS.map((event) => [event, new Column('u32', 16)]),
  )
  private readonly packets = new Map<number, number[]>()
  /** Where messages lie among the application data of an end. */
  private readonly places = new EndMap<Spans>(() => new Spans())
  private readonly cursor = new Cursor<PduEvent>(...PDU_EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (event, table, row) => {
      const number = this.kinds.length
      this.kinds.push(PDU_EVENTS.indexOf(event))
      this.rows.push(row)
      this.numbers.get(event)!.push(number)
      const pkt = table.pkt.data[row]
      if (pkt > 0) push(this.packets, pkt, number)
      const place = placeOf(store, event, table, row)
      if (place) this.places.open(table.flow.data[row], table.node.data[row]).add(place, number)
    })
  }

  get length(): number {
    return this.rows.length
  }

  /** The message of a number, which is below `length`. */
  get(store: TraceStore, number: number): Pdu {
    const event = PDU_EVENTS[this.kinds.data[number]]
    const row = this.rows.data[number]
    const table = store.table(event)
    const text = (field: string): string =>
      field in table.columns ? store.text(table.columns[field].data[row]) : ''
    const hex = text('bytes')
    return {
      event,
      row,
      protocol: PROTOCOLS[event],
      t: table.t.data[row],
      pkt: table.pkt.data[row],
      node: table.node.data[row],
      flow: table.flow.data[row],
      lane: store.laneOf(table.node.data[row]),
      from: text('from'),
      length: lengthOf(event, table, row) ?? hex.length / 2,
      hex,
      version: event === 'mqtt:packet' ? table.columns.version.data[row] : USUAL_LEVEL,
      rule: text('rule'),
      reason: text('reason'),
    }
  }

  /** The number of the message that an event tells of. */
  numberOf(event: PduEvent, row: number): number {
    return this.numbers.get(event)!.data[row]
  }

  /** Messages whose last byte a packet took first, by their numbers. */
  endingIn(pkt: number): readonly number[] {
    return this.packets.get(pkt) ?? []
  }

  /** Messages of which a packet carries a part, by their numbers; those that end in it if no more is known. */
  ofPacket(store: TraceStore, layers: Layers, pkt: number): readonly number[] {
    const ending = this.endingIn(pkt)
    const segment = store.sentRow(pkt)
    const stream = segment < 0 ? undefined : layers.streamOfSegment(store, segment)
    const places = stream && this.places.get(stream.flow, stream.node)
    if (places === undefined) return ending
    const inside = stream!.toPlain(layers.spanOf(store, segment)).flatMap((span) => places.overlapping(span))
    return [...new Set([...ending, ...inside])].sort((a, b) => a - b)
  }
}

function push(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

/** Bytes of the whole message; undefined: no more than those that are there. */
function lengthOf(event: PduEvent, { columns }: EventTable, row: number): number | undefined {
  switch (event) {
    case 'mqtt:packet':
    case 'dns:message':
      return columns.length.data[row]
    case 'ws:frame':
      return columns.header.data[row] + columns.length.data[row]
    case 'grpc:message':
      return GRPC_PREFIX + columns.length.data[row]
    default:
      return undefined
  }
}

/** Where a message lies among the application data of its sender; undefined: not in a stream, or nobody says. */
function placeOf(store: TraceStore, event: PduEvent, table: EventTable, row: number): Span | undefined {
  if (!event.startsWith('mqtt:') && !event.startsWith('ws:')) return undefined
  const from = table.columns.offset.data[row]
  const length = lengthOf(event, table, row) ?? store.text(table.columns.bytes.data[row]).length / 2
  // A recording may lie.
  return from >= 0 && from + length < Infinity ? { from, to: from + length } : undefined
}
