/** The words beside the pointer, as ECharts wants them. */
import type { ChartTheme } from './theme.ts'

export const tooltipOption = (theme: ChartTheme, formatter: (params: unknown) => string): object => ({
  trigger: 'axis',
  renderMode: 'richText',
  confine: true,
  transitionDuration: 0,
  axisPointer: { type: 'line', animation: false, lineStyle: { color: 'transparent' } },
  backgroundColor: theme.panel,
  borderColor: theme.lineStrong,
  borderWidth: 1,
  padding: [5, 8],
  textStyle: {
    color: theme.text,
    fontFamily: theme.mono,
    fontSize: theme.textSize,
    lineHeight: theme.textSize * 1.5,
  },
  formatter,
})
