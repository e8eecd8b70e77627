/** The span of lab time that the time axes show. */
import { niceStep } from '../../shared/charts/axes.ts'
import type { TimeRange } from '../../shared/charts/context.ts'

/** Before there is anything, a first tenth of a second. */
const FIRST = 100_000

/**
 * The zoom that was chosen, or all of the run. While the run grows, the right end goes ahead of it in round steps, so that
 * the picture does not slip away with each frame.
 */
export function shownRange(chosen: TimeRange | null, end: number, growing: boolean): TimeRange {
  if (chosen) return chosen
  const span = Math.max(end, FIRST)
  if (!growing) return { from: 0, to: span }
  const step = niceStep(span, 8)
  return { from: 0, to: Math.ceil((span * 1.001) / step) * step }
}

/** Zooms by a factor (below 1: in) with the moment `at` staying where it is; all of the run when it is all on show. */
export function zoomed(range: TimeRange, at: number, factor: number, end: number): TimeRange | null {
  const from = Math.max(0, at - (at - range.from) * factor)
  const to = at + (range.to - at) * factor
  return from === 0 && to >= end && factor > 1 ? null : { from, to }
}

/** Moves by a share of the span, no further than to the start or the end. */
export function moved({ from, to }: TimeRange, share: number, end: number): TimeRange {
  const span = to - from
  const start = Math.max(0, Math.min(from + share * span, Math.max(from, end - span)))
  return { from: start, to: start + span }
}
