/**
 * The window's side of the contract, the same over both carriers: commands with answers, messages, batches. Nothing
 * that comes in gets further unvalidated, and no command stays unanswered: it is answered, or it fails when its
 * time is up, when the carrier is lost, or when the engine is gone.
 */
import { shallowRef, type InjectionKey, type ShallowRef } from 'vue'
import type { Command, CommandInput, ExportedFile, Results } from '../shared/commands.ts'
import type { InputError } from '../shared/errors.ts'
import type { BatchFrame, Carrier, CarrierState, OpenCarrier } from './carriers/carrier.ts'
import { PortCarrier } from './carriers/port.ts'
import { SocketCarrier, takeToken } from './carriers/socket.ts'
import { parseMessage, parseResult, type TextMessage } from './messages.ts'

/** A command failed; `error` says why, in the contract's own terms. */
export class CommandError extends Error {
  readonly error: InputError

  constructor(error: InputError) {
    super(error.message)
    this.error = error
  }
}

/** The way to the engine, or the engine, is gone. The window says so by itself, not command by command. */
export class EngineGone extends CommandError {
  constructor(message: string) {
    super({ code: 'failed', message })
  }
}

/** What the engine says without being asked. */
export type News = Exclude<TextMessage, { type: 'reply' }>

export interface Bridge {
  readonly kind: Carrier['kind']
  readonly state: Readonly<ShallowRef<CarrierState>>
  /** Sends a command and gives its answer. Rejects with a `CommandError`, never with anything else. */
  send<C extends CommandInput>(command: C): Promise<Results[C['type']]>
  /** Calls back for all that is neither an answer nor a batch; returns a function that ends it. */
  onMessage(callback: (message: News) => void): () => void
  /** Calls back for every batch; when all have returned, the batch is acknowledged. */
  onBatch(callback: (batch: BatchFrame) => void): () => void
  reopen(): void
  save(files: readonly ExportedFile[]): Promise<number>
}

/** Milliseconds that a command may take. An export writes files of many megabytes. */
const TIME_LIMIT = 15_000
const EXPORT_TIME_LIMIT = 180_000

interface Pending {
  readonly type: Command['type']
  readonly resolve: (result: never) => void
  readonly reject: (error: CommandError) => void
  readonly timer: ReturnType<typeof setTimeout>
}

class CarrierBridge implements Bridge {
  readonly state = shallowRef<CarrierState>({ phase: 'connecting' })
  private readonly carrier: Carrier
  private readonly pending = new Map<number, Pending>()
  private readonly messageCallbacks = new Set<(message: News) => void>()
  private readonly batchCallbacks = new Set<(batch: BatchFrame) => void>()
  private lastId = 0
  /** Only the carrier tells; until it does, the engine counts as there. */
  private engineIsUp = true

  constructor(open: OpenCarrier) {
    this.carrier = open({
      message: (raw) => this.onRaw(raw),
      batch: (frame) => this.onFrame(frame),
      state: (next) => {
        if (next.phase !== 'open') this.failAll('The connection to the engine was lost.')
        this.state.value = next
      },
    })
  }

  get kind(): Carrier['kind'] {
    return this.carrier.kind
  }

  send<C extends CommandInput>(command: C): Promise<Results[C['type']]> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId
      const limit = command.type === 'run.export' ? EXPORT_TIME_LIMIT : TIME_LIMIT
      const timer = setTimeout(() => {
        const message = `${command.type}: no answer within ${limit / 1000} s.`
        this.settle(id)?.reject(new CommandError({ code: 'failed', message }))
      }, limit)
      this.pending.set(id, { type: command.type, resolve: resolve as Pending['resolve'], reject, timer })
      if (!this.engineIsUp) this.settle(id)?.reject(new EngineGone('The engine is not running.'))
      // The engine fills in what the input leaves out, by the same schema.
      else if (!this.carrier.post({ id, command: command as Command }))
        this.settle(id)?.reject(new EngineGone('There is no connection to the engine.'))
    })
  }

  onMessage(callback: (message: News) => void): () => void {
    return subscribe(this.messageCallbacks, callback)
  }

  onBatch(callback: (batch: BatchFrame) => void): () => void {
    return subscribe(this.batchCallbacks, callback)
  }

  reopen(): void {
    this.carrier.reopen()
  }

  save(files: readonly ExportedFile[]): Promise<number> {
    return this.carrier.save(files)
  }

  private onRaw(raw: unknown): void {
    const message = parseMessage(raw)
    if (!message) return
    if (message.type === 'reply') return this.onReply(message)
    if (message.type === 'engine') {
      this.engineIsUp = message.state === 'ready'
      if (!this.engineIsUp) this.failAll('The engine ended.')
    }
    for (const callback of this.messageCallbacks) callback(message)
  }

  private onReply(reply: Extract<TextMessage, { type: 'reply' }>): void {
    const entry = this.settle(reply.id)
    if (!entry) return
    const result = reply.ok ? parseResult(entry.type, reply.result) : reply
    if (result.ok) entry.resolve(result.value as never)
    else entry.reject(new CommandError(result.error))
  }

  private onFrame(frame: BatchFrame): void {
    try {
      for (const callback of this.batchCallbacks) callback(frame)
    } finally {
      // Without it the engine would wait for ever, and the window stand still, for one bad moment of ours.
      this.carrier.post({ type: 'ack', run: frame.run, number: frame.number })
    }
  }

  /** Takes a command off the list of those that wait. */
  private settle(id: number): Pending | undefined {
    const entry = this.pending.get(id)
    this.pending.delete(id)
    clearTimeout(entry?.timer)
    return entry
  }

  private failAll(message: string): void {
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(new EngineGone(message))
  }
}

function subscribe<T>(callbacks: Set<T>, callback: T): () => void {
  callbacks.add(callback)
  return () => void callbacks.delete(callback)
}

/** A bridge over a carrier. */
export const createBridge = (open: OpenCarrier): Bridge => new CarrierBridge(open)

/** The bridge of this page: over Electron's port if the preload is there, over the WebSocket if not. */
export function connect(): Bridge {
  const api = window.rexmit
  if (api) return createBridge((events) => new PortCarrier(events, api))
  const token = takeToken()
  return createBridge((events) => new SocketCarrier(events, token))
}

export const BRIDGE: InjectionKey<Bridge> = Symbol('bridge')
