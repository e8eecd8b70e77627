import { beforeEach, describe, expect, it, vi } from 'vitest'
import { FrameScheduler } from '../../renderer/frame.ts'

/** A scheduler whose frames and clock the test moves. */
let frames: (() => void)[]
let now: number
let scheduler: FrameScheduler
const log: string[] = []
const draw =
  (name: string, cost = 0) =>
  (): void => {
    log.push(name)
    now += cost
  }
const nextFrame = (): void => {
  log.push('|')
  for (const frame of frames.splice(0)) frame()
}

beforeEach(() => {
  frames = []
  now = 0
  log.length = 0
  scheduler = new FrameScheduler(
    (frame) => frames.push(frame),
    () => now,
  )
})

describe('the frame scheduler', () => {
  it('draws once a frame, however often it was asked', () => {
    const chart = draw('chart')
    for (let i = 0; i < 10; i++) scheduler.request(chart)
    nextFrame()
    nextFrame()
    expect(log).toEqual(['|', 'chart', '|'])
  })

  it('asks for no frame when there is nothing to draw', () => {
    scheduler.request(draw('chart'))
    nextFrame()
    expect(frames).toHaveLength(0)
  })

  it('ends a frame when its 12 ms are spent, and begins the next with who waited', () => {
    const [a, b, c] = [draw('a', 8), draw('b', 8), draw('c', 8)]
    for (const chart of [a, b, c]) scheduler.request(chart)
    nextFrame()
    nextFrame()
    nextFrame()
    expect(log).toEqual(['|', 'a', 'b', '|', 'c', '|'])
  })

  it('does not begin what will not fit, but lets something shorter go before it', () => {
    const [a, b, c] = [draw('a', 8), draw('b', 8), draw('c', 1)]
    for (let i = 0; i < 2; i++) {
      for (const chart of [a, b, c]) scheduler.request(chart)
      nextFrame()
      nextFrame()
    }
    // The first time nobody knows what they take.
    expect(log).toEqual(['|', 'a', 'b', '|', 'c', '|', 'a', 'c', '|', 'b'])
  })

  it('draws in the end what never fits', () => {
    const [long, short] = [draw('long', 40), draw('short', 3)]
    scheduler.request(long)
    nextFrame()
    for (let i = 0; i < 2; i++) {
      scheduler.request(short)
      scheduler.request(long)
      nextFrame()
    }
    expect(log).toEqual(['|', 'long', '|', 'short', '|', 'long'])
  })

  it('draws in the same frame what a tick wakes, but nothing twice', () => {
    const chart = draw('chart')
    const tick = (): void => {
      log.push('tick')
      scheduler.request(chart)
      scheduler.request(tick)
    }
    scheduler.request(tick)
    nextFrame()
    nextFrame()
    expect(log).toEqual(['|', 'tick', 'chart', '|', 'tick', 'chart'])
  })

  it('does not draw what was taken back', () => {
    const chart = draw('chart')
    scheduler.request(chart)
    scheduler.cancel(chart)
    nextFrame()
    expect(log).toEqual(['|'])
  })

  it('reports what a chart throws and draws the others', () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const error = new Error('no canvas')
    scheduler.request(() => {
      throw error
    })
    scheduler.request(draw('other'))
    nextFrame()
    vi.unstubAllGlobals()
    expect(report).toHaveBeenCalledWith(error)
    expect(log).toEqual(['|', 'other'])
  })
})
