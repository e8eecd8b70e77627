import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encodeBatchFrame, encodeTextFrame } from '../../../electron/ipc/socket-frames.ts'
import type { BatchFrame, CarrierState } from '../../../renderer/carriers/carrier.ts'
import {
  decodeBatchFrame,
  decodeTextFrame,
  SocketCarrier,
  takeToken,
} from '../../../renderer/carriers/socket.ts'
import { memoryStorage } from '../../support/window-globals.ts'

describe('frames', () => {
  it('a batch comes out as the server put it in, its buffer by itself', () => {
    const data = Float64Array.of(1, 2, 3).buffer
    const frame = encodeBatchFrame({ type: 'batch', run: 4_000_000_000, number: 7, data })
    const decoded = decodeBatchFrame(frame.buffer as ArrayBuffer)
    expect(decoded).toEqual({ run: 4_000_000_000, number: 7, data })
  })

  it('bytes inside JSON come out as bytes', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    const message = { type: 'reply', id: 1, ok: true, result: { bytes, length: 256 } } as const
    expect(decodeTextFrame(encodeTextFrame(message))).toEqual(message)
  })

  it('what is neither is nothing', () => {
    expect(decodeBatchFrame(new ArrayBuffer(7))).toBeUndefined()
    expect(decodeTextFrame('{"type":')).toBeUndefined()
    expect(decodeTextFrame('{"$bytes":"&&&"}')).toBeUndefined()
  })

  it('an object with more than the key for bytes stays an object', () => {
    expect(decodeTextFrame('{"$bytes":"AA==","more":1}')).toEqual({ $bytes: 'AA==', more: 1 })
    expect(decodeTextFrame('{"$bytes":5}')).toEqual({ $bytes: 5 })
  })
})

describe('the token', () => {
  it('goes from the address bar into the storage of the tab, and is found there after a reload', () => {
    const replaced: string[] = []
    vi.stubGlobal('sessionStorage', memoryStorage())
    vi.stubGlobal('history', {
      replaceState: (_state: unknown, _title: string, url: URL) => replaced.push(url.href),
    })
    vi.stubGlobal('location', { href: 'http://127.0.0.1:5000/?token=secret&view=1' })
    expect(takeToken()).toBe('secret')
    expect(replaced).toEqual(['http://127.0.0.1:5000/?view=1'])
    vi.stubGlobal('location', { href: 'http://127.0.0.1:5000/' })
    expect(takeToken()).toBe('secret')
    vi.stubGlobal('sessionStorage', memoryStorage())
    expect(takeToken()).toBeNull()
    vi.unstubAllGlobals()
  })
})

/** The browser's WebSocket, opened and closed by the test. */
class FakeSocket {
  static readonly OPEN = 1
  static readonly all: FakeSocket[] = []
  readyState = 0
  binaryType = ''
  readonly sent: string[] = []
  onopen = (): void => undefined
  onclose = (): void => undefined
  onmessage = (_event: { data: unknown }): void => undefined
  readonly url: string

  constructor(url: URL) {
    this.url = url.href
    FakeSocket.all.push(this)
  }

  send(text: string): void {
    this.sent.push(text)
  }

  open(): void {
    this.readyState = FakeSocket.OPEN
    this.onopen()
  }

  close(): void {
    this.readyState = 3
    this.onclose()
  }
}

describe('the carrier', () => {
  const states: CarrierState[] = []
  const batches: BatchFrame[] = []
  const messages: unknown[] = []
  const events = {
    state: (state: CarrierState) => states.push(state),
    batch: (frame: BatchFrame) => batches.push(frame),
    message: (message: unknown) => messages.push(message),
  }
  const last = (): FakeSocket => FakeSocket.all.at(-1)!

  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('WebSocket', FakeSocket)
    vi.stubGlobal('location', { href: 'http://127.0.0.1:5000/index.html?x=1' })
    for (const list of [states, batches, messages, FakeSocket.all]) list.length = 0
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })

  it('opens /lab on the own origin with the token, and takes messages and batches apart', () => {
    const carrier = new SocketCarrier(events, 'a token&')
    expect(last().url).toBe('ws://127.0.0.1:5000/lab?token=a+token%26')
    expect(carrier.post({ type: 'ack', run: 1, number: 0 })).toBe(false)
    last().open()
    expect(carrier.post({ type: 'ack', run: 1, number: 0 })).toBe(true)
    expect(last().sent).toEqual(['{"type":"ack","run":1,"number":0}'])
    last().onmessage({ data: '{"type":"engine"}' })
    last().onmessage({ data: Uint32Array.of(1, 2, 3, 4).buffer })
    last().onmessage({ data: new ArrayBuffer(3) })
    expect(messages).toEqual([{ type: 'engine' }])
    expect(batches).toEqual([{ run: 1, number: 2, data: Uint32Array.of(3, 4).buffer }])
  })

  it('comes back after a loss, at longer and longer intervals, up to 10 s', () => {
    new SocketCarrier(events, 'token')
    last().open()
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      const before = performance.now()
      last().close()
      const state = states.at(-1)!
      if (state.phase !== 'lost') throw new Error(state.phase)
      waits.push(state.retryAt - before)
      vi.advanceTimersByTime(10_000)
      expect(FakeSocket.all).toHaveLength(i + 2)
    }
    expect(waits[0]).toBeGreaterThanOrEqual(187)
    expect(waits[0]).toBeLessThanOrEqual(313)
    expect(waits[3]).toBeGreaterThan(waits[0] * 4)
    expect(Math.max(...waits)).toBeLessThanOrEqual(10_000)
    last().open()
    expect(states.at(-1)).toEqual({ phase: 'open' })
  })

  it('gives up what never opened after five attempts, and tries again when it is asked to', () => {
    const carrier = new SocketCarrier(events, 'old token')
    for (let i = 0; i < 5; i++) {
      last().close()
      vi.advanceTimersByTime(10_000)
    }
    expect(states.at(-1)).toEqual({ phase: 'refused', detail: 'no_answer' })
    expect(FakeSocket.all).toHaveLength(5)
    carrier.reopen()
    last().open()
    expect(states.at(-1)).toEqual({ phase: 'open' })
  })

  it('without a token opens nothing and says so', () => {
    new SocketCarrier(events, null)
    expect(FakeSocket.all).toHaveLength(0)
    expect(states).toEqual([{ phase: 'refused', detail: 'no_token' }])
  })

  it('does not come back once it was closed', () => {
    const carrier = new SocketCarrier(events, 'token')
    last().open()
    carrier.close()
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.all).toHaveLength(1)
  })
})
