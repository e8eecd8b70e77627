/**
 * The time-sequence graph of each sending direction, as tcptrace and xplot draw it, seen from the sender: segments when
 * they leave, acknowledgments when they arrive.
 *
 * RFC 9293 3.4 (sequence numbers and their wrap-around), RFC 2018 (SACK).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Bars } from './bars.ts'
import { Cursor, EndMap } from './cursor.ts'
import { ACK, FIN, SYN } from '../tcp-flags.ts'
import { Series } from './series.ts'
import { Unwrapper } from './unwrapper.ts'
import { isNewData } from '../tcp-causes.ts'

/** Sequence numbers are relative to the initial one: SYN is 0, the first byte of data 1. */
export interface SequenceGraph {
  readonly sent: Bars
  readonly retransmitted: Bars
  /** Window probes and keep-alives. */
  readonly probes: Bars
  readonly sacked: Bars
  /** Sent again for nothing, as a D-SACK says (RFC 2883), when that came. */
  readonly spurious: Bars
  /** Segments that the link killed, at the time of their death. */
  readonly lost: Bars
  /** Acknowledgments of these data that the link killed, at what they would have acknowledged. */
  readonly lostAcks: Bars
  /** Highest acknowledgment so far, and that plus the advertised window. */
  readonly acked: Series
  readonly windowEdge: Series
}

interface Direction extends SequenceGraph {
  readonly unwrap: Unwrapper
  /** The SACK blocks of the last acknowledgment, so that only changed ones are kept. */
  lastBlocks: string
}

const newDirection = (): Direction => ({
  sent: new Bars(),
  retransmitted: new Bars(),
  probes: new Bars(),
  sacked: new Bars(),
  spurious: new Bars(),
  lost: new Bars(),
  lostAcks: new Bars(),
  acked: new Series(),
  windowEdge: new Series(),
  unwrap: new Unwrapper(),
  lastBlocks: '',
})

const PROBES = new Set(['window_probe', 'keep_alive'])

export class Sequence {
  private readonly directions = new EndMap<Direction>(newDirection)
  private readonly cursor = new Cursor(
    'tcp:segment_sent',
    'tcp:segment_received',
    'tcp:duplicate_reported',
    'link:packet_dropped',
  )

  /** The graph of what `node` sends on `flow`. */
  get ends(): Pick<EndMap<SequenceGraph>, 'get' | 'all'> {
    return this.directions
  }

  update(store: TraceStore): void {
    const segments = store.table('tcp:segment_sent')
    this.cursor.read(store, (name, table, row) => {
      if (name === 'tcp:segment_sent') this.onSent(store, segments, row)
      else if (name === 'tcp:duplicate_reported') this.onDuplicate(table, row)
      else if (name === 'link:packet_dropped') this.onDropped(store, segments, table, row)
      else this.onReceived(store, segments, table, row)
    })
  }

  private onSent(store: TraceStore, segments: EventTable, row: number): void {
    const length = sequenceLength(segments, row)
    if (length === 0) return
    const direction = this.directions.open(segments.flow.data[row], segments.node.data[row])
    const from = direction.unwrap.relative(segments.columns.seq.data[row])
    direction.unwrap.advance(from + length)
    const cause = store.text(segments.columns.cause.data[row])
    const bars = isNewData(cause)
      ? direction.sent
      : PROBES.has(cause)
        ? direction.probes
        : direction.retransmitted
    bars.push(segments.t.data[row], from, from + length, segments.pkt.data[row])
  }

  private onDuplicate({ flow, node, t, pkt, columns }: EventTable, row: number): void {
    const direction = this.directions.get(flow.data[row], node.data[row])
    if (!direction || columns.resent.data[row] === 0) return
    const from = direction.unwrap.relative(columns.seq.data[row])
    direction.spurious.push(t.data[row], from, from + columns.length.data[row], pkt.data[row])
  }

  private onDropped(store: TraceStore, segments: EventTable, drops: EventTable, row: number): void {
    const pkt = drops.pkt.data[row]
    const sent = store.sentRow(pkt)
    if (sent < 0) return
    const flow = segments.flow.data[sent]
    const node = segments.node.data[sent]
    const length = sequenceLength(segments, sent)
    const direction = this.directions.get(flow, node)
    if (length > 0 && direction) {
      const from = direction.unwrap.relative(segments.columns.seq.data[sent])
      direction.lost.push(drops.t.data[row], from, from + length, pkt)
    }
    if (length > 0 || (segments.columns.flags.data[sent] & ACK) === 0) return
    const peer = store.flows.get(flow)?.ends.find((end) => end.node !== node)
    const acked = peer && this.directions.get(flow, peer.node)
    if (!acked) return
    const ack = acked.unwrap.relative(segments.columns.ack.data[sent])
    acked.lostAcks.push(drops.t.data[row], ack, ack, pkt)
  }

  /** An acknowledgment came in at `node`: it belongs to the direction in which `node` sends. */
  private onReceived(store: TraceStore, segments: EventTable, received: EventTable, row: number): void {
    const pkt = received.pkt.data[row]
    const sent = store.sentRow(pkt)
    const direction = this.directions.get(received.flow.data[row], received.node.data[row])
    if (sent < 0 || !direction || segments.node.data[sent] === received.node.data[row]) return
    if ((segments.columns.flags.data[sent] & ACK) === 0) return
    const t = received.t.data[row]
    const ack = direction.unwrap.relative(segments.columns.ack.data[sent])
    const { acked, windowEdge } = direction
    const highest = acked.length === 0 ? -1 : acked.values.data[acked.length - 1]
    if (ack >= highest) {
      acked.step(t, ack)
      windowEdge.step(t, ack + segments.columns.window.data[sent])
    }
    this.onBlocks(direction, t, segments.lists.sack.get(sent), pkt)
  }

  private onBlocks(direction: Direction, t: number, blocks: ArrayLike<number>, pkt: number): void {
    if (blocks.length === 0) return
    const text = Array.prototype.join.call(blocks, ' ')
    if (text === direction.lastBlocks) return
    direction.lastBlocks = text
    for (let i = 0; i + 1 < blocks.length; i += 2) {
      const from = direction.unwrap.relative(blocks[i])
      direction.sacked.push(t, from, direction.unwrap.relative(blocks[i + 1]), pkt)
    }
  }
}

/** Sequence numbers that a segment takes: payload, and one each for SYN and FIN (RFC 9293 3.4). */
function sequenceLength(segments: EventTable, row: number): number {
  const flags = segments.columns.flags.data[row]
  return segments.columns.payload.data[row] + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)
}
