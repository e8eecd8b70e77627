/**
 * Selective repeat (RFC 3366 1.3): the receiver keeps what comes early, says so, and the sender sends again what is missing and nothing else.
 * Each packet has a timer of its own; a packet that three later ones have overtaken is not waited for so long.
 */
import type { Micros } from '../../../shared/units.ts'
import { RangeSet } from '../stream/ranges.ts'
import { MOST_RANGES, type ArqAck, type ArqData } from './packet.ts'
import { ArqReceiver, type Verdict } from './receiver.ts'
import { ArqSender, type Outstanding } from './sender.ts'

/** So many packets that were sent later and have arrived make a packet lost, as with TCP's duplicate ACKs (RFC 5681 3.2). */
const OVERTAKERS = 3

export class SelectiveRepeatSender extends ArqSender {
  /** Places among all sendings of those that arrived and were sent last, in ascending order. */
  private readonly latest: number[] = []

  protected get awaited(): Outstanding | undefined {
    let first: Outstanding | undefined
    for (const packet of this.outstanding.values())
      if (first === undefined || packet.deadline < first.deadline) first = packet
    return first
  }

  protected onExpired(now: Micros): void {
    for (const packet of this.outstanding.values()) if (packet.deadline <= now) this.repeat(packet, 'timeout')
  }

  protected onSelective({ number, ranges }: ArqAck): boolean {
    let news = false
    for (let i = 0; i < ranges.length; i += 2)
      for (let n = Math.max(ranges[i], this.base); n < ranges[i + 1]; n++) news = this.onArrived(n) || news
    for (let n = this.base; n < number; n++) this.onArrived(n)
    this.findOvertaken()
    return news
  }

  protected onAdvanced(): void {
    // The others' timers go on.
  }

  /** Returns whether that is new. */
  private onArrived(number: number): boolean {
    const packet = this.outstanding.get(number)
    if (packet === undefined) return false
    this.outstanding.delete(number)
    this.due.delete(number)
    if (packet.sendings === 1) this.noteLatest(packet)
    return true
  }

  /** Of a packet that was sent again nobody knows which sending arrived, so it proves nothing of others (Karn). */
  private noteLatest({ order }: Outstanding): void {
    this.latest.push(order)
    this.latest.sort((a, b) => a - b)
    if (this.latest.length > OVERTAKERS) this.latest.shift()
  }

  private findOvertaken(): void {
    if (this.latest.length < OVERTAKERS) return
    const [third] = this.latest
    for (const packet of this.outstanding.values()) {
      if (packet.order < third && !this.due.has(packet.number)) this.repeat(packet, 'repeat')
      // Those after it were sent later for the first time.
      if (packet.order > third && packet.sendings === 1) return
    }
  }
}

export class SelectiveRepeatReceiver extends ArqReceiver {
  private readonly early = new Map<number, ArqData>()
  private readonly arrived = new RangeSet()

  protected accept(packet: ArqData): Verdict {
    const { number } = packet
    if (number < this.next || this.early.has(number)) return 'duplicate'
    if (number >= this.next + this.window) return 'out_of_window'
    if (number > this.next) {
      // A copy: the packet belongs to the wire.
      this.early.set(number, { ...packet, payload: packet.payload.slice() })
      this.arrived.add(number, number + 1)
      return 'buffered'
    }
    this.deliver(packet)
    for (let found = this.early.get(this.next); found !== undefined; found = this.early.get(this.next)) {
      this.early.delete(this.next)
      this.deliver(found)
    }
    this.arrived.removeBelow(this.next)
    return 'delivered'
  }

  /** What arrived beyond the first gap, the lowest first, as many ranges as an acknowledgment holds. */
  protected get ranges(): number[] {
    const count = Math.min(this.arrived.size, MOST_RANGES)
    return Array.from({ length: 2 * count }, (_, i) =>
      i % 2 === 0 ? this.arrived.left(i / 2) : this.arrived.right((i - 1) / 2),
    )
  }
}
