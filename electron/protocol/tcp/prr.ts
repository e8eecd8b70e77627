/**
 * Proportional rate reduction (RFC 9937; names are the RFC's): in a recovery, or after an echoed mark, the window does not fall at
 * once to ssthresh but in step with what arrives. While more is in flight than ssthresh, ssthresh/RecoverFS bytes go for each that
 * arrived; once it is less, as many go as arrive, and one segment more when the recovery makes progress without new losses.
 */

/** What of an ACK the reduction has to know; bytes. */
export interface PrrAck {
  /** DeliveredData: newly acknowledged and newly SACKed. */
  readonly delivered: number
  /** What is taken to be in the network, with the losses of this ACK known. */
  readonly inFlight: number
  readonly ssthresh: number
  /** SafeACK: SND.UNA moved and no further loss is known (6.2). */
  readonly safe: boolean
  readonly segmentSize: number
}

/** Which bound was in force: `proportional`, or below ssthresh `conservation` (PRR-CRB) or `slow_start` (PRR-SSRB). */
export type PrrBound = 'proportional' | 'conservation' | 'slow_start'

export class Prr {
  /** RecoverFS: what was in flight when the episode began and had not been delivered; it stays (6.1). */
  private readonly recoverFlightSize: number
  /** prr_delivered, prr_out: delivered and sent since. */
  delivered = 0
  out = 0
  /** What is left of SndCnt, which may be sent until the next ACK. */
  count = 0
  bound: PrrBound = 'proportional'
  /** Without SACK: what duplicate ACKs are taken to have delivered (6.2). */
  private guessed = 0

  constructor(recoverFlightSize: number) {
    this.recoverFlightSize = Math.max(recoverFlightSize, 1)
  }

  /**
   * DeliveredData without SACK (6.2): a segment for each duplicate ACK, which is taken back when SND.UNA moves; never more than there
   * was, lest a receiver that sends too many of them speeds us up.
   */
  estimate(advanced: number, segmentSize: number): number {
    const left = Math.max(this.recoverFlightSize - this.delivered, 0)
    if (advanced === 0) {
      this.guessed = Math.min(this.guessed + segmentSize, this.recoverFlightSize)
      return Math.min(segmentSize, left)
    }
    const known = Math.min(this.guessed, advanced)
    this.guessed -= known
    return Math.min(advanced - known, left)
  }

  /** Without SACK: what of the outstanding octets is no longer in the network (6.2). */
  get departed(): number {
    return this.guessed
  }

  /** 6.2, per-ACK steps. */
  onAck({ delivered, inFlight, ssthresh, safe, segmentSize }: PrrAck): void {
    if (delivered <= 0) return
    this.delivered += delivered
    if (inFlight > ssthresh) {
      this.bound = 'proportional'
      const out = Math.ceil((this.delivered * ssthresh) / this.recoverFlightSize)
      this.count = Math.max(out - this.out, 0)
    } else {
      this.bound = safe ? 'slow_start' : 'conservation'
      const conserved = Math.max(this.delivered - this.out, delivered)
      this.count = Math.min(ssthresh - inFlight, conserved + (safe ? segmentSize : 0))
    }
    // The retransmission that opens the recovery goes in any case.
    if (this.out === 0 && this.count === 0) this.count = segmentSize
  }

  /** 6.3. */
  onSent(bytes: number): void {
    this.out += bytes
    this.count = Math.max(this.count - bytes, 0)
  }
}
