/**
 * F-RTO (RFC 5682): after a retransmission timeout two new segments go where slow start would send old ones again. If what was sent
 * before the timeout is acknowledged nevertheless, the timeout was spurious: all was only late. Section 2.1 without SACK, 3.1 with.
 */
import type { Trace } from '../../../shared/trace/sink.ts'

/** What an ACK says to it. */
export interface FrtoAck {
  /** SND.UNA after it. */
  readonly una: number
  /** SND.UNA moved. */
  readonly advanced: boolean
  /** It is a duplicate ACK (RFC 5681 2, of SACK RFC 6675 2). */
  readonly duplicate: boolean
  readonly sack: boolean
  /** The highest end of the segments that it tells of; -1: it tells of none. */
  readonly highest: number
  /** The lowest end of those that were sent once only; Infinity: there is none. */
  readonly lowestOriginal: number
  /** There are new data, and the receive window takes them. */
  readonly canSend: boolean
}

export type FrtoVerdict = 'undecided' | 'genuine' | 'spurious'

export class Frto {
  private readonly trace: Trace
  /** The step that the next ACK is for; 0: none, the timeout is taken for genuine. */
  private step: 0 | 2 | 3 = 0
  /** "recover" of 2.1, RecoveryPoint of 3.1. */
  private recover = 0
  /** The end of what was sent again in step 1. */
  private resentEnd = 0
  /** New segments that may still go in step 2b. */
  allowance = 0

  constructor(trace: Trace) {
    this.trace = trace
  }

  /** It waits for the ACK of step 3: until then nothing is sent again. */
  get holdsBack(): boolean {
    return this.step === 3
  }

  /**
   * Step 1: the timer ran out.
   * @param recover after the highest octet sent
   * @param resentEnd the end of the segment that goes again
   */
  begin(recover: number, resentEnd: number): void {
    this.step = 2
    this.recover = recover
    this.resentEnd = resentEnd
    this.allowance = 0
    this.report('1', 'undecided')
  }

  /** Another timeout, or a recovery that is over: nothing more is found out. */
  end(): void {
    this.step = 0
    this.allowance = 0
  }

  /** Steps 2 and 3; undefined when it is not at work, or the ACK is none that counts. */
  onAck(ack: FrtoAck): FrtoVerdict | undefined {
    if (this.step === 2) return this.first(ack)
    return this.step === 3 ? this.second(ack) : undefined
  }

  private first({ una, advanced, sack, duplicate, canSend }: FrtoAck): FrtoVerdict | undefined {
    // 3.1 step 2: with SACK, duplicate ACKs only tell of more that has arrived.
    if (!advanced && (sack || !duplicate)) return undefined
    if (!advanced || una >= this.recover || una < this.resentEnd) return this.conclude('2a', 'genuine')
    if (!canSend) {
      this.end()
      return this.report('2b', 'undecided')
    }
    this.step = 3
    this.allowance = 2
    return this.report('2b', 'undecided')
  }

  private second(ack: FrtoAck): FrtoVerdict | undefined {
    if (!ack.advanced && !ack.duplicate) return undefined
    if (!ack.sack) return this.conclude(ack.advanced ? '3b' : '3a', ack.advanced ? 'spurious' : 'genuine')
    const beyond = ack.una > this.recover || ack.highest > this.recover
    const original = ack.lowestOriginal <= this.recover
    return !beyond && original ? this.conclude('3b', 'spurious') : this.conclude('3a', 'genuine')
  }

  private conclude(step: string, verdict: FrtoVerdict): FrtoVerdict {
    this.end()
    return this.report(step, verdict)
  }

  private report(step: string, verdict: FrtoVerdict): FrtoVerdict {
    this.trace.emit('tcp:frto_step', { step, verdict })
    return verdict
  }
}
