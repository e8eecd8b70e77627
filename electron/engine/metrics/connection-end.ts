/** What one end of a connection did, added up event by event. */
import { StallLog } from '../../../shared/projections/stalls.ts'
import { STALL_CAUSES, type EventData, type StallCause } from '../../../shared/trace/events.ts'
import { ACK, FIN, RST, SYN } from '../../protocol/wire/tcp.ts'
import { Mean, TimeMean } from './mean.ts'

/** `ssthresh` in the trace as long as there is none. */
const NOT_SET = 0xffff_ffff
/** RFC 5681 equation (4): ssthresh is at least this many segments, so at the floor it tells nothing of the factor. */
const SSTHRESH_FLOOR = 2
/** They carry no byte of the stream that has to be repaired. */
const PROBES = new Set(['keep_alive'])

export class ConnectionEnd {
  readonly node: string
  readonly flow: string
  /** Times of SYNs without ACK, of SYN-ACKs. */
  readonly syns: number[] = []
  readonly synAcks: number[] = []
  /** When it reached ESTABLISHED. */
  established: number | null = null
  firstSent: number | null = null
  /** First and last segment with payload that it sent. */
  firstData: number | null = null
  lastData: number | null = null
  segments = 0
  dataSegments = 0
  /** Payload sent for the first time, and all payload sent. */
  newBytes = 0
  sentBytes = 0
  /** The largest payload: a full segment. */
  segmentSize = 0
  /** Data segments whose first byte had been sent before, by cause; the empty one stands for no cause given. */
  readonly resent = new Map<string, number>()
  /** Read by the application. */
  bytesRead = 0
  lastRead: number | null = null
  /** Payload that had already arrived. */
  duplicateBytes = 0
  receivedBytes = 0
  readonly cwnd = new TimeMean()
  readonly rtt = new Mean()
  /** Retransmission timeouts of an established connection. */
  timeouts = 0
  recoveries = 0
  readonly recoveryTimes = new Mean()
  /** ssthresh after a loss as a share of what was in flight before. */
  readonly decrease = new Mean()
  /** Bytes that the peer has acknowledged. */
  acked = 0
  readonly stalls = new StallLog()
  error: string | null = null
  /** After the highest sequence number sent; undefined before the first segment. */
  private next: number | undefined
  private recoveringSince: number | undefined
  /** Bytes sent by limited transmit since the last new acknowledgment. */
  private limitedTransmitted = 0
  /** FlightSize at the start of a recovery whose ssthresh has not been reported yet. */
  private reducedFrom = 0

  constructor(node: string, flow: string) {
    this.node = node
    this.flow = flow
  }

  /** Whether it opened the connection. */
  get active(): boolean {
    return this.syns.length > 0
  }

  onSent(t: number, segment: EventData<'tcp:segment_sent'>): void {
    this.firstSent ??= t
    this.segments++
    const { seq, flags, payload } = segment
    if (flags & RST) return
    if (flags & SYN) (flags & ACK ? this.synAcks : this.syns).push(t)
    if (payload > 0) this.onData(t, segment)
    const end = (seq + payload + (flags & (SYN | FIN) ? 1 : 0)) >>> 0
    if (this.next === undefined || (end - this.next) << 0 > 0) this.next = end
  }

  private onData(t: number, { seq, payload, cause }: EventData<'tcp:segment_sent'>): void {
    this.firstData ??= t
    this.lastData = t
    this.dataSegments++
    this.sentBytes += payload
    if (payload > this.segmentSize) this.segmentSize = payload
    // Sequence numbers wrap: compare by the sign of the difference (RFC 9293 3.4).
    const behind = this.next === undefined ? 0 : (this.next - seq) << 0
    this.newBytes += payload - Math.min(Math.max(behind, 0), payload)
    if (cause === 'limited_transmit') this.limitedTransmitted += payload
    if (behind <= 0 || PROBES.has(cause)) return
    const named = cause === 'limited_transmit' ? '' : cause
    this.resent.set(named, (this.resent.get(named) ?? 0) + 1)
  }

  onReceived({ payload, new_data }: EventData<'tcp:segment_received'>): void {
    this.receivedBytes += payload
    this.duplicateBytes += payload - new_data
  }

  onState(t: number, to: string): void {
    if (to === 'ESTABLISHED') this.established ??= t
  }

  onRead(t: number, bytes: number): void {
    this.bytesRead += bytes
    this.lastRead = t
  }

  /** What RFC 5681 3.2 halves: all that is outstanding but what limited transmit has sent. */
  private get flightSize(): number {
    return this.newBytes - this.acked - this.limitedTransmitted
  }

  onMetrics(t: number, { cwnd, ssthresh, acked }: EventData<'tcp:metrics_updated'>): void {
    if (this.reducedFrom > 0 && ssthresh !== NOT_SET) {
      if (ssthresh > SSTHRESH_FLOOR * this.segmentSize) this.decrease.add(ssthresh / this.reducedFrom)
      this.reducedFrom = 0
    }
    if (acked > this.acked) {
      this.acked = acked
      this.limitedTransmitted = 0
    }
    this.cwnd.set(t, cwnd)
  }

  onCongestionState(t: number, { from, to }: EventData<'tcp:congestion_state_changed'>): void {
    if (this.recoveringSince !== undefined && from === 'recovery') {
      this.recoveryTimes.add(t - this.recoveringSince)
      this.recoveringSince = undefined
    }
    if (to !== 'recovery') return
    this.recoveries++
    this.recoveringSince = t
    this.reducedFrom = this.flightSize
  }

  onTimer(timer: string): void {
    if (timer === 'retransmit' && this.established !== null) this.timeouts++
  }

  onStall(t: number, cause: string): void {
    const number = STALL_CAUSES.indexOf(cause as StallCause)
    if (number >= 0) this.stalls.change(t, number)
  }

  /** Data segments that were sent again. */
  get retransmissions(): number {
    let sum = 0
    for (const count of this.resent.values()) sum += count
    return sum
  }
}
