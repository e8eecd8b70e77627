/** Writes what happens inside a QUIC connection to the trace. */
import type { EventData, StallCause } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { QuicConnection } from '../../protocol/quic/connection.ts'
import type { QuicEvent } from '../../protocol/quic/events.ts'
import type { QuicChange, QuicObserver } from '../../protocol/quic/observer.ts'
import { transportErrorName } from '../../protocol/wire/quic/errors.ts'
import type { SentPacket } from '../../protocol/quic/sent.ts'
import type { Level } from '../../protocol/tls13/handshake.ts'
import type { Frame } from '../../protocol/wire/quic/frames.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import { hexOf } from '../../protocol/wire/tls/key-log.ts'
import type { TransportParameters } from '../../protocol/wire/quic/transport-parameters.ts'

/** Whoever reads what this end of a connection carries, as a capture on its host would. */
export interface QuicOnlooker {
  /** A packet has left; `generation` is that of the 1-RTT keys when it was made. */
  handleSent(packet: SentPacket, level: Level, frames: readonly Frame[], generation: number): void
  handleReceived(level: Level, frames: readonly Frame[]): void
  /** A line of the key log (RFC 9850), before the first packet that the secret protects. */
  handleSecret(line: string): void
}

/** What is told of a packet once its datagram has a number. `leaves`: it does leave the host; else it is lost there and then. */
export type Announcement = (pkt: number, leaves: boolean) => void

/** Not yet set, as TCP's trace has it. */
const NO_THRESHOLD = 0xffff_ffff

const METRICS = [
  'cwnd',
  'in_flight',
  'smoothed_rtt',
  'rtt_variance',
  'ssthresh',
  'min_rtt',
  'pto_count',
] as const

const cap = (value: number): number => Math.min(Math.round(value), NO_THRESHOLD)

/** Frames for people and programs, as JSON. The two kinds that nearly all packets are made of are written by hand. */
const describeAll = (frames: readonly Frame[]): string => `[${frames.map(describe).join(',')}]`

function describe(frame: Frame): string {
  if (frame.type === 'stream') {
    const { id, offset, fin, data } = frame
    return `{"type":"stream","id":${id},"offset":${offset},"fin":${fin},"length":${data.length}}`
  }
  if (frame.type === 'ack' && frame.ecn === undefined) {
    const ranges = frame.ranges.map(({ from, to }) => `{"from":${from},"to":${to}}`)
    return `{"type":"ack","delay":${frame.delay},"ranges":[${ranges.join(',')}]}`
  }
  return JSON.stringify(fieldsOf(frame))
}

/** Bytes by their length, connection ids and tokens in hexadecimal. */
function fieldsOf(frame: Frame): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(frame)) {
    if (!(value instanceof Uint8Array)) shown[name] = value
    else if (name === 'data') shown.length = value.length
    else shown[name] = hexOf(value)
  }
  return shown
}

/** Bytes in hexadecimal, names in lower case. JSON would ask a `Buffer` for a form of its own. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return hexOf(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const named = Object.entries(value).map(([name, part]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    plain(part),
  ])
  return Object.fromEntries(named)
}

/** Names as in RFC 9000 18.2. */
const describeParameters = (parameters: TransportParameters): string => JSON.stringify(plain(parameters))

/** Packet numbers, ascending, as ranges [from, to). */
function rangesOf(numbers: readonly number[]): number[] {
  const ranges: number[] = []
  for (const number of numbers)
    if (ranges.at(-1) === number) ranges[ranges.length - 1] = number + 1
    else ranges.push(number, number + 1)
  return ranges
}

export class ConnectionTracer implements QuicObserver {
  private readonly trace: Trace
  private readonly connection: QuicConnection
  private readonly onlooker: QuicOnlooker | undefined
  private generation = 0
  private announcements: Announcement[] = []
  private state: string
  private metrics: EventData<'recovery:metrics_updated'> | undefined
  private stall: StallCause | undefined
  private readonly localAddress: () => number
  /** The state of each path that was told last, by its number. */
  private readonly paths: string[] = []

  /** `localAddress`: that of this end's host, at the moment. */
  constructor(trace: Trace, connection: QuicConnection, localAddress: () => number, onlooker?: QuicOnlooker) {
    this.trace = trace
    this.onlooker = onlooker
    this.localAddress = localAddress
    this.connection = connection
    this.state = connection.state
  }

  /** Announcements of the packets in the datagram that was made last; undefined: it is another connection's. */
  takeSent(): Announcement | undefined {
    const all = this.announcements
    if (all.length === 0) return undefined
    this.announcements = []
    return (pkt, leaves) => {
      for (const announce of all) announce(pkt, leaves)
    }
  }

