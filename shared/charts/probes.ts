/**
 * Ping and traceroute: the time to each answer over time, and of a traceroute hop by hop who answered how fast. A probe that nobody
 * answered is a vermilion cross.
 */
import {
  hopsOf,
  median,
  type Probe,
  type ProbeHop,
  type ProbeProgram,
  type Probes,
} from '../projections/probes.ts'
import { formatNumber, formatSpan } from '../quantity.ts'
import { axisLabel, axisUnit, niceScale } from './axes.ts'
import type { ChartContext, ChartLane } from './context.ts'
import { laneGrid, lanesOf, type Column } from './lane-grid.ts'
import { Picture, type Area, type Chart, type Points } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { textSeries, type RowText } from './rows.ts'
import { CROSS, outline, TRIANGLE } from './signs.ts'
import { tcpIpWord } from './tcp-ip-texts.ts'

const SIGNS = ['echoReply', 'timeExceeded', 'portUnreachable', 'unreachable', 'tooLarge', 'noAnswer'] as const
type Sign = (typeof SIGNS)[number]

/** The sign of a probe; undefined: its answer is still waited for. */
function signOf({ outcome }: Probe): Sign | undefined {
  switch (outcome) {
    case '':
      return undefined
    case 'timed_out':
      return 'noAnswer'
    case 'echo_reply':
      return 'echoReply'
    case 'time_exceeded':
      return 'timeExceeded'
    case 'port_unreachable':
      return 'portUnreachable'
    case 'fragmentation_needed':
      return 'tooLarge'
    default:
      return 'unreachable'
  }
}

interface Lane {
  readonly lane: ChartLane
  readonly programs: readonly ProbeProgram[]
  readonly climbing: ProbeProgram | undefined
}

/** So many programs of a lane are told of above it. */
const MOST_TOLD = 3
/** Heights of the text of a row of a hop, and of what stands below the rows. */
const HOP = { least: 1.15, most: 2.6, axis: 3.8 }
/** Share of a column that the hops take at most, and the width of their names. */
const HOPS_SHARE = 0.62
const NAMES = 15
/** Of a narrow column no more than this share is for names; the medians stand at the right. */
const NAMES_SHARE = 0.42
const MEDIANS = 5
const RIGHT = 14

export function probesChart(probes: Probes, context: ChartContext): Chart {
  const { language } = context
  const found = lanesOf(context).flatMap((lane): Lane[] => {
    const programs = probes.of(lane.id)
    return programs.length > 0 ? [{ lane, programs, climbing: programs.find(({ climbs }) => climbs) }] : []
  })
  const used = SIGNS.filter((sign) =>
    found.some(({ programs }) =>
      programs.some((program) => program.probes.some((one) => signOf(one) === sign)),
    ),
  )
  const axisName = tcpIpWord(language, 'answerTime')
  const climbs = found.some(({ climbing }) => climbing)
  const picture = new Picture(context, `${axisName} (ms)`, [
    ...used.map((sign) => tcpIpWord(language, sign)),
    ...(climbs ? [tcpIpWord(language, 'median')] : []),
  ])
  const most = Math.max(
    0,
    ...found.flatMap(({ programs }) => programs.flatMap((program) => longest(context, program))),
  )
  const grid = found.map(({ lane, programs }) => ({ lane, words: sumsOf(context, programs) }))
  const columns = laneGrid(picture, grid, `${axisName} (${axisUnit('us', most).symbol})`, [1])
  const hops = Math.max(0, ...found.map(({ climbing }) => (climbing ? hopsOf(climbing).length : 0)))
  // Plots over time come first; those of the hops stand below them.
  const below = columns.map((column, i) => addTimes(picture, column, found[i], most, hops))
  columns.forEach(({ lane, x }, i) => {
    const { climbing } = found[i]
    const area = below[i]
    if (climbing && area) addHops(picture, { ...area, lane: lane.id }, climbing, probes, most, x)
  })
  return picture.finish(
    (plot, t, value, reach) => nearest(found[plot]?.programs ?? [], most, t, value, reach)?.pkt,
    'foot',
  )
}

const longest = ({ range }: ChartContext, { probes }: ProbeProgram): number =>
  Math.max(0, ...probes.filter(({ t, rtt }) => rtt > 0 && t <= range.to).map(({ rtt }) => rtt))

/** At what height a probe without an answer stands: above all answers. */
const MISSING = 1.06

const nameOf = ({ store }: ChartContext, node: number): string =>
  store.text(node).slice(store.text(node).indexOf('/') + 1)

