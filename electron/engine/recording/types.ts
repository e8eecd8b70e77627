/** What readers of a recording get: exporters, metrics, the packet view. Live, finished or recovered alike. */
import type { RunInfo } from '../../../shared/commands.ts'
import type { Experiment } from '../../../shared/experiment.ts'
import type { Summary } from '../../../shared/summary.ts'
import type { Batch } from '../../../shared/trace/batch.ts'
import type { EventData, EventName } from '../../../shared/trace/events.ts'

/** One event, with its strings looked up. */
export type TraceEvent<N extends EventName = EventName> = {
  [K in N]: {
    readonly seq: number
    /** Microseconds of lab time. */
    readonly t: number
    readonly node: string
    readonly flow: string
    /** 0: none. */
    readonly pkt: number
    readonly name: K
    readonly data: EventData<K>
  }
}[N]

export interface RecordingMeta {
  readonly info: RunInfo
  /** Absent for a gateway. */
  readonly experiment?: Experiment
  /** The settings that were given at the start. */
  readonly set: Readonly<Record<string, unknown>>
  /** When the run began, ISO 8601; lab time 0. */
  readonly startedAt: string
}

export interface RecordedPacket {
  /** The packet, cut at the snap length. */
  readonly bytes: Uint8Array
  /** Its whole length. */
  readonly length: number
}

export interface RecordingReader {
  readonly meta: RecordingMeta
  readonly summary: Summary | undefined
  /** All batches so far, the first one first. */
  batches(): Iterable<Batch>
  /** All events in the order of `seq`, or those of some names. */
  events<N extends EventName = EventName>(names?: readonly N[]): Iterable<TraceEvent<N>>
  /** Undefined when the spool had no room for it or the number is unknown. */
  packet(pkt: number): RecordedPacket | undefined
  /** The packet as a link or router gave it out last, where that is not as it was sent: corrupted, marked, forwarded. */
  alteredPacket(pkt: number): RecordedPacket | undefined
}
