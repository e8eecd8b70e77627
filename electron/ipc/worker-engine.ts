import { join } from 'node:path'
import { type MessagePort, Worker } from 'node:worker_threads'
import type { EngineProcess } from './supervisor.ts'

/** The engine's built entry, beside the built program. */
export const builtWorker = (): string => join(import.meta.dirname, 'worker.js')

/** Starts the engine as a worker thread, for the browser window and the terminal. */
export function startWorkerEngine(file: string): EngineProcess {
  const worker = new Worker(file, { name: 'rexmit engine' })
  let failure = ''
  worker.on('error', (error: unknown) => {
    failure = error instanceof Error ? (error.stack ?? error.message) : String(error)
  })
  return {
    // A worker finds transferred ports in the message only, where a utility process has `event.ports`.
    post: (message, ports) =>
      worker.postMessage({ ...message, ports }, ports as readonly MessagePort[] as MessagePort[]),
    onExit: (callback) =>
      worker.once('exit', (code) => callback(failure || `the engine ended with status ${code}`)),
    kill: async () => {
      await worker.terminate()
    },
  }
}
