/**
 * How long each write of an application took until the far end read it, or each question until its answer was there: a dot each, at
 * the moment of the write, the lanes above or beside each other with one scale. What Nagle's rule held back has a sign of its own.
 */
import { quantileOf } from '../projections/messages.ts'
import type { Round, Write, WriterEnd, Writes } from '../projections/writes.ts'
import { formatNumber, formatSize, formatSpan } from '../quantity.ts'
import { axisUnit, momentText, niceScale } from './axes.ts'
import { laneViews, type ChartContext, type LaneView } from './context.ts'
import { laneGrid } from './lane-grid.ts'
import { Picture, type Chart, type Points } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { outline, RING, TRIANGLE } from './signs.ts'
import { tcpIpWord, type TcpIpWord } from './tcp-ip-texts.ts'
import { word } from './texts.ts'

/** How a write was made and held: each kind has a sign. */
type Kind = 'byClient' | 'byServer' | 'byNagle' | 'byDelayedAck'
const KINDS = ['byClient', 'byServer', 'byNagle', 'byDelayedAck'] as const

interface Writer {
  readonly name: string
  readonly isServer: boolean
  readonly end: WriterEnd
}

interface Lane {
  readonly view: LaneView
  readonly writers: readonly Writer[]
  readonly rounds: readonly Round[]
}

export function writesChart(writes: Writes, context: ChartContext): Chart {
  const { language, theme } = context
  const lanes = laneViews(context).flatMap((view): Lane[] => {
    const lane = laneOf(writes, context, view)
    return lane.writers.some(({ end }) => end.writes.length > 0) ? [lane] : []
  })
  const kinds = KINDS.filter((kind) =>
    lanes.some(({ writers }) => writers.some((writer) => inSight(context, writer, kind).length > 0)),
  )
  const axisName = tcpIpWord(language, 'writeDelay')
  const picture = new Picture(context, `${axisName} (ms)`, [
    ...kinds.map((kind) => tcpIpWord(language, kind)),
    ...(lanes.some(({ rounds }) => rounds.length > 0) ? [tcpIpWord(language, 'roundTime')] : []),
    word(language, 'lost'),
  ])
  const most = Math.max(0, ...lanes.flatMap((lane) => delaysIn(context, lane)))
  const grid = lanes.map((lane) => ({ lane: lane.view, words: sumsOf(context, lane) }))
  const columns = laneGrid(picture, grid, `${axisName} (${axisUnit('us', most).symbol})`, [1])
  const scale = niceScale(most, (columns[0]?.areas[0].height ?? 0) / (theme.textSize * 2.4))
  const axis = { ...valueAxis('', 'us', scale.max, scale), name: '' }
  columns.forEach((column, i) => {
    const lane = lanes[i]
    const plot = picture.addPlot(column.areas[0], '', axis, lane.view.flow.finished)
    for (const kind of KINDS) addDots(picture, plot, lane, kind)
    addRounds(picture, plot, lane)
    picture.losses(plot, false)
    const reach = ((context.range.to - context.range.from) / column.areas[0].width) * REACH
    picture.describe(plot, (t) => wordsAt(context, lane, t, reach))
  })
  return picture.finish((plot, t, value, reach) => nearest(lanes[plot], t, value, reach)?.pkt || undefined)
}

/** Pixels beside the pointer in which a write is told of. */
const REACH = 6

function laneOf(writes: Writes, { store }: ChartContext, view: LaneView): Lane {
  const writers = view.flow.ends.flatMap(({ node }): Writer[] => {
    const end = writes.ends.get(view.flow.id, node)
    const name = store.text(node)
    const isServer = store.nodes.get(node)?.role === 'server'
    return end ? [{ name: name.slice(name.indexOf('/') + 1), isServer, end }] : []
  })
  const rounds = writes.rounds.filter(({ node }) => store.laneOf(node) === view.id)
  return { view, writers, rounds }
}

function kindOf(write: Write, { isServer }: Writer): Kind {
  if (write.delayedAck) return 'byDelayedAck'
  if (write.nagle > 0) return 'byNagle'
  return isServer ? 'byServer' : 'byClient'
}

/** The writes of a kind that the far end has read, in the time on show. */
function inSight({ range }: ChartContext, writer: Writer, kind: Kind): Write[] {
  const { writes, delivered } = writer.end
  const found: Write[] = []
  for (let at = firstAt(writes, range.from); at < delivered && writes[at].t <= range.to; at++)
    if (kindOf(writes[at], writer) === kind) found.push(writes[at])
  return found
}

/** Place of the first write at or after a moment. */
function firstAt(writes: readonly { readonly t: number }[], t: number): number {
  let low = 0
  let high = writes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (writes[middle].t < t) low = middle + 1
    else high = middle
  }
  return low
}

const delayOf = ({ t, read }: Write): number => read - t

function delaysIn(context: ChartContext, { writers, rounds }: Lane): number[] {
  let most = 0
  for (const writer of writers)
    for (const kind of KINDS)
      for (const write of inSight(context, writer, kind)) most = Math.max(most, delayOf(write))
  return [most, ...roundsIn(context, rounds).map(({ time }) => time)]
}

