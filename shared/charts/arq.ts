/**
 * Retransmission over UDP, packet by packet: numbers against time as in a time-sequence graph, the sender's window as a band that
 * slides over them, what the receiver did with each packet, and below how much of the window is in use.
 */
import type { Arq, ArqTransfer, ArqWindow } from '../projections/arq.ts'
import type { Bar, Bars } from '../projections/bars.ts'
import type { Series } from '../projections/series.ts'
import { lowerBound } from '../projections/series.ts'
import { formatNumber, formatShare } from '../quantity.ts'
import { niceScale } from './axes.ts'
import { bandPath } from './band.ts'
import type { ChartContext, ChartLane } from './context.ts'
import { laneGrid, lanesOf, type Column } from './lane-grid.ts'
import { pairs, Picture, type Area, type Chart } from './picture.ts'
import { pickFrom, scaleFor } from './sequence.ts'
import { CROSS, outline, RETRANSMISSION, RING, TRIANGLE } from './signs.ts'
import { tcpIpWord, type TcpIpWord } from './tcp-ip-texts.ts'
import { word } from './texts.ts'

const SHARES = [4, 1]
/** Signs of the receiver that stand closer than this, in pixels, would cover all others. */
const CLOSE = 3

const NAMES = [
  'senderWindow',
  'dataSent',
  'dataResent',
  'dataDelivered',
  'dataBuffered',
  'dataRefused',
  'timerOut',
  'expectedNext',
] as const satisfies readonly TcpIpWord[]

interface Lane extends Column {
  readonly transfer: ArqTransfer
  readonly from: number
  readonly to: number
}

export function arqChart(arq: Arq, context: ChartContext): Chart {
  const { language, theme } = context
  const picture = new Picture(context, tcpIpWord(language, 'packetNumber'), [
    ...NAMES.map((key) => tcpIpWord(language, key)),
    word(language, 'lost'),
  ])
  const found = lanesOf(context).flatMap((lane): { lane: ChartLane; transfer: ArqTransfer }[] => {
    const transfer = shownOf(arq.of(lane.id), context)
    return transfer ? [{ lane, transfer }] : []
  })
  const grid = found.map(({ lane, transfer }) => ({ lane, words: [sumsOf(context, transfer)] }))
  const columns = laneGrid(picture, grid, tcpIpWord(language, 'packetNumber'), SHARES)
  const lanes = columns.map((column, i): Lane => {
    const { transfer } = found[i]
    return { ...column, transfer, ...extentOf(transfer, context) }
  })
  // All lanes have the same span of numbers, so that slopes can be compared.
  const span = Math.max(1, ...lanes.map(({ from, to }) => to - from))
  const plots: (ArqTransfer | undefined)[] = []
  for (const lane of lanes) {
    const [numbers, use] = lane.areas
    const rough = scaleFor(lane, span, numbers.height / (theme.textSize * 1.8))
    const step = Math.max(1, Math.ceil(rough.step))
    const min = Math.floor(rough.min / step) * step
    // The plot ends where the numbers do, between two of the axis.
    const scale = { min, max: min + Math.ceil((lane.from - min + span) * 1.03), step }
    const axis = {
      name: '',
      scale,
      label: (value: number) => (Number.isInteger(value / step) ? formatNumber(value) : ''),
    }
    const finished = finishOf(lane.transfer)
    plots.push(lane.transfer)
    drawNumbers(picture, picture.addPlot(numbers, '', axis, finished), lane.transfer, scale.max - scale.min)
    if (use) {
      plots.push(undefined)
      drawUse(picture, use, lane.transfer, finished)
    }
  }
  return picture.finish((plot, t, value, reach) => {
    const transfer = plots[plot]
    return (
      transfer &&
      pickFrom([transfer.lost, transfer.lostAcks, transfer.resent, transfer.sent], t, value, reach)
    )
  }, 'foot')
}

