/** The queue of each lane's link, in the direction of the data, and what it turned away. */
import type { LinkQueue, Queues } from '../projections/queue.ts'
import { niceScale, valueText } from './axes.ts'
import { laneViews, type ChartContext } from './context.ts'
import { largest, Picture, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { CROSS, outline, RING } from './signs.ts'
import { word } from './texts.ts'

export function queueChart(queues: Queues, context: ChartContext): Chart {
  const { language, range, theme, store } = context
  const picture = new Picture(context, `${word(language, 'queue')} (kB)`, legendNames(context))
  const lanes = laneViews(context).flatMap((lane) => {
    const list = queues.all.filter((queue) => store.laneOf(queue.node) === lane.id)
    return list.length > 0 ? [{ ...lane, list }] : []
  })
  const areas = picture.areas(lanes)
  const most = largest(
    lanes.flatMap(({ list }) => list.map(({ bytes }) => bytes)),
    range,
  )
  const scale = niceScale(most, (areas[0]?.height ?? 0) / (theme.textSize * 2.4))
  const axis = valueAxis(word(language, 'queue'), 'B', scale.max, scale)
  lanes.forEach(({ label, list }, i) => {
    const plot = picture.addPlot(areas[i], label, axis)
    drawQueues(picture, plot, list)
  })
  return picture.finish()
}

const legendNames = ({ language }: ChartContext): string[] => [
  word(language, 'towards', { node: 'server' }),
  word(language, 'towards', { node: 'client' }),
  word(language, 'turnedAway'),
]

function drawQueues(picture: Picture, plot: number, list: readonly LinkQueue[]): void {
  const { language, theme } = picture.context
  for (const queue of list) {
    const { direction, bytes } = queue
    picture.line(
      plot,
      nameOf(picture, queue),
      picture.points(plot, bytes),
      direction === 0 ? { color: theme.client } : { color: theme.server, width: 0.8, type: 'dashed' },
    )
  }
  const drops = Float64Array.from(list.flatMap((queue) => [...picture.points(plot, queue.drops, false)]))
  picture.signs(plot, word(language, 'turnedAway'), drops, CROSS, theme.textSize * 0.64, outline(theme.loss))
  const marks = Float64Array.from(list.flatMap((queue) => [...picture.points(plot, queue.marks, false)]))
  if (marks.length > 0)
    picture.signs(
      plot,
      word(language, 'marked'),
      marks,
      RING,
      theme.textSize * 0.55,
      outline(theme.yellow, 1.4),
    )
  picture.describe(plot, (t) =>
    list.map((queue) => {
      const bytes = valueText(queue.bytes.valueAt(t) ?? 0, 'B')
      return `${nameOf(picture, queue)}  ${bytes} (${queue.packets.valueAt(t) ?? 0})`
    }),
  )
}

/** Where the packets of a direction go: `to server`. The same in all lanes. */
function nameOf({ context: { store, language } }: Picture, { node, direction }: LinkQueue): string {
  const link = store.nodes.get(node)
  const target = (direction === 0 ? link?.b : link?.a) ?? ''
  return word(language, 'towards', { node: target.slice(target.indexOf('/') + 1) })
}
