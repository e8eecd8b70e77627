/**
 * The laboratory: runs and recordings, and the commands by which any number of windows use them. Runs are
 * independent of each other; what breaks one ends that one.
 */
import type { Command, ExportedFile, Results, RunInfo } from '../../shared/commands.ts'
import { failure, success, type Result } from '../../shared/errors.ts'
import { bytesOfHex } from '../../shared/hex.ts'
import { dissect } from '../protocol/wire/dissect/dissect.ts'
import { dissectPdu } from '../protocol/wire/dissect/pdu.ts'
import { exportRun } from './export/export.ts'
import { startGateway } from './gateway.ts'
import { planGateway } from './gateway-plan.ts'
import { openPackets } from './opened-packets.ts'
import { planExperiment } from './plan.ts'
import { hasFrames } from './recording/link-layer.ts'
import { Shelf } from './recording/shelf.ts'
import type { SpoolOptions } from './recording/spool.ts'
import { Run, type RunObserver } from './run.ts'
import { ShelvedRun } from './shelved.ts'
import { LabWindow, type WindowPort } from './window.ts'

/** More runs at a time would only slow each other down. */
const MOST_ACTIVE = 16

export interface LabOptions {
  /** Folder of the recordings; without: one of the system's temporary folder. */
  readonly recordings?: string
  readonly spool?: SpoolOptions
}

type Handlers = { [T in Command['type']]: (command: Extract<Command, { type: T }>) => Answer<T> }
type Answer<T extends Command['type']> = Result<Results[T]> | Promise<Result<Results[T]>>

export class Lab implements RunObserver {
  private readonly shelf: Shelf
  private readonly spool: SpoolOptions | undefined
  private readonly runs = new Map<number, Run | ShelvedRun>()
  private readonly windows = new Set<LabWindow>()
  private lastId = 0

  constructor({ recordings, spool }: LabOptions = {}) {
    this.shelf = new Shelf(recordings)
    this.spool = spool
    this.shelf.onRemoved = (directory) => this.dropRecording(directory)
    for (const directory of this.shelf.adopt()) {
      const run = ShelvedRun.find(++this.lastId, directory)
      if (run !== undefined) this.runs.set(run.id, run)
    }
  }

  /** Connects a window; what it sends is to be given to `receive`. */
  connect(port: WindowPort): LabWindow {
    const window = new LabWindow(port, (command, from) => this.execute(command, from))
    this.windows.add(window)
    return window
  }

  disconnect(window: LabWindow): void {
    this.windows.delete(window)
    window.close()
  }

  /** Stops all runs and closes all files. */
  async close(): Promise<void> {
    for (const window of this.windows) this.disconnect(window)
    for (const run of this.runs.values()) {
      if (run instanceof Run) await run.stop()
      run.close()
    }
    this.runs.clear()
  }

  // --- what runs tell -------------------------------------------------------------------------------------

  onBatch(run: Run): void {
    for (const window of this.windows) window.pump(run.id)
  }

  onChange(run: Run): void {
    const { info } = run
    for (const window of this.windows) {
      window.send({ type: 'run', info })
      window.conclude(run.id)
    }
    if (run.isOver) this.shelf.finish(run.directory)
  }

  onSummary(run: Run, summary: Parameters<RunObserver['onSummary']>[1]): void {
    for (const window of this.windows) window.sendSummary(run.id, summary)
  }

  // --- what windows ask -----------------------------------------------------------------------------------

  private async execute(command: Command, window: LabWindow): Promise<Result<unknown>> {
    if (command.type === 'run.watch') return this.watch(command.run, window)
    if (command.type === 'run.unwatch') {
      window.unwatch(command.run)
      return success(null)
    }
    const handler = this.handlers[command.type as Exclude<Command['type'], 'run.watch' | 'run.unwatch'>]
    return (handler as (command: Command) => Answer<Command['type']>)(command)
  }

