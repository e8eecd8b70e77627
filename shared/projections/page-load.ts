/** All that is told of what a client loads: its requests, the bytes that carry them, and what these wait for. */
import type { TraceStore } from '../trace/store.ts'
import { Blocking } from './blocking.ts'
import { Layers } from './layers.ts'
import { QuicPackets } from './quic-packets.ts'
import { QuicStreams } from './quic-streams.ts'
import { Requests } from './requests.ts'

export class PageLoad {
  readonly layers = new Layers()
  readonly quicStreams = new QuicStreams()
  readonly blocking = new Blocking(this.layers, this.quicStreams)
  readonly requests = new Requests()

  update(store: TraceStore): void {
    this.requests.update(store)
    this.blocking.update(store)
  }

  /** Rows of `http:frame` that a packet carries, whichever transport it is of. */
  framesOfPacket(store: TraceStore, pkt: number): readonly number[] {
    const segment = store.sentRow(pkt)
    if (segment >= 0) return this.layers.ofSegment(store, segment)?.frames ?? []
    const packets = QuicPackets.of(store).ofPkt(pkt)
    return packets.flatMap((packet) => this.quicStreams.ofPacket(packet)?.frames ?? [])
  }

  /** Rows of `http:frame` of both sides of an exchange. */
  framesOfExchange(store: TraceStore, flow: number, exchange: number): readonly number[] {
    return (store.flows.get(flow)?.ends ?? []).flatMap(({ node }) => {
      const quic = this.quicStreams.of(flow, node)
      if (quic !== undefined) return this.quicStreams.ofExchange(quic, exchange).frames
      return this.layers.streamOf(flow, node)?.framesOf.get(exchange) ?? []
    })
  }

  /** The first packet that carried one side of an exchange, by who sends; null: none is known. */
  carrierOf(store: TraceStore, flow: number, node: number, exchange: number): number | null {
    const quic = this.quicStreams.of(flow, node)
    if (quic !== undefined) {
      const [row] = this.quicStreams.ofExchange(quic, exchange).packets
      return row === undefined ? null : store.table('transport:packet_sent').pkt.data[row]
    }
    const stream = this.layers.streamOf(flow, node)
    const row = stream && this.layers.ofExchange(stream, exchange).segments[0]
    return row === undefined ? null : store.table('tcp:segment_sent').pkt.data[row]
  }
}