  /** The connection has come to rest: tells what has changed of its state and its sender. */
  settle(now: Micros): void {
    const { connection, trace } = this
    const cause = connection.stallCause(now)
    if (cause !== this.stall) {
      this.stall = cause
      trace.emit('recovery:stall_changed', { cause })
    }
    if (connection.state !== this.state) {
      trace.emit('connectivity:connection_state_changed', { from: this.state, to: connection.state })
      this.state = connection.state
    }
    const { window, ssthresh, bytesInFlight, smoothedRtt, minRtt, rttVariance, ptoCount } = connection.metrics
    const data = {
      cwnd: cap(window),
      ssthresh: cap(ssthresh),
      in_flight: cap(bytesInFlight),
      smoothed_rtt: minRtt === 0 ? 0 : cap(smoothedRtt),
      min_rtt: cap(minRtt),
      rtt_variance: minRtt === 0 ? 0 : cap(rttVariance),
      pto_count: ptoCount,
    }
    if (this.metrics !== undefined && METRICS.every((name) => this.metrics![name] === data[name])) return
    this.metrics = data
    trace.emit('recovery:metrics_updated', data)
  }

  /** What the connection tells its owner and the trace should know, too. */
  onEvent(event: QuicEvent): void {
    if (event.type === 'closed') {
      const { by, layer, code, reason } = event.reason
      const name = layer === 'transport' ? transportErrorName(code) : ''
      this.trace.emit('connectivity:connection_closed', { by, layer, code, name, reason })
    } else if (event.type === 'migrated') {
      const { remote, localPort } = event
      const data = { local_port: localPort, remote: formatEndpoint(remote.address, remote.port) }
      this.trace.emit('connectivity:path_changed', data)
    }
  }

  // --- QuicObserver ---------------------------------------------------------------------------------------

  readonly onSent: QuicObserver['onSent'] = (_now, packet, level, frames, destination) => {
    const { number, size, path } = packet
    const { generation } = this
    const data = { level, number, size, frames: describeAll(frames), path, dcid: hexOf(destination) }
    this.announcements.push((pkt, leaves) => {
      packet.pkt = pkt
      this.trace.emit('transport:packet_sent', data, pkt)
      if (leaves) this.onlooker?.handleSent(packet, level, frames, generation)
    })
  }

  readonly onReceived: QuicObserver['onReceived'] = (_now, level, number, size, _pkt, frames) => {
    this.trace.emit('transport:packet_received', { level, number, size })
    this.onlooker?.handleReceived(level, frames)
  }

  readonly onDropped: QuicObserver['onDropped'] = (_now, reason, size) => {
    this.trace.emit('transport:packet_dropped', { reason, size })
  }

  readonly onBuffered: QuicObserver['onBuffered'] = (_now, level, size) => {
    this.trace.emit('transport:packet_buffered', { level, size })
  }

  readonly onAcked: QuicObserver['onAcked'] = (_now, space, { rtt, acked }) => {
    this.trace.emit('recovery:packets_acked', { space, packets: rangesOf(acked.map(({ number }) => number)) })
    if (rtt !== undefined) this.trace.emit('recovery:rtt_sampled', { rtt: cap(rtt) })
  }

  readonly onLost: QuicObserver['onLost'] = (_now, { packet, trigger }) => {
    const { space, number, pkt } = packet
    this.trace.emit('recovery:packet_lost', { space, number, trigger }, pkt)
  }

  readonly onChange = (change: QuicChange): void => {
    const { trace } = this
    switch (change.type) {
      case 'parameters': {
        const { owner, parameters } = change
        return trace.emit('transport:parameters_set', { owner, parameters: describeParameters(parameters) })
      }
      case 'stream': {
        const { id, side, from, to } = change
        return trace.emit('transport:stream_state_changed', { stream: id, side, from, to })
      }
      case 'congestion': {
        const { from, to, trigger } = change
        return trace.emit('recovery:congestion_state_changed', { from, to, trigger })
      }
      case 'timer': {
        const { timer, space, count } = change
        return trace.emit('recovery:timer_expired', { timer, space, count })
      }
      case 'path':
        return this.onPath(change)
    }
  }

  private onPath({ number, localPort, remote, state }: Extract<QuicChange, { type: 'path' }>): void {
    // What the handshake itself will prove (RFC 9000 8.1) is being validated, too.
    const shown = state === 'unvalidated' ? 'validating' : state
    if (this.paths[number] === shown) return
    this.paths[number] = shown
    this.trace.emit('connectivity:path_state_changed', {
      path: number,
      local: formatEndpoint(this.localAddress(), localPort),
      remote: formatEndpoint(remote.address, remote.port),
      state: shown,
    })
  }

  readonly onKeyUpdate: QuicObserver['onKeyUpdate'] = (_now, generation, byPeer) => {
    this.generation = generation
    this.trace.emit('transport:key_phase_changed', { generation, by: byPeer ? 'peer' : 'local' })
  }

  readonly onHandshake: QuicObserver['onHandshake'] = (_now, event) => {
    if (event.type !== 'key_log') return
    this.trace.emit('security:secret_logged', { line: event.line })
    this.onlooker?.handleSecret(event.line)
  }
}
