/** The windows of each sender over time: congestion window, slow start threshold, in flight, receive window. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

/** `ssthresh` as long as none is set (RFC 5681 3.1: it may be arbitrarily high at first). */
const NOT_SET = 0xffff_ffff

/** Bytes over time; each value holds until the next. */
export interface SenderWindows {
  readonly cwnd: Series
  /** Infinity while none is set. */
  readonly ssthresh: Series
  readonly inFlight: Series
  /** What the peer advertises, that is the limit of flow control for this sender. Of QUIC empty: credit is counted otherwise. */
  readonly receiveWindow: Series
}

export class Windows {
  readonly ends = new EndMap<SenderWindows>(() => ({
    cwnd: new Series(),
    ssthresh: new Series(),
    inFlight: new Series(),
    receiveWindow: new Series(),
  }))
  private readonly cursor = new Cursor('tcp:metrics_updated', 'recovery:metrics_updated')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      const { cwnd, ssthresh, in_flight, send_window } = table.columns
      end.cwnd.step(t, cwnd.data[row])
      end.ssthresh.step(t, ssthresh.data[row] === NOT_SET ? Infinity : ssthresh.data[row])
      end.inFlight.step(t, in_flight.data[row])
      if (name === 'tcp:metrics_updated') end.receiveWindow.step(t, send_window.data[row])
    })
  }
}
