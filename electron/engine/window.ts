/**
 * One connected window: its commands in, answers and batches out. Of each run that it watches it gets the batches
 * from the first one on, at most three that it has not acknowledged (DESIGN 6). They come from the recording, so
 * that a slow window costs no memory; one that falls behind a run that goes on gets its batches thinned.
 */
import * as v from 'valibot'
import { BatchAck, Request, type Command, type EngineMessage } from '../../shared/commands.ts'
import { fromIssues, type InputError, type Result } from '../../shared/errors.ts'
import type { Summary } from '../../shared/summary.ts'
import { thinBatch } from './recording/thin.ts'
import type { TraceFile } from './recording/trace-file.ts'

const MOST_ON_THE_WAY = 3
/** So many batches behind (a second of them) is pressure; so few is none any more. */
const PRESSED = 30
const RELIEVED = 3

/** Where messages to a window go. */
export interface WindowPort {
  post(message: EngineMessage, transfer: readonly ArrayBuffer[]): void
}

/** What can be watched: a run that goes on, or a recording. */
export interface Watchable {
  readonly id: number
  readonly isOver: boolean
  readonly reader: { readonly trace: TraceFile }
}

interface Watch {
  readonly run: Watchable
  /** The batch to send next, and how many have been acknowledged. */
  next: number
  acknowledged: number
  /** It has once had all that there was; what it misses from then on is due to its own slowness. */
  caughtUp: boolean
  thinning: boolean
  /** It has been told that no batch comes any more. */
  concluded: boolean
}

export class LabWindow {
  private readonly port: WindowPort
  private readonly execute: (command: Command, window: LabWindow) => Promise<Result<unknown>>
  private readonly watches = new Map<number, Watch>()

  constructor(port: WindowPort, execute: (command: Command, window: LabWindow) => Promise<Result<unknown>>) {
    this.port = port
    this.execute = execute
  }

  /** Takes in whatever the window sent. */
  async receive(message: unknown): Promise<void> {
    const ack = v.safeParse(BatchAck, message)
    if (ack.success) return this.acknowledge(ack.output)
    const request = v.safeParse(Request, message)
    if (!request.success) return this.fail(idOf(message), fromIssues(request.issues))
    const { id, command } = request.output
    try {
      const result = await this.execute(command, this)
      if (result.ok) this.send({ type: 'reply', id, ok: true, result: result.value })
      else this.fail(id, result.error)
    } catch (error) {
      this.fail(id, { code: 'failed', message: error instanceof Error ? error.message : String(error) })
    }
  }

  send(message: EngineMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.port.post(message, transfer)
  }

  watch(run: Watchable): void {
    this.watches.set(run.id, {
      run,
      next: 0,
      acknowledged: 0,
      caughtUp: false,
      thinning: false,
      concluded: false,
    })
  }

  unwatch(id: number): void {
    this.watches.delete(id)
  }

  /** It is gone, or the laboratory is: nothing is sent any more. */
  close(): void {
    this.watches.clear()
  }

  sendSummary(run: number, summary: Summary): void {
    if (this.watches.has(run)) this.send({ type: 'summary', run, summary })
  }

  /** Sends the batches of a run that the window has room for. */
  pump(id: number): void {
    const watch = this.watches.get(id)
    if (watch === undefined) return
    const { run } = watch
    const { trace } = run.reader
    while (watch.next < trace.count && watch.next - watch.acknowledged < MOST_ON_THE_WAY) {
      const behind = trace.count - watch.next
      watch.thinning = !run.isOver && watch.caughtUp && behind > (watch.thinning ? RELIEVED : PRESSED)
      const number = watch.next++
      const batch = trace.read(number)
      const data = watch.thinning ? thinBatch(batch) : batch
      this.send({ type: 'batch', run: id, number, data }, [data])
    }
    if (watch.next === trace.count) watch.caughtUp = true
  }

  /**
   * Tells once that all batches of a run that is over have been sent. A run may be over long before: a window that is slow is
   * still being sent what happened in it.
   */
  conclude(id: number): void {
    const watch = this.watches.get(id)
    if (watch === undefined || watch.concluded || !watch.run.isOver) return
    if (watch.next < watch.run.reader.trace.count) return
    watch.concluded = true
    this.send({ type: 'complete', run: id })
  }

  private acknowledge({ run, number }: BatchAck): void {
    const watch = this.watches.get(run)
    // Of what was never sent, or has been acknowledged, there is nothing to learn.
    if (watch === undefined || number >= watch.next || number < watch.acknowledged) return
    watch.acknowledged = Math.floor(number) + 1
    this.pump(run)
    this.conclude(run)
  }

  private fail(id: number, error: InputError): void {
    this.send({ type: 'reply', id, ok: false, error })
  }
}

/** An answer needs an id; -1 for a message that has none. */
function idOf(message: unknown): number {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined
  return Number.isInteger(id) ? (id as number) : -1
}