/** The transfer of the flow that is chosen, or the longest. */
function shownOf(transfers: readonly ArqTransfer[], { store, flow }: ChartContext): ArqTransfer | undefined {
  const chosen = transfers.find((transfer) => store.text(transfer.flow) === flow)
  return chosen ?? [...transfers].sort((a, b) => b.sent.length - a.sent.length)[0]
}

const windowOf = ({ windows, sender }: ArqTransfer): ArqWindow | undefined => windows.get(sender)
const receiverOf = ({ windows, sender }: ArqTransfer): ArqWindow | undefined =>
  [...windows].find(([node]) => node !== sender)?.[1]

/** When all was acknowledged; infinite until then. */
function finishOf(transfer: ArqTransfer): number {
  const used = windowOf(transfer)?.used
  const last = (used?.length ?? 0) - 1
  return used && last > 0 && used.values.data[last] === 0 ? used.times.data[last] : Infinity
}

/** The lowest and highest number in the time on show. */
function extentOf(transfer: ArqTransfer, { range }: ChartContext): { from: number; to: number } {
  const window = windowOf(transfer)
  let from = window?.base.valueAt(range.from) ?? 0
  let to = Math.max(from + 1, window?.base.valueAt(range.to) ?? 1)
  for (const bars of [transfer.sent, transfer.resent]) {
    const end = lowerBound(bars.times, range.to)
    for (let at = lowerBound(bars.times, range.from); at < end; at++) {
      from = Math.min(from, bars.from.data[at])
      to = Math.max(to, bars.to.data[at])
    }
  }
  return { from, to }
}

function sumsOf({ language, range, store }: ChartContext, transfer: ArqTransfer): string {
  const sent = lowerBound(transfer.sent.times, range.to)
  const resent = lowerBound(transfer.resent.times, range.to)
  const use = meanUse(windowOf(transfer), Math.min(range.to, store.end))
  const values = { sent: formatNumber(sent + resent), resent: formatNumber(resent), use: formatShare(use) }
  return tcpIpWord(language, 'arqSums', values)
}

/** Mean share of the window that is in use, from the first packet until all are acknowledged. */
function meanUse(window: ArqWindow | undefined, end: number): number {
  if (!window || window.used.length === 0) return 0
  const { times, values } = window.used
  const last = values.data[values.length - 1] === 0 ? times.data[times.length - 1] : end
  let sum = 0
  for (let at = 0; at < times.length; at++) {
    const until = Math.min(last, at + 1 < times.length ? times.data[at + 1] : last)
    const size = window.size.valueAt(times.data[at]) ?? 1
    sum += (Math.max(0, until - times.data[at]) * values.data[at]) / Math.max(1, size)
  }
  const whole = last - times.data[0]
  return whole > 0 ? sum / whole : 0
}

function drawNumbers(picture: Picture, plot: number, transfer: ArqTransfer, span: number): void {
  const { context } = picture
  const { theme, language, range } = context
  const { width, height } = picture.plots[plot]
  const name = (key: TcpIpWord): string => tcpIpWord(language, key)
  const thin = (bars: Bars): Bar[] =>
    bars.thin(range.from, range.to, (range.to - range.from) / (width * 2), span / (height * 2))
  const middle = (bars: readonly Bar[]) => pairs(bars.map(({ t, from, to }) => [t, (from + to) / 2] as const))
  const window = windowOf(transfer)
  if (window) addWindow(picture, plot, window)
  const expected = receiverOf(transfer)?.base
  if (expected)
    picture.line(plot, name('expectedNext'), picture.points(plot, expected), {
      color: theme.server,
      width: 0.9,
      type: 'dashed',
    })
  picture.strokes(plot, name('dataSent'), thin(transfer.sent), theme.client, 2)
  const again = thin(transfer.resent)
  const size = theme.textSize
  picture.strokes(plot, name('dataResent'), again, theme.retransmission, 2)
  if (again.length > 0)
    picture.signs(
      plot,
      name('dataResent'),
      middle(again),
      RETRANSMISSION,
      size * 0.75,
      outline(theme.retransmission, 1.4),
    )
  const signs = (key: TcpIpWord, bars: Bars, symbol: string, scale: number, style: object): void => {
    const shown = thin(bars)
    if (shown.length === 0 || isCrowded(shown, (range.to - range.from) / width)) return
    picture.signs(plot, name(key), middle(shown), symbol, size * scale, style)
  }
  signs('dataDelivered', transfer.delivered, 'circle', 0.5, { color: theme.server })
  signs('dataBuffered', transfer.buffered, 'diamond', 0.75, { color: theme.sack })
  signs('dataRefused', transfer.refused, RING, 0.55, outline(theme.grey, 1.4))
  const lost = [...thin(transfer.lost), ...thin(transfer.lostAcks)].sort((a, b) => a.t - b.t)
  if (lost.length > 0)
    picture.signs(plot, word(language, 'lost'), middle(lost), CROSS, size * 0.64, outline(theme.loss))
  if (transfer.timeouts.length > 0)
    picture.signs(
      plot,
      name('timerOut'),
      picture.points(plot, transfer.timeouts, false),
      TRIANGLE,
      size * 0.7,
      {
        ...outline(theme.change, 1.4),
      },
    )
  picture.describe(plot, (t) => wordsAt(context, transfer, t))
}

