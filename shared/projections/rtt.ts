/** Round-trip times of each sender: samples, those not taken (Karn), SRTT and RTO. RFC 6298. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

/** Microseconds over time. */
export interface RoundTrips {
  readonly samples: Series
  /** What ambiguous samples would have been (RFC 6298 3). */
  readonly discarded: Series
  readonly smoothed: Series
  /** With back-off. */
  readonly rto: Series
}

export class Rtt {
  readonly ends = new EndMap<RoundTrips>(() => ({
    samples: new Series(),
    discarded: new Series(),
    smoothed: new Series(),
    rto: new Series(),
  }))
  private readonly cursor = new Cursor('tcp:rtt_sampled', 'tcp:rtt_discarded', 'tcp:metrics_updated')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      if (name === 'tcp:rtt_sampled') end.samples.push(t, table.columns.rtt.data[row])
      else if (name === 'tcp:rtt_discarded') end.discarded.push(t, table.columns.rtt.data[row])
      else {
        const smoothed = table.columns.smoothed_rtt.data[row]
        if (smoothed > 0) end.smoothed.step(t, smoothed)
        end.rto.step(t, table.columns.rto.data[row])
      }
    })
  }
}
