/**
 * The ways of each lane's connections: a band for each path, in the words of RFC 9000 8.2 for its state, with challenges and
 * responses on it; above them the moments at which bytes came to the client, and the longest time without any.
 */
import { Deliveries, longestPause, type Pause } from '../projections/deliveries.ts'
import { NetworkPaths, type NetworkPath, type PathStateName } from '../projections/network-paths.ts'
import { Rtt } from '../projections/rtt.ts'
import { formatNumber, formatSpan } from '../quantity.ts'
import type { TraceStore } from '../trace/store.ts'
import type { ChartContext, ChartLane } from './context.ts'
import { pairs, Picture, type Area, type Chart } from './picture.ts'
import { quicWord, type QuicWord } from './quic-texts.ts'
import { word } from './texts.ts'
import { AREA_ICONS, inkOn, outline } from './signs.ts'

export class PathsRead {
  readonly paths = new NetworkPaths()
  readonly deliveries = new Deliveries()
  readonly rtt = new Rtt()

  update(store: TraceStore): void {
    this.paths.update(store)
    this.deliveries.update(store)
    this.rtt.update(store)
  }

  /** The shortest round trip that any end of a lane measured, in microseconds; undefined before there is one. */
  roundTrip(store: TraceStore, lane: string): number | undefined {
    let least: number | undefined
    for (const { node, value } of this.rtt.ends.all) {
      if (store.laneOf(node) !== lane || value.samples.length === 0) continue
      const [low] = value.samples.extremes(0, value.samples.length)
      const sample = value.samples.values.data[low]
      if (sample > 0 && (least === undefined || sample < least)) least = sample
    }
    return least
  }
}

const UNLABELLED = { name: '', scale: { max: 1, step: 1 }, label: () => '' }
/** Heights of the text: a band, and the row of deliveries above the bands. */
const BAND = 2.3
const DELIVERY = 2.6
/** A lane has room for everything from this height on, and so much for each band. */
const DENSE = 6
const DENSE_BAND = 1.6
/** Of the connection ids of a path, so many of the latest are shown. */
const SHOWN_IDS = 3
const STATES = ['validating', 'validated', 'failed', 'abandoned'] as const satisfies readonly QuicWord[]

interface Row {
  readonly path: NetworkPath
  readonly y: number
  readonly height: number
}

export function pathsChart(read: PathsRead, context: ChartContext): Chart {
  const { store, language } = context
  const ids: readonly ChartLane[] =
    context.lanes.length > 0 ? context.lanes : [...store.lanes].map((id) => ({ id, label: id }))
  const lanes = ids.filter(({ id }) => pathsOf(read, store, id).length > 0)
  const picture = new Picture(context, '', [
    ...[...STATES, 'challenge' as const, 'response' as const].map((key) => quicWord(language, key)),
    word(language, 'lost'),
  ])
  const areas = picture.areas(lanes)
  const probes = lanes.map((lane, i) => addLane(picture, areas[i], read, lane, lanes.length > 1))
  return picture.finish((plot, t, _value, reach) => {
    const near = probes[plot].filter((probe) => Math.abs(probe.t - t) < reach.t)
    return near.sort((a, b) => Math.abs(a.t - t) - Math.abs(b.t - t))[0]?.pkt
  }, 'foot')
}

const pathsOf = ({ paths }: PathsRead, store: TraceStore, lane: string): NetworkPath[] =>
  paths.all.filter(({ node }) => store.laneOf(node) === lane)

function addLane(picture: Picture, area: Area, read: PathsRead, lane: ChartLane, named: boolean) {
  const { context } = picture
  const { store, theme, language } = context
  const plot = picture.addPlot(area, '', UNLABELLED)
  const size = theme.textSize
  const paths = pathsOf(read, store, lane.id)
  const times = read.deliveries.toClients(store, lane.id)
  const pause = longestPause(times)
  const trip = read.roundTrip(store, lane.id)
  // With little height the name of the lane and the words of the pause share a row.
  const dense = area.height < size * (DENSE + DENSE_BAND * paths.length)
  const head = area.y + (named && !dense ? size * 1.5 : 0)
  if (named) picture.caption(lane.label, area.x + 4, area.y, area.width * (dense ? 0.42 : 1))
  addDelivery(picture, plot, { y: head, height: size * DELIVERY, dense }, times, pause, trip)
  const below = head + size * (DELIVERY + 0.6)
  const foot = dense ? 0 : size * footOf(read, store, lane.id, context.changes.all.length > 0)
  const each = Math.min(size * BAND * 1.6, (area.y + area.height - foot - below) / Math.max(1, paths.length))
  const rows = paths.map((path, i) => ({
    path,
    y: below + i * each,
    height: Math.min(size * BAND, each - 2),
  }))
  for (const row of rows) addBand(picture, plot, row)
  addMoves(picture, plot, read, lane.id, !dense)
  for (const key of ['path_challenge', 'path_response'] as const) addProbes(picture, plot, rows, key)
  picture.describe(plot, (t) => [
    ...paths.flatMap((path) => {
      const span = path.spans.find(({ from, to }) => t >= from && t < to)
      return span
        ? [`${wordOf(language, span.state, path)}  ${path.local} – ${path.remote}`, ...idsOf(language, path)]
        : []
    }),
    ...(pause && t >= pause.from && t <= pause.to ? [gapText(language, pause, trip)] : []),
  ])
  picture.losses(plot, false)
  return paths.flatMap(({ probes }) => probes)
}

