/**
 * Go-back-N (RFC 3366 1.3, "sliding window" with a receiver's window of one): the receiver takes packets in order only, and when one is lost
 * the sender goes back to it and sends all that follow once more. With a window of one packet it is stop-and-wait.
 */
import type { Micros } from '../../../shared/units.ts'
import type { ArqData } from './packet.ts'
import { ArqReceiver, type Verdict } from './receiver.ts'
import { ArqSender, type Outstanding } from './sender.ts'

export class GoBackNSender extends ArqSender {
  /** One timer, and it is the oldest packet's. */
  protected get awaited(): Outstanding | undefined {
    return this.outstanding.get(this.base)
  }

  protected onExpired(_now: Micros, awaited: Outstanding): void {
    for (const packet of this.outstanding.values())
      this.repeat(packet, packet === awaited ? 'timeout' : 'go_back')
  }

  /** What lies beyond a gap was thrown away. */
  protected onSelective(): boolean {
    return false
  }

  /** RFC 6298 5.3: the timer starts anew when something new is acknowledged. */
  protected onAdvanced(now: Micros): void {
    const { awaited } = this
    if (awaited !== undefined) this.await(now, awaited)
  }
}

export class GoBackNReceiver extends ArqReceiver {
  protected accept(packet: ArqData): Verdict {
    if (packet.number !== this.next) return packet.number < this.next ? 'duplicate' : 'out_of_order'
    this.deliver(packet)
    return 'delivered'
  }

  protected get ranges(): number[] {
    return []
  }
}
