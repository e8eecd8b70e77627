/** Controlled delay, RFC 8289: drops at the head once packets have waited `target` for a whole `interval`. */
import type { QueueSpec } from '../../../shared/link.ts'
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Queue } from './queue.ts'
import type { Transit } from './transit.ts'

/** What CoDel does to a packet whose turn it is to suffer; true: it was marked and may go on. */
export type Penalty = (transit: Transit) => boolean

/** The state of RFC 8289 5.3; names are the RFC's. */
export class Codel {
  private firstAboveTime: Micros | undefined
  private dropNext: Micros = micros(0)
  private count = 0
  private lastCount = 0
  private dropping = false

  /**
   * Takes the next packet to transmit (RFC 8289 5.5). `penalise` drops a packet or marks it. `mtu` is the
   * size below which a queue is never too long.
   */
  dequeue(now: Micros, queue: Queue, spec: QueueSpec, mtu: number, penalise: Penalty): Transit | undefined {
    let head = this.next(now, queue, spec, mtu)
    if (this.dropping) {
      if (!head.okToDrop) this.dropping = false
      while (this.dropping && now >= this.dropNext && head.transit !== undefined) {
        this.count++
        const marked = penalise(head.transit)
        if (!marked) head = this.next(now, queue, spec, mtu)
        if (!marked && !head.okToDrop) this.dropping = false
        else this.dropNext = this.controlLaw(this.dropNext, spec)
        if (marked) break
      }
    } else if (head.okToDrop && head.transit !== undefined) {
      if (!penalise(head.transit)) head = this.next(now, queue, spec, mtu)
      this.startDropping(now, spec)
    }
    return head.transit
  }

  /** RFC 8289 5.5: when the last spell of dropping is not long past, its drop rate is taken up again. */
  private startDropping(now: Micros, spec: QueueSpec): void {
    this.dropping = true
    const delta = this.count - this.lastCount
    this.count = delta > 1 && now - this.dropNext < 16 * spec.interval ? delta : 1
    this.dropNext = this.controlLaw(now, spec)
    this.lastCount = this.count
  }

  /** RFC 8289 5.4: drops come closer with the square root of their number. */
  private controlLaw(t: Micros, spec: QueueSpec): Micros {
    return after(t, spec.interval / Math.sqrt(this.count))
  }

  /** RFC 8289 5.6: the packet at the head, and whether the queue has been above target for an interval. */
  private next(
    now: Micros,
    queue: Queue,
    spec: QueueSpec,
    mtu: number,
  ): { transit: Transit | undefined; okToDrop: boolean } {
    const transit = queue.shift()
    if (transit === undefined || now - transit.enteredAt < spec.target || queue.bytes <= mtu) {
      this.firstAboveTime = undefined
      return { transit, okToDrop: false }
    }
    this.firstAboveTime ??= after(now, spec.interval)
    return { transit, okToDrop: now >= this.firstAboveTime }
  }
}
