/** What it costs to keep the trace and its figures: per event, and in memory per packet (DESIGN 6, issue: below 300 B). */
import { BatchBuilder, decodeBatch, type Batch } from '../../shared/trace/batch.ts'
import { TraceStore } from '../../shared/trace/store.ts'
import { Changes } from '../../shared/projections/changes.ts'
import { Density } from '../../shared/projections/density.ts'
import { Goodput } from '../../shared/projections/goodput.ts'
import { Losses } from '../../shared/projections/losses.ts'
import { Origins } from '../../shared/projections/origins.ts'
import { PageLoad } from '../../shared/projections/page-load.ts'
import { Paths } from '../../shared/projections/paths.ts'
import { Queues } from '../../shared/projections/queue.ts'
import { Rtt } from '../../shared/projections/rtt.ts'
import { Sequence } from '../../shared/projections/sequence.ts'
import { Stalls } from '../../shared/projections/stalls.ts'
import { States } from '../../shared/projections/states.ts'
import { Windows } from '../../shared/projections/windows.ts'
import { bulkBatches } from '../support/bulk-trace.ts'

const PROJECTIONS = [
  Changes,
  Density,
  Goodput,
  Losses,
  Origins,
  PageLoad,
  Paths,
  Queues,
  Rtt,
  Sequence,
  Stalls,
  States,
  Windows,
]

/** Packets of the trace: as many as a transfer of 1 GB makes, two thirds of them data. */
const PACKETS = 300_000
const EVENTS_A_BATCH = 660 // 20,000 events/s, a batch every 33 ms

export default async function run() {
  const buffers = [...bulkBatches(new BatchBuilder(), PACKETS, EVENTS_A_BATCH)]
  const start = performance.now()
  const store = new TraceStore()
  for (const buffer of buffers) store.append(decodeBatch(buffer) as Batch)
  const appended = performance.now() - start
  // Once more from the start, as it happens in the window: a batch, then all that read it.
  const live = new TraceStore()
  const projections = PROJECTIONS.map((Projection) => new Projection())
  const times = buffers.map((buffer) => {
    const begun = performance.now()
    live.append(decodeBatch(buffer) as Batch)
    for (const projection of projections) projection.update(live)
    return performance.now() - begun
  })
  const projected = times.reduce((sum, time) => sum + time, 0)
  times.sort((a, b) => a - b)
  const perEvent = (ms: number): number => (ms * 1000) / store.events
  return [
    { name: 'trace: decode and append to the store', value: perEvent(appended), unit: 'us/event' },
    {
      name: 'trace: decode, append and update all projections',
      value: perEvent(projected),
      unit: 'us/event',
      goal: 5,
      note: `${PROJECTIONS.length} projections; at 20,000 events/s 5 us are a tenth of the time`,
    },
    {
      name: 'trace: a batch, 999 in 1,000 within',
      value: times[Math.floor(times.length * 0.999)],
      unit: 'ms',
      goal: 50,
      note: `slowest ${times[times.length - 1].toFixed(1)} ms: columns grow, garbage is collected`,
    },
    {
      name: 'trace: memory of the store',
      value: store.byteLength / PACKETS,
      unit: 'B/packet',
      goal: 300,
      note: `${(store.events / PACKETS).toFixed(1)} events a packet`,
    },
  ]
}
