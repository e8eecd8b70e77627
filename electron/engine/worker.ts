/**
 * The engine's entry: a worker thread in the terminal and the browser mode, a utility process in Electron. The first
 * message brings the options; each `connect` brings a window's port, on which the laboratory is served.
 */
import { parentPort, type MessagePort } from 'node:worker_threads'
import * as v from 'valibot'
import type { EngineMessage } from '../../shared/commands.ts'
import { Lab } from './lab.ts'

const Options = v.object({ type: v.literal('options'), recordings: v.optional(v.string()) })
const Connect = v.object({ type: v.literal('connect') })

/** What Electron's MessagePortMain and its parent port are to us; its types are not the engine's to import. */
interface ElectronPort {
  on(event: 'message', listener: (event: { data: unknown; ports: ElectronPort[] }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: EngineMessage): void
  start(): void
}

let lab: Lab | undefined

function handle(word: unknown, connect: (lab: Lab) => void): void {
  const options = v.safeParse(Options, word)
  if (options.success) lab ??= new Lab({ recordings: options.output.recordings })
  else if (v.is(Connect, word)) connect((lab ??= new Lab()))
}

/** A port of a worker thread: batches are handed over, not copied. */
function connectThreadPort(to: Lab, port: MessagePort): void {
  const window = to.connect({
    post: (message, transfer) => port.postMessage(message, transfer as ArrayBuffer[]),
  })
  port.on('message', (message) => void window.receive(message))
  port.on('close', () => to.disconnect(window))
}

/** A port of Electron, which can hand over ports only; the message is copied. */
function connectElectronPort(to: Lab, port: ElectronPort): void {
  const window = to.connect({ post: (message) => port.postMessage(message) })
  port.on('message', ({ data }) => void window.receive(data))
  port.on('close', () => to.disconnect(window))
  port.start()
}

const { parentPort: electronParent } = process as unknown as { parentPort?: ElectronPort }

parentPort?.on('message', (word: { ports?: MessagePort[] }) =>
  handle(word, (to) => {
    for (const port of word.ports ?? []) connectThreadPort(to, port)
  }),
)
electronParent?.on('message', ({ data, ports }) =>
  handle(data, (to) => {
    for (const port of ports) connectElectronPort(to, port)
  }),
)
