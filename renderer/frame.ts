/**
 * The one frame scheduler of the window (DESIGN 6). Whatever wants to be drawn says so as often as it likes and is
 * drawn once a frame. A frame takes no more than fits into its budget, by what each took the last time; who was left
 * out comes first in the next. So many charts on screen cost smoothness of each, never a frame of 50 ms.
 */
import { onMounted, onUnmounted, watch, type WatchSource } from 'vue'

export type Draw = () => void

/** Milliseconds of a frame that drawing may take before the rest has to wait. */
const BUDGET = 12
/** As long as no more than this is spent, the next one is drawn whatever it takes: nobody waits for ever. */
const FREE = 2

export class FrameScheduler {
  /** Waiting to be drawn, the longest wait first (a Set keeps the order of insertion). */
  private readonly waiting = new Set<Draw>()
  /** What each took the last time, in milliseconds. */
  private readonly costs = new WeakMap<Draw, number>()
  private scheduled = false
  private readonly nextFrame: (frame: () => void) => void
  private readonly clock: () => number

  constructor(
    nextFrame: (frame: () => void) => void = (frame) => requestAnimationFrame(frame),
    clock: () => number = () => performance.now(),
  ) {
    this.nextFrame = nextFrame
    this.clock = clock
  }

  /** `draw` will be called in the next frame that has room, once however often this is called. */
  request(draw: Draw): void {
    this.waiting.add(draw)
    this.schedule()
  }

  cancel(draw: Draw): void {
    this.waiting.delete(draw)
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.nextFrame(() => this.frame())
  }

  private frame(): void {
    this.scheduled = false
    const began = this.clock()
    const drawn = new Set<Draw>()
    let spent = 0
    // What a draw requests is visited, too: the trace's tick and the charts that it wakes share a frame.
    for (const draw of this.waiting) {
      if (drawn.has(draw) || (spent > FREE && spent + (this.costs.get(draw) ?? 0) > BUDGET)) continue
      this.waiting.delete(draw)
      drawn.add(draw)
      this.run(draw)
      const now = this.clock() - began
      this.costs.set(draw, now - spent)
      spent = now
      if (spent >= BUDGET) break
    }
    if (this.waiting.size > 0) this.schedule()
  }

  /** One broken chart must not stop the others; its error surfaces as any uncaught one does. */
  private run(draw: Draw): void {
    try {
      draw()
    } catch (error) {
      reportError(error)
    }
  }
}

export const frames = new FrameScheduler()

/**
 * For a component that draws by hand (canvas, ECharts): `draw` runs in a frame after mounting and after any of
 * `sources` changed, and never after unmounting. Returns a function that asks for one more (after a resize).
 */
export function useRedraw(draw: Draw, sources: WatchSource[]): () => void {
  const request = (): void => frames.request(draw)
  let mounted = false
  watch(sources, () => mounted && request(), { flush: 'sync' })
  onMounted(() => {
    mounted = true
    request()
  })
  onUnmounted(() => {
    mounted = false
    frames.cancel(draw)
  })
  return () => mounted && request()
}
