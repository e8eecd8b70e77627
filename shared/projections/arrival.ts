/** When the bytes of a segment reached the other end, over as many tries as it took. */
import type { TraceStore } from '../trace/store.ts'
import { segmentAt } from './packets.ts'

export interface Arrival {
  /** Of the first whole copy at the far end of the link; undefined: not yet. */
  readonly t: number | undefined
  /** The packet that brought it. */
  readonly pkt: number
  /** The packet that they were first sent in died. */
  readonly lost: boolean
}

/** Segments looked at for the one that was sent again; it comes soon, or the connection is dead. */
const MOST_LOOKS = 20_000

/** `pkt`: the packet in which they were first sent. */
export function arrivalOf(store: TraceStore, pkt: number): Arrival {
  const first = delivered(store, pkt)
  if (first !== undefined) return { t: first, pkt, lost: false }
  const lost = store.fate(pkt).kind === 'dropped'
  const row = store.sentRow(pkt)
  if (!lost || row < 0) return { t: undefined, pkt, lost }
  const table = store.table('tcp:segment_sent')
  const { seq, payload } = segmentAt(store, row)
  const stop = Math.min(table.length, row + MOST_LOOKS)
  for (let later = row + 1; later < stop; later++) {
    if (table.node.data[later] !== table.node.data[row] || table.flow.data[later] !== table.flow.data[row])
      continue
    // Its last byte lies in this segment; sequence numbers wrap around.
    const distance = (seq + payload - 1 - table.columns.seq.data[later]) >>> 0
    const again = table.pkt.data[later]
    const t = distance < table.columns.payload.data[later] ? delivered(store, again) : undefined
    if (t !== undefined) return { t, pkt: again, lost }
  }
  return { t: undefined, pkt, lost }
}

function delivered(store: TraceStore, pkt: number): number | undefined {
  const fate = store.fate(pkt)
  return fate.kind === 'delivered' ? store.table(fate.in).t.data[fate.row] : undefined
}
