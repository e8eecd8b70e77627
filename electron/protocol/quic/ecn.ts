/**
 * Does the path carry ECN, and does it mark congestion (RFC 9000 13.4.2, A.4)? A few packets go out with ECT(0); only if the peer's
 * counts then agree with what was sent are all marked, and only then is a mark of congestion believed.
 */
import type { EcnCounts } from '../wire/quic/frames.ts'
import type { SentPacket } from './sent.ts'
import { SPACES, type SpaceName } from './space.ts'

/** A.4: packets of the test. */
const TEST = 10

/** `unknown`: the test was sent, and its outcome is not known yet. */
export type EcnState = 'off' | 'testing' | 'unknown' | 'capable' | 'failed'

interface SpaceCounts {
  /** What the peer has told last. */
  told: EcnCounts
  /** Packets sent with ECT(0). */
  sent: number
}

export class EcnValidation {
  state: EcnState
  private tested = 0
  private readonly spaces: Readonly<Record<SpaceName, SpaceCounts>>

  constructor(isOn: boolean) {
    this.state = isOn ? 'testing' : 'off'
    const fresh = (): SpaceCounts => ({ told: { ect0: 0, ect1: 0, ce: 0 }, sent: 0 })
    this.spaces = { initial: fresh(), handshake: fresh(), application: fresh() }
  }

  /** The next datagram is to carry ECT(0). */
  get marks(): boolean {
    return this.state === 'testing' || this.state === 'capable'
  }

  /** A packet was sent with ECT(0). */
  onSent(space: SpaceName): void {
    this.spaces[space].sent++
    if (this.state === 'testing' && ++this.tested >= TEST) this.state = 'unknown'
  }

  /** Another path is another question. */
  restart(): void {
    if (this.state === 'off') return
    this.state = 'testing'
    this.tested = 0
  }

  /**
   * An ACK that raised the largest acknowledged number (others may be old and say less). Returns whether it tells of congestion
   * that was not told before.
   */
  onAck(name: SpaceName, acked: readonly SentPacket[], counts: EcnCounts | undefined): boolean {
    if (this.state === 'off' || this.state === 'failed') return false
    const space = this.spaces[name]
    const marked = acked.filter(({ ect0 }) => ect0).length
    const now = counts ?? { ect0: 0, ect1: 0, ce: 0 }
    if (!isPlausible(space, now, marked)) {
      this.state = 'failed'
      return false
    }
    const isCongested = now.ce > space.told.ce
    space.told = now
    if (marked > 0 && this.state !== 'capable') this.state = 'capable'
    return isCongested
  }

  /** Marked packets in all, for views. */
  get sent(): number {
    return SPACES.reduce((sum, name) => sum + this.spaces[name].sent, 0)
  }
}

/** RFC 9000 13.4.2.1: nothing is missing, nothing goes backwards, and nothing is there that was not sent. */
function isPlausible({ told, sent }: SpaceCounts, now: EcnCounts, marked: number): boolean {
  const growth = now.ect0 + now.ce - told.ect0 - told.ce
  return growth >= marked && now.ce >= told.ce && now.ect1 === 0 && now.ect0 + now.ce <= sent
}
