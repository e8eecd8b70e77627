import { type MessagePortMain, utilityProcess } from 'electron'
import { join } from 'node:path'
import type { EngineProcess } from './supervisor.ts'

/** Starts the engine in a process of its own, so that a busy lab never makes the window stutter (DESIGN 2). */
export function startUtilityEngine(): EngineProcess {
  const child = utilityProcess.fork(join(import.meta.dirname, 'worker.js'), [], {
    serviceName: 'Rexmit engine',
    stdio: 'inherit',
  })
  return {
    post: (message, ports) => child.postMessage(message, ports as MessagePortMain[]),
    onExit: (callback) =>
      child.once('exit', (code) => callback(`the engine process ended with status ${code}`)),
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve())
        if (!child.kill()) resolve()
      }),
  }
}
