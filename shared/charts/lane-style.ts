/** How lanes that share a plot are told apart. */
import type { LineStyle } from './picture.ts'
import type { ChartTheme } from './theme.ts'

/** By colour and by the kind of line. */
export function laneStyle(theme: ChartTheme, lane: number): Pick<LineStyle, 'color' | 'type'> {
  const colors = [
    theme.client,
    theme.retransmission,
    theme.server,
    theme.sack,
    theme.loss,
    theme.grey,
    theme.sky,
    theme.text,
  ]
  const types = ['solid', 'dashed', 'dotted'] as const
  return { color: colors[lane % colors.length], type: types[lane % types.length] }
}
