/** Reads a recording: one that is being written, one that is finished, or what a crash left behind. */
import { join } from 'node:path'
import { decodeBatch, type Batch } from '../../../shared/trace/batch.ts'
import type { EventName } from '../../../shared/trace/events.ts'
import type { Summary } from '../../../shared/summary.ts'
import { eventsOf } from './events.ts'
import { readMeta, readSummary } from './meta.ts'
import type { Recorder } from './recorder.ts'
import { PacketSpool } from './spool.ts'
import { TraceFile } from './trace-file.ts'
import type { RecordedPacket, RecordingMeta, RecordingReader, TraceEvent } from './types.ts'

/** Lab time of the last event in a trace. */
export function lastTime(trace: TraceFile): number {
  let last = 0
  for (let i = trace.count - 1; i >= 0 && last === 0; i--) {
    const batch = decodeBatch(trace.read(i))
    if ('reason' in batch) continue
    for (const { t } of batch.tables) for (const time of t) last = Math.max(last, time)
  }
  return last
}

export class Recording implements RecordingReader {
  readonly trace: TraceFile
  readonly spool: PacketSpool
  private readMeta: () => RecordingMeta
  private readSummary: () => Summary | undefined
  /** Brings to the disk what a recorder still holds. */
  private readonly flush: () => void

  private constructor(
    files: { trace: TraceFile; spool: PacketSpool },
    meta: () => RecordingMeta,
    summary: () => Summary | undefined,
    flush: () => void = () => undefined,
  ) {
    this.trace = files.trace
    this.spool = files.spool
    this.readMeta = meta
    this.readSummary = summary
    this.flush = flush
  }

  /** Opens a recording that nobody writes any more; undefined when the directory holds none. */
  static open(directory: string): Recording | undefined {
    const meta = readMeta(directory)
    if (meta === undefined) return undefined
    const summary = readSummary(directory)
    try {
      const trace = TraceFile.open(join(directory, 'trace.bin'))
      const spool = PacketSpool.open(join(directory, 'packets.bin'))
      return new Recording(
        { trace, spool },
        () => meta,
        () => summary,
      )
    } catch {
      return undefined
    }
  }

  /** Reads what `recorder` writes, up to the present moment. */
  static of(recorder: Recorder, meta: () => RecordingMeta, summary: () => Summary | undefined): Recording {
    return new Recording(recorder, meta, summary, () => recorder.flush())
  }

  get meta(): RecordingMeta {
    return this.readMeta()
  }

  get summary(): Summary | undefined {
    return this.readSummary()
  }

  /** What is known of a recording after the engine that wrote it died. */
  replaceMeta(meta: RecordingMeta): void {
    this.readMeta = () => meta
  }

  replaceSummary(summary: Summary): void {
    this.readSummary = () => summary
  }

  /** A batch that is not whole ends the reading: later ones build upon its strings. */
  *batches(): Generator<Batch> {
    this.flush()
    for (let i = 0; i < this.trace.count; i++) {
      const batch = decodeBatch(this.trace.read(i))
      if ('reason' in batch) return
      yield batch
    }
  }

  events<N extends EventName = EventName>(names?: readonly N[]): Iterable<TraceEvent<N>> {
    return eventsOf(this.batches(), names)
  }

  packet(pkt: number): RecordedPacket | undefined {
    return this.spool.read(pkt)
  }

  alteredPacket(pkt: number): RecordedPacket | undefined {
    return this.spool.read(pkt, true)
  }

  close(): void {
    this.trace.close()
    this.spool.close()
  }
}
