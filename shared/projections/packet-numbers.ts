/** The packet numbers of one end and space over time: sent, received, acknowledged by which ranges, lost and why. */
import type { TracedAckRange } from '../trace/quic-frames.ts'
import type { TraceStore } from '../trace/store.ts'
import { QuicPackets, type QuicEnd, type QuicPacket, type QuicSpace } from './quic-packets.ts'

/** An ACK frame as its addressee got it. */
export interface HeardAck {
  /** When it came. */
  readonly t: number
  /** The packet that it came in. */
  readonly packet: QuicPacket
  readonly ranges: readonly TracedAckRange[]
  /** As sent (RFC 9000 19.3). */
  readonly delay: number
}

export class PacketNumbers {
  private packets: QuicPackets | undefined

  update(store: TraceStore): void {
    this.packets = QuicPackets.of(store)
  }

  /** An end of the latest connection of a flow: the client's, the server's, or that of `node`. */
  end(flow: number, which: 'client' | 'server' | number): QuicEnd | undefined {
    const ends = this.packets?.ofFlow(flow).at(-1)?.ends
    return ends?.find(({ side, node }) => side === which || node === which)
  }

  /** Numbers sent, and how many of them more than once: none, by RFC 9000 12.3. */
  static count(end: QuicEnd, space: QuicSpace): { readonly sent: number; readonly twice: number } {
    const numbers = sentIn(end, space).map(({ number }) => number)
    return { sent: numbers.length, twice: numbers.length - new Set(numbers).size }
  }
}

export const sentIn = (end: QuicEnd, space: QuicSpace): readonly QuicPacket[] =>
  end.sent.filter((packet) => packet.space === space)

/** The ACK frames that an end got for its packets of a space, from `from` to before `to`. */
export function heardAcks(end: QuicEnd, space: QuicSpace, from = 0, to = Infinity): HeardAck[] {
  const heard: HeardAck[] = []
  for (const packet of end.received) {
    const t = packet.received
    if (packet.space !== space || t < from || t >= to) continue
    for (const frame of packet.frames)
      if (frame.type === 'ack') heard.push({ t, packet, ranges: frame.ranges, delay: frame.delay })
  }
  return heard
}

/** The ACK frame in a packet, whether it came or not; undefined: there is none. */
export function ackIn(packet: QuicPacket): HeardAck | undefined {
  const frame = packet.frames.find(({ type }) => type === 'ack')
  return frame?.type === 'ack'
    ? { t: packet.received, packet, ranges: frame.ranges, delay: frame.delay }
    : undefined
}

/** Packets of `end` that an ACK told of first: those that were acknowledged when it came. */
export const newlyAcked = (end: QuicEnd, ack: HeardAck): readonly QuicPacket[] =>
  end.sent.filter(
    ({ space, acked, number }) =>
      space === ack.packet.space &&
      acked === ack.t &&
      ack.ranges.some(({ from, to }) => number >= from && number <= to),
  )