/** The window as a band between its two edges. */
function addWindow(picture: Picture, plot: number, { base, edge }: ArqWindow): void {
  const { theme, language, range } = picture.context
  const [low, high] = [picture.points(plot, base), picture.points(plot, edge)]
  const name = tcpIpWord(language, 'senderWindow')
  for (const points of [low, high]) picture.line(plot, name, points, { color: theme.sky, width: 0.8 })
  const pathData = bandPath(picture, plot, low, high)
  if (pathData === '') return
  const style = { fill: theme.sky, opacity: 0.16 }
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: true,
    z: 1,
    data: [[range.from, picture.plots[plot].scale.min]],
    renderItem: () => ({ type: 'path', shape: { pathData }, style }) as never,
  })
}

/** Whether strokes stand so close on the whole that signs on them could not be told from each other. */
const isCrowded = (bars: readonly Bar[], pixel: number): boolean =>
  bars.length > 8 && (bars[bars.length - 1].t - bars[0].t) / pixel < CLOSE * bars.length

function wordsAt({ language }: ChartContext, transfer: ArqTransfer, t: number): string[] {
  const window = windowOf(transfer)
  const expected = receiverOf(transfer)?.base.valueAt(t)
  const at = (series: Series): number => series.valueAt(t) ?? 0
  return [
    ...(window
      ? [
          `${tcpIpWord(language, 'senderWindow')}  ${tcpIpWord(language, 'windowMoves', { base: at(window.base), edge: at(window.edge) - 1 })}`,
          tcpIpWord(language, 'windowUseNow', { used: at(window.used), size: at(window.size) }),
        ]
      : []),
    ...(expected === undefined ? [] : [`${tcpIpWord(language, 'expectedNext')}  ${expected}`]),
  ]
}

/** The share of the window that is in use, in percent. */
function drawUse(picture: Picture, area: Area, transfer: ArqTransfer, finished: number): void {
  const { theme, language } = picture.context
  const scale = { max: 100, step: niceScale(100, Math.max(1, area.height / (theme.textSize * 2.2))).step }
  const label = tcpIpWord(language, 'windowUse')
  const plot = picture.addPlot(area, label, { name: '', scale, label: (value) => String(value) }, finished)
  const window = windowOf(transfer)
  if (!window) return
  const points = picture.points(plot, window.used)
  for (let i = 0; i < points.length; i += 2) {
    const size = window.size.valueAt(points[i]) ?? 1
    points[i + 1] = (100 * points[i + 1]) / Math.max(1, size)
  }
  picture.line(plot, label, points, { color: theme.grey, width: 0.8, fill: 0.3 })
  picture.describe(plot, (t) => wordsAt(picture.context, transfer, t))
}
