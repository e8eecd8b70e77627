/** The states of both ends of each lane's connection over time (RFC 9293 3.3.2), and the listener's queues. */
import type { ListenerQueues } from '../projections/listeners.ts'
import type { StateChange, States } from '../projections/states.ts'
import { isIdleState, isOpenState, stateAt } from '../projections/states.ts'
import { momentText, niceScale, type Scale } from './axes.ts'
import { laneViews, type ChartContext, type LaneView } from './context.ts'
import { textWidth } from './legend.ts'
import { largest, Picture, type Chart, type Area } from './picture.ts'
import { inkOn } from './signs.ts'
import { word } from './texts.ts'

interface EndStates {
  /** Name of the node without its lane. */
  readonly name: string
  readonly color: string
  readonly changes: readonly StateChange[]
}

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
const ROWS_SHARE = 0.6
/** Heights of the text of both rows and the name of their lane. */
const LOW = 4.2

export function statesChart(states: States, context: ChartContext): Chart {
  const picture = new Picture(context, '', [])
  const lanes = laneViews(context)
  const listeners = lanes.map((lane) => listenerOf(states, context, lane))
  const scale = queueScale(listeners, context)
  picture.areas(lanes).forEach((area, i) => {
    const listener = listeners[i]
    // Without room for both, the states are what is asked for.
    const withQueues = listener !== undefined && area.height > context.theme.textSize * 11
    const rows = withQueues ? { ...area, height: area.height * ROWS_SHARE } : area
    addStates(picture, rows, lanes[i], endsOf(states, context, lanes[i]))
    if (!withQueues) return
    const gap = context.theme.textSize * 1.6
    const rest = { ...area, y: rows.y + rows.height + gap, height: area.height - rows.height - gap }
    addQueues(picture, rest, listener, scale)
  })
  return picture.finish(undefined, 'above')
}

function endsOf(states: States, { store, theme }: ChartContext, { flow }: LaneView): EndStates[] {
  return flow.ends.flatMap(({ node }) => {
    const changes = states.ends.get(flow.id, node)
    const name = store.text(node)
    const color = store.nodes.get(node)?.role === 'server' ? theme.server : theme.client
    return changes ? [{ name: name.slice(name.indexOf('/') + 1), color, changes }] : []
  })
}

function listenerOf(states: States, { store }: ChartContext, lane: LaneView): ListenerQueues | undefined {
  return states.listeners.all.find(({ node }) => store.laneOf(node) === lane.id)?.value
}

function addStates(picture: Picture, area: Area, lane: LaneView, ends: readonly EndStates[]): void {
  const { theme, range, store } = picture.context
  const plot = picture.addPlot(area, '', UNLABELLED)
  // Where there is no height for both, its name stands above the plot.
  const isLow = area.height < theme.textSize * LOW
  const captionHeight = lane.label === '' || isLow ? 0 : theme.textSize * 1.5
  const captionY = area.y - (isLow ? theme.textSize * 1.25 : 0)
  if (lane.label !== '') picture.caption(lane.label, area.x, captionY, area.width)
  const pixel = (range.to - range.from) / area.width
  const toX = (t: number): number => area.x + (t - range.from) / pixel
  const rowHeight = (area.height - captionHeight) / Math.max(1, ends.length)
  ends.forEach((end, row) => {
    const top = area.y + captionHeight + row * rowHeight
    const size = nameSize(end.name, area.x - 10, theme.textSize)
    picture.caption(end.name, 6, top + rowHeight / 2 - size / 2, area.x - 8, end.color, 600, size)
    const height = Math.max(2, Math.min(rowHeight - (isLow ? 1 : 3), theme.textSize * 2.6))
    const box = { y: top + (rowHeight - height) / 2, height }
    const spans = spansOf(end.changes, range.from, Math.min(range.to, store.end), pixel)
    picture.add(plot, {
      type: 'custom',
      silent: true,
      clip: true,
      data: spans.map(({ from }, i) => [from, 0.5, i]),
      renderItem: (_, api) => {
        const { from, to, state } = spans[api.value(2) as number]
        const x = Math.max(toX(from), area.x)
        return stateBox(
          picture,
          { x, ...box, width: Math.min(toX(to), area.x + area.width) - x },
          state,
          end.color,
        )
      },
    })
  })
  picture.describe(plot, (t) => [
    ...ends.map((end) => {
      const state = stateAt(end.changes, t)
      return `${end.name}  ${state?.state ?? '–'}${state ? ` (${[state.why, momentText(state.t)].filter(Boolean).join(', ')})` : ''}`
    }),
  ])
  picture.losses(plot)
}

