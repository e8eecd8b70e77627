/**
 * What a congestion control is. It speaks of bytes, acknowledgments, losses and round-trip times only, and
 * knows no header: TCP and QUIC (RFC 9002 7) drive it. An algorithm is a file; the transport decides
 * what is lost and when a recovery begins and ends.
 */
import type { Micros } from '../../../shared/units.ts'
import type { RateSample } from './delivery-rate.ts'
import type { HyStart } from './hystart.ts'

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
  /** Only of an algorithm that was asked to end its first slow start by the round trip: it wants each sample before `onAck`. */
  readonly hystart?: HyStart | undefined

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
  /** The peer echoed a mark of congestion (RFC 3168 6.1.2, RFC 9002 7.1); without, it is as if there had been a loss. */
  onNotified?(now: Micros, inFlight: number): void
  /** What `onLoss` or `onTimeout` was told of last was none: nothing had been lost. Only of an algorithm that keeps more than a window. */
  onSpurious?(now: Micros): void
  /** The first packet after a time in which there was nothing to send and nothing in flight. */
  onIdleRestart?(now: Micros): void
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
  /** End the first slow start by the round trip (RFC 9406). */
  readonly hystart?: boolean
  /** Packets are spread over time. */
  readonly paced?: boolean
  /** SRTT in microseconds, if there has been a sample. */
  readonly smoothedRtt?: number
  /** More than one loss a round trip can be found (SACK, QUIC); true without. */
  readonly selectiveAcks?: boolean
  /** Uniform in [0, 1), for what must not happen to all flows at once; without, the middle. */
  readonly random?: () => number
  /** When it takes over from another algorithm in the middle of a connection: that one's window and threshold. */
  readonly inherited?: { readonly window: number; readonly ssthresh: number }
}

/**
 * The growth of one acknowledgment in slow start (RFC 5681 3.1, RFC 3465 2.2): by the bytes it covers, so that
 * delayed or lost ACKs do not slow it down and split ones do not speed it up, but by two segments at most; after a
 * timeout one, since an ACK may then cover much that had arrived long before (RFC 3465 2.3). HyStart++ has limits of its own.
 */
export function slowStartIncrease(
  acked: number,
  segmentSize: number,
  afterTimeout: boolean,
  hystart?: HyStart,
): number {
  if (hystart !== undefined) return hystart.increase(acked, segmentSize)
  return Math.min(acked, (afterTimeout ? 1 : 2) * segmentSize)
}