const wordOf = (
  language: ChartContext['language'],
  state: PathStateName,
  { kind, end }: NetworkPath,
): string => {
  if (state === 'closed')
    return end === '' ? quicWord(language, 'closed') : `${quicWord(language, 'closed')}: ${end}`
  if (kind === 'tcp') return quicWord(language, state === 'lost' ? 'lost' : 'tcp')
  return quicWord(language, state === 'open' ? 'path' : state)
}

/** The connection ids that the packets of a path went to, each way. */
const idsOf = (language: ChartContext['language'], { toServer, toClient }: NetworkPath): string[] =>
  (
    [
      ['server', toServer],
      ['client', toClient],
    ] as const
  ).flatMap(([side, all]) => {
    if (all.size === 0) return []
    const ids = [...all].slice(-SHOWN_IDS).join(', ')
    return [
      quicWord(language, 'ids', {
        side: quicWord(language, side),
        ids: all.size > SHOWN_IDS ? `…, ${ids}` : ids,
      }),
    ]
  })

function gapText(language: ChartContext['language'], { from, to }: Pause, trip: number | undefined): string {
  const span = formatSpan(to - from)
  return trip === undefined
    ? quicWord(language, 'gap', { span })
    : quicWord(language, 'gapTrips', { span, trips: formatNumber((to - from) / trip) })
}

/** Heights of the text that are left free at the foot of a lane, for the words of changes, and of moves above those. */
const footOf = ({ paths }: PathsRead, store: TraceStore, lane: string, changes: boolean): number =>
  paths.moves.some(({ node }) => store.laneOf(node) === lane) ? 2.8 : changes ? 1.4 : 0

type Strip = { readonly y: number; readonly height: number }

/** Places on the time axis of a plot, no further than its edges. */
function placer({ context, plots }: Picture, plot: number): (t: number) => number {
  const { range } = context
  const { x, width } = plots[plot]
  return (t) =>
    x + ((Math.min(Math.max(t, range.from), range.to) - range.from) / (range.to - range.from)) * width
}

/** A tick for each moment at which bytes came, and a bracket over the longest time without. */
function addDelivery(
  picture: Picture,
  plot: number,
  { y, height, dense }: Strip & { readonly dense: boolean },
  times: readonly number[],
  pause: Pause | undefined,
  trip: number | undefined,
): void {
  const { theme, range, language } = picture.context
  const toX = placer(picture, plot)
  const area = picture.plots[plot]
  picture.caption(
    quicWord(language, 'delivery'),
    4,
    y + height / 2 - theme.textSize / 2,
    area.x - 8,
    theme.muted,
  )
  const columns = new Set(
    times.filter((t) => t >= range.from && t <= range.to).map((t) => Math.round(toX(t))),
  )
  const ticks = [...columns].map((x) => `M${x},${y + height * 0.55}v${height * 0.45}`).join('')
  // A path needs its whole outline in one: thousands of ticks are as cheap as one.
  const children: object[] = [
    {
      type: 'path',
      shape: { pathData: ticks || 'M0,0' },
      style: { stroke: theme.client, lineWidth: 1, fill: 'none' },
    },
  ]
  if (pause && pause.to > range.from && pause.from < range.to) {
    const [left, right] = [toX(pause.from), toX(pause.to)]
    const foot = y + height * 0.9
    const top = y + height * 0.55
    const d = `M${left},${foot}V${top}H${Math.max(right, left + 1)}V${foot}`
    const text = gapText(language, pause, trip)
    const middle = (left + right) / 2
    const align = dense
      ? 'right'
      : middle < area.x + area.width * 0.25
        ? 'left'
        : middle > area.x + area.width * 0.75
          ? 'right'
          : 'center'
    children.push(
      { type: 'path', shape: { pathData: d }, style: { stroke: theme.loss, lineWidth: 1.8, fill: 'none' } },
      {
        type: 'text',
        style: {
          text,
          x: dense ? area.x + area.width : align === 'left' ? left : align === 'right' ? right : middle,
          y: y + height * 0.42,
          align,
          verticalAlign: 'bottom',
          fill: theme.loss,
          font: `600 ${theme.textSize}px ${theme.font}`,
          stroke: theme.ground,
          lineWidth: 3,
        },
      },
    )
  }
  addShapes(picture, plot, children)
}

/** Shapes of our own in a plot, in pixels. */
function addShapes(picture: Picture, plot: number, children: object[]): void {
  const { range } = picture.context
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: false,
    data: [[(range.from + range.to) / 2, 0.5]],
    renderItem: () => ({ type: 'group', children }) as never,
  })
}

