/** What one end of a TCP connection did. */
import type { EventData } from '../../../shared/trace/events.ts'
import { ACK, FIN, RST, SYN } from '../../protocol/wire/tcp.ts'
import { ConnectionEnd } from './connection-end.ts'
import { TimeMean } from './mean.ts'
import { RecoveryLog } from './recovery-log.ts'

/** RFC 5681 equation (4): ssthresh is at least this many segments. */
const SSTHRESH_FLOOR = 2
/** They carry no byte of the stream that has to be repaired. */
const PROBES = new Set(['keep_alive'])

export class TcpEnd extends ConnectionEnd {
  /** Times of SYNs without ACK, of SYN-ACKs. */
  readonly syns: number[] = []
  readonly synAcks: number[] = []
  /** Whether the peer's SYN came with the option that nobody knows; null: it is not asked for here. */
  optionArrived: boolean | null = null
  readonly recoveryLog = new RecoveryLog()
  /** Data segments that arrived and brought nothing new, copies of the network apart. */
  uselessSegments = 0
  /** Probes of a closed window that it sent (RFC 9293 3.8.6.1). */
  windowProbes = 0
  /** ACKs that it sent to say of more room and of nothing else. */
  windowUpdates = 0
  /** 1 while the window that the peer has told is closed, and how often it was closed. */
  readonly zeroWindow = new TimeMean()
  zeroWindows = 0
  /** Bytes that arrived and wait for an earlier one, and the most that the application read at one moment. */
  readonly outOfOrder = new TimeMean()
  burstMax = 0
  /** How often it reduced its window for an echoed mark. */
  ecnReductions = 0
  /** Probes that it sent while the peer was idle. */
  keepAlives = 0
  /** Since its last segment the peer had been silent so long when the connection was given up or reset; null: it was not. */
  silence: number | null = null
  /** When the SYN cookie came back that the connection was made of (RFC 4987 3.6): before, there was none at this end. */
  cookieReturned: number | null = null
  private lastHeard: number | undefined
  private burst = 0
  private windowClosed = false
  /** Its own window is closed. */
  private isFull = false
  /** The data segment before was a window probe. */
  private probed = false
  private told: { readonly seq: number; readonly ack: number; readonly window: number } | undefined
  /** After the highest sequence number sent; undefined before the first segment. */
  private next: number | undefined
  /** Bytes sent by limited transmit since the last new acknowledgment. */
  private limitedTransmitted = 0

  get active(): boolean {
    return this.syns.length > 0
  }

  override get since(): number | null {
    return this.cookieReturned ?? this.firstSent
  }

  onSent(t: number, segment: EventData<'tcp:segment_sent'>): void {
    this.firstSent ??= t
    this.segments++
    const { seq, flags, payload, cause } = segment
    if (flags & RST) return
    this.onWindowTold(segment)
    if (cause === 'window_probe') this.windowProbes++
    if (cause === 'keep_alive') this.keepAlives++
    if (flags & SYN) (flags & ACK ? this.synAcks : this.syns).push(t)
    if (payload > 0) this.onData(t, segment)
    const end = (seq + payload + (flags & (SYN | FIN) ? 1 : 0)) >>> 0
    if (this.next === undefined || (end - this.next) << 0 > 0) this.next = end
  }

  /** As an analyser tells a window update: nothing else is new. */
  private onWindowTold({ seq, ack, window, payload, flags, sack }: EventData<'tcp:segment_sent'>): void {
    const { told } = this
    this.told = { seq, ack, window }
    const isBare = payload === 0 && !(flags & (SYN | FIN)) && sack.length === 0
    if (isBare && told?.seq === seq && told.ack === ack && window > told.window) this.windowUpdates++
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
    // The octet of a probe that found the window closed goes again with the rest of its segment: that repairs nothing.
    const again = behind - (this.probed && cause !== 'window_probe' ? 1 : 0)
    this.probed = cause === 'window_probe'
    if (again <= 0 || PROBES.has(cause)) return
    this.countResent(cause === 'limited_transmit' ? '' : cause)
  }

  /** `isCopy`: the network made it. */
  onReceived(t: number, { payload, new_data }: EventData<'tcp:segment_received'>, isCopy = false): void {
    this.lastHeard = t
    this.receivedBytes += payload
    // The octet of a probe has not been here before: there was no room for it.
    if (payload === 1 && new_data === 0 && this.isFull) return
    if (payload > 0 && new_data === 0 && !isCopy) this.uselessSegments++
    this.duplicateBytes += payload - new_data
  }

  onClosed(t: number, error: string): void {
    this.error = error
    const found = error === 'timed_out' || error === 'reset'
    if (found && this.lastHeard !== undefined) this.silence = t - this.lastHeard
  }

  onState(t: number, to: string): void {
    if (to === 'ESTABLISHED') this.established ??= t
  }

  /** What RFC 5681 3.2 halves: all that is outstanding but what limited transmit has sent. */
  protected get reducible(): number {
    return this.newBytes - this.acked - this.limitedTransmitted
  }

  protected get floor(): number {
    return SSTHRESH_FLOOR * this.segmentSize
  }

  onMetrics(t: number, metrics: EventData<'tcp:metrics_updated'>): void {
    const { cwnd, ssthresh, acked } = metrics
    this.onWaiting(t, metrics)
    if (acked > this.acked) {
      this.acked = acked
      this.limitedTransmitted = 0
    }
    this.onWindow(t, cwnd, ssthresh)
  }

  override onRead(t: number, bytes: number): void {
    this.burst = this.lastRead === t ? this.burst + bytes : bytes
    this.burstMax = Math.max(this.burstMax, this.burst)
    super.onRead(t, bytes)
  }

  private onWaiting(t: number, metrics: EventData<'tcp:metrics_updated'>): void {
    this.outOfOrder.set(t, metrics.out_of_order)
    this.isFull = metrics.receive_window === 0
    const closed = this.established !== null && metrics.send_window === 0
    if (closed && !this.windowClosed) this.zeroWindows++
    this.windowClosed = closed
    this.zeroWindow.set(t, closed ? 1 : 0)
  }

  onTimer(timer: string): void {
    if (timer === 'retransmit' && this.established !== null) this.timeouts++
  }
}