const roundsIn = ({ range }: ChartContext, rounds: readonly Round[]): Round[] =>
  rounds.filter(({ t }) => t >= range.from && t <= range.to)

function addDots(picture: Picture, plot: number, { writers }: Lane, kind: Kind): void {
  const { theme, language } = picture.context
  const found = writers.flatMap((writer) => inSight(picture.context, writer, kind))
  if (found.length === 0) return
  const points: Points = new Float64Array(2 * found.length)
  found.sort((a, b) => a.t - b.t).forEach((write, i) => points.set([write.t, delayOf(write)], 2 * i))
  const size = theme.textSize
  const signs: Record<Kind, readonly [string, number, object]> = {
    byClient: ['circle', theme.stroke * 3, { color: theme.client, opacity: 0.8 }],
    byServer: ['circle', theme.stroke * 3, { color: theme.server, opacity: 0.8 }],
    byNagle: [RING, size * 0.6, outline(theme.retransmission, 1.6)],
    byDelayedAck: [TRIANGLE, size * 0.75, outline(theme.loss, 1.6)],
  }
  picture.signs(plot, tcpIpWord(language, kind), points, ...signs[kind])
}

function addRounds(picture: Picture, plot: number, { rounds }: Lane): void {
  const { theme, language } = picture.context
  const found = roundsIn(picture.context, rounds)
  if (found.length === 0) return
  const points = Float64Array.from(found.flatMap(({ t, time }) => [t, time]))
  picture.signs(plot, tcpIpWord(language, 'roundTime'), points, 'diamond', theme.textSize * 0.7, {
    color: theme.sack,
  })
}

function sumsOf(context: ChartContext, { writers, rounds }: Lane): string[] {
  const { language } = context
  const all = writers.flatMap((writer) => KINDS.flatMap((kind) => inSight(context, writer, kind)))
  const sum = (key: TcpIpWord, times: readonly number[]): string => {
    const sorted = Float64Array.from(times).sort()
    const [median, longest] = [0.5, 1].map((q) => formatSpan(quantileOf(sorted, q)))
    return tcpIpWord(language, key, { count: formatNumber(sorted.length), median, longest })
  }
  const answered = roundsIn(context, rounds).map(({ time }) => time)
  const held = all.filter(({ nagle }) => nagle > 0).length
  const waits = {
    nagle: formatNumber(held),
    delayed: formatNumber(all.filter((one) => one.delayedAck).length),
  }
  return [
    ...(answered.length > 0 ? [sum('roundSums', answered)] : []),
    ...(all.length > 0 ? [sum('writeSums', all.map(delayOf))] : []),
    ...(held > 0 ? [tcpIpWord(language, 'writeWaits', waits)] : []),
  ]
}

/** The write whose dot lies nearest to a place. */
function nearest(
  lane: Lane | undefined,
  t: number,
  value: number,
  reach: { t: number; value: number },
): Write | undefined {
  let best: Write | undefined
  let least = Infinity
  for (const { end } of lane?.writers ?? [])
    for (
      let at = firstAt(end.writes, t - reach.t);
      at < end.delivered && end.writes[at].t <= t + reach.t;
      at++
    ) {
      const [dx, dy] = [(end.writes[at].t - t) / reach.t, (delayOf(end.writes[at]) - value) / reach.value]
      if (Math.abs(dy) > 1.5 || dx * dx + dy * dy >= least) continue
      least = dx * dx + dy * dy
      best = end.writes[at]
    }
  return best
}

/** What became of the last write of each end near a moment. */
function wordsAt({ language }: ChartContext, { writers, rounds }: Lane, t: number, reach: number): string[] {
  const lines = writers.flatMap(({ end, name }) => {
    const write = end.writes[firstAt(end.writes, t + reach) - 1] as Write | undefined
    return write && write.t >= t - reach
      ? [`${momentText(write.t)}  ${writeWords(language, name, write)}`]
      : []
  })
  const round = rounds.filter((one) => Math.abs(one.t - t) <= reach).at(-1)
  if (round) lines.push(`${tcpIpWord(language, 'roundTime')} ${round.number}  ${formatSpan(round.time)}`)
  return lines
}

function writeWords(language: ChartContext['language'], name: string, write: Write): string {
  const { number, bytes, t, sent, acked, read, nagle, delayedAck } = write
  const after = (key: TcpIpWord, at: number): string[] =>
    at < Infinity ? [tcpIpWord(language, key, { span: formatSpan(at - t) })] : []
  return [
    tcpIpWord(language, 'writeOf', { number, name, bytes: formatSize(bytes) }),
    ...after('writeSent', sent),
    ...(nagle > 0 ? [tcpIpWord(language, 'writeNagle', { span: formatSpan(nagle) })] : []),
    ...(delayedAck ? [tcpIpWord(language, 'writeDelayedAck')] : []),
    ...after('writeRead', read),
    ...after('writeAcked', acked),
  ].join(', ')
}
