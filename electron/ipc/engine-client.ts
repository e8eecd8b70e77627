import { type MessagePort, MessageChannel } from 'node:worker_threads'
import type { CommandInput, EngineMessage, Results } from '../../shared/commands.ts'
import type { InputError } from '../../shared/errors.ts'
import type { EngineNotice } from '../../shared/carrier.ts'
import type { Supervisor, Window } from './supervisor.ts'

/** A command that the engine refused, with the field, the value and what is allowed. */
export class CommandRefused extends Error {
  readonly error: InputError

  constructor(error: InputError) {
    super(error.message)
    this.error = error
  }
}

type Reply = Extract<EngineMessage, { type: 'reply' }>

/** Speaks to the engine from the main side, as a window would. */
export class EngineClient {
  private port: MessagePort | undefined
  private nextId = 1
  private readonly pending = new Map<number, (reply: Reply) => void>()

  constructor(supervisor: Supervisor) {
    const window: Window = {
      openChannel: () => this.open(),
      notify: (notice: EngineNotice) => {
        if (notice.state === 'crashed') this.failPending(notice.detail)
      },
    }
    supervisor.add(window)
  }

  /** Sends a command. Rejects with `CommandRefused`, also when the engine ends before it answers. */
  request<C extends CommandInput>(command: C): Promise<Results[C['type']]> {
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.pending.set(id, (reply) => {
        if (reply.ok) resolve(reply.result as Results[C['type']])
        else reject(new CommandRefused(reply.error))
      })
      this.port?.postMessage({ id, command })
    })
  }

  private open(): MessagePort {
    this.port?.close()
    const { port1, port2 } = new MessageChannel()
    this.port = port2
    port2.on('message', (message: EngineMessage) => {
      if (message.type !== 'reply') return
      this.pending.get(message.id)?.(message)
      this.pending.delete(message.id)
    })
    // The client alone keeps no process alive.
    port2.unref()
    return port1
  }

  private failPending(detail: string): void {
    for (const [id, settle] of this.pending)
      settle({ type: 'reply', id, ok: false, error: { code: 'failed', message: `engine: ${detail}` } })
    this.pending.clear()
  }
}
