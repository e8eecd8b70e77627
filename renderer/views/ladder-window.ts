/** Which part of the run a ladder shows: it needs far more room for a packet than a chart does. */
import type { TimeRange } from '../../shared/charts/context.ts'
import { lowerBound } from '../../shared/projections/series.ts'
import type { Paths } from '../../shared/projections/paths.ts'

/** Pixels that a packet should have. */
const ROOM = 13

/**
 * A window with about as many packets as have room in `height`: all of the range where that is enough, else the part that
 * begins at `from`, or (`following`) the part that ends with the last packet.
 */
export function fittingWindow(
  paths: Paths,
  range: TimeRange,
  end: number,
  height: number,
  from: number,
  following: boolean,
): TimeRange {
  const { sent } = paths.packets
  const count = Math.max(12, Math.floor(height / ROOM))
  const first = lowerBound(sent, range.from)
  const last = lowerBound(sent, range.to)
  if (last - first <= count) return padded(range.from, Math.min(range.to, Math.max(end, range.from + 1_000)))
  if (following) {
    const start = Math.min(sent.data[Math.max(first, last - count)], end - 2 * paths.latest)
    return padded(Math.max(0, start), Math.max(end, start + 1_000))
  }
  const begin = Math.min(lowerBound(sent, from), last - 1)
  const stop = Math.min(begin + count, sent.length - 1)
  // At least as long as a packet and its answer are on their way.
  const until = Math.max(sent.data[stop], sent.data[begin] + Math.max(1_000, 2 * paths.latest))
  // A little of what came before.
  return padded(Math.max(0, from - (until - from) * 0.15), until)
}

/** With a little room after the last packet, for it to arrive in. */
const padded = (from: number, to: number): TimeRange => ({ from, to: to + Math.max(500, (to - from) * 0.04) })

/** Moves a window in time, not before the start and not beyond the end. */
export function scrolled({ from, to }: TimeRange, by: number, end: number): TimeRange {
  const span = to - from
  const start = Math.max(0, Math.min(from + by, Math.max(0, end - span / 2)))
  return { from: start, to: start + span }
}

/** Zooms about a moment; no closer than ten microseconds. */
export function scaled({ from, to }: TimeRange, at: number, factor: number): TimeRange {
  const start = Math.max(0, at - (at - from) * factor)
  return { from: start, to: Math.max(start + 10, at + (to - at) * factor) }
}
