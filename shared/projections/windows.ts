/** The windows of each sender over time: congestion window, slow start threshold, in flight, receive window. */
import type { EventTable } from '../trace/columns.ts'
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
  /** What congestion control did beside growing and halving, in the order of time. */
  readonly turns: WindowTurn[]
}

/**
 * `undone`: a reduction was taken back (RFC 4015); `notified`: reduced since the path marked a packet (RFC 3168); `slowed`: HyStart++
 * slows slow start down (RFC 9406); `timeout`: the retransmission timer ran out.
 */
export interface WindowTurn {
  readonly t: number
  readonly kind: 'undone' | 'notified' | 'slowed' | 'timeout'
  /** Bytes of the congestion window at it. */
  readonly cwnd: number
  /** What found a reduction spurious, or the phase that HyStart++ goes to; else empty. */
  readonly how: string
}

export class Windows {
  readonly ends = new EndMap<SenderWindows>(() => ({
    cwnd: new Series(),
    ssthresh: new Series(),
    inFlight: new Series(),
    receiveWindow: new Series(),
    turns: [],
  }))
  private readonly cursor = new Cursor(
    'tcp:metrics_updated',
    'recovery:metrics_updated',
    'tcp:recovery_undone',
    'tcp:congestion_notified',
    'tcp:slow_start_slowed',
    'tcp:timer_expired',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      if (name !== 'tcp:metrics_updated' && name !== 'recovery:metrics_updated') {
        const turn = turnAt(store, name, table, row, end.cwnd.values.data[end.cwnd.length - 1] ?? 0)
        return void (turn && end.turns.push(turn))
      }
      const { cwnd, ssthresh, in_flight, send_window } = table.columns
      end.cwnd.step(t, cwnd.data[row])
      end.ssthresh.step(t, ssthresh.data[row] === NOT_SET ? Infinity : ssthresh.data[row])
      end.inFlight.step(t, in_flight.data[row])
      if (name === 'tcp:metrics_updated') end.receiveWindow.step(t, send_window.data[row])
    })
  }
}

type TurnEvent =
  'tcp:recovery_undone' | 'tcp:congestion_notified' | 'tcp:slow_start_slowed' | 'tcp:timer_expired'

function turnAt(
  store: TraceStore,
  name: TurnEvent,
  { t, columns }: EventTable,
  row: number,
  now: number,
): WindowTurn | undefined {
  const at = t.data[row]
  const text = (field: string): string => store.text(columns[field].data[row])
  switch (name) {
    case 'tcp:recovery_undone':
      return { t: at, kind: 'undone', cwnd: columns.cwnd.data[row], how: text('found_by') }
    case 'tcp:congestion_notified':
      return columns.reduced.data[row] === 1
        ? { t: at, kind: 'notified', cwnd: columns.cwnd.data[row], how: '' }
        : undefined
    case 'tcp:slow_start_slowed':
      return { t: at, kind: 'slowed', cwnd: now, how: text('phase') }
    case 'tcp:timer_expired':
      return text('timer') === 'retransmit' ? { t: at, kind: 'timeout', cwnd: now, how: '' } : undefined
  }
}
