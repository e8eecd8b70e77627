// A neighbour for tests of the carriers: it answers each request with what it was sent, sends a batch when
// asked for the list of runs, refuses to stop one, and dies when told to forget run 13.
import { parentPort } from 'node:worker_threads'

parentPort.on('message', ({ type, ports }) => {
  if (type === 'connect') ports[0].on('message', (message) => answer(ports[0], message))
})

function answer(port, { id, command }) {
  if (command?.type === 'run.forget') process.exit(3)
  if (command?.type === 'run.list')
    port.postMessage({ type: 'batch', run: 7, number: 2, data: Uint8Array.of(1, 2, 3).buffer })
  if (command?.type === 'run.stop') {
    const error = { code: 'not_found', message: 'no such run', field: 'run' }
    return port.postMessage({ type: 'reply', id, ok: false, error })
  }
  port.postMessage({ type: 'reply', id, ok: true, result: { command, bytes: Uint8Array.of(0, 255) } })
}
