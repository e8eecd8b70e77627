import type { QueueSpec } from '../../../shared/link.ts'
import { Fifo } from '../fifo.ts'
import type { Transit } from './transit.ts'

/** The packets that wait for transmission, in the order of their arrival. */
export class Queue {
  readonly packets = new Fifo<Transit>()
  bytes = 0

  push(transit: Transit): void {
    this.packets.push(transit)
    this.bytes += transit.bytes.length
  }

  shift(): Transit | undefined {
    const transit = this.packets.shift()
    if (transit !== undefined) this.bytes -= transit.bytes.length
    return transit
  }

  take(id: number): Transit | undefined {
    const transit = this.packets.take((candidate) => candidate.id === id)
    if (transit !== undefined) this.bytes -= transit.bytes.length
    return transit
  }

  /** Whether `size` more bytes would exceed the limit at a rate of `rate` bits a second (0: unlimited). */
  overflows(size: number, { limit, unit }: QueueSpec, rate: number): boolean {
    return this.exceeds(size, limit, unit, rate)
  }

  /** Whether with `size` more bytes it is so long that they are to be marked. */
  congests(size: number, { markAbove, unit }: QueueSpec, rate: number): boolean {
    return this.exceeds(size, markAbove, unit, rate)
  }

  private exceeds(size: number, limit: number, unit: QueueSpec['unit'], rate: number): boolean {
    if (limit === 0) return false
    switch (unit) {
      case 'bytes':
        return this.bytes + size > limit
      case 'packets':
        return this.packets.length + 1 > limit
      case 'time':
        return rate > 0 && ((this.bytes + size) * 8e6) / rate > limit
    }
  }
}
