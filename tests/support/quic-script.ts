/** Traces of QUIC connections by hand: packets that leave, arrive or are lost, over a path of two equal ways. */
import type { EventData } from '../../shared/trace/events.ts'
import { RecordingScript } from './recording.ts'
import { addNodes } from './small-run.ts'

export const QUIC_FLOW = '10.77.0.1:50000-10.77.0.2:443'
/** One way of the path, in microseconds. */
export const WAY = 50_000

type Side = 'client' | 'server'
type Level = 'initial' | 'handshake' | '0rtt' | '1rtt'

/** A frame as the tracer writes it. */
export type WrittenFrame = Readonly<Record<string, unknown>> & { readonly type: string }

export const stream = (id: number, offset: number, length: number, fin = false): WrittenFrame => ({
  type: 'stream',
  id,
  offset,
  fin,
  length,
})

const other = (side: Side): Side => (side === 'client' ? 'server' : 'client')

export class QuicScript extends RecordingScript {
  readonly lane: string
  private pkt = 0

  constructor(lane = 'main') {
    super()
    this.lane = lane
    addNodes(this, lane)
    for (const direction of [0, 1])
      this.emit(`${lane}/link`, 'link:packet_delivered', { direction, delay: WAY }, 9_000 + direction)
  }

  /** `lane/side` and the flow, as `emit` takes them. */
  end(side: Side, flow = QUIC_FLOW): string {
    return `${this.lane}/${side} ${flow}`
  }

  /** A datagram with one packet leaves at `t`. Returns the number of the IP packet. */
  send(t: number, side: Side, level: Level, number: number, frames: readonly WrittenFrame[] = []): number {
    const pkt = ++this.pkt
    const size = 40 + frames.reduce((sum, { length = 10 }) => sum + Number(length), 0)
    this.at(t).emit(this.end(side), 'udp:datagram_sent', { payload: size, size: size + 28 }, pkt)
    const data = { level, number, size, path: 0, frames: JSON.stringify(frames) }
    this.emit(this.end(side), 'transport:packet_sent', data, pkt)
    return pkt
  }

  /** A packet of `side` arrives at the other end. */
  arrive(t: number, side: Side, level: Level, number: number, size = 40, pkt = 0): this {
    const to = this.end(other(side))
    this.at(t).emit(to, 'udp:datagram_received', { payload: size }, pkt)
    return this.emit(to, 'transport:packet_received', { level, number, size }, pkt)
  }

  /** Leaves at `t` and arrives one way later. What is sent meanwhile has to be written before. */
  cross(t: number, side: Side, level: Level, number: number, frames: readonly WrittenFrame[] = []): this {
    const pkt = this.send(t, side, level, number, frames)
    const size = 40 + frames.reduce((sum, { length = 10 }) => sum + Number(length), 0)
    return this.arrive(t + WAY, side, level, number, size, pkt)
  }

  opened(t: number, side: Side): this {
    return this.at(t).emit(this.end(side), 'connectivity:connection_state_changed', {
      from: 'handshaking',
      to: 'open',
    })
  }

  lost(
    t: number,
    side: Side,
    number: number,
    space: EventData<'recovery:packet_lost'>['space'] = 'application',
  ): this {
    const data = { space, number, trigger: 'reordering_threshold' }
    return this.at(t).emit(this.end(side), 'recovery:packet_lost', data)
  }

  /** The handshake of RFC 9001 figure 5, begun at 0: complete at the client after one round trip, at the server after 1.5. */
  handshake(): this {
    const crypto = (length: number): WrittenFrame => ({ type: 'crypto', offset: 0, length })
    this.cross(0, 'client', 'initial', 0, [crypto(1_160)])
    this.cross(WAY, 'server', 'initial', 0, [crypto(100)])
    this.cross(WAY, 'server', 'handshake', 0, [crypto(700)])
    this.opened(2 * WAY, 'client').cross(2 * WAY, 'client', 'handshake', 0, [crypto(52)])
    return this.opened(3 * WAY, 'server')
  }
}
