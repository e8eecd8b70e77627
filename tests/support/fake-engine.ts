/**
 * The engine as the window's bridge sees it, for tests of the window: it notes what is posted and answers as the test
 * says. Nothing of the window is faked.
 */
import type { BatchAck, Command, Request, RunInfo } from '../../shared/commands.ts'
import type { InputError } from '../../shared/errors.ts'
import { Setup } from '../../shared/experiment.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import type { Carrier, CarrierEvents, OpenCarrier } from '../../renderer/carriers/carrier.ts'
import * as v from 'valibot'

/** A result, an error, or nothing at all. */
export type Answer = { result: unknown } | { error: InputError } | undefined

export class FakeEngine {
  /** All commands, in the order of their coming. */
  readonly commands: Command[] = []
  readonly acks: BatchAck[] = []
  readonly saved: string[] = []
  reopened = 0
  /** What it answers; may be set anew at any time. */
  answer: (command: Command) => Answer = () => ({ result: null })
  private events: CarrierEvents | undefined
  private isOpen = false

  readonly open: OpenCarrier = (events) => {
    this.events = events
    return this.carrier
  }

  private readonly carrier: Carrier = {
    kind: 'browser',
    post: (message) => this.isOpen && this.receive(message),
    reopen: () => void this.reopened++,
    save: (files) => {
      this.saved.push(...files.map((file) => file.name))
      return Promise.resolve(files.length)
    },
  }

  private receive(message: Request | BatchAck): boolean {
    if ('type' in message) this.acks.push(message)
    else {
      this.commands.push(message.command)
      const { id } = message
      const answer = this.answer(message.command)
      if (answer) queueMicrotask(() => this.say({ type: 'reply', id, ok: 'result' in answer, ...answer }))
    }
    return true
  }

  /** The carrier opens, and the engine is ready. */
  connect(): this {
    this.isOpen = true
    this.events!.state({ phase: 'open' })
    return this
  }

  lose(): void {
    this.isOpen = false
    this.events!.state({ phase: 'lost', attempt: 1, retryAt: 0 })
  }

  /** Anything that is not a batch. */
  say(message: unknown): void {
    this.events!.message(message)
  }

  sendBatch(run: number, number: number, data: ArrayBuffer): void {
    this.events!.batch({ run, number, data })
  }

  sent<T extends Command['type']>(type: T): Extract<Command, { type: T }>[] {
    return this.commands.filter((command) => command.type === type) as Extract<Command, { type: T }>[]
  }
}

/** A run as the engine would tell of it; of `tcp-bulk`, unless it is said otherwise. */
export function runInfo(fields: Partial<RunInfo> = {}): RunInfo {
  const experiment = EXPERIMENTS.find(({ id }) => id === (fields.experiment ?? 'tcp-bulk'))
  return {
    run: 1,
    kind: 'experiment',
    experiment: experiment?.id ?? 'unknown',
    title: experiment?.title ?? { en: 'Unknown', zh: '未知' },
    seed: 1,
    driver: 'virtual',
    pace: null,
    state: 'running',
    now: 0,
    setup: experiment?.setup ?? v.parse(Setup, { hosts: {}, links: {}, apps: {} }),
    lanes: experiment?.lanes ?? [],
    recording: { bytes: 0, packets: 0, truncatedPackets: 0 },
    ...fields,
  }
}

/** Waits until everything that answers by microtasks has answered. */
export const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))
