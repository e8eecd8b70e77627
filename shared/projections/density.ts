/** How many packets were sent when: the ground of the timeline. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

const BINS = 2048
const FIRST_WIDTH = 1_000

/**
 * Packets in intervals of equal length. When the run outgrows them, pairs are joined and the intervals are twice as long:
 * counts stay exact, memory stays the same.
 */
export class Density {
  readonly counts = new Uint32Array(BINS)
  /** Length of an interval in microseconds. */
  width = FIRST_WIDTH
  private readonly cursor = new Cursor('tcp:segment_sent', 'udp:datagram_sent', 'icmp:message_sent')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const t = table.t.data[row]
      while (t >= this.width * BINS) this.join()
      this.counts[Math.floor(t / this.width)]++
    })
  }

  private join(): void {
    const { counts } = this
    for (let i = 0; i < BINS / 2; i++) counts[i] = counts[2 * i] + counts[2 * i + 1]
    counts.fill(0, BINS / 2)
    this.width *= 2
  }
}
