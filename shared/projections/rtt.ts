/** Round-trip times of each sender: samples, those not taken (Karn), SRTT and RTO. RFC 6298; of QUIC RFC 9002 5 and 6.2. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

/** Microseconds over time. */
export interface RoundTrips {
  readonly samples: Series
  /** What ambiguous samples would have been (RFC 6298 3). */
  readonly discarded: Series
  readonly smoothed: Series
  /** SRTT and four times RTTVAR: what the timeout is made of before its least value and back-off (RFC 6298 2.3). */
  readonly spread: Series
  /** What the path itself took: there and back, by the packets that arrived last (not for QUIC). */
  readonly path: Series
  /** Times at which the retransmission timer ran out, at the timeout that it had. */
  readonly timeouts: Series
  /** With back-off; of QUIC the probe timeout (PTO). */
  readonly rto: Series
  readonly isQuic: boolean
}

/** RFC 9002 6.1.2: the granularity of timers; 6.2.2: a round trip before any was measured; RFC 9000 18.2: max_ack_delay. */
const GRANULARITY = 1_000
const INITIAL_RTT = 333_000
const MAX_ACK_DELAY = 25_000

const EVENTS = [
  'tcp:rtt_sampled',
  'tcp:rtt_discarded',
  'tcp:metrics_updated',
  'transport:parameters_set',
  'recovery:rtt_sampled',
  'recovery:metrics_updated',
  'tcp:segment_received',
  'tcp:timer_expired',
] as const

interface SenderTrips extends RoundTrips {
  isQuic: boolean
  /** How long the last segment from this end to the other took; NaN before the first. */
  there: number
  /** How long the peer may hold an acknowledgment back, in microseconds. */
  maxAckDelay: number
}

export class Rtt {
  readonly ends = new EndMap<SenderTrips>(() => ({
    samples: new Series(),
    discarded: new Series(),
    smoothed: new Series(),
    spread: new Series(),
    path: new Series(),
    timeouts: new Series(),
    rto: new Series(),
    isQuic: false,
    there: NaN,
    maxAckDelay: MAX_ACK_DELAY,
  }))
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      if (name === 'tcp:segment_received') return this.onReceived(store, table, row)
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      const value = (field: string): number => table.columns[field].data[row]
      if (name === 'tcp:rtt_sampled' || name === 'recovery:rtt_sampled') end.samples.push(t, value('rtt'))
      else if (name === 'tcp:timer_expired') {
        if (store.text(value('timer')) === 'retransmit')
          end.timeouts.push(t, end.rto.values.data[end.rto.length - 1] ?? 0)
      } else if (name === 'tcp:rtt_discarded') end.discarded.push(t, value('rtt'))
      else if (name === 'transport:parameters_set') {
        if (store.text(value('owner')) === 'remote')
          end.maxAckDelay = ackDelayIn(store.text(value('parameters')))
      } else {
        const smoothed = value('smoothed_rtt')
        if (smoothed > 0) {
          end.smoothed.step(t, smoothed)
          end.spread.step(t, smoothed + 4 * value('rtt_variance'))
        }
        if (name === 'tcp:metrics_updated') end.rto.step(t, value('rto'))
        else {
          end.isQuic = true
          end.rto.step(t, probeTimeout(smoothed, value('rtt_variance'), end.maxAckDelay, value('pto_count')))
        }
      }
    })
  }

  /** A segment came in: its way is the way back of what its receiver sends, and there of what its sender does. */
  private onReceived(store: TraceStore, table: EventTable, row: number): void {
    const sent = store.sentRow(table.pkt.data[row])
    if (sent < 0) return
    const segments = store.table('tcp:segment_sent')
    const [flow, node, t] = [table.flow.data[row], table.node.data[row], table.t.data[row]]
    const way = t - segments.t.data[sent]
    const receiver = this.ends.open(flow, node)
    if (!Number.isNaN(receiver.there)) receiver.path.push(t, receiver.there + way)
    this.ends.open(flow, segments.node.data[sent]).there = way
  }
}

/** RFC 9002 6.2.1, of the application's number space. */
function probeTimeout(smoothed: number, variance: number, maxAckDelay: number, count: number): number {
  const [rtt, deviation] = smoothed > 0 ? [smoothed, variance] : [INITIAL_RTT, INITIAL_RTT / 2]
  return (
    (rtt + Math.max(4 * deviation, GRANULARITY) + (smoothed > 0 ? maxAckDelay : 0)) * 2 ** Math.min(count, 16)
  )
}

/** `max_ack_delay` in microseconds; the recording may say what it likes. */
function ackDelayIn(parameters: string): number {
  try {
    const { max_ack_delay: delay } = JSON.parse(parameters) as { max_ack_delay?: unknown }
    return typeof delay === 'number' && delay >= 0 && delay < 2 ** 14 ? delay * 1000 : MAX_ACK_DELAY
  } catch {
    return MAX_ACK_DELAY
  }
}
