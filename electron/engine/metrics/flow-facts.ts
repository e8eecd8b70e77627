/** Connections of TCP and of QUIC, and what their ends did. */
import type { ConnectionEnd } from './connection-end.ts'
import { QuicEnd } from './quic-end.ts'
import { TcpEnd } from './tcp-end.ts'
import { WriteDelays } from './write-delays.ts'

/** A connection: its ends in the order in which they first sent. */
export abstract class FlowFacts<End extends ConnectionEnd = ConnectionEnd> {
  readonly name: string
  readonly ends: End[] = []
  /** Last packet sent or received, by either end. */
  lastPacket = 0

  constructor(name: string) {
    this.name = name
  }

  protected abstract create(node: string): End

  end(node: string): End {
    let end = this.ends.find((candidate) => candidate.node === node)
    if (!end) this.ends.push((end = this.create(node)))
    return end
  }

  get open(): boolean {
    return this.ends.length === 2 && this.ends.every((end) => end.established !== null)
  }

  /** The end that opened it. */
  get client(): End | undefined {
    return this.ends.find((end) => end.active)
  }

  /** The end that sent more payload; the one that spoke first if neither did. */
  get sender(): End {
    return this.ends.reduce((most, end) => (end.sentBytes > most.sentBytes ? end : most))
  }

  get receiver(): End | undefined {
    const { sender } = this
    return this.ends.find((end) => end !== sender)
  }
}

export class TcpFlow extends FlowFacts<TcpEnd> {
  /** Segments without data or FIN sent before both ends were established, and the one with data that did it. */
  handshakeSegments = 0
  readonly writes = new WriteDelays()

  protected create(node: string): TcpEnd {
    return new TcpEnd(node, this.name)
  }
}

export class QuicFlow extends FlowFacts<QuicEnd> {
  protected create(node: string): QuicEnd {
    return new QuicEnd(node, this.name, this.ends.length === 0)
  }
}
