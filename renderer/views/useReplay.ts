/** Lets the time cursor run through the recording, many times slower than it happened. */
import { onBeforeUnmount, ref, watch, type Ref } from 'vue'
import { frames } from '../frame.ts'
import { shownRange } from '../charts/range.ts'
import { useSelection } from '../stores/selection.ts'
import { useTrace } from '../stores/trace.ts'

/** Lab seconds a second. */
export const SPEEDS = [1, 0.1, 0.01, 0.001] as const

export function useReplay(): { playing: Ref<boolean>; speed: Ref<number>; toggle(): void; faster(): void } {
  const trace = useTrace()
  const selection = useSelection()
  const playing = ref(false)
  const speed = ref<number>(SPEEDS[1])
  let last = 0

  function tick(): void {
    if (!playing.value) return
    const now = performance.now()
    const { end } = trace.store.value
    const { to } = shownRange(selection.range, end, false)
    const next = (selection.cursor ?? 0) + (now - last) * 1_000 * speed.value
    last = now
    selection.cursor = Math.min(next, to)
    if (next >= to) playing.value = false
    else frames.request(tick)
  }

  function toggle(): void {
    playing.value = !playing.value
    if (!playing.value) return
    const { from, to } = shownRange(selection.range, trace.store.value.end, false)
    const at = selection.cursor
    // From the start again when it stands at the end or outside of what is shown.
    if (at === null || at < from || at >= to - (to - from) * 0.001) selection.cursor = from
    last = performance.now()
    frames.request(tick)
  }

  /** The next speed, the fastest after the slowest. */
  function faster(): void {
    const at = SPEEDS.findIndex((known) => known === speed.value)
    speed.value = SPEEDS[(at + 1) % SPEEDS.length]
  }

  watch(trace.store, () => (playing.value = false))
  onBeforeUnmount(() => {
    playing.value = false
    frames.cancel(tick)
  })
  return { playing, speed, toggle, faster }
}
