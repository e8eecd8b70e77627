/** Writes what happens inside a QUIC connection to the trace. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { QuicConnection } from '../../protocol/quic/connection.ts'
import type { QuicEvent } from '../../protocol/quic/events.ts'
import type { QuicObserver } from '../../protocol/quic/observer.ts'
import { transportErrorName } from '../../protocol/wire/quic/errors.ts'
import type { Frame } from '../../protocol/wire/quic/frames.ts'
import { formatEndpoint } from '../../protocol/wire/address.ts'
import { hexOf } from '../../protocol/wire/tls/key-log.ts'

/** What is told of a packet once its datagram has a number. */
type Announcement = (pkt: number) => void

/** Not yet set, as TCP's trace has it. */
const NO_THRESHOLD = 0xffff_ffff

const cap = (value: number): number => Math.min(Math.round(value), NO_THRESHOLD)

/** A frame for people and programs: bytes by their length, connection ids and tokens in hexadecimal. */
function describe(frame: Frame): Record<string, unknown> {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(frame)) {
    if (!(value instanceof Uint8Array)) shown[name] = value
    else if (name === 'data') shown.length = value.length
    else shown[name] = hexOf(value)
  }
  return shown
}

export class ConnectionTracer implements QuicObserver {
  private readonly trace: Trace
  private readonly connection: QuicConnection
  private announcements: Announcement[] = []
  private state: string
  private metrics = ''

  constructor(trace: Trace, connection: QuicConnection) {
    this.trace = trace
    this.connection = connection
    this.state = connection.state
  }

  /** Announcements of the packets in the datagram that was made last. */
  takeSent(): Announcement {
    const all = this.announcements
    this.announcements = []
    return (pkt) => {
      for (const announce of all) announce(pkt)
    }
  }

  /** The connection has come to rest: tells what has changed of its state and its sender. */
  settle(): void {
    const { connection, trace } = this
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
    const key = Object.values(data).join(' ')
    if (key === this.metrics) return
    this.metrics = key
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

  readonly onSent: QuicObserver['onSent'] = (_now, packet, level, frames) => {
    const { number, size, path } = packet
    const data = { level, number, size, path, frames: JSON.stringify(frames.map(describe)) }
    this.announcements.push((pkt) => {
      packet.pkt = pkt
      this.trace.emit('transport:packet_sent', data, pkt)
    })
  }

  readonly onReceived: QuicObserver['onReceived'] = (_now, level, number, size) => {
    this.trace.emit('transport:packet_received', { level, number, size })
  }

  readonly onDropped: QuicObserver['onDropped'] = (_now, reason, size) => {
    this.trace.emit('transport:packet_dropped', { reason, size })
  }

  readonly onBuffered: QuicObserver['onBuffered'] = (_now, size) => {
    this.trace.emit('transport:packet_buffered', { size })
  }

  readonly onAcked: QuicObserver['onAcked'] = (_now, _space, { rtt }) => {
    if (rtt !== undefined) this.trace.emit('recovery:rtt_sampled', { rtt: cap(rtt) })
  }

  readonly onLost: QuicObserver['onLost'] = (_now, { packet, trigger }) => {
    const { space, number, pkt } = packet
    this.trace.emit('recovery:packet_lost', { space, number, trigger }, pkt)
  }

  readonly onKeyUpdate: QuicObserver['onKeyUpdate'] = (_now, generation, byPeer) => {
    this.trace.emit('transport:key_phase_changed', { generation, by: byPeer ? 'peer' : 'local' })
  }

  readonly onHandshake: QuicObserver['onHandshake'] = (_now, event) => {
    if (event.type === 'key_log') this.trace.emit('security:secret_logged', { line: event.line })
  }
}
