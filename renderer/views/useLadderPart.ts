/** Moving and zooming a ladder by wheel, pointer and keys, and pointing at its lines. */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import type { TimeRange } from '../../shared/charts/context.ts'
import { useSelection } from '../stores/selection.ts'
import { useTrace } from '../stores/trace.ts'
import { pointIn } from './canvas.ts'
import type { Layout } from './ladder-frame.ts'
import { scaled, scrolled } from './ladder-window.ts'

/** A ladder as it was drawn last. */
export interface LadderOnShow {
  readonly range: TimeRange
  readonly layout: Layout | undefined
  /** Number of the line at a point; null: there is none. */
  lineAt(x: number, y: number): number | null
  /** The user clicked a line, or (null) beside all. */
  choose(line: number | null): void
}

export interface LadderPart {
  /** The part of the run on show, once the user has moved it; null: it follows the run and the zoom of all views. */
  readonly part: ShallowRef<TimeRange | null>
  /** Number of the line under the pointer. */
  readonly pointed: Ref<number | null>
  zoom(factor: number): void
  /** To be bound to the element that the ladder fills. */
  readonly listeners: Readonly<Record<string, (event: never) => void>>
}

export function useLadderPart(onShow: () => LadderOnShow): LadderPart {
  const trace = useTrace()
  const selection = useSelection()
  const part = shallowRef<TimeRange | null>(null)
  const pointed = ref<number | null>(null)

  // A zoom of all views is meant for this one, too; a cursor outside of it brings the window along.
  watch([trace.store, () => selection.lane, () => selection.range], () => (part.value = null))
  watch(
    () => selection.cursor,
    (cursor) => {
      const { range } = onShow()
      if (cursor === null || (cursor >= range.from && cursor <= range.to)) return
      const span = range.to - range.from
      const around = { from: cursor - span / 3, to: cursor + (span * 2) / 3 }
      part.value = scrolled(around, 0, trace.store.value.end)
    },
  )

  const timeAt = (y: number): number => onShow().layout?.toTime(y) ?? 0

  function wheel(event: WheelEvent): void {
    event.preventDefault()
    const { range } = onShow()
    if (event.ctrlKey || event.metaKey)
      part.value = scaled(range, timeAt(pointIn(event).y), 1.002 ** event.deltaY)
    else part.value = scrolled(range, ((range.to - range.from) * event.deltaY) / 900, trace.store.value.end)
  }

  let grabbed: { readonly y: number; readonly from: TimeRange; moved: boolean } | undefined

  function pointerdown(event: PointerEvent): void {
    if (event.button !== 0) return
    grabbed = { y: event.clientY, from: onShow().range, moved: false }
    ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
  }

  function pointermove(event: PointerEvent): void {
    const { layout, lineAt } = onShow()
    const { x, y } = pointIn(event)
    if (!grabbed) {
      pointed.value = lineAt(x, y)
      selection.hover = timeAt(y)
      return
    }
    const by = event.clientY - grabbed.y
    if (Math.abs(by) > 3) grabbed.moved = true
    if (!grabbed.moved || !layout) return
    const scale = (grabbed.from.to - grabbed.from.from) / (layout.bottom - layout.top)
    part.value = scrolled(grabbed.from, -by * scale, trace.store.value.end)
  }

  function pointerup(event: PointerEvent): void {
    const click = grabbed && !grabbed.moved
    grabbed = undefined
    if (!click) return
    const { lineAt, choose } = onShow()
    const { x, y } = pointIn(event)
    choose(lineAt(x, y))
  }

  function pointerleave(): void {
    pointed.value = null
    selection.hover = null
  }

  function zoom(factor: number): void {
    const { range } = onShow()
    part.value = scaled(range, (range.from + range.to) / 2, factor)
  }

  function keydown(event: KeyboardEvent): void {
    const { range } = onShow()
    const span = range.to - range.from
    const { end } = trace.store.value
    const keys: Record<string, () => void> = {
      ArrowUp: () => (part.value = scrolled(range, -span / 8, end)),
      ArrowDown: () => (part.value = scrolled(range, span / 8, end)),
      PageUp: () => (part.value = scrolled(range, -span * 0.9, end)),
      PageDown: () => (part.value = scrolled(range, span * 0.9, end)),
      Home: () => (part.value = scrolled(range, -Infinity, end)),
      End: () => (part.value = scrolled(range, end, end)),
      '+': () => zoom(0.7),
      '-': () => zoom(1 / 0.7),
      '0': () => (part.value = null),
    }
    if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    keys[event.key]()
  }

  const listeners = { wheel, pointerdown, pointermove, pointerup, pointerleave, keydown }
  return { part, pointed, zoom, listeners }
}
