/**
 * Draws a chart that nobody sees. The first one that ECharts draws takes a tenth of a second, since all of its code is run
 * for the first time; better while the window is idle than in the middle of a run.
 */
import { DARK } from '../../shared/charts/theme.ts'
import { windowsChart } from '../../shared/charts/windows.ts'
import { Changes } from '../../shared/projections/changes.ts'
import { Losses } from '../../shared/projections/losses.ts'
import { Windows } from '../../shared/projections/windows.ts'
import { TraceStore } from '../../shared/trace/store.ts'
import { init } from './echarts.ts'

const SIZE = { width: 400, height: 300 }

export function prime(): void {
  const context = {
    ...SIZE,
    store: new TraceStore(),
    language: 'en' as const,
    theme: DARK,
    range: { from: 0, to: 1 },
    lanes: [],
    flow: null,
    losses: new Losses(),
    changes: new Changes(),
  }
  const chart = init(document.createElement('div'), null, { renderer: 'canvas', ...SIZE })
  const { option } = windowsChart(new Windows(), context)
  const axis = { type: 'value' as const }
  // One of each kind that the charts use.
  const series = [
    {
      type: 'line' as const,
      step: 'end' as const,
      areaStyle: {},
      data: [[0, 1]],
      markLine: { data: [{ xAxis: 1 }] },
    },
    { type: 'scatter' as const, data: [[0, 1]] },
    { type: 'custom' as const, data: [[0, 1]], renderItem: () => ({ type: 'group' as const, children: [] }) },
  ]
  chart.setOption({ ...option, grid: {}, xAxis: axis, yAxis: axis, series })
  chart.setOption({ series })
  chart.getZr().flush()
  chart.dispose()
}
