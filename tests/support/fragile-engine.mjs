// The real engine, which dies in mid-run when a mark says so: an engine that crashes cannot be asked for politely.
import { parentPort } from 'node:worker_threads'
import '../../dist/electron/worker.js'

parentPort.on('message', ({ ports }) => {
  for (const port of ports ?? [])
    port.on('message', ({ command }) => {
      if (command?.type === 'run.mark' && command.text === 'crash') process.exit(7)
    })
})
