/** Hand-made recordings: events and packets as a test writes them, through the real batches and the real reader. */
import type { RunInfo } from '../../shared/commands.ts'
import type { Experiment } from '../../shared/experiment.ts'
import { BatchBuilder, decodeBatch, type Batch } from '../../shared/trace/batch.ts'
import { EVENTS, type EventData, type EventName, type FieldSpec } from '../../shared/trace/events.ts'
import { eventsOf } from '../../electron/engine/recording/events.ts'
import type { RecordedPacket, RecordingReader, TraceEvent } from '../../electron/engine/recording/types.ts'

const DEFAULTS = { flag: false, str: '', ranges: [] as readonly number[] } as const

/** All fields of an event, those that are not given empty. */
function complete<N extends EventName>(name: N, data: Partial<EventData<N>>): EventData<N> {
  const fields = Object.entries<FieldSpec>(EVENTS[name].fields).map(([field, { type }]) => [
    field,
    type in DEFAULTS ? DEFAULTS[type as keyof typeof DEFAULTS] : 0,
  ])
  return { ...Object.fromEntries(fields), ...data }
}

export const INFO: RunInfo = {
  run: 1,
  kind: 'experiment',
  experiment: 'hand-made',
  title: { en: 'Hand-made', zh: '手工' },
  seed: 7,
  driver: 'virtual',
  pace: null,
  state: 'finished',
  now: 0,
  setup: { hosts: {}, links: {}, apps: {}, switches: {}, routers: {}, ethernet: false },
  lanes: [{ id: 'main', label: { en: 'Main', zh: '主' }, set: {} }],
  recording: { bytes: 0, packets: 0, truncatedPackets: 0 },
}

/** Writes a recording step by step; `at` sets the time of what follows. */
export class RecordingScript {
  private readonly builder = new BatchBuilder()
  private readonly list: Batch[] = []
  private readonly packets = new Map<number, RecordedPacket>()
  private readonly altered = new Map<number, RecordedPacket>()
  private seq = 0
  private t = 0

  at(t: number): this {
    this.t = t
    return this
  }

  /** `where` is `node`, or `node flow`. */
  emit<N extends EventName>(where: string, name: N, data: Partial<EventData<N>> = {}, pkt = 0): this {
    const [node, flow = ''] = where.split(' ')
    const { strings } = this.builder
    this.builder.add(
      name,
      complete(name, data),
      this.seq++,
      this.t,
      strings.number(node),
      strings.number(flow),
      pkt,
    )
    return this
  }

  packet(pkt: number, bytes: Uint8Array, length = bytes.length): this {
    this.packets.set(pkt, { bytes, length })
    return this
  }

  alter(pkt: number, bytes: Uint8Array): this {
    this.altered.set(pkt, { bytes, length: bytes.length })
    return this
  }

  /** Ends a batch, as the recorder does about every 33 ms. */
  cut(): this {
    const buffer = this.builder.flush()
    if (buffer === undefined) return this
    const batch = decodeBatch(buffer)
    if ('reason' in batch) throw new Error(batch.reason)
    this.list.push(batch)
    return this
  }

  reader(info: Partial<RunInfo> = {}, experiment?: Experiment): RecordingReader {
    this.cut()
    const { list, packets, altered } = this
    return {
      meta: { info: { ...INFO, ...info }, experiment, set: {}, startedAt: '2026-01-02T03:04:05.678Z' },
      summary: undefined,
      batches: () => list,
      events: <N extends EventName>(names?: readonly N[]): Iterable<TraceEvent<N>> => eventsOf(list, names),
      packet: (pkt) => packets.get(pkt),
      alteredPacket: (pkt) => altered.get(pkt),
    }
  }
}
