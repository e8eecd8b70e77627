import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ref, watch } from 'vue'
import { BatchBuilder } from '../../../shared/trace/batch.ts'
import { TraceFeed } from '../../../renderer/stores/trace.ts'
import { runInfo } from '../../support/fake-engine.ts'
import { stubBrowser } from '../../support/window-globals.ts'

let frame: () => void
let feed: TraceFeed
let builder: BatchBuilder
let events = 0

beforeEach(() => {
  frame = stubBrowser().frame
  feed = new TraceFeed()
  builder = new BatchBuilder()
  events = 0
  feed.show(runInfo())
})
afterEach(() => {
  // The scheduler of frames outlives the test: one that it waits for must come.
  frame()
  vi.unstubAllGlobals()
})

/** The next batch of the recording, with one event in it. */
function batch(): ArrayBuffer {
  events++
  builder.add('sim:mark', { text: `mark ${events}` }, events, events * 1_000, 0, 0, 0)
  return builder.flush()!
}

const { store, version } = { store: () => feed.handle.store.value, version: () => feed.handle.version.value }

describe('the recording on show', () => {
  it('grows with each batch, and tells of it once a frame', () => {
    for (let i = 0; i < 5; i++) expect(feed.take(i, batch())).toBeUndefined()
    expect(store().events).toBe(5)
    expect(version()).toBe(0)
    frame()
    expect(version()).toBe(1)
    frame()
    expect(version()).toBe(1)
  })

  it('passes over batches that it has, as they come again after a reconnect', () => {
    const batches = [batch(), batch(), batch()]
    feed.take(0, batches[0])
    feed.take(1, batches[1])
    for (let i = 0; i < 3; i++) expect(feed.take(i, batches[i])).toBeUndefined()
    expect(store().events).toBe(3)
  })

  it('does not take a batch in when one before it is missing', () => {
    const [first, , third] = [batch(), batch(), batch()]
    feed.take(0, first)
    expect(feed.take(2, third)?.reason).toContain('1')
    expect(store().events).toBe(1)
  })

  it('says what is wrong with bytes that are no batch', () => {
    expect(feed.take(0, new ArrayBuffer(32))?.reason).toBe('not a batch')
    expect(feed.take(1, new ArrayBuffer(3))?.reason).toBe('truncated')
  })

  it('frozen, stands still, and shows all that came since when it is let go', () => {
    feed.take(0, batch())
    feed.freeze(true)
    feed.take(1, batch())
    feed.take(2, batch())
    frame()
    expect(store().events).toBe(1)
    feed.freeze(false)
    frame()
    expect(store().events).toBe(3)
  })

  it('is another store when another run comes on show, without a tick of the old one', () => {
    feed.take(0, batch())
    const before = store()
    feed.show(runInfo({ run: 2 }))
    frame()
    expect(store()).not.toBe(before)
    expect(store().events).toBe(0)
    expect(version()).toBe(0)
    expect(feed.handle.run.value?.run).toBe(2)
  })

  it('wakes who watches it beside something else only when one of them is another', () => {
    const looks = ref(0)
    const same = (): string => (looks.value > 0 ? 'a connection' : 'a connection')
    const woken = vi.fn()
    watch([feed.handle.store, feed.handle.run, same], woken, { flush: 'sync' })
    looks.value++
    feed.take(0, batch())
    frame()
    expect(woken).not.toHaveBeenCalled()
    feed.show(runInfo({ run: 2 }))
    expect(woken).toHaveBeenCalled()
  })

  it('takes word of its own run only', () => {
    feed.update(runInfo({ run: 2, state: 'failed' }))
    expect(feed.handle.run.value?.state).toBe('running')
    feed.update(runInfo({ run: 1, state: 'finished' }))
    expect(feed.handle.run.value?.state).toBe('finished')
  })

  it('is growing until all of it has come, in the frame in which the last of it is drawn', () => {
    const growing = (): boolean => feed.handle.growing.value
    feed.take(0, batch())
    feed.update(runInfo({ state: 'finished' }))
    frame()
    expect(growing()).toBe(true)
    feed.take(1, batch())
    feed.complete(2)
    feed.complete(1)
    expect(growing()).toBe(true)
    frame()
    expect([growing(), version(), store().events]).toEqual([false, 2, 2])
    feed.show(runInfo({ run: 2 }))
    expect(growing()).toBe(true)
    feed.show(null)
    expect(growing()).toBe(false)
  })

  it('frozen, is growing until it is let go', () => {
    feed.freeze(true)
    feed.take(0, batch())
    feed.complete(1)
    frame()
    expect(feed.handle.growing.value).toBe(true)
    feed.freeze(false)
    frame()
    expect([feed.handle.growing.value, store().events]).toEqual([false, 1])
  })

  it('is not reactive inside: neither the store nor its columns are proxies', () => {
    feed.take(0, batch())
    expect(store().table('sim:mark').t.data).toBeInstanceOf(Float64Array)
    expect('__v_skip' in store() || Object.isFrozen(store())).toBe(false)
    expect((store() as { __v_isReactive?: boolean }).__v_isReactive).toBeUndefined()
  })
})
