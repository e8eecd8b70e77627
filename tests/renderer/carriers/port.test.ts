import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { EngineNotice, PreloadApi } from '../../../shared/carrier.ts'
import type { BatchFrame, CarrierState } from '../../../renderer/carriers/carrier.ts'
import { PortCarrier } from '../../../renderer/carriers/port.ts'

const states: CarrierState[] = []
const batches: BatchFrame[] = []
const messages: unknown[] = []
const events = {
  state: (state: CarrierState) => states.push(state),
  batch: (frame: BatchFrame) => batches.push(frame),
  message: (message: unknown) => messages.push(message),
}

/** The end of a channel that the page holds. */
class FakePort {
  readonly posted: unknown[] = []
  closed = false
  onmessage = (_event: { data: unknown }): void => undefined
  postMessage(message: unknown): void {
    this.posted.push(message)
  }
  close(): void {
    this.closed = true
  }
}

let listen: (event: unknown) => void
let tell: (notice: EngineNotice) => void
let page: object
let carrier: PortCarrier

beforeEach(() => {
  for (const list of [states, batches, messages]) list.length = 0
  page = { addEventListener: (_type: string, listener: typeof listen) => (listen = listener) }
  vi.stubGlobal('window', page)
  vi.stubGlobal('location', { origin: 'app://rexmit' })
  const api: PreloadApi = {
    carrier: 'electron',
    onEngine: (callback) => (tell = callback),
    saveFiles: (files) => Promise.resolve(files.length),
  }
  carrier = new PortCarrier(events, api)
})
afterEach(() => vi.unstubAllGlobals())

/** The message by which the preload brings a port, or one that differs in something. */
function bring(port: FakePort, other: object = {}): void {
  listen({ source: page, origin: 'app://rexmit', data: 'rexmit:port', ports: [port], ...other })
}

const ack = { type: 'ack', run: 1, number: 0 } as const

describe('the port', () => {
  it('opens the carrier when it comes, and carries messages and batches', () => {
    const port = new FakePort()
    expect(carrier.post(ack)).toBe(false)
    bring(port)
    expect(states).toEqual([{ phase: 'connecting' }, { phase: 'open' }])
    expect(carrier.post(ack)).toBe(true)
    expect(port.posted).toEqual([ack])

    const data = new ArrayBuffer(8)
    port.onmessage({ data: { type: 'batch', run: 2, number: 3, data } })
    port.onmessage({ data: { type: 'run', info: {} } })
    expect(batches).toMatchObject([{ run: 2, number: 3, data }])
    expect(messages).toEqual([{ type: 'run', info: {} }])
  })

  it('is taken from this very page alone', () => {
    const stranger = new FakePort()
    bring(stranger, { source: {} })
    bring(stranger, { origin: 'https://example.com' })
    bring(stranger, { data: 'other' })
    bring(stranger, { ports: [] })
    expect(carrier.post(ack)).toBe(false)
    expect(states).toHaveLength(1)
  })

  it('of a dead engine is dropped at once, and the next one takes its place', () => {
    const [first, second] = [new FakePort(), new FakePort()]
    bring(first)
    tell({ type: 'engine', state: 'crashed', detail: 'killed' })
    expect(first.closed).toBe(true)
    expect(carrier.post(ack)).toBe(false)
    expect(messages).toEqual([{ type: 'engine', state: 'crashed', detail: 'killed' }])
    bring(second)
    expect(states.at(-1)).toEqual({ phase: 'open' })
    carrier.post(ack)
    expect(second.posted).toEqual([ack])
  })

  it('that brings something like a batch, but is none, does not pass for one', () => {
    const port = new FakePort()
    bring(port)
    for (const data of [{ type: 'batch', run: 1 }, { type: 'batch', run: 1, number: 0, data: 'x' }, null])
      port.onmessage({ data })
    expect(batches).toEqual([])
    expect(messages).toHaveLength(3)
  })
})
