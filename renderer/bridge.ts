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
  close(): void
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

/** A bridge over a carrier. */
export function createBridge(open: OpenCarrier): Bridge {
  const state = shallowRef<CarrierState>({ phase: 'connecting' })
  const pending = new Map<number, Pending>()
  const messageCallbacks = new Set<(message: News) => void>()
  const batchCallbacks = new Set<(batch: BatchFrame) => void>()
  let lastId = 0
  /** Only the carrier tells; until it does, the engine counts as there. */
  let engineIsUp = true

  function settle(id: number): Pending | undefined {
    const entry = pending.get(id)
    pending.delete(id)
    clearTimeout(entry?.timer)
    return entry
  }

  function failAll(message: string): void {
    for (const id of [...pending.keys()]) settle(id)?.reject(new EngineGone(message))
  }

  function onReply(reply: Extract<TextMessage, { type: 'reply' }>): void {
    const entry = settle(reply.id)
    if (!entry) return
    const result = reply.ok ? parseResult(entry.type, reply.result) : reply
    if (result.ok) entry.resolve(result.value as never)
    else entry.reject(new CommandError(result.error))
  }

  const carrier = open({
    message(raw) {
      const message = parseMessage(raw)
      if (!message) return
      if (message.type === 'reply') return onReply(message)
      if (message.type === 'engine') {
        engineIsUp = message.state === 'ready'
        if (!engineIsUp) failAll('The engine ended.')
      }
      for (const callback of messageCallbacks) callback(message)
    },
    batch(frame) {
      for (const callback of batchCallbacks) callback(frame)
      carrier.post({ type: 'ack', run: frame.run, number: frame.number })
    },
    state(next) {
      if (next.phase !== 'open') failAll('The connection to the engine was lost.')
      state.value = next
    },
  })

  function send<C extends CommandInput>(command: C): Promise<Results[C['type']]> {
    return new Promise((resolve, reject) => {
      const id = ++lastId
      const limit = command.type === 'run.export' ? EXPORT_TIME_LIMIT : TIME_LIMIT
      const timer = setTimeout(() => {
        const message = `${command.type}: no answer within ${limit / 1000} s.`
        settle(id)?.reject(new CommandError({ code: 'failed', message }))
      }, limit)
      pending.set(id, { type: command.type, resolve: resolve as Pending['resolve'], reject, timer })
      // The engine fills in what the input leaves out, by the same schema.
      if (!engineIsUp) settle(id)?.reject(new EngineGone('The engine is not running.'))
      else if (!carrier.post({ id, command: command as Command }))
        settle(id)?.reject(new EngineGone('There is no connection to the engine.'))
    })
  }

  function subscribe<T>(callbacks: Set<T>, callback: T): () => void {
    callbacks.add(callback)
    return () => void callbacks.delete(callback)
  }

  return {
    kind: carrier.kind,
    state,
    send,
    onMessage: (callback) => subscribe(messageCallbacks, callback),
    onBatch: (callback) => subscribe(batchCallbacks, callback),
    reopen: () => carrier.reopen(),
    save: (files) => carrier.save(files),
    close() {
      failAll('The window was closed.')
      carrier.close()
    },
  }
}

/** The bridge of this page: over Electron's port if the preload is there, over the WebSocket if not. */
export function connect(): Bridge {
  const api = window.rexmit
  if (api) return createBridge((events) => new PortCarrier(events, api))
  const token = takeToken()
  return createBridge((events) => new SocketCarrier(events, token))
}

export const BRIDGE: InjectionKey<Bridge> = Symbol('bridge')
