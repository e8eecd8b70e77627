/** The rows of the packet table: the packets that pass a filter, kept up as the run goes on. */
import { Column } from '../../shared/trace/columns.ts'
import type { TraceStore } from '../../shared/trace/store.ts'
import type { PacketTest } from '../../shared/projections/filter.ts'
import type { Packets } from '../../shared/projections/packets.ts'

/** Packets looked at in one go; a filter over a long run is spread over frames. */
const SLICE = 20_000
/** A packet that is under way for longer will not be told of any more. */
const LOST_SIGHT = 10e6

export class PacketRows {
  /** Indexes into `packets`. */
  private readonly rows = new Column('u32')
  private next = 0
  /** The first packet with an open fate: what it will be may change whether it passes. */
  private open = -1
  private readonly packets: Packets
  private readonly lane: string
  private readonly test: PacketTest

  constructor(packets: Packets, lane: string, test: PacketTest) {
    this.packets = packets
    this.lane = lane
    this.test = test
  }

  get length(): number {
    return this.rows.length
  }

  /** Index in `packets` of a row. */
  at(row: number): number {
    return this.rows.data[row]
  }

  /** The row of a packet by its index, or the one that would come after it. */
  rowOf(index: number): number {
    let low = 0
    let high = this.rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.rows.data[middle] < index) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Looks at new packets, and anew at those whose fate was open. False: there is more to do, call again. */
  update(store: TraceStore): boolean {
    if (this.open >= 0) {
      this.rows.length = this.rowOf(this.open)
      this.next = this.open
      this.open = -1
    }
    const stop = Math.min(this.packets.length, this.next + SLICE)
    for (let index = this.next; index < stop; index++) {
      const packet = this.packets.get(store, index)
      const isOpen = packet.fate === 'under_way' && packet.t > store.end - LOST_SIGHT
      if (isOpen && this.open < 0) this.open = index
      if (packet.lane === this.lane && this.test(packet, store)) this.rows.push(index)
    }
    this.next = stop
    return stop === this.packets.length
  }
}
