/**
 * Writes what happens in a run: stamps events with number, time, node, flow and packet (DESIGN 6), collects them
 * into batches, and keeps both these and the packets' bytes in files as the run goes on.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { BatchBuilder } from '../../../shared/trace/batch.ts'
import type { EventData, EventName } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Witness } from '../world.ts'
import { PacketSpool, type SpoolOptions } from './spool.ts'
import { TraceFile } from './trace-file.ts'

/**
 * A batch goes out at this many events even if nobody asked for it, so that memory stays bounded, and batches of
 * a run that nobody watches are cut at the same events each time.
 */
const MOST_EVENTS = 16_384
/** The most that a trace may take on the disk. */
const MOST_TRACE_BYTES = 4 * 1024 ** 3

/** A link changed the bytes of the packet, or a router its headers; they are kept as they were given out last. */
const ALTERING: ReadonlySet<EventName> = new Set<EventName>([
  'link:packet_corrupted',
  'link:packet_marked',
  'link:packet_rewritten',
  'ip:packet_forwarded',
])

/** The disk space of a recording is used up; the run ends. */
export class RecordingFull extends Error {
  constructor() {
    super(`the recording has reached ${MOST_TRACE_BYTES / 1024 ** 3} GiB, the most that is kept of one run`)
  }
}

export interface RecorderOptions {
  /** The directory of the recording; it is made. */
  readonly directory: string
  readonly spool?: SpoolOptions
}

export class Recorder implements Trace, Witness {
  time = 0
  pkt = 0
  readonly trace: TraceFile
  readonly spool: PacketSpool
  /** Called for the first event after a flush: there is something to write again. */
  onPending: () => void = () => undefined
  /** Called with each line of a key log. */
  onSecret: (line: string) => void = () => undefined
  /** Called after each batch was written. */
  onBatch: () => void = () => undefined
  private readonly builder = new BatchBuilder()
  private readonly root: Scope
  private seq = 0
  private sealed = false
  /** Packets that were altered and not yet given out. */
  private readonly altered = new Set<number>()

  constructor({ directory, spool }: RecorderOptions) {
    mkdirSync(directory, { recursive: true })
    this.trace = TraceFile.create(join(directory, 'trace.bin'))
    this.spool = PacketSpool.create(join(directory, 'packets.bin'), spool)
    this.root = new Scope(this, 0, 0)
  }

  /** Events so far. */
  get events(): number {
    return this.seq
  }

  emit<N extends EventName>(name: N, data: EventData<N>, pkt?: number): void {
    this.root.emit(name, data, pkt)
  }

  scope(of: { node?: string; flow?: string }): Trace {
    return this.root.scope(of)
  }

  stringNumber(text: string): number {
    return this.builder.strings.number(text)
  }

  record<N extends EventName>(name: N, data: EventData<N>, node: number, flow: number, pkt: number): void {
    if (this.sealed) return
    this.builder.add(name, data, this.seq++, this.time, node, flow, pkt)
    if (name === 'security:secret_logged') this.onSecret((data as EventData<'security:secret_logged'>).line)
    if (ALTERING.has(name)) this.altered.add(pkt)
    const { pending } = this.builder
    if (pending === 1) this.onPending()
    else if (pending >= MOST_EVENTS) this.flush()
  }

  packet(id: number, bytes: Uint8Array): void {
    if (this.sealed) return
    if (!this.spool.has(id)) this.spool.write(id, bytes)
    else if (this.altered.size > 0 && this.altered.delete(id)) this.spool.write(id, bytes, true)
  }

  /** Writes all that is pending; the recording is whole up to here, whatever happens next. */
  flush(): void {
    this.spool.flush()
    const batch = this.builder.flush()
    if (batch === undefined) return
    this.trace.append(batch)
    this.onBatch()
    if (this.trace.bytes > MOST_TRACE_BYTES) throw new RecordingFull()
  }

  /** Writes all that is pending for the last time; what still happens while the run is taken down is not part of it. */
  seal(): void {
    this.flush()
    this.sealed = true
  }

  close(): void {
    this.trace.close()
    this.spool.close()
  }
}

/** The trace of one node or flow; names are looked up once, here. */
class Scope implements Trace {
  private readonly recorder: Recorder
  private readonly node: number
  private readonly flow: number

  constructor(recorder: Recorder, node: number, flow: number) {
    this.recorder = recorder
    this.node = node
    this.flow = flow
  }

  emit<N extends EventName>(name: N, data: EventData<N>, pkt = this.recorder.pkt): void {
    this.recorder.record(name, data, this.node, this.flow, pkt)
  }

  scope({ node, flow }: { node?: string; flow?: string }): Trace {
    return new Scope(
      this.recorder,
      node === undefined ? this.node : this.recorder.stringNumber(node),
      flow === undefined ? this.flow : this.recorder.stringNumber(flow),
    )
  }
}
