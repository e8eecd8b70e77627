/** A laboratory and windows connected to it, for tests. */
import { onTestFinished } from 'vitest'
import { Lab, type LabOptions } from '../../electron/engine/lab.ts'
import type { LabWindow } from '../../electron/engine/window.ts'
import type { CommandInput, EngineMessage, Results } from '../../shared/commands.ts'
import type { InputError } from '../../shared/errors.ts'
import { temporaryFolder } from './runs.ts'

type Reply = Extract<EngineMessage, { type: 'reply' }>

export class TestWindow {
  readonly messages: EngineMessage[] = []
  /** Acknowledges each batch as it comes. */
  acknowledges = true
  private readonly window: LabWindow
  private readonly waiting = new Map<number, (reply: Reply) => void>()
  private nextId = 1

  constructor(lab: Lab) {
    // As a real port: messages arrive later, and as copies.
    this.window = lab.connect({
      post: (message, transfer) => {
        const copy = structuredClone(message, { transfer: transfer as ArrayBuffer[] })
        setImmediate(() => this.take(copy))
      },
    })
  }

  /** Sends anything at all. */
  send(message: unknown): void {
    void this.window.receive(message)
  }

  async reply(command: unknown): Promise<Reply> {
    const id = this.nextId++
    return new Promise((resolve) => {
      this.waiting.set(id, resolve)
      this.send({ id, command })
    })
  }

  /** Sends a command that must succeed. */
  async ask<C extends CommandInput>(command: C): Promise<Results[C['type']]> {
    const reply = await this.reply(command)
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.result as Results[C['type']]
  }

  /** Sends a command that must be refused. */
  async refused(command: unknown): Promise<InputError> {
    const reply = await this.reply(command)
    if (reply.ok) throw new Error('it was accepted')
    return reply.error
  }

  /** All batches of a run that have come. */
  batches(run: number): Extract<EngineMessage, { type: 'batch' }>[] {
    return this.messages
      .filter((message) => message.type === 'batch')
      .filter((message) => message.run === run)
  }

  /** How often it was told that no batch of a run comes any more. */
  completed(run: number): number {
    return this.messages.filter((message) => message.type === 'complete' && message.run === run).length
  }

  /** Resolves once `holds` does, looked at anew every moment. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => setTimeout(resolve, 2))
  }

  /** Resolves once the window was told that the run has come to this state. */
  untilState(run: number, state: string): Promise<void> {
    return this.until(() =>
      this.messages.some(
        (message) => message.type === 'run' && message.info.run === run && message.info.state === state,
      ),
    )
  }

  private take(message: EngineMessage): void {
    this.messages.push(message)
    if (message.type === 'reply') this.waiting.get(message.id)?.(message)
    if (message.type === 'batch' && this.acknowledges)
      this.send({ type: 'ack', run: message.run, number: message.number })
  }
}

/** A laboratory in a folder of its own, closed after the test. */
export function createLab(options: LabOptions = {}): Lab {
  const lab = new Lab({ recordings: options.recordings ?? temporaryFolder(), ...options })
  onTestFinished(() => lab.close())
  return lab
}
