/**
 * Explicit congestion notification of TCP (RFC 3168 6.1): what both ends agree on in the handshake, what the receiver echoes, and
 * when the sender says that it has slowed down. How much it slows down, recovery.ts and the congestion control decide.
 */
import type { EventData } from '../../../shared/trace/events.ts'
import { CE, ECT_0, NOT_ECT } from '../wire/ipv4.ts'
import { ACK, CWR, ECE } from '../wire/tcp.ts'

export type EcnVerdict = EventData<'tcp:ecn_negotiated'>

export class Ecn {
  private readonly wanted: boolean
  /** Our SYN asked for it, and none of ours went without (6.1.1). */
  private offered = false
  private withdrawn = false
  /** The peer's SYN asks for it, or its SYN-ACK agrees. */
  private peerWants = false
  /** CE has come and the peer has not said CWR since: each ACK echoes it (6.1.3). */
  private echoes = false
  /** The window was reduced, and the peer is to hear of it with the next new data (6.1.2). */
  private cwrDue = false

  constructor(wanted: boolean) {
    this.wanted = wanted
  }

  /** Both ends want it. */
  get on(): boolean {
    return this.wanted && this.peerWants && !this.withdrawn
  }

  /**
   * Flags of our SYN or SYN-ACK. A SYN that goes again goes without (6.1.1.1): something on the way may throw away what it does not
   * know. From then on the connection does without, too.
   */
  synFlags(answers: boolean, again: boolean): number {
    if (!this.wanted) return 0
    if (answers) return this.on ? ECE : 0
    if (again) this.withdrawn = true
    else this.offered = true
    return this.withdrawn ? 0 : ECE | CWR
  }

  /** Learns from the peer's SYN or SYN-ACK. In an answer CWR is not set: else it is our own flags, reflected (6.1.1). */
  learn(flags: number): void {
    const wanted = flags & ACK ? ECE : ECE | CWR
    this.peerWants = (flags & (ECE | CWR)) === wanted
  }

  /** What became of it; undefined when neither end asked. */
  verdict(): EcnVerdict | undefined {
    if (this.on) return { on: true, why: 'agreed' }
    if (!this.wanted) return this.peerWants ? { on: false, why: 'not_wanted' } : undefined
    return { on: false, why: this.offered && !this.withdrawn ? 'peer_refused' : 'not_offered' }
  }

  /** A segment with acceptable text came: `codepoint` is that of its IP packet. */
  onText(flags: number, codepoint: number): void {
    if (!this.on) return
    // CWR first: the packet that carries it may itself be marked, which is news (6.1.3).
    if (flags & CWR) this.echoes = false
    if (codepoint === CE) this.echoes = true
  }

  /** Whether an acknowledgment echoes a mark. */
  isEcho(flags: number): boolean {
    return this.on && (flags & ECE) !== 0
  }

  /** The congestion window was reduced, for whatever reason (6.1.2). */
  onReduced(): void {
    this.cwrDue = this.on
  }

  /** Flags that a segment of a synchronized connection carries beside its own; `fresh`: it has text that was never sent before. */
  flags(fresh: boolean): number {
    const cwr = fresh && this.cwrDue
    if (cwr) this.cwrDue = false
    return (this.echoes ? ECE : 0) | (cwr ? CWR : 0)
  }

  /** Codepoint of its IP packet: new text only, not what goes again, nor pure ACKs, nor probes (6.1.4 to 6.1.6). */
  codepoint(fresh: boolean): number {
    return this.on && fresh ? ECT_0 : NOT_ECT
  }
}
