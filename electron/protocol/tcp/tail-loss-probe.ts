/**
 * Tail loss probe (RFC 8985 7): when no ACK comes for two round trips, something is sent whose ACK tells whether the last segments
 * have arrived, long before the retransmission timer would run out.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'

/** TLP.max_ack_delay: what a peer may hold back the ACK of a single segment; it does not tell (7.2). */
const MAX_ACK_DELAY = 200_000
/** 7.2: without a round-trip sample. */
const FIRST_TIMEOUT = 1_000_000

/** What an ACK says to a probe. */
export interface ProbeAck {
  /** SEG.ACK as a position. */
  readonly ack: number
  /** The end of what its D-SACK names; -1: it has none. */
  readonly duplicateEnd: number
  /** It is a duplicate ACK, and has no SACK blocks. */
  readonly bare: boolean
}

export class TailLossProbe {
  private readonly trace: Trace
  /** TLP.end_seq: SND.NXT when the probe was sent; undefined: no probe is on its way. */
  private end: number | undefined
  /** TLP.is_retrans. */
  private isResent = false
  /** Since when the probe timeout counts; undefined: nothing has started it. */
  private since: number | undefined
  /** A round trip was measured since the last probe (7.3). */
  private sampled = true

  constructor(trace: Trace) {
    this.trace = trace
  }

  /** A probe is on its way that no ACK has answered. */
  isUnanswered(una: number): boolean {
    return this.end !== undefined && una < this.end
  }

  /** A D-SACK that ends here is of the probe, and says nothing of reordering. */
  isProbe(end: number): boolean {
    return this.isResent && this.end === end
  }

  /** 7.2: new data left, or were acknowledged. */
  start(now: Micros): void {
    this.since = now
  }

  onSample(): void {
    this.sampled = true
  }

  /**
   * When the probe is due; Infinity: never (7.2).
   * @param smoothed SRTT, 0: none
   * @param single one segment is outstanding, whose ACK the peer may delay
   * @param rtoAt when the retransmission timer runs out: the probe goes then at the latest
   */
  dueAt(smoothed: number, single: boolean, rtoAt: number): number {
    if (this.since === undefined) return Infinity
    return Math.min(this.since + probeTimeout(smoothed, single), rtoAt)
  }

  /** The probe timeout ran out: whether a probe may go (7.3), and the time that it waited. */
  expire(now: Micros): { readonly may: boolean; readonly waited: number } {
    const waited = now - (this.since ?? now)
    this.since = undefined
    return { may: this.end === undefined && this.sampled, waited }
  }

  /** A probe leaves; `end` is SND.NXT with it. */
  onSent(end: number, isResent: boolean, waited: number): void {
    this.end = end
    this.isResent = isResent
    this.sampled = false
    // What it sends starts no further probe.
    this.since = undefined
    this.trace.emit('tcp:loss_probe_sent', { what: isResent ? 'last' : 'new', timeout: Math.round(waited) })
  }

  /** TLP_process_ack (7.4.2). True: the probe has repaired a loss, which congestion control must hear of. */
  onAck({ ack, duplicateEnd, bare }: ProbeAck): boolean {
    if (this.end === undefined || ack < this.end) return false
    if (!this.isResent) this.finish('new')
    else if (duplicateEnd === this.end) this.finish('duplicate')
    else if (ack > this.end) {
      this.finish('repaired')
      return true
    } else if (bare) this.finish('duplicate')
    return false
  }

  /** A recovery or the retransmission timer has taken over. */
  overtake(): void {
    this.since = undefined
    if (this.end !== undefined) this.finish('overtaken')
  }

  private finish(verdict: string): void {
    this.end = undefined
    this.trace.emit('tcp:loss_probe_ended', { verdict })
  }
}

/** TLP_calc_PTO (7.2) without its limit, in microseconds. */
export function probeTimeout(smoothed: number, single: boolean): number {
  if (smoothed === 0) return FIRST_TIMEOUT
  return 2 * smoothed + (single ? MAX_ACK_DELAY : 0)
}
