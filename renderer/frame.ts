/**
 * The one frame scheduler of the window (DESIGN 6). Whatever wants to be drawn says so as often as it likes and is
 * drawn once a frame. A frame ends when its budget is spent; who was not drawn in it comes first in the next, so
 * many charts on screen cost smoothness of each, never a frame of 50 ms.
 */
import { onMounted, onUnmounted, watch, type WatchSource } from 'vue'

export type Draw = () => void

/** Milliseconds of a frame that drawing may take before the rest has to wait. */
const BUDGET = 12

export class FrameScheduler {
  /** Waiting to be drawn, the longest wait first (a Set keeps the order of insertion). */
  private readonly waiting = new Set<Draw>()
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
    const end = this.clock() + BUDGET
    const drawn = new Set<Draw>()
    // What a draw requests is visited, too: the trace's tick and the charts that it wakes share a frame.
    for (const draw of this.waiting) {
      if (drawn.has(draw)) continue
      this.waiting.delete(draw)
      drawn.add(draw)
      try {
        draw()
      } catch (error) {
        // One broken chart must not stop the others; the error surfaces as any uncaught one does.
        reportError(error)
      }
      if (this.clock() >= end) break
    }
    if (this.waiting.size > 0) this.schedule()
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
