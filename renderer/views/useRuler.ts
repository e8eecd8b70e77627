/** Moving along rulers of bytes: dragging, wheel, keys; and pointing at what is on them. */
import { shallowRef, type ShallowRef } from 'vue'
import type { Span } from '../../shared/projections/spans.ts'
import { pointIn } from './canvas.ts'
import { NAMES, toOffset } from './ruler.ts'

const LEAST = 64
const MOST = 4_000_000
/** Longer ways are no clicks. */
const CLICK = 4

export interface RulerSource<S> {
  /** Bytes that there are. */
  readonly sent: () => number
  /** Most bytes in sight at first. */
  readonly atFirst: number
  /** What was drawn at a point. */
  readonly spotAt: (x: number, y: number) => S | undefined
  readonly point: (spot: S | undefined) => void
  readonly choose: (spot: S) => void
}

export interface Ruler {
  /** What was moved or zoomed to; null until then. */
  readonly chosen: ShallowRef<Span | null>
  /** The offsets in sight: at first all that was sent, as far as it can be told apart. */
  span(): Span
  moveTo(from: number, length: number): void
  /** Brings some bytes into sight, if they are not. */
  reveal(extent: Span): void
  zoom(factor: number): void
  readonly listeners: Readonly<Record<string, (event: never) => void>>
}

export function useRuler<S>({ sent, atFirst, spotAt, point, choose }: RulerSource<S>): Ruler {
  const chosen = shallowRef<Span | null>(null)
  const span = (): Span => chosen.value ?? { from: 0, to: Math.min(atFirst, Math.max(LEAST, sent())) }
  const widthOf = (event: Event): number => (event.currentTarget as HTMLElement).clientWidth

  function moveTo(from: number, length: number): void {
    const most = Math.max(0, sent() - length * 0.5)
    const start = Math.max(0, Math.min(from, most))
    chosen.value = { from: start, to: start + length }
  }

  function reveal({ from, to }: Span): void {
    const { from: start, to: end } = span()
    if (from >= start && to <= end) return
    const length = Math.min(MOST, Math.max(end - start, LEAST))
    // What does not fit is shown from its beginning.
    const middle = to - from > length ? from + length / 2 - length / 20 : (from + to) / 2
    moveTo(middle - length / 2, length)
  }

  function zoom(factor: number, at = (span().from + span().to) / 2): void {
    const { from, to } = span()
    const length = Math.min(MOST, Math.max(LEAST, (to - from) * factor))
    moveTo(at - ((at - from) / (to - from)) * length, length)
  }

  let held: { readonly x: number; readonly from: number; moved: boolean } | undefined
  const listeners = {
    pointerdown(event: PointerEvent): void {
      if (event.button !== 0) return
      held = { x: pointIn(event).x, from: span().from, moved: false }
      ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
    },
    pointermove(event: PointerEvent): void {
      const { x, y } = pointIn(event)
      point(spotAt(x, y))
      if (!held) return
      if (Math.abs(x - held.x) > CLICK) held.moved = true
      const length = span().to - span().from
      if (held.moved) moveTo(held.from - ((x - held.x) / (widthOf(event) - NAMES)) * length, length)
    },
    pointerup(event: PointerEvent): void {
      const { x, y } = pointIn(event)
      const spot = held && !held.moved ? spotAt(x, y) : undefined
      if (spot !== undefined) choose(spot)
      held = undefined
    },
    pointerleave: (): void => point(undefined),
    wheel(event: WheelEvent): void {
      event.preventDefault()
      const { from, to } = span()
      const sideways = event.shiftKey ? event.deltaY : event.deltaX
      if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY))
        moveTo(from + (sideways / 800) * (to - from), to - from)
      else zoom(1.0015 ** event.deltaY, toOffset(widthOf(event), span(), pointIn(event).x))
    },
  }
  return { chosen, span, moveTo, reveal, zoom, listeners }
}