  private readonly handlers: Omit<Handlers, 'run.watch' | 'run.unwatch'> = {
    'run.start': async (command) => {
      const plan = planExperiment(command)
      if (!plan.ok) return plan
      return this.begin((id, directory) => {
        const run = new Run(plan.value, { id, directory, spool: this.spool, observer: this })
        return { run, started: run.start() }
      })
    },
    'gateway.start': async (command) => {
      const plan = planGateway(command)
      if (!plan.ok) return plan
      return this.begin((id, directory) =>
        startGateway(plan.value, { id, directory, spool: this.spool, observer: this }),
      )
    },
    'run.pause': ({ run }) => this.control(run, (found) => found.pause()),
    'run.resume': ({ run }) => this.control(run, (found) => found.resume()),
    'run.stop': async ({ run }) => {
      const found = this.active(run)
      if (!found.ok) return found
      await found.value.stop()
      return success(found.value.info)
    },
    'run.step': async ({ run, by, span }) => {
      const found = this.active(run)
      if (!found.ok) return found
      const done = await found.value.step(by, span)
      return done.ok ? success(found.value.info) : done
    },
    'run.pace': ({ run, pace }) => this.control(run, (found) => found.setPace(pace)),
    'run.set': ({ run, name, value }) => this.control(run, (found) => found.set(name, value)),
    'run.drop': ({ run, pkt }) => {
      const found = this.active(run)
      if (!found.ok) return found
      const dropped = found.value.drop(pkt)
      return dropped.ok ? success({ dropped: dropped.value }) : dropped
    },
    'run.mark': ({ run, text }) => {
      const found = this.active(run)
      return found.ok ? found.value.mark(text) : found
    },
    'run.list': () => success([...this.runs.values()].map(({ info }) => info)),
    'run.forget': ({ run }) => {
      const found = this.find(run)
      if (!found.ok) return found
      if (!found.value.isOver)
        return failure({
          code: 'wrong_state',
          message: `run ${run} is going on; stop it first`,
          field: 'run',
        })
      this.shelf.remove(found.value.directory)
      this.drop(found.value)
      return success(null)
    },
    'packet.read': ({ run, pkt }) => {
      const found = this.find(run)
      if (!found.ok) return found
      const packet = found.value.reader.packet(pkt)
      if (packet === undefined)
        return failure({ code: 'not_found', message: `packet ${pkt} is not in the recording`, field: 'pkt' })
      const isFrame = hasFrames(found.value.reader.meta)
      return success({ ...packet, dissection: dissect(packet.bytes, isFrame) })
    },
    'pdu.dissect': ({ protocol, hex, version }) => success(dissectPdu(protocol, bytesOfHex(hex), version)),
    'packet.open': ({ run, pkt }) => {
      const found = this.find(run)
      return found.ok ? success(openPackets(found.value.reader, pkt)) : found
    },
    'run.export': async ({ run, format, taps, qlog, language }) => {
      const found = this.find(run)
      if (!found.ok) return found
      const files: readonly ExportedFile[] = await exportRun(found.value.reader, format, {
        taps,
        qlog,
        language,
      })
      return success(files)
    },
  }

  /** Makes a run, lists it, and waits until it has really started. */
  private async begin(
    make: (id: number, directory: string) => { run: Run; started: Promise<void> },
  ): Promise<Result<RunInfo>> {
    const active = [...this.runs.values()].filter((run) => !run.isOver).length
    if (active >= MOST_ACTIVE)
      return failure({ code: 'busy', message: `${active} runs are going on; stop one first` })
    const directory = this.shelf.make()
    try {
      const { run, started } = make(++this.lastId, directory)
      this.runs.set(run.id, run)
      await started
      return success(run.info)
    } catch (error) {
      this.shelf.finish(directory)
      return failure(startError(error))
    }
  }

  private watch(id: number, window: LabWindow): Result<RunInfo> {
    const found = this.find(id)
    if (!found.ok) return found
    const run = found.value
    // The files of an old recording are opened here, where it can be said that they are gone.
    const { summary } = run
    window.watch(run)
    // After the answer, which the window waits for.
    setImmediate(() => {
      window.pump(id)
      window.conclude(id)
      if (run.isOver && summary !== undefined) window.sendSummary(id, summary)
    })
    return success(run.info)
  }

  private control(id: number, action: (run: Run) => Result<null>): Result<RunInfo> {
    const found = this.active(id)
    if (!found.ok) return found
    const done = action(found.value)
    return done.ok ? success(found.value.info) : done
  }

  private find(id: number): Result<Run | ShelvedRun> {
    const run = this.runs.get(id)
    if (run !== undefined) return success(run)
    return failure({ code: 'not_found', message: `run: there is no ${id}`, field: 'run', value: String(id) })
  }

  /** A run of this engine, not a recording of the past. */
  private active(id: number): Result<Run> {
    const found = this.find(id)
    if (!found.ok) return found
    if (found.value instanceof Run) return success(found.value)
    return failure({ code: 'wrong_state', message: `run ${id} is a recording of the past`, field: 'run' })
  }

  private drop(run: Run | ShelvedRun): void {
    this.runs.delete(run.id)
    for (const window of this.windows) window.unwatch(run.id)
    run.close()
  }

  /** The shelf had to make room. */
  private dropRecording(directory: string): void {
    for (const run of this.runs.values()) if (run.directory === directory) this.drop(run)
  }
}

/** Why a run could not start, with a port that is taken as what it is. */
function startError(error: unknown) {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE')
    return { code: 'busy', message: `the port is in use (${message})`, field: 'listen' } as const
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return {
      code: 'not_found',
      message: `the target's name has no address (${message})`,
      field: 'to.host',
    } as const
  return { code: 'failed', message: message ?? String(error) } as const
}