/** What each program has found, in a line. */
function sumsOf(context: ChartContext, programs: readonly ProbeProgram[]): string[] {
  const { language } = context
  return programs.slice(0, MOST_TOLD).map((program) => {
    const { name, node, target, probes, climbs } = program
    const who = tcpIpWord(language, 'pingTo', { name, host: nameOf(context, node), target })
    const times = probes.map(({ rtt }) => rtt).filter((rtt) => !Number.isNaN(rtt))
    const lost = formatNumber(probes.filter(({ outcome }) => outcome === 'timed_out').length)
    const values = { answered: formatNumber(times.length), sent: formatNumber(probes.length), lost }
    if (climbs) {
      const hops = formatNumber(hopsOf(program).length)
      return `${who}   ${tcpIpWord(language, 'traceSums', { ...values, hops })}`
    }
    const [least, middle, longest] = [Math.min(...times), median(times), Math.max(...times)].map(formatSpan)
    const spans = { median: middle, least, most: longest }
    return `${who}   ${tcpIpWord(language, times.length > 0 ? 'pingSums' : 'pingNone', { ...values, ...spans })}`
  })
}

/** The answers over time; returns where the hops are to stand, if there is room for them. */
function addTimes(
  picture: Picture,
  column: Column,
  lane: Lane,
  most: number,
  hops: number,
): Omit<Area, 'lane'> | undefined {
  const { context } = picture
  const { theme } = context
  const size = theme.textSize
  const [area] = column.areas
  const wanted = size * (HOP.axis + hops * HOP.most)
  const least = size * (HOP.axis + Math.min(hops, 4) * HOP.least)
  const room = Math.min(wanted, area.height * HOPS_SHARE)
  const withHops = hops > 0 && room >= least
  const times = withHops ? { ...area, height: area.height - room - size * 2.2 } : area
  const scale = niceScale(most * MISSING, times.height / (size * 2.4))
  const axis = { ...valueAxis('', 'us', scale.max, scale), name: '' }
  const plot = picture.addPlot(times, '', axis, Infinity, withHops || column.isLowest)
  const all = lane.programs.flatMap(({ probes }) => probes)
  for (const sign of SIGNS) addSigns(picture, plot, all, sign, most * MISSING)
  picture.describe(plot, (t) =>
    wordsAt(context, lane, t, ((context.range.to - context.range.from) / times.width) * 6),
  )
  if (!withHops) return undefined
  const left = column.x + Math.min(size * NAMES, column.width * NAMES_SHARE)
  const right = area.x + area.width - size * MEDIANS
  const y = area.y + area.height - room + size * 0.6
  return { x: left, y, width: Math.max(40, right - left), height: room - size * HOP.axis }
}

function styleOf({ theme }: ChartContext, sign: Sign): readonly [string, number, object] {
  const size = theme.textSize
  switch (sign) {
    case 'echoReply':
      return ['circle', size * 0.55, { color: theme.server }]
    case 'timeExceeded':
      return ['circle', size * 0.55, { color: theme.client }]
    case 'portUnreachable':
      return ['diamond', size * 0.75, { color: theme.server }]
    case 'unreachable':
      return ['diamond', size * 0.75, { color: theme.sack }]
    case 'tooLarge':
      return [TRIANGLE, size * 0.7, outline(theme.retransmission, 1.8)]
    case 'noAnswer':
      return [CROSS, size * 0.68, outline(theme.loss, 2)]
  }
}

function addSigns(
  picture: Picture,
  plot: number,
  probes: readonly Probe[],
  sign: Sign,
  missing: number,
): void {
  const { range, language } = picture.context
  const own = probes.filter((one) => signOf(one) === sign && one.t >= range.from && one.t <= range.to)
  if (own.length === 0) return
  const points: Points = Float64Array.from(
    own.flatMap(({ t, rtt }) => [t, sign === 'noAnswer' ? missing : rtt]),
  )
  picture.signs(plot, tcpIpWord(language, sign), points, ...styleOf(picture.context, sign))
}

/** The probe whose sign lies nearest to a place. */
function nearest(
  programs: readonly ProbeProgram[],
  most: number,
  at: number,
  value: number,
  reach: { t: number; value: number },
): Probe | undefined {
  let best: Probe | undefined
  let least = 2
  for (const { probes } of programs)
    for (const probe of probes) {
      const height = Number.isNaN(probe.rtt) ? most * MISSING : probe.rtt
      const distance = ((probe.t - at) / reach.t) ** 2 + ((height - value) / reach.value) ** 2
      if (distance >= least) continue
      least = distance
      best = probe
    }
  return best
}

