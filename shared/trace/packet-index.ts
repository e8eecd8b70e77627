/** A number for each packet of a recording. */
import { Column } from './columns.ts'

/**
 * A number for each packet, 0 when none was set. Packets are numbered from 1 without gaps, hence a column; a
 * number far beyond (a damaged recording) goes to a map, so that it costs one entry and not gigabytes.
 */
export class PacketIndex {
  private readonly dense = new Column('u32', 1024)
  private readonly far = new Map<number, number>()

  set(pkt: number, value: number): void {
    if (pkt >= this.dense.length + MAX_GAP) {
      this.far.set(pkt, value)
      return
    }
    while (this.dense.length <= pkt) this.dense.push(this.take(this.dense.length))
    this.dense.data[pkt] = value
  }

  get(pkt: number): number {
    return pkt < this.dense.length ? this.dense.data[pkt] : (this.far.get(pkt) ?? 0)
  }

  get byteLength(): number {
    return this.dense.byteLength + this.far.size * 40
  }

  /** What was set for `pkt` while it was still far away. */
  private take(pkt: number): number {
    const value = this.far.get(pkt)
    if (value === undefined) return 0
    this.far.delete(pkt)
    return value
  }
}

const MAX_GAP = 65_536
