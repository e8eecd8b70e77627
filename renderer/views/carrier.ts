/** The packet that stands for something above TCP when it is selected. */
import type { Linked } from '../../shared/projections/layers.ts'
import type { TraceStore } from '../../shared/trace/store.ts'

/** The first packet that carried it, null when none is known. */
export function carrierOf(store: TraceStore, linked: Linked | undefined): number | null {
  const row = linked?.segments[0]
  return row === undefined ? null : store.table('tcp:segment_sent').pkt.data[row]
}
