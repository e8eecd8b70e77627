/**
 * What was said of single packets beside how they were sent and what became of them: the rule by which one was refused, why a
 * sender took one for lost, that one was sent again for nothing, marked by a link, a fragment, or an ICMP message of a type.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'

export type PacketNote =
  /** A TCP segment that was not accepted (RFC 9293 3.10.7, RFC 5961). */
  | { readonly kind: 'refused'; readonly rule: string; readonly answer: string }
  /** A host ignored it, or could not send it. */
  | { readonly kind: 'rejected'; readonly layer: string; readonly reason: string }
  /** Its sender took it for lost; `late` and `window` in microseconds, of RACK. */
  | { readonly kind: 'lost'; readonly trigger: string; readonly late: number; readonly window: number }
  /** A D-SACK says that it arrived though the first had, too (RFC 2883). */
  | { readonly kind: 'spurious' }
  /** Congestion experienced (RFC 3168). */
  | { readonly kind: 'marked' }
  | { readonly kind: 'fragment'; readonly identification: number; readonly from: number; readonly to: number }
  | { readonly kind: 'icmp'; readonly type: number; readonly code: number }
  /** A packet of a transfer over UDP (`electron/protocol/arq`); `ranges` of an acknowledgment: flat, from and to. */
  | {
      readonly kind: 'arq'
      readonly ack: boolean
      readonly number: number
      readonly ranges: readonly number[]
      /** Why it was sent again; empty: it was not. */
      readonly cause: string
    }
  /** It came, and was thrown away: duplicate, out_of_order or out_of_window. */
  | { readonly kind: 'thrown_away'; readonly verdict: string }

const EVENTS = [
  'tcp:segment_sent',
  'tcp:segment_refused',
  'tcp:segment_lost',
  'tcp:duplicate_reported',
  'ip:packet_rejected',
  'link:packet_marked',
  'ip:fragment_sent',
  'icmp:message_sent',
  'arq:packet_sent',
  'arq:packet_received',
] as const

const IP_HEADER = 20
/** What a receiver of a transfer over UDP makes of packets that it does not keep. */
const THROWN_AWAY = new Set(['duplicate', 'out_of_order', 'out_of_window'])
/** Segments of an end whose packet is remembered by their sequence number; what is older has been acknowledged. */
const REMEMBERED = 65_536

/** One reading for each recording. */
const shared = new WeakMap<TraceStore, PacketNotes>()
const NONE: readonly PacketNote[] = []

export class PacketNotes {
  private readonly notes = new Map<number, PacketNote[]>()
  /** By flow and node: the packet that carried a sequence number last. */
  private readonly carriers = new EndMap<Map<number, number>>(() => new Map())
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  /** The notes of a recording, up to date with it: the same object for all who ask. */
  static of(store: TraceStore): PacketNotes {
    let notes = shared.get(store)
    if (notes === undefined) shared.set(store, (notes = new PacketNotes()))
    notes.update(store)
    return notes
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const { columns, lists } = table
      const text = (field: string): string => store.text(columns[field].data[row])
      const number = (field: string): number => columns[field].data[row]
      const pkt = table.pkt.data[row]
      switch (name) {
        case 'tcp:segment_sent':
          return this.remember(table, row)
        case 'tcp:segment_refused':
          return this.add(pkt, { kind: 'refused', rule: text('rule'), answer: text('answer') })
        case 'ip:packet_rejected':
          return this.add(pkt, { kind: 'rejected', layer: text('layer'), reason: text('reason') })
        case 'link:packet_marked':
          return this.add(pkt, { kind: 'marked' })
        case 'icmp:message_sent':
          return this.add(pkt, { kind: 'icmp', type: number('type'), code: number('code') })
        case 'arq:packet_sent': {
          const ranges = Array.from(lists.selective.get(row))
          const packet = {
            ack: text('kind') === 'ack',
            number: number('number'),
            ranges,
            cause: text('cause'),
          }
          return this.add(pkt, { kind: 'arq', ...packet })
        }
        case 'arq:packet_received': {
          const verdict = text('verdict')
          if (THROWN_AWAY.has(verdict)) this.add(pkt, { kind: 'thrown_away', verdict })
          return
        }
        case 'ip:fragment_sent': {
          const from = number('fragment_offset')
          const to = from + number('size') - IP_HEADER
          return this.add(pkt, { kind: 'fragment', identification: number('identification'), from, to })
        }
        case 'tcp:segment_lost': {
          const note = { trigger: text('trigger'), late: number('late'), window: number('reordering_window') }
          return this.add(this.carrierOf(table, row), { kind: 'lost', ...note })
        }
        case 'tcp:duplicate_reported':
          if (number('resent') === 1) this.add(this.carrierOf(table, row), { kind: 'spurious' })
      }
    })
  }

  /** In the order in which they were said. */
  of(pkt: number): readonly PacketNote[] {
    return this.notes.get(pkt) ?? NONE
  }

  private add(pkt: number, note: PacketNote): void {
    if (pkt === 0) return
    const notes = this.notes.get(pkt)
    if (notes) notes.push(note)
    else this.notes.set(pkt, [note])
  }

  private remember({ flow, node, pkt, columns }: EventTable, row: number): void {
    if (columns.payload.data[row] === 0) return
    const carriers = this.carriers.open(flow.data[row], node.data[row])
    const seq = columns.seq.data[row]
    // Set anew, so that it stands last.
    carriers.delete(seq)
    carriers.set(seq, pkt.data[row])
    if (carriers.size > REMEMBERED) carriers.delete(carriers.keys().next().value!)
  }

  /** The packet that carried the first byte of a span last; 0: it is not remembered. */
  private carrierOf({ flow, node, columns }: EventTable, row: number): number {
    return this.carriers.get(flow.data[row], node.data[row])?.get(columns.seq.data[row]) ?? 0
  }
}
