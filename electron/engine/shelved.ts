/**
 * A recording of the past, as a run that can be looked at: of an engine that ended, or that crashed. Its files are
 * opened when somebody wants to see them, since there may be many and large ones.
 */
import { join } from 'node:path'
import type { RunInfo } from '../../shared/commands.ts'
import type { Summary } from '../../shared/summary.ts'
import { summarize } from './metrics/summarize.ts'
import { readMeta, writeMeta, writeSummary } from './recording/meta.ts'
import { lastTime, Recording } from './recording/recording.ts'
import { sizeOf } from './recording/shelf.ts'
import { TraceFile } from './recording/trace-file.ts'

export class ShelvedRun {
  readonly id: number
  readonly directory: string
  readonly isOver = true
  info: RunInfo
  private opened: Recording | undefined

  private constructor(id: number, directory: string, info: RunInfo) {
    this.id = id
    this.directory = directory
    this.info = info
  }

  /** Undefined when the folder holds no recording that can be read. */
  static find(id: number, directory: string): ShelvedRun | undefined {
    const meta = readMeta(directory)
    if (meta === undefined) return undefined
    const info = { ...meta.info, run: id, recording: { ...meta.info.recording, bytes: sizeOf(directory) } }
    const isWhole = info.state !== 'running' && info.state !== 'paused'
    if (isWhole) return new ShelvedRun(id, directory, info)
    const now = timeOf(directory)
    if (now === undefined) return undefined
    const error = 'the engine ended while the run was going on; the recording is whole up to its last batch'
    return new ShelvedRun(id, directory, { ...info, state: 'recovered', now, error })
  }

  /** Throws when the files are gone or cannot be read. */
  get reader(): Recording {
    if (this.opened === undefined) {
      const reader = Recording.open(this.directory)
      if (reader === undefined) throw new Error(`the recording of run ${this.id} cannot be read any more`)
      this.opened = reader
      if (this.info.state === 'recovered') this.complete(reader)
    }
    return this.opened
  }

  get summary(): Summary | undefined {
    return this.reader.summary
  }

  close(): void {
    this.opened?.close()
  }

  /** Draws up what the engine that died could not. */
  private complete(reader: Recording): void {
    const { spool } = reader
    const recording = { ...this.info.recording, packets: spool.packets, truncatedPackets: spool.truncated }
    this.info = { ...this.info, recording }
    reader.replaceMeta({ ...reader.meta, info: this.info })
    const summary = reader.summary ?? summarize(reader)
    reader.replaceSummary(summary)
    try {
      writeMeta(this.directory, reader.meta)
      writeSummary(this.directory, summary)
    } catch {
      // A full disk: it is worked out again next time.
    }
  }
}

/** How far a recording came; undefined: it has no trace. */
function timeOf(directory: string): number | undefined {
  try {
    const trace = TraceFile.open(join(directory, 'trace.bin'))
    const time = lastTime(trace)
    trace.close()
    return time
  } catch {
    return undefined
  }
}