function wordsAt(context: ChartContext, { programs }: Lane, t: number, reach: number): string[] {
  return programs.flatMap(({ probes, name }) =>
    probes
      .filter((probe) => Math.abs(probe.t - t) <= reach)
      .slice(0, 3)
      .map((probe) => `${name} ${probeText(context, probe)}`),
  )
}

/** `#3 TTL 2, TTL expired on the way, 10.77.1.1, 20.3 ms`. */
export function probeText({ language }: Pick<ChartContext, 'language'>, probe: Probe): string {
  const { number, ttl, from, rtt, mtu } = probe
  const sign = signOf(probe)
  return [
    `#${number} TTL ${ttl}`,
    tcpIpWord(language, sign ?? 'waitingProbe'),
    from,
    Number.isNaN(rtt) ? '' : formatSpan(rtt),
    mtu > 0 ? `MTU ${mtu}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

// --- hop by hop ---------------------------------------------------------------------------------------------

/** A row a hop: who answered at the left, a dot for each answer and a stroke at their median over a scale of times. */
function addHops(
  picture: Picture,
  area: Area,
  program: ProbeProgram,
  probes: Probes,
  most: number,
  start: number,
): void {
  const { context } = picture
  const { theme, language } = context
  const size = theme.textSize
  const hops = hopsOf(program)
  const scale = niceScale(most * MISSING, Math.max(1, area.width / (size * 7)))
  const unit = axisUnit('us', scale.max)
  const across = {
    name: `${tcpIpWord(language, 'answerTime')} (${unit.symbol})`,
    scale,
    label: axisLabel(unit, scale.step),
  }
  const plot = picture.addFreePlot(area, '', across, { ...UNLABELLED, scale: { max: hops.length, step: 1 } })
  // Nearest on top.
  const level = (i: number): number => hops.length - i - 0.5
  for (const sign of SIGNS) {
    const points = hops.flatMap(({ probes: own }, i) =>
      own
        .filter((one) => signOf(one) === sign)
        .flatMap(({ rtt }) => [sign === 'noAnswer' ? most * MISSING : rtt, level(i)]),
    )
    if (points.length > 0)
      picture.add(plot, signSeries(tcpIpWord(language, sign), points, styleOf(context, sign)))
  }
  const medians = hops.flatMap(({ median: middle }, i) =>
    Number.isNaN(middle) ? [] : [middle, level(i) - 0.35, middle, level(i) + 0.35, NaN, NaN],
  )
  picture.line(plot, tcpIpWord(language, 'median'), Float64Array.from(medians), {
    color: theme.text,
    width: 1.4,
    step: false,
  })
  picture.add(plot, textSeries(hopTexts(context, area, start, hops, program, probes), theme, 0))
}

const UNLABELLED = { name: '', label: () => '' }

const signSeries = (
  name: string,
  points: number[],
  [symbol, size, style]: readonly [string, number, object],
) =>
  ({
    type: 'scatter',
    name,
    data: Float64Array.from(points),
    dimensions: ['x', 'y'],
    symbol,
    symbolSize: size,
    silent: true,
    itemStyle: style,
    z: 5,
  }) as never

function hopTexts(
  context: ChartContext,
  area: Area,
  start: number,
  hops: readonly ProbeHop[],
  { lane }: ProbeProgram,
  { addresses }: Probes,
): RowText[] {
  const { theme, language, store } = context
  const size = theme.textSize
  const each = area.height / hops.length
  return hops.flatMap(({ ttl, from, median: middle, probes: own }, i): RowText[] => {
    const y = area.y + (i + 0.5) * each
    const who = from.map((address) => {
      const name = addresses.nameAt(store, lane, address)
      return name === '' ? address : `${name} ${address}`
    })
    const lost = own.every(({ outcome }) => outcome === 'timed_out')
    const text = who.length > 0 ? who.join(', ') : lost ? tcpIpWord(language, 'nobody') : '…'
    const time = Number.isNaN(middle) ? '' : formatSpan(middle)
    const names = { x: area.x - 6, y, width: area.x - start - size * 2.2 - 6, align: 'right' as const }
    return [
      { text: String(ttl), x: start, y, width: size * 2, color: theme.faint, mono: true },
      { ...names, text, color: lost ? theme.loss : theme.text },
      {
        text: time,
        x: area.x + area.width + 6,
        y,
        width: size * MEDIANS + RIGHT,
        color: theme.muted,
        mono: true,
      },
    ]
  })
}