/** A little smaller where that lets the whole name stand beside its row. */
const nameSize = (name: string, width: number, size: number): number =>
  Math.max(size * 0.75, Math.min(size, (size * width) / textWidth(name, size * 1.08)))

interface StateSpan {
  readonly from: number
  readonly to: number
  readonly state: string
}

/** The states between two moments; those shorter than a pixel are joined to the next so that the last one shows. */
function spansOf(changes: readonly StateChange[], from: number, to: number, pixel: number): StateSpan[] {
  const spans: StateSpan[] = []
  changes.forEach(({ t, state }, i) => {
    const end = Math.min(changes[i + 1]?.t ?? to, to)
    if (end < from || t > to || end - t < pixel / 2) return
    spans.push({ from: t, to: end, state })
  })
  return spans
}

function stateBox(
  { context: { theme } }: Picture,
  box: { x: number; y: number; width: number; height: number },
  state: string,
  color: string,
) {
  const open = isOpenState(state)
  const closed = isIdleState(state)
  const rect = {
    type: 'rect' as const,
    shape: { ...box, width: Math.max(0.5, box.width - 1) },
    style: { fill: closed ? theme.grey : color, opacity: open ? 0.85 : closed ? 0.25 : 0.4 },
  }
  if (box.width < theme.textSize * 2.4 || box.height < theme.textSize * 0.9) return rect
  const text = {
    type: 'text' as const,
    style: {
      text: state,
      width: box.width - 8,
      overflow: 'truncate' as const,
      x: box.x + 5,
      y: box.y + box.height / 2,
      verticalAlign: 'middle' as const,
      fill: open ? inkOn(color) : theme.text,
      font: `600 ${theme.textSize}px ${theme.font}`,
    },
  }
  return { type: 'group', children: [rect, text] } as never
}

function queueScale(listeners: readonly (ListenerQueues | undefined)[], { range }: ChartContext): Scale {
  const series = listeners.flatMap((queues) => (queues ? [queues.synQueue, queues.acceptQueue] : []))
  const most = largest(series, range)
  // Connections are counted in whole ones.
  const step = Math.max(1, niceScale(most, 3).step)
  return { max: Math.max(step, Math.ceil((most * 1.04) / step) * step), step }
}

/** Half-open connections and those that wait to be accepted, with their limits where these can be seen. */
function addQueues(picture: Picture, area: Area, queues: ListenerQueues, scale: Scale): void {
  const { theme, language, range } = picture.context
  const axis = { name: '', scale, label: (value: number) => String(value) }
  const plot = picture.addPlot(area, word(language, 'waiting'), axis)
  const syn = word(language, 'synQueue')
  const accept = word(language, 'acceptQueue')
  picture.line(plot, syn, picture.points(plot, queues.synQueue), { color: theme.retransmission, width: 1.2 })
  picture.line(plot, accept, picture.points(plot, queues.acceptQueue), {
    color: theme.server,
    type: 'dashed',
    width: 1.2,
  })
  const limitOf = (limit: ListenerQueues['synLimit']): string =>
    word(language, 'limit', { value: limit.valueAt(range.to) ?? '–' })
  picture.legendAs(syn, `${syn} (${limitOf(queues.synLimit)})`)
  picture.legendAs(accept, `${accept} (${limitOf(queues.acceptLimit)})`)
  picture.describe(plot, (t) => [
    `${syn}  ${queues.synQueue.valueAt(t) ?? 0}`,
    `${accept}  ${queues.acceptQueue.valueAt(t) ?? 0}`,
    word(language, 'turnedAwayConnections', { value: queues.dropped.valueAt(t) ?? 0 }),
  ])
}
