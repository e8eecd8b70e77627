/** The queues of each lane's listener with their limits (RFC 4987 2.1), and how many connections and cookies went which way. */
import type { ListenerQueues, Listeners } from '../projections/listeners.ts'
import type { Series } from '../projections/series.ts'
import { formatNumber } from '../quantity.ts'
import { niceScale, type Scale } from './axes.ts'
import type { ChartContext } from './context.ts'
import { laneGrid, lanesOf, type Column } from './lane-grid.ts'
import { largest, Picture, type Area, type Chart, type LineStyle } from './picture.ts'
import { CROSS, outline, RING } from './signs.ts'
import { tcpIpWord, type TcpIpWord } from './tcp-ip-texts.ts'

/** Shares of the height: SYN queue, accept queue, sums. */
const SHARES = [1, 1, 1]
/** Dots beyond this are only a line. */
const MOST_SIGNS = 400

interface Listener extends Column {
  readonly queues: ListenerQueues
}

const SUMS = ['dropped', 'cookiesSent', 'cookiesAccepted', 'cookiesRefused'] as const
type Sum = (typeof SUMS)[number]
const SUM_WORDS: Record<Sum, TcpIpWord> = {
  dropped: 'turnedAwaySum',
  cookiesSent: 'cookiesSent',
  cookiesAccepted: 'cookiesAccepted',
  cookiesRefused: 'cookiesRefused',
}

export function listenerChart(listeners: Listeners, context: ChartContext): Chart {
  const { language, store, range } = context
  const found = lanesOf(context).flatMap((lane) =>
    listeners.of(store, lane.id).map(({ node, value }, _, all) => {
      const name = store.text(node).slice(store.text(node).indexOf('/') + 1)
      return {
        lane: all.length > 1 ? { id: lane.id, label: `${lane.label} ${name}`.trim() } : lane,
        queues: value,
      }
    }),
  )
  const sums = SUMS.filter((sum) => found.some(({ queues }) => lastOf(queues[sum], range.to) > 0))
  const picture = new Picture(context, tcpIpWord(language, 'connections'), [
    ...(['synQueueName', 'acceptQueueName', 'queueLimit'] as const).map((key) => tcpIpWord(language, key)),
    ...sums.map((sum) => tcpIpWord(language, SUM_WORDS[sum])),
  ])
  const shares = sums.length > 0 ? SHARES : SHARES.slice(0, 2)
  const grid = found.map(({ lane, queues }) => ({ lane, words: sumWords(context, queues, sums) }))
  const columns = laneGrid(picture, grid, tcpIpWord(language, 'connections'), shares)
  const lanes = columns.map((column, i) => ({ ...column, queues: found[i].queues }))
  const scales = [
    countScale(context, lanes, ({ queues }) => [queues.synQueue, queues.synLimit], lanes[0]?.areas[0]),
    countScale(context, lanes, ({ queues }) => [queues.acceptQueue, queues.acceptLimit], lanes[0]?.areas[1]),
    countScale(context, lanes, ({ queues }) => sums.map((sum) => queues[sum]), lanes[0]?.areas[2]),
  ]
  // The numbers of plots: those of a lane one after another, as they stand.
  for (const lane of lanes) {
    const [syn, accept, sum] = lane.areas
    addQueue(picture, syn, 'synQueueName', lane.queues.synQueue, lane.queues.synLimit, scales[0])
    if (accept)
      addQueue(
        picture,
        accept,
        'acceptQueueName',
        lane.queues.acceptQueue,
        lane.queues.acceptLimit,
        scales[1],
      )
    if (sum) addSums(picture, sum, lane.queues, sums, scales[2])
  }
  return picture.finish(undefined, 'foot')
}

const lastOf = (series: Series, t: number): number => series.valueAt(t) ?? 0

function sumWords({ language, range }: ChartContext, queues: ListenerQueues, sums: readonly Sum[]): string[] {
  return sums
    .filter((sum) => lastOf(queues[sum], range.to) > 0)
    .map((sum) => `${tcpIpWord(language, SUM_WORDS[sum])} ${formatNumber(lastOf(queues[sum], range.to))}`)
}

/** Connections are counted in whole ones. */
function countScale(
  { range, theme }: ChartContext,
  lanes: readonly Listener[],
  of: (lane: Listener) => readonly Series[],
  area: Area | undefined,
): Scale {
  const most = largest(
    lanes.flatMap((lane) => of(lane)),
    range,
  )
  // Above the limit there is room for its words.
  const step = Math.max(1, Math.ceil(niceScale(most * 1.2, (area?.height ?? 0) / (theme.textSize * 2)).step))
  return { max: Math.max(step, Math.ceil((most * 1.3) / step) * step), step }
}

const axisOf = (scale: Scale) => ({ name: '', scale, label: (value: number): string => formatNumber(value) })

function addQueue(
  picture: Picture,
  area: Area,
  key: TcpIpWord,
  queue: Series,
  limit: Series,
  scale: Scale,
): void {
  const { theme, language, range } = picture.context
  const name = tcpIpWord(language, key)
  const limitName = tcpIpWord(language, 'queueLimit')
  const plot = picture.addPlot(area, `${name}: ${limitName} ${limit.valueAt(range.to) ?? '–'}`, axisOf(scale))
  const color = key === 'synQueueName' ? theme.retransmission : theme.server
  picture.line(plot, limitName, picture.points(plot, limit), {
    color: theme.loss,
    type: 'dashed',
    width: 0.8,
  })
  picture.line(plot, name, picture.points(plot, queue), { color, width: 1.2, fill: 0.25 })
  picture.describe(plot, (t) => [`${name}  ${queue.valueAt(t) ?? 0} / ${limit.valueAt(t) ?? '–'}`])
}

function styleOf({ theme }: ChartContext, sum: Sum): LineStyle {
  switch (sum) {
    case 'dropped':
      return { color: theme.loss }
    case 'cookiesSent':
      return { color: theme.yellow, type: 'dashed' }
    case 'cookiesAccepted':
      return { color: theme.server, width: 1.4 }
    case 'cookiesRefused':
      return { color: theme.retransmission, type: 'dotted' }
  }
}

function addSums(
  picture: Picture,
  area: Area,
  queues: ListenerQueues,
  sums: readonly Sum[],
  scale: Scale,
): void {
  const { theme, language, range } = picture.context
  const plot = picture.addPlot(area, tcpIpWord(language, 'counts'), axisOf(scale))
  for (const sum of sums) {
    const name = tcpIpWord(language, SUM_WORDS[sum])
    const series = queues[sum]
    picture.line(plot, name, picture.points(plot, series), styleOf(picture.context, sum))
    if (series.indexAt(range.to) - series.indexAt(range.from) > MOST_SIGNS) continue
    const points = picture.points(plot, series, false)
    if (sum === 'dropped' && lastOf(series, range.to) > 0)
      // The first sample says that none was turned away.
      picture.signs(plot, name, risen(points), CROSS, theme.textSize * 0.6, outline(theme.loss))
    if (sum === 'cookiesAccepted')
      picture.signs(plot, name, points, RING, theme.textSize * 0.6, outline(theme.server))
  }
  picture.describe(plot, (t) =>
    sums.map((sum) => `${tcpIpWord(language, SUM_WORDS[sum])}  ${formatNumber(lastOf(queues[sum], t))}`),
  )
}

/** Points that are not zero. */
const risen = (points: Float64Array): Float64Array => points.filter((_, i) => points[i - (i % 2) + 1] > 0)
