/** What one ACK tells of, gathered while it is taken in, for those who judge recoveries: RACK, F-RTO, undo and the loss probe. */
export class AckNews {
  /** The tick of our clock, in milliseconds, that its timestamp echoes; -1: none. */
  echoed = -1
  /** Of the segments that have arrived: the highest end (-1: there is none), and the lowest of those sent once only (Infinity). */
  highest = -1
  lowestOriginal = Infinity
  /** Its D-SACK: where it begins and ends, and how many octets of it this end had sent again; -1: it has none. */
  duplicateLeft = -1
  duplicateEnd = -1
  duplicateOctets = 0
  /** It is a duplicate ACK as RFC 5681 2 has it, and carries no SACK block. */
  bare = false
  /** There are new data, and the receive window takes them. */
  canSend = false
  /** Octets that it acknowledges cumulatively. */
  advanced = 0

  reset(echoed: number): void {
    this.echoed = echoed
    this.highest = -1
    this.lowestOriginal = Infinity
    this.duplicateLeft = this.duplicateEnd = -1
    this.duplicateOctets = 0
    this.bare = false
    this.canSend = false
    this.advanced = 0
  }

  onArrived(end: number, resent: boolean): void {
    if (end > this.highest) this.highest = end
    if (!resent && end < this.lowestOriginal) this.lowestOriginal = end
  }
}