/** A path over time, and its addresses in it. */
function addBand(picture: Picture, plot: number, { path, y, height }: Row): void {
  const { context } = picture
  const { theme, language, range, store } = context
  const toX = placer(picture, plot)
  const area = picture.plots[plot]
  const label =
    path.kind === 'tcp' ? quicWord(language, 'tcp') : `${quicWord(language, 'path')} ${path.number}`
  picture.caption(label, 2, y + height / 2 - theme.textSize / 2, area.x - 4, theme.muted, 400)
  const children = path.spans.flatMap(({ from, to, state }): object[] => {
    const end = Math.min(to, store.end)
    if (end < range.from || from > range.to) return []
    const style = styleOf(context, path, state)
    // What is over, and TCP's, is named in its band; a state of QUIC may be too short for words.
    if (STATES.some((key) => key === state))
      picture.addLegend(wordOf(language, state, { ...path, end: '' }), AREA_ICONS.plain, {
        color: style.fill,
        opacity: style.opacity,
      })
    const x = toX(from)
    const width = Math.max(1.5, toX(end) - x)
    const rect = { type: 'rect', shape: { x, y, width: Math.max(1, width - 1), height }, style }
    const words = [
      `${wordOf(language, state, path)}  ${path.local} – ${path.remote}`,
      ...idsOf(language, path),
    ].join('   ')
    if (width < theme.textSize * 4) return [rect]
    const ink = style.opacity > 0.6 ? inkOn(style.fill) : theme.text
    return [
      rect,
      {
        type: 'text',
        style: {
          text: state === 'closed' ? wordOf(language, state, path) : words,
          x: x + 5,
          y: y + height / 2,
          width: width - 8,
          overflow: 'truncate',
          verticalAlign: 'middle',
          fill: ink,
          font: `${theme.textSize}px ${theme.font}`,
        },
      },
    ]
  })
  addShapes(picture, plot, children)
}

function styleOf(
  { theme }: ChartContext,
  { kind }: NetworkPath,
  state: PathStateName,
): { readonly fill: string; readonly opacity: number } {
  switch (state) {
    case 'validated':
      return { fill: theme.server, opacity: 0.85 }
    case 'open':
      return { fill: kind === 'tcp' ? theme.client : theme.server, opacity: 0.45 }
    case 'validating':
      return { fill: theme.yellow, opacity: 0.85 }
    case 'failed':
    case 'lost':
      return { fill: theme.loss, opacity: 0.85 }
    default:
      return { fill: theme.grey, opacity: 0.3 }
  }
}

/** Challenges and responses on the bands of their paths. */
function addProbes(
  picture: Picture,
  plot: number,
  rows: readonly Row[],
  kind: 'path_challenge' | 'path_response',
): void {
  const { theme, language, range } = picture.context
  const { y, height } = picture.plots[plot]
  const points = rows.flatMap((row) =>
    row.path.probes
      .filter((probe) => probe.kind === kind && probe.t >= range.from && probe.t <= range.to)
      .map(({ t }) => [t, 1 - (row.y + row.height / 2 - y) / height] as const),
  )
  if (points.length === 0) return
  const isChallenge = kind === 'path_challenge'
  picture.signs(
    plot,
    quicWord(language, isChallenge ? 'challenge' : 'response'),
    pairs(points),
    isChallenge ? 'triangle' : 'diamond',
    theme.textSize * 0.85,
    { ...outline(theme.text, 1.2), color: theme.ground },
  )
}

/** The moments at which a host of the lane got another address. */
function addMoves(picture: Picture, plot: number, { paths }: PathsRead, lane: string, named: boolean): void {
  const { theme, store, range, language } = picture.context
  const area = picture.plots[plot]
  const toX = placer(picture, plot)
  const moves = paths.moves.filter(
    ({ t, node }) => store.laneOf(node) === lane && t >= range.from && t <= range.to,
  )
  addShapes(
    picture,
    plot,
    moves.flatMap(({ t, node, from, to }) => {
      const x = toX(t)
      const name = store.text(node)
      const text = `${quicWord(language, 'address', { node: name.slice(name.indexOf('/') + 1) })}: ${from} → ${to}`
      const right = x > area.x + area.width * 0.6
      return [
        {
          type: 'path',
          shape: { pathData: `M${x},${area.y}V${area.y + area.height}` },
          style: { stroke: theme.change, lineWidth: 1, fill: 'none' },
        },
        ...(named
          ? [
              {
                type: 'text',
                style: {
                  text,
                  x: x + (right ? -4 : 4),
                  // The words of the change itself stand at the foot.
                  y: area.y + area.height - theme.textSize * 1.6,
                  align: right ? 'right' : 'left',
                  verticalAlign: 'bottom',
                  fill: theme.change,
                  font: `${theme.textSize}px ${theme.font}`,
                  stroke: theme.ground,
                  lineWidth: 3,
                },
              },
            ]
          : []),
      ]
    }),
  )
}
