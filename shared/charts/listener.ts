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
  const grid = found.map(({ lane, queues }) => ({ lane, words: sumWords(context, queues, sums) }))
  const layOut = (drawn: readonly Sum[]) => {
    const picture = new Picture(context, tcpIpWord(language, 'connections'), [
      ...(['synQueueName', 'acceptQueueName', 'queueLimit'] as const).map((key) => tcpIpWord(language, key)),
      ...drawn.map((sum) => tcpIpWord(language, SUM_WORDS[sum])),
    ])
    const shares = drawn.length > 0 ? SHARES : SHARES.slice(0, 2)
    return { picture, columns: laneGrid(picture, grid, tcpIpWord(language, 'connections'), shares) }
  }
  // Sums that find no height for a plot of their own need no place in the legend, either.
  const full = layOut(sums)
  const { picture, columns } = full.columns.some(({ areas }) => areas.length < SHARES.length)
    ? layOut([])
    : full
  // Without height for a plot of each, both queues share one: it is the accept queue that fills first where accept is slow.
  const isShared = columns.some(({ areas }) => areas.length === 1)
  const lanes = columns.map((column, i) => ({ ...column, queues: found[i].queues }))
  const scales = [
    countScale(
      context,
      lanes,
      ({ queues }) => [
        queues.synQueue,
        queues.synLimit,
        ...(isShared ? [queues.acceptQueue, queues.acceptLimit] : []),
      ],
      lanes[0]?.areas[0],
    ),
    countScale(context, lanes, ({ queues }) => [queues.acceptQueue, queues.acceptLimit], lanes[0]?.areas[1]),
    countScale(context, lanes, ({ queues }) => sums.map((sum) => queues[sum]), lanes[0]?.areas[2]),
  ]
  // The numbers of plots: those of a lane one after another, as they stand.
  for (const lane of lanes) {
    const [syn, accept, sum] = lane.areas
    if (isShared) addBothQueues(picture, syn, lane, scales[0])
    else addQueue(picture, syn, 'synQueueName', lane.queues.synQueue, lane.queues.synLimit, scales[0])
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
  const plot = picture.addPlot(area, queueTitle(picture.context, key, limit), axisOf(scale))
  const color = key === 'synQueueName' ? picture.context.theme.retransmission : picture.context.theme.server
  drawQueue(picture, plot, key, queue, limit, color)
  picture.describe(plot, (t) => [queueWords(picture.context, key, queue, limit, t)])
}

function addBothQueues(
  picture: Picture,
  area: Area,
  { queues, isNamedInside }: Listener,
  scale: Scale,
): void {
  const { context } = picture
  const { synQueue, synLimit, acceptQueue, acceptLimit } = queues
  const title = [
    queueTitle(context, 'synQueueName', synLimit),
    queueTitle(context, 'acceptQueueName', acceptLimit),
  ].join('   ')
  const plot = picture.addPlot(area, isNamedInside ? '' : title, axisOf(scale))
  drawQueue(picture, plot, 'synQueueName', synQueue, synLimit, context.theme.retransmission)
  drawQueue(picture, plot, 'acceptQueueName', acceptQueue, acceptLimit, context.theme.server)
  picture.describe(plot, (t) => [
    queueWords(context, 'synQueueName', synQueue, synLimit, t),
    queueWords(context, 'acceptQueueName', acceptQueue, acceptLimit, t),
  ])
}

function queueTitle({ language, range }: ChartContext, key: TcpIpWord, limit: Series): string {
  return `${tcpIpWord(language, key)}: ${tcpIpWord(language, 'queueLimit')} ${limit.valueAt(range.to) ?? '–'}`
}

function queueWords(
  { language }: ChartContext,
  key: TcpIpWord,
  queue: Series,
  limit: Series,
  t: number,
): string {
  return `${tcpIpWord(language, key)}  ${queue.valueAt(t) ?? 0} / ${limit.valueAt(t) ?? '–'}`
}

function drawQueue(
  picture: Picture,
  plot: number,
  key: TcpIpWord,
  queue: Series,
  limit: Series,
  color: string,
): void {
  const { theme, language } = picture.context
  const name = tcpIpWord(language, 'queueLimit')
  picture.line(plot, name, picture.points(plot, limit), { color: theme.loss, type: 'dashed', width: 0.8 })
  picture.line(plot, tcpIpWord(language, key), picture.points(plot, queue), { color, width: 1.2, fill: 0.25 })
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
