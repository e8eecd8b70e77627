/**
 * Packet numbers over time, of each lane's QUIC connection: every number once, whether its packet arrives or not (RFC 9000
 * 12.3), and the ranges of the ACK frames that came back. A lane of TCP has its sequence numbers beside it, which come again.
 */
import { heardAcks, PacketNumbers, sentIn, type HeardAck } from '../projections/packet-numbers.ts'
import type { QuicEnd, QuicPacket, QuicSpace } from '../projections/quic-packets.ts'
import { Sequence, type SequenceGraph } from '../projections/sequence.ts'
import type { TraceStore } from '../trace/store.ts'
import { niceScale, type Scale } from './axes.ts'
import { laneViews, type ChartContext, type LaneView } from './context.ts'
import { pairs, Picture, type Area, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { quicWord, type QuicWord } from './quic-texts.ts'
import { drawGraph, extent, pickPacket, scaleFor } from './sequence.ts'
import { CROSS, outline } from './signs.ts'

export interface AcksChoice {
  /** Whose packets; null: those of the end that sends most. */
  readonly side: 'client' | 'server' | null
  readonly space: QuicSpace
}

/** What the chart reads: packet numbers, and sequence numbers to compare them with. */
export class NumbersRead {
  readonly numbers = new PacketNumbers()
  readonly sequence = new Sequence()

  update(store: TraceStore): void {
    this.numbers.update(store)
    this.sequence.update(store)
  }
}

type Pick = NonNullable<Chart['pick']>
type PlotPick = (t: number, value: number, reach: Parameters<Pick>[3]) => number | undefined

export function acksChart(read: NumbersRead, context: ChartContext, choice: AcksChoice): Chart {
  const { language } = context
  const picture = new Picture(
    context,
    `${quicWord(language, 'packetNumber')} (kB)`,
    LEGEND.map((key) => quicWord(language, key)),
  )
  const lanes = laneViews(context).flatMap((lane) => {
    const end = read.numbers.end(lane.flow.id, choice.side ?? lane.sender.node)
    const graph = read.sequence.ends.get(lane.flow.id, lane.sender.node)
    return end || graph ? [{ ...lane, end, graph }] : []
  })
  const picks = picture.areas(lanes).map((area, i): PlotPick => {
    const { end, graph, ...lane } = lanes[i]
    return end ? addNumbers(picture, area, lane, end, choice.space) : addSequence(picture, area, lane, graph!)
  })
  return picture.finish((plot, t, value, reach) => picks[plot](t, value, reach))
}

const LEGEND: readonly QuicWord[] = [
  'ackRanges',
  'sent',
  'received',
  'acked',
  'died',
  'reordering',
  'time',
  'spurious',
]

/** Whole numbers only. */
function numberScale(from: number, to: number, height: number, textSize: number): Scale {
  const { step } = niceScale(to - from + 1, height / (textSize * 2.4))
  const whole = Math.max(1, Math.round(step))
  const min = Math.floor(from / whole) * whole
  return { min, max: Math.ceil((to + 1) / whole) * whole, step: whole }
}

function addNumbers(picture: Picture, area: Area, lane: LaneView, end: QuicEnd, space: QuicSpace): PlotPick {
  const { context } = picture
  const { range, theme, language } = context
  const within = (t: number): boolean => t >= range.from && t <= range.to
  const all = sentIn(end, space)
  const shown = all.filter(({ sent, received, acked, lost }) => [sent, received, acked, lost].some(within))
  const numbers = shown.map(({ number }) => number)
  const [lowest, highest] = [Math.min(...numbers, Infinity), Math.max(...numbers, -Infinity)]
  const from = Number.isFinite(lowest) ? lowest : 0
  const scale = numberScale(from, Math.max(from + 1, highest), area.height, theme.textSize)
  const axis = { name: quicWord(language, 'packetNumber'), scale, label: String }
  const plot = picture.addPlot(area, captionOf(context, lane, end, space), axis)
  const acks = heardAcks(end, space, range.from, range.to)
  drawAcks(picture, plot, acks, scale)
  drawPackets(picture, plot, shown, end)
  picture.describe(plot, (t) => momentWords(context, all, acks, t))
  return (t, value, reach) => pickNumber(shown, acks, t, value, reach)
}

function captionOf({ language }: ChartContext, { label }: LaneView, end: QuicEnd, space: QuicSpace): string {
  const { sent, twice } = PacketNumbers.count(end, space)
  const words = quicWord(language, twice === 0 ? 'numbers' : 'repeated', {
    count: sent,
    twice,
    side: quicWord(language, end.side),
  })
  return label === '' ? words : `${label}  ${words}`
}

/** Of several ACKs in one column of pixels the last is drawn: it tells what the others told. */
function drawAcks(picture: Picture, plot: number, acks: readonly HeardAck[], scale: Scale): void {
  const { range, theme, language } = picture.context
  const column = (range.to - range.from) / picture.plots[plot].width
  const min = scale.min ?? 0
  const bars = acks.flatMap(({ t, ranges }, i) => {
    const next = acks[i + 1]
    if (next && Math.floor(next.t / column) === Math.floor(t / column)) return []
    return ranges
      .filter(({ to }) => to >= min)
      .map((one) => ({ t, from: Math.max(min, one.from - 0.45), to: one.to + 0.45 }))
  })
  picture.strokes(plot, quicWord(language, 'ackRanges'), bars, theme.grey, 0.6)
}

function drawPackets(picture: Picture, plot: number, shown: readonly QuicPacket[], end: QuicEnd): void {
  const { theme, language, store } = picture.context
  const color = end.side === 'client' ? theme.client : theme.server
  const other = end.side === 'client' ? theme.server : theme.client
  const signs = (
    key: QuicWord,
    points: readonly (readonly [number, number])[],
    symbol: string,
    size: number,
    style: object,
  ): void => {
    if (points.length > 0) picture.signs(plot, quicWord(language, key), pairs(points), symbol, size, style)
  }
  const at = (packets: readonly QuicPacket[], time: (packet: QuicPacket) => number) =>
    packets.map((packet) => [time(packet), packet.number] as const).filter(([t]) => !Number.isNaN(t))
  const lost = shown.filter((packet) => !Number.isNaN(packet.lost))
  const { stroke, textSize } = theme
  signs(
    'acked',
    at(shown, ({ acked }) => acked),
    'circle',
    stroke * 1.6,
    { color: other, opacity: 0.8 },
  )
  signs(
    'received',
    at(shown, ({ received }) => received),
    'circle',
    stroke * 2.4,
    outline(color, 1),
  )
  signs(
    'sent',
    at(shown, ({ sent }) => sent),
    'circle',
    stroke * 2.4,
    { color },
  )
  const dead = shown.flatMap((packet) => {
    const fate = store.fate(packet.pkt)
    return fate.kind === 'dropped' ? [[store.table(fate.in).t.data[fate.row], packet.number] as const] : []
  })
  signs('died', dead, CROSS, textSize * 0.64, outline(theme.loss))
  const by = (trigger: string) => lost.filter((packet) => packet.trigger === trigger)
  const verdict = outline(theme.retransmission, 1.4)
  signs(
    'reordering',
    at(by('reordering_threshold'), (one) => one.lost),
    'triangle',
    textSize * 0.7,
    verdict,
  )
  signs(
    'time',
    at(by('time_threshold'), (one) => one.lost),
    'diamond',
    textSize * 0.75,
    verdict,
  )
  const wrong = lost.filter(({ acked }) => !Number.isNaN(acked))
  signs(
    'spurious',
    at(wrong, ({ acked }) => acked),
    'circle',
    textSize * 0.8,
    outline(theme.text, 1.4),
  )
}

function momentWords(
  { language }: ChartContext,
  all: readonly QuicPacket[],
  acks: readonly HeardAck[],
  t: number,
): string[] {
  const sent = all.filter((packet) => packet.sent <= t).at(-1)
  const ack = acks.filter((one) => one.t <= t).at(-1)
  const ranges = ack?.ranges
    .slice(0, MOST_RANGES)
    .map(({ from, to }) => (from === to ? `${from}` : `${from}–${to}`))
  return [
    quicWord(language, 'lastSent', { number: sent?.number ?? '–' }),
    ranges ? quicWord(language, 'lastAck', { ranges: ranges.join(' ') }) : quicWord(language, 'nothing'),
  ]
}

/** More of them are not told in a tooltip. */
const MOST_RANGES = 6

/** The packet whose sign is nearest; else the one that brought the ACK whose ranges are pointed at. */
function pickNumber(
  shown: readonly QuicPacket[],
  acks: readonly HeardAck[],
  t: number,
  value: number,
  reach: { readonly t: number; readonly value: number },
): number | undefined {
  let best: number | undefined
  let least = 1
  for (const { number, sent, received, acked, lost, pkt } of shown)
    for (const moment of [sent, received, acked, lost]) {
      const distance = Math.hypot((moment - t) / reach.t, (number - value) / Math.max(0.6, reach.value))
      if (distance < least) {
        least = distance
        best = pkt
      }
    }
  return best ?? acks.find((ack) => Math.abs(ack.t - t) < reach.t)?.packet.pkt
}

function addSequence(picture: Picture, area: Area, lane: LaneView, graph: SequenceGraph): PlotPick {
  const { context } = picture
  const { language, theme } = context
  const { from, to } = extent(graph, context)
  const scale = scaleFor({ from }, Math.max(1, to - from), area.height / (theme.textSize * 2.4))
  const again = quicWord(language, 'again', { count: graph.retransmitted.length })
  const label = lane.label === '' ? again : `${lane.label}  ${again}`
  const axis = valueAxis(quicWord(language, 'sequenceNumber'), 'B', scale.max, scale)
  const plot = picture.addPlot(area, label, axis, lane.flow.finished)
  drawGraph(picture, plot, graph, scale.max - scale.min)
  return (t, value, reach) => pickPacket(graph, t, value, reach)
}
