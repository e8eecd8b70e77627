/** The few things of a browser that the window's stores ask for, for tests without a browser. */
import { vi } from 'vitest'
import { createPinia, setActivePinia } from 'pinia'
import { createApp } from 'vue'
import { BRIDGE, createBridge, type Bridge } from '../../renderer/bridge.ts'
import { FEED, TraceFeed } from '../../renderer/stores/trace.ts'
import { FakeEngine } from './fake-engine.ts'

/** A `Storage` in memory. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>()
  return {
    get length() {
      return items.size
    },
    clear: () => items.clear(),
    getItem: (key) => items.get(key) ?? null,
    key: (index) => [...items.keys()][index] ?? null,
    removeItem: (key) => void items.delete(key),
    setItem: (key, value) => void items.set(key, value),
  }
}

/** Frames come when the test asks for them: the returned function runs those that were requested. */
export function stubBrowser(): { frame: () => void } {
  let waiting: FrameRequestCallback[] = []
  vi.stubGlobal('localStorage', memoryStorage())
  vi.stubGlobal('sessionStorage', memoryStorage())
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => waiting.push(callback))
  const frame = (): void => {
    const due = waiting
    waiting = []
    for (const callback of due) callback(0)
  }
  return { frame }
}

export interface FakeWindow {
  readonly engine: FakeEngine
  readonly bridge: Bridge
  readonly feed: TraceFeed
}

/** A window without a page: bridge, feed and stores over a fake engine. The stores are used after this. */
export function openWindow(): FakeWindow {
  const engine = new FakeEngine()
  const bridge = createBridge(engine.open)
  const feed = new TraceFeed()
  const pinia = createPinia()
  createApp({}).use(pinia).provide(BRIDGE, bridge).provide(FEED, feed)
  setActivePinia(pinia)
  return { engine, bridge, feed }
}
