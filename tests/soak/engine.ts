/** The process whose memory is watched: a laboratory with gateways, and a window that takes the batches of the first. */
import { Lab } from '../../electron/engine/lab.ts'
import type { CommandInput, EngineMessage, RunInfo } from '../../shared/commands.ts'

export type Order =
  | { readonly type: 'open'; readonly gateways: readonly GatewayInput[] }
  | { readonly type: 'report' }
  | { readonly type: 'close' }
type GatewayInput = Extract<CommandInput, { type: 'gateway.start' }>

export interface Report {
  readonly memory: NodeJS.MemoryUsage
  readonly runs: readonly RunInfo[]
}

const lab = new Lab({ recordings: process.argv[2] })
const waiting = new Map<number, (message: EngineMessage & { type: 'reply' }) => void>()
let requests = 0

const window = lab.connect({
  post: (message) => {
    if (message.type === 'reply') waiting.get(message.id)?.(message)
    if (message.type !== 'batch') return
    const { run, number } = message
    setImmediate(() => void window.receive({ type: 'ack', run, number }))
  },
})

function ask(command: CommandInput): Promise<unknown> {
  const id = ++requests
  const answer = new Promise<unknown>((resolve, reject) =>
    waiting.set(id, (reply) => {
      waiting.delete(id)
      if (reply.ok) resolve(reply.result)
      else reject(new Error(reply.error.message))
    }),
  )
  void window.receive({ id, command })
  return answer
}

async function obey(order: Order): Promise<unknown> {
  if (order.type === 'open') {
    const runs: RunInfo[] = []
    for (const gateway of order.gateways) runs.push((await ask(gateway)) as RunInfo)
    await ask({ type: 'run.watch', run: runs[0].run })
    return runs
  }
  if (order.type === 'close') return lab.close()
  // Twice, since what finalisers let go of is garbage only then.
  globalThis.gc?.()
  globalThis.gc?.()
  return { memory: process.memoryUsage(), runs: await ask({ type: 'run.list' }) }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => process.send!({ result }),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})
