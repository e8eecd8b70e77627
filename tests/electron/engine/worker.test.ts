/** The engine's entry as it is shipped: bundled, in a worker thread, with a window's port handed to it. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CommandInput, EngineMessage, Results } from '../../../shared/commands.ts'
import { smallExperiment, smallSetup, temporaryFolder } from '../../support/runs.ts'

const root = join(import.meta.dirname, '../../..')
let folder: string

beforeAll(async () => {
  const cache = join(root, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(join(cache, 'worker-'))
  await build({
    ...{ root, configFile: false, publicDir: false, logLevel: 'error' },
    ssr: { noExternal: true },
    build: {
      ...{ ssr: true, target: 'node20', outDir: folder, reportCompressedSize: false },
      rolldownOptions: { input: { worker: join(root, 'electron/engine/worker.ts') } },
    },
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A worker with one window. */
function engine(recordings: string) {
  const worker = new Worker(join(folder, 'worker.js'))
  onTestFinished(async () => void (await worker.terminate()))
  worker.postMessage({ type: 'options', recordings })
  const { port1, port2 } = new MessageChannel()
  worker.postMessage({ type: 'connect', ports: [port1] }, [port1])
  return { worker, ...windowOn(port2) }
}

function windowOn(port: MessagePort) {
  const messages: EngineMessage[] = []
  port.on('message', (message: EngineMessage) => {
    messages.push(message)
    if (message.type === 'batch') port.postMessage({ type: 'ack', run: message.run, number: message.number })
  })
  onTestFinished(() => port.close())
  let lastId = 0
  const until = async <T>(find: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
  const ask = async <C extends CommandInput>(command: C): Promise<Results[C['type']]> => {
    const id = ++lastId
    port.postMessage({ id, command })
    const reply = await until(() =>
      messages.filter((message) => message.type === 'reply').find((message) => message.id === id),
    )
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.result as Results[C['type']]
  }
  const batches = () => messages.filter((message) => message.type === 'batch')
  return { ask, until, batches }
}

describe('the engine in a worker thread', () => {
  it('serves a window, and after it died in mid-run the next one has the recording up to the last batch', async () => {
    const recordings = temporaryFolder()
    const first = engine(recordings)
    const experiment = smallExperiment({ setup: smallSetup({}, 50_000_000) }) as never
    const { run } = await first.ask({ type: 'run.start', experiment, driver: 'virtual', pace: 0.1 })
    await first.ask({ type: 'run.watch', run })
    await first.until(() => first.batches()[4])
    await first.worker.terminate()
    const seen = first.batches()

    const second = engine(recordings)
    const [info] = await second.ask({ type: 'run.list' })
    expect(info).toMatchObject({ state: 'recovered', experiment: 'small' })
    await second.ask({ type: 'run.watch', run: info.run })
    const kept = await second.until(() => {
      const batches = second.batches()
      return batches.length >= seen.length ? batches : undefined
    })
    for (const [i, { data }] of seen.entries())
      expect(Buffer.from(kept[i].data).equals(Buffer.from(data))).toBe(true)
    const [capture] = await second.ask({ type: 'run.export', run: info.run, format: 'pcapng' })
    expect(capture.bytes.length).toBeGreaterThan(1_000)
  })
})
