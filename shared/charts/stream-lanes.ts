/** The streams of a lane, and the rows that show what each did when: what `streams.ts` and `headline.ts` share. */
import {
  totalOf,
  type Blocking,
  type BlockingTotals,
  type Condition,
  type StreamBlocking,
} from '../projections/blocking.ts'
import { byCondition, HELD_CONDITIONS, heldIn, type Held, type HeldCondition } from '../projections/held.ts'
import { union, without, type Interval } from '../projections/intervals.ts'
import type { PageLoad } from '../projections/page-load.ts'
import { pageSpan } from '../projections/requests.ts'
import { conditionName, CONDITIONS, conditionSign } from './conditions.ts'
import { formatSpan } from '../quantity.ts'
import type { ChartContext } from './context.ts'
import { runsOf } from './coverage.ts'
import type { Area, Picture } from './picture.ts'
import { boxSeries, type Box, type RowWindow } from './rows.ts'

export interface StreamChoice {
  /** The first row of a lane in sight, where not all of them fit. */
  readonly firstRow?: (lane: string) => number
  readonly isSelected?: (stream: StreamBlocking) => boolean
}

/** The intervals of a stream, those of held bytes cut so that no two lie on each other; `both`: self and cross. */
export type Parts = Readonly<Record<Condition | 'both', readonly Interval[]>>

export interface StreamLane {
  readonly id: string
  readonly label: string
  readonly streams: readonly StreamBlocking[]
  readonly parts: readonly Parts[]
  /** From when each was asked for (its first arrival, when nobody says) to its end. */
  readonly lives: readonly Interval[]
  readonly totals: BlockingTotals
  readonly connections: number
  /** When the page was done, and how long it took; undefined: no request has been answered. */
  readonly page: { readonly from: number; readonly to: number } | undefined
}

/**
 * The lanes that have streams. In order of their first bytes, or of the requests: then the same object of the same page is in
 * the same row of each lane.
 */
export function streamLanes(
  { blocking, requests }: PageLoad,
  { store, lanes }: ChartContext,
  order: 'arrival' | 'request' = 'arrival',
): StreamLane[] {
  const asked = ({ within, stream }: StreamBlocking): number =>
    requests.ofExchange(within.flow, stream)?.index ?? Infinity
  const byLane = new Map<string, StreamBlocking[]>()
  for (const stream of blocking.streams(store)) {
    const known = byLane.get(stream.lane)
    if (known) known.push(stream)
    else byLane.set(stream.lane, [stream])
  }
  const shown = lanes.length > 0 ? lanes : [...store.lanes].map((id) => ({ id, label: id }))
  return shown.flatMap(({ id, label }) => {
    const both = byLane.get(id) ?? []
    const streams = largerSide(both)
    if (streams.length === 0) return []
    if (order === 'request') streams.sort((a, b) => ascending(asked(a), asked(b)) || a.start - b.start)
    const page = pageSpan(requests.all.filter(({ lane }) => lane === id))
    const totals = totalOf(both, store.end)
    const connections = new Set(streams.map(({ within }) => within)).size
    const smaller = both.filter((stream) => !streams.includes(stream))
    const others = new Map(smaller.map((stream) => [keyOf(stream), stream]))
    const parts = streams.map((stream) => partsOf(stream, others.get(keyOf(stream)), store.end))
    const lives = streams.map(({ within, stream, start, end }) => {
      const sent = requests.ofExchange(within.flow, stream)?.sent ?? NaN
      return { from: sent <= start ? sent : start, to: end }
    })
    return [{ id, label, streams, parts, lives, totals, connections, page }]
  })
}

/** Both directions of a stream have the same. */
const keyOf = ({ within, stream }: StreamBlocking): string => `${within.flow} ${stream}`

/** -1, 0 or 1; infinite ones are alike. */
const ascending = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)

/** The streams of the side that sent more, by their first arrival: in most cases the responses. */
function largerSide(streams: readonly StreamBlocking[]): StreamBlocking[] {
  const bytes = new Map<string, number>()
  for (const { within, bytes: own } of streams) bytes.set(within.side, (bytes.get(within.side) ?? 0) + own)
  const [side] = [...bytes].reduce((largest, entry) => (entry[1] > largest[1] ? entry : largest), [
    '',
    -1,
  ] as [string, number])
  return streams.filter(({ within }) => within.side === side).sort((a, b) => a.start - b.start)
}

/** The packet whose loss (or else whose coming) a stream waited for at a moment. */
export function blamedAt(
  blocking: Blocking,
  { store }: ChartContext,
  stream: StreamBlocking,
  t: number,
): number | undefined {
  const waiting = blocking.heldAt(store, stream, t)
  if (waiting === undefined) return undefined
  const { lost, brought } = blocking.blame(store, waiting.stream, waiting.held)
  return lost[0] ?? (brought === 0 ? undefined : brought)
}

/** Of a column of pixels that is covered to one, two, three and four quarters; the least can still be seen. */
const PALENESS = [0.45, 0.65, 0.85, 1] as const

/** A stream of which nothing new is known is the same object, and has the same parts. */
const known = new WeakMap<
  StreamBlocking,
  { readonly other: StreamBlocking | undefined; readonly parts: Parts }
>()

