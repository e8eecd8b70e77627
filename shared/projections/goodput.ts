/** What arrives for good: bytes given to the application, and the rates that follow. */
import type { TraceStore } from '../trace/store.ts'
import { Arrivals } from './arrivals.ts'
import { Cursor, EndMap } from './cursor.ts'
import { QuicPackets, type QuicPacket } from './quic-packets.ts'
import { Series } from './series.ts'

/** What one end sends, and what it reads. */
export interface Transfer {
  /** When it sent its first byte of data; infinite before. */
  firstData: number
  /** Bytes that its application has read so far; of QUIC those of all streams that it could read, each in its order. */
  readonly read: Series
}

/** The rate in an interval, in bits a second. */
export interface Rate {
  readonly from: number
  readonly to: number
  readonly bitsPerSecond: number
}

export class Goodput {
  readonly ends = new EndMap<Transfer>(() => ({ firstData: Infinity, read: new Series() }))
  /** By the packets' sender and by stream: what has arrived. */
  private readonly arrived = new Map<QuicPacket['end'], Map<number, Arrivals>>()
  private readonly cursor = new Cursor(
    'tcp:segment_sent',
    'tcp:data_read',
    'transport:packet_sent',
    'transport:packet_received',
  )

  update(store: TraceStore): void {
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      const end = this.ends.open(table.flow.data[row], table.node.data[row])
      const t = table.t.data[row]
      switch (name) {
        case 'tcp:data_read':
          return end.read.push(t, lastOf(end.read) + table.columns.bytes.data[row])
        case 'transport:packet_received': {
          const bytes = this.deliver(packets.receivedInRow(row))
          return void (bytes > 0 && end.read.push(t, lastOf(end.read) + bytes))
        }
        case 'tcp:segment_sent':
          return void (table.columns.payload.data[row] > 0 && t < end.firstData && (end.firstData = t))
        case 'transport:packet_sent':
          if (t < end.firstData && streamFrames(packets.inRow(row)).length > 0) end.firstData = t
      }
    })
  }

  /** How many bytes more can be read, each stream in its order, now that a packet is there. */
  private deliver(packet: QuicPacket | undefined): number {
    let bytes = 0
    for (const { id, offset, length } of streamFrames(packet)) {
      let streams = this.arrived.get(packet!.end)
      if (streams === undefined) this.arrived.set(packet!.end, (streams = new Map()))
      let stream = streams.get(id)
      if (stream === undefined) streams.set(id, (stream = new Arrivals()))
      const before = stream.frontier
      const moment = { t: packet!.received, begin: packet!.received, finish: packet!.received }
      stream.add({ from: offset, to: offset + length }, length, {
        ...moment,
        ready: moment.t,
        pkt: packet!.pkt,
      })
      bytes += stream.frontier - before
    }
    return bytes
  }
}

const streamFrames = (packet: QuicPacket | undefined) =>
  packet?.frames.filter((frame) => frame.type === 'stream') ?? []

/** The total so far. */
const lastOf = (totals: Series): number => (totals.length === 0 ? 0 : totals.values.data[totals.length - 1])

/**
 * The rate in each interval of `interval` microseconds that touches `from` to `to`. Intervals lie at whole multiples of
 * their length, whatever is looked at; the one that `end` (the end of the trace) cuts is taken as long as it lasted, and
 * left out while it is shorter than a quarter.
 */
export function rates(totals: Series, from: number, to: number, interval: number, end: number): Rate[] {
  const list: Rate[] = []
  const last = Math.min(to, end)
  for (let start = Math.floor(from / interval) * interval; start < last; start += interval) {
    const stop = Math.min(start + interval, end)
    if (stop - start < interval / 4) break
    const bytes = (totals.valueAt(stop) ?? 0) - (totals.valueAt(start) ?? 0)
    list.push({ from: start, to: stop, bitsPerSecond: (bytes * 8e6) / (stop - start) })
  }
  return list
}

/** The rate from `start` to the last byte; undefined before there is any. */
export function meanRate(totals: Series, start: number): Rate | undefined {
  if (totals.length === 0) return undefined
  const to = totals.times.data[totals.length - 1]
  const bytes = lastOf(totals)
  if (bytes === 0 || !(to > start)) return undefined
  return { from: start, to, bitsPerSecond: (bytes * 8e6) / (to - start) }
}
