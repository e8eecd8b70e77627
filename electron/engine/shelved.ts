/** A recording of the past, as a run that can be looked at: of an engine that ended, or that crashed. */
import type { RunInfo } from '../../shared/commands.ts'
import type { Summary } from '../../shared/summary.ts'
import { summarize } from './metrics/summarize.ts'
import { writeMeta, writeSummary } from './recording/meta.ts'
import { Recording } from './recording/recording.ts'
import { sizeOf } from './recording/shelf.ts'

export class ShelvedRun {
  readonly id: number
  readonly directory: string
  readonly info: RunInfo
  readonly reader: Recording
  readonly summary: Summary | undefined

  private constructor(id: number, directory: string, reader: Recording, info: RunInfo) {
    this.id = id
    this.directory = directory
    this.reader = reader
    this.info = info
    this.summary = reader.summary
  }

  /** Undefined when the folder holds no recording that can be read. */
  static open(id: number, directory: string): ShelvedRun | undefined {
    const reader = Recording.open(directory)
    if (reader === undefined) return undefined
    const { info } = reader.meta
    const broken = info.state === 'running' || info.state === 'paused'
    const recording = {
      bytes: sizeOf(directory),
      packets: reader.spool.packets,
      truncatedPackets: reader.spool.truncated,
    }
    if (!broken) return new ShelvedRun(id, directory, reader, { ...info, run: id, recording })
    return ShelvedRun.recover(id, directory, reader, { ...info, run: id, recording })
  }

  /** Draws up what the engine that died could not: how far it came, and what came of it. */
  private static recover(id: number, directory: string, reader: Recording, info: RunInfo): ShelvedRun {
    const recovered: RunInfo = {
      ...info,
      state: 'recovered',
      now: reader.lastTime(),
      error: 'the engine ended while the run was going on; the recording is whole up to its last batch',
    }
    reader.replaceMeta({ ...reader.meta, info: recovered })
    reader.replaceSummary(summarize(reader))
    try {
      writeMeta(directory, reader.meta)
      if (reader.summary !== undefined) writeSummary(directory, reader.summary)
    } catch {
      // A full disk: it is worked out again next time.
    }
    return new ShelvedRun(id, directory, reader, recovered)
  }

  get isOver(): true {
    return true
  }

  close(): void {
    this.reader.close()
  }
}