/** The response as it came, and what it or the request (`other`: the other direction) waited for at its receiver. */
function partsOf(stream: StreamBlocking, other: StreamBlocking | undefined, now: number): Parts {
  const held = other === undefined ? stream.held : [...stream.held, ...other.held]
  // What still waits does so a little longer with each picture.
  if (held.some(({ to }) => to > now)) return cutParts(stream, held, now)
  const before = known.get(stream)
  if (before !== undefined && before.other === other) return before.parts
  const parts = cutParts(stream, held, now)
  known.set(stream, { other, parts })
  return parts
}

function cutParts(stream: StreamBlocking, held: readonly Held[], now: number): Parts {
  const of = (condition: HeldCondition): Interval[] => union(heldIn(held, condition, now))
  const [self, cross, key] = [of('self'), of('cross'), of('key')]
  const holes = union([...self, ...cross])
  const selfOnly = without(self, cross)
  const both = without(self, selfOnly)
  return {
    transferring: stream.transferring,
    self: selfOnly,
    cross: without(cross, self),
    both,
    // A record that fills up while its bytes come is drawn as what it is, a transfer.
    record: without(of('record'), union([...holes, ...stream.transferring])),
    key: without(key, holes),
    qpack: without(of('qpack'), union([...holes, ...key])),
  }
}

export function addStreamRows(
  picture: Picture,
  plot: number,
  area: Omit<Area, 'lane'>,
  window: RowWindow,
  { streams, parts, lives }: StreamLane,
  { isSelected }: StreamChoice,
): void {
  const { range, theme } = picture.context
  const columns = Math.max(1, Math.floor(area.width))
  const scale = area.width / columns
  const pixel = (range.to - range.from) / area.width
  const boxes: Record<Condition, Box[]> = { transferring: [], ...byCondition((): Box[] => []) }
  const paler: Box[][] = [[], [], [], boxes.transferring]
  const selected: Box[] = []
  const threads: Box[] = []
  const boxOf = ({ from, to }: Interval, y: number, height: number): Box[] => {
    const x = area.x + (Math.max(from, range.from) - range.from) / pixel
    const end = area.x + (Math.min(to, range.to) - range.from) / pixel
    return end < area.x || x > area.x + area.width || to <= from
      ? []
      : [{ x, y, width: Math.max(1, end - x), height }]
  }
  const { first, shown, pitch, height } = window
  streams.slice(first, first + shown).forEach((stream, row) => {
    const y = area.y + row * pitch
    const own = parts[first + row]
    const thread = Math.min(1, height / 3)
    threads.push(...boxOf(lives[first + row], y + (height - thread) / 2, thread))
    for (const { from, to, quarters } of runsOf(own.transferring, range, columns))
      paler[quarters - 1].push({ x: area.x + from * scale, y, width: (to - from) * scale, height })
    for (const one of HELD_CONDITIONS)
      boxes[one].push(...own[one].flatMap((interval) => boxOf(interval, y, height)))
    for (const interval of own.both) {
      boxes.self.push(...boxOf(interval, y, height / 2))
      boxes.cross.push(...boxOf(interval, y + height / 2, height / 2))
    }
    if (isSelected?.(stream))
      selected.push({ x: area.x, y: y - 1, width: area.width, height: Math.max(3, height + 2) })
  })
  const add = (list: readonly Box[], condition: Condition, opacity: number): void =>
    picture.add(plot, boxSeries(list, { ...conditionSign(theme, condition), opacity }, range.from))
  const faint = { color: theme.line, pattern: 'plain', ink: theme.line } as const
  picture.add(plot, boxSeries(threads, faint, range.from))
  paler.forEach((list, i) => add(list, 'transferring', PALENESS[i]))
  for (const condition of HELD_CONDITIONS) add(boxes[condition], condition, 1)
  const mark = { color: theme.text, pattern: 'plain', ink: theme.text, opacity: 0.16 } as const
  picture.add(plot, boxSeries(selected, mark, range.from))
}

/** Says of a moment how many streams were in each condition. */
export function describeStreams(picture: Picture, plot: number, { streams, totals }: StreamLane): void {
  const { language } = picture.context
  const told = CONDITIONS.filter(
    (one) => ['transferring', 'self', 'cross'].includes(one) || totals.time[one] > 0,
  )
  picture.describe(plot, (t) => {
    const of = (condition: Condition) => streams.filter((stream) => isIn(stream, condition, t)).length
    return told.map((one) => `${String(of(one)).padStart(4)}  ${conditionName(language, one)}`)
  })
}

const isIn = ({ transferring, held }: StreamBlocking, condition: Condition, t: number): boolean =>
  condition === 'transferring'
    ? transferring.some(({ from, to }) => from <= t && t < to)
    : held.some((one) => one.condition === condition && one.from <= t && t < one.to)

/** When the page was complete. */
export function addPageMark(picture: Picture, plot: number, area: Omit<Area, 'lane'>, t: number): void {
  const { range, theme } = picture.context
  if (t < range.from || t > range.to) return
  const x = area.x + ((t - range.from) / (range.to - range.from)) * area.width
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: false,
    data: [[t, 0.5]],
    renderItem: () =>
      ({
        type: 'line',
        shape: { x1: x, y1: area.y, x2: x, y2: area.y + area.height },
        style: { stroke: theme.text, lineWidth: 1.5, lineDash: [4, 3] },
      }) as never,
  })
}

export const timeText = (span: number): string => (span > 0 ? formatSpan(span) : '0 ms')
