/** How the causes of a stall look: a colour each, and a pattern, so that none is known by its colour alone. */
import type { CustomSeriesRenderItemReturn } from 'echarts'
import type { StallCause } from '../trace/events.ts'
import type { ChartTheme } from './theme.ts'

export type Pattern = 'plain' | 'rising' | 'falling' | 'upright'

export interface CauseSign {
  readonly color: string
  readonly pattern: Pattern
}

/** The hue says which part of the system is meant: blue the sender's window, green the receiver, warm a loss. */
export function causeSign(theme: ChartTheme, cause: StallCause): CauseSign {
  const signs: Record<StallCause, CauseSign> = {
    handshake: { color: theme.sack, pattern: 'plain' },
    address_validation: { color: theme.sack, pattern: 'rising' },
    idle: { color: theme.line, pattern: 'plain' },
    retransmission_timer: { color: theme.loss, pattern: 'rising' },
    loss_probe: { color: theme.loss, pattern: 'upright' },
    recovery: { color: theme.retransmission, pattern: 'falling' },
    congestion_notified: { color: theme.retransmission, pattern: 'upright' },
    reordering_window: { color: theme.retransmission, pattern: 'plain' },
    congestion_window: { color: theme.sky, pattern: 'rising' },
    receive_window: { color: theme.server, pattern: 'plain' },
    connection_credit: { color: theme.server, pattern: 'rising' },
    stream_credit: { color: theme.server, pattern: 'upright' },
    nagle: { color: theme.yellow, pattern: 'plain' },
    pacer: { color: theme.yellow, pattern: 'upright' },
    sending: { color: theme.client, pattern: 'plain' },
    application: { color: theme.grey, pattern: 'upright' },
  }
  return signs[cause]
}

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Pixels between two lines of a pattern. */
const SPACING = 8

/** A box with a cause's sign; `gap` is the colour of the lines. Narrow ones keep the colour alone. */
export function causeBox(box: Box, sign: CauseSign, gap: string): CustomSeriesRenderItemReturn {
  const rect = { type: 'rect' as const, shape: box, style: { fill: sign.color } }
  if (sign.pattern === 'plain' || box.width < SPACING) return rect
  const lines = patternLines(box, sign.pattern).map(([x1, y1, x2, y2]) => ({
    type: 'line' as const,
    shape: { x1, y1, x2, y2 },
    style: { stroke: gap, lineWidth: 1, opacity: 0.4 },
  }))
  return { type: 'group', children: [rect, ...lines] }
}

/** The lines of a pattern, cut at the edges of the box. */
export function patternLines(
  box: Box,
  pattern: Exclude<Pattern, 'plain'>,
): [number, number, number, number][] {
  const { x, y, width, height } = box
  const lines: [number, number, number, number][] = []
  if (pattern === 'upright') {
    for (let at = SPACING / 2; at < width; at += SPACING) lines.push([x + at, y, x + at, y + height])
    return lines
  }
  // A line that rises from (at, bottom) to (at + height, top), or falls the same way from the top.
  for (let at = SPACING / 2 - height; at < width; at += SPACING) {
    const left = Math.max(0, at)
    const right = Math.min(width, at + height)
    if (right <= left) continue
    const [low, high] = [left - at, right - at]
    const ends = pattern === 'rising' ? [y + height - low, y + height - high] : [y + low, y + high]
    lines.push([x + left, ends[0], x + right, ends[1]])
  }
  return lines
}
