/**
 * A segment of data that is larger than the others, to see whether the path takes it (RFC 4821 7.4 to 7.6). What is out and how it
 * ended stands here; which size is tried, and what follows from it, in path-mtu.ts.
 */
import type { Scoreboard } from './scoreboard.ts'

export type ProbeOutcome = 'success' | 'failure' | 'inconclusive'

/** What the probe has to know of the sender. */
interface ProbeView {
  readonly una: number
  readonly mss: number
  readonly board: Scoreboard
}

export class MtuProbe {
  /** Payload of the next probe, more than a full segment; 0: none is wanted. */
  next: () => number = () => 0
  /** Is told how a probe with so much payload ended. */
  onEnded: (payload: number, outcome: ProbeOutcome) => void = () => undefined
  private position = 0
  /** Of the one that is out; 0: none is. */
  private payload = 0
  /** The data of a probe that failed are on their way again up to here. */
  private repairEnd = 0

  get isOut(): boolean {
    return this.payload > 0
  }

  get end(): number {
    return this.position + this.payload
  }

  sent(position: number, payload: number): void {
    this.position = position
    this.payload = payload
  }

  /** RFC 4821 7.6.1: the peer has all of it. */
  onAck(una: number): void {
    if (this.isOut && una >= this.end) this.finish('success')
  }

  /**
   * A loss was found outside of a recovery. True: it is the probe alone that is missing, which says nothing of congestion
   * (RFC 4821 7.6.2); its data wait to be sent again in full segments. False: there are other losses, so the probe proves nothing (7.6.4).
   */
  takesLoss({ una, mss, board }: ProbeView, onLost: (index: number) => void): boolean {
    if (una < this.repairEnd && !board.congestionLoss) return true
    if (!this.isOut) return false
    const onlyHead = board.waiting === 0 || (board.waiting === 1 && board.nextLost() === board.headIndex)
    if (una !== this.position || !onlyHead) {
      board.split(mss)
      this.finish('inconclusive')
      return false
    }
    this.repairEnd = this.end
    board.split(mss, onLost)
    this.finish('failure')
    return true
  }

  /** A router says that a packet with `position` in it was too large: was it the probe? */
  takesComplaint(position: number, { mss, board }: ProbeView, onLost: (index: number) => void): boolean {
    if (!this.isOut || position < this.position || position >= this.end) return false
    this.repairEnd = this.end
    board.split(mss, onLost)
    this.finish('failure')
    return true
  }

  /** RFC 4821 7.6.3: the retransmission timer ran out. The congestion control treats it as any other. */
  onTimeout({ una, mss, board }: ProbeView): void {
    if (!this.isOut) return
    board.split(mss)
    this.finish(una === this.position ? 'failure' : 'inconclusive')
  }

  private finish(outcome: ProbeOutcome): void {
    const { payload } = this
    this.payload = 0
    this.onEnded(payload, outcome)
  }
}
