/** What one end of a connection did, of TCP or of QUIC, added up event by event. */
import { StallLog } from '../../../shared/projections/stalls.ts'
import { STALL_CAUSES, type StallCause } from '../../../shared/trace/events.ts'
import { Mean, TimeMean } from './mean.ts'

/** `ssthresh` in the trace as long as there is none. */
export const NOT_SET = 0xffff_ffff

/** In QUIC a "segment" is a packet, one with "payload" a packet with STREAM frames, and "payload" is what these carry. */
export abstract class ConnectionEnd {
  readonly node: string
  readonly flow: string
  /** When it was established: ESTABLISHED of TCP, the handshake of QUIC complete. */
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
  /** Read by the application; of QUIC, as far as it could be: the bytes of each stream that came in order. */
  bytesRead = 0
  lastRead: number | null = null
  /** Payload that had already arrived. */
  duplicateBytes = 0
  receivedBytes = 0
  readonly cwnd = new TimeMean()
  readonly rtt = new Mean()
  /** Measurements that were thrown away, because nobody knows which sending was acknowledged (Karn). */
  rttDiscarded = 0
  /** Retransmission or probe timeouts of an established connection. */
  timeouts = 0
  recoveries = 0
  readonly recoveryTimes = new Mean()
  /** ssthresh after a loss as a share of what RFC 5681 3.2, or RFC 9002 7.3.2, takes a part of. */
  readonly decrease = new Mean()
  /** Bytes that the peer has acknowledged; of TCP only. */
  acked = 0
  readonly stalls = new StallLog()
  error: string | null = null
  private recoveringSince: number | undefined
  /** What was there at the start of a recovery whose ssthresh has not been reported yet. */
  private reducedFrom = 0

  constructor(node: string, flow: string) {
    this.node = node
    this.flow = flow
  }

  /** From when on there is an end that could send; null: it never sent. */
  get since(): number | null {
    return this.firstSent
  }

  /** Whether it opened the connection. */
  abstract get active(): boolean

  /** What a loss takes a part of. */
  protected abstract get reducible(): number

  /** Below so many bytes a reduced window is a floor and tells nothing of the factor. */
  protected abstract get floor(): number

  onRead(t: number, bytes: number): void {
    this.bytesRead += bytes
    this.lastRead = t
  }

  onWindow(t: number, cwnd: number, ssthresh: number): void {
    if (this.reducedFrom > 0 && ssthresh !== NOT_SET) {
      if (ssthresh > this.floor) this.decrease.add(ssthresh / this.reducedFrom)
      this.reducedFrom = 0
    }
    this.cwnd.set(t, cwnd)
  }

  onCongestionState(t: number, { from, to }: { readonly from: string; readonly to: string }): void {
    if (this.recoveringSince !== undefined && from === 'recovery') {
      this.recoveryTimes.add(t - this.recoveringSince)
      this.recoveringSince = undefined
    }
    if (to !== 'recovery') return
    this.recoveries++
    this.recoveringSince = t
    this.reducedFrom = this.reducible
  }

  onStall(t: number, cause: string): void {
    const number = STALL_CAUSES.indexOf(cause as StallCause)
    if (number >= 0) this.stalls.change(t, number)
  }

  protected countResent(cause: string): void {
    this.resent.set(cause, (this.resent.get(cause) ?? 0) + 1)
  }

  /** Data segments that were sent again. */
  get retransmissions(): number {
    let sum = 0
    for (const count of this.resent.values()) sum += count
    return sum
  }
}
