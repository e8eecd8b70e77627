/**
 * Was a recovery spurious? An episode of it begins with the first segment that is sent again, and was for nothing when the ACK of the
 * original comes after that (Eifel detection, RFC 3522), or when the peer reports that all that was sent again arrived twice (RFC
 * 3708). It is the same for fast recovery and for timeouts; what is given back, recovery.ts decides (RFC 4015).
 */
export class Undo {
  private active = false
  /** SND.UNA when the episode began: what lies before was sent again in another. */
  private from = 0
  /** Octets sent again in this episode that were not reported as duplicates. */
  private unproven = 0
  private resent = false
  /** RetransmitTS (RFC 3522 3.2 (2)) as a tick of our clock in milliseconds; -1: nothing was sent again. */
  private resentTick = -1
  /** (3) waits for the first acceptable ACK only. */
  private awaitsAck = false
  /** A D-SACK was ever seen: then ACKs of all that is outstanding can be told apart, too (5). */
  private peerReports = false

  /** A recovery or a timeout begins. */
  begin(una: number): void {
    this.active = true
    this.from = una
    this.unproven = 0
    this.resent = false
    this.resentTick = -1
    this.awaitsAck = false
  }

  /** The episode is found out, or mixed up with another: nothing will be given back. */
  end(): void {
    this.active = false
  }

  /** A segment goes again. */
  onResent(now: number, octets: number): void {
    if (!this.active) return
    this.unproven += octets
    if (this.resent) return
    this.resent = this.awaitsAck = true
    this.resentTick = Math.floor(now / 1_000)
  }

  /** RFC 3708 3: so many octets from `left` on, which were sent again, arrived twice. True: that was all, so it was for nothing. */
  onDuplicate(left: number, octets: number): boolean {
    this.peerReports = true
    if (!this.active || left < this.from) return false
    this.unproven -= octets
    return this.resent && this.unproven <= 0
  }

  /**
   * RFC 3522 3.2 (3) to (5): the first ACK after the retransmission that moves SND.UNA. True: the original is acknowledged.
   * @param echoed the tick that it echoes, -1: none
   * @param all it acknowledges all that is outstanding
   */
  onAdvance(echoed: number, hasDuplicate: boolean, all: boolean): boolean {
    if (!this.active || !this.awaitsAck) return false
    this.awaitsAck = false
    if (echoed < 0 || echoed >= this.resentTick || hasDuplicate) return false
    return this.peerReports || !all
  }
}
