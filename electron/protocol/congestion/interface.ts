/**
 * What a congestion control is. It speaks of bytes, acknowledgments, losses and round-trip times only, and
 * knows no header: TCP and QUIC (RFC 9002 7) drive it. An algorithm is a file; the transport decides
 * what is lost and when a recovery begins and ends.
 */
import type { Micros } from '../../../shared/units.ts'
import type { RateSample } from './delivery-rate.ts'

/** How fast to send. */
export interface Pacing {
  /** Bytes a microsecond. */
  readonly rate: number
  /** Bytes that may go at once. */
  readonly burst: number
}

export interface CongestionControl {
  readonly name: string
  /** Bytes that may be in flight. */
  readonly window: number
  /** Below it the window grows by slow start; Infinity until the first loss. */
  readonly ssthresh: number
  /** Only of an algorithm that rules the rate, too; others are paced by their window, or not. */
  readonly pacing?: Pacing
  /** Only of an algorithm that has states of its own: its name in the trace. */
  readonly state?: string

  /**
   * `bytes` were newly acknowledged, outside of a recovery.
   * @param smoothedRtt microseconds; 0 when not known yet
   * @param windowLimited the sender had filled the window: one that was not used proves nothing and must
   *   not grow (RFC 7661 3, RFC 9438 5.8)
   */
  onAck(now: Micros, bytes: number, smoothedRtt: number, windowLimited: boolean): void
  /** What an ACK says of the rate of delivery, in a recovery, too; only for an algorithm that asks for it. */
  onRateSample?(now: Micros, sample: RateSample): void
  /** A recovery begins; `inFlight` bytes were outstanding (FlightSize of RFC 5681). */
  onLoss(now: Micros, inFlight: number): void
  /** The recovery that `onLoss` or `onTimeout` began is over. */
  onRecovered?(): void
  /**
   * The retransmission timer ran out.
   * @param first false when it did before for the same data: then ssthresh stays (RFC 5681 3.1)
   */
  onTimeout(now: Micros, inFlight: number, first: boolean): void
  /** Sending begins again after a pause of more than a retransmission timeout (RFC 5681 4.1). */
  onRestart(now: Micros): void
  /** The window becomes no larger than this (RFC 6582 3.2, end of recovery). */
  capWindow(bytes: number): void
  /** SMSS changed. */
  setSegmentSize(bytes: number): void
  /** The algorithm's own variables, for display. */
  metrics(): Readonly<Record<string, number>>
}

export interface CongestionOptions {
  /** SMSS: bytes of payload in a full segment. */
  readonly segmentSize: number
  /** Bytes (RFC 6928). */
  readonly initialWindow: number
  /** When it takes over from another algorithm in the middle of a connection: that one's window and threshold. */
  readonly inherited?: { readonly window: number; readonly ssthresh: number }
}

/**
 * The growth of one acknowledgment in slow start (RFC 5681 3.1, RFC 3465 2.2): by the bytes it covers, so that
 * delayed or lost ACKs do not slow it down and split ones do not speed it up, but by two segments at most; after a
 * timeout one, since an ACK may then cover much that had arrived long before (RFC 3465 2.3).
 */
export function slowStartIncrease(acked: number, segmentSize: number, afterTimeout: boolean): number {
  return Math.min(acked, (afterTimeout ? 1 : 2) * segmentSize)
}
