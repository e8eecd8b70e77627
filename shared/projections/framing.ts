/**
 * A stream of bytes in which an application sends messages: where these lie, what was written and read at a time, and what the reader
 * took for messages. Offsets count the bytes of the stream, from 0.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { Span } from './spans.ts'

export interface Frame extends Span {
  readonly message: number
}

/** What was written or read at once. */
export interface Piece extends Span {
  readonly t: number
}

/** What the reader took for a message. */
export interface Taken extends Piece {
  /** 0: none that can be read. */
  readonly message: number
  /** Empty, or what it is instead of one whole message: glued, split or damaged. */
  readonly wrong: string
}

export interface FramedStream {
  readonly lane: string
  readonly channel: string
  /** Numbers of the names of the flow and of the node that writes. */
  readonly flow: number
  readonly node: number
  /** All in ascending order. */
  readonly frames: readonly Frame[]
  readonly writes: readonly Piece[]
  readonly reads: readonly Piece[]
  readonly taken: readonly Taken[]
  /** How many were taken for messages, by what is wrong with them; empty: nothing. */
  readonly counts: ReadonlyMap<string, number>
}

interface Stream extends FramedStream {
  readonly frames: Frame[]
  readonly writes: Piece[]
  readonly reads: Piece[]
  readonly taken: Taken[]
  readonly counts: Map<string, number>
  readonly places: Map<number, Frame>
}

const EVENTS = ['app:frame_written', 'app:stream_written', 'app:stream_read', 'app:message_received'] as const

export class Framing {
  /** In the order in which they began. */
  readonly streams: readonly FramedStream[] = []
  private readonly byName = new Map<string, Stream>()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const number = (field: string): number => table.columns[field].data[row]
      const isBegun = name === 'app:frame_written' || name === 'app:stream_written'
      const stream = this.find(store, table, row, isBegun)
      if (stream === undefined) return
      const t = table.t.data[row]
      if (name === 'app:message_received')
        return take(stream, { t, message: number('message'), wrong: store.text(number('wrong')) })
      const from = number('offset')
      const span = { from, to: from + number('length') }
      if (name === 'app:frame_written') {
        const frame = { ...span, message: number('message') }
        stream.frames.push(frame)
        stream.places.set(frame.message, frame)
      } else if (name === 'app:stream_written') stream.writes.push({ ...span, t })
      else stream.reads.push({ ...span, t })
    })
  }

  /** The stream that an event is about. Messages of datagrams and feeds are in none. */
  private find(store: TraceStore, table: EventTable, row: number, begins: boolean): Stream | undefined {
    const node = table.node.data[row]
    const flow = table.flow.data[row]
    const lane = store.laneOf(node)
    const channel = store.text(table.columns.channel.data[row])
    const key = `${lane} ${channel} ${flow}`
    const known = this.byName.get(key)
    if (known !== undefined || !begins) return known
    const made: Stream = {
      ...{ lane, channel, flow, node, frames: [], writes: [], reads: [], taken: [] },
      ...{ counts: new Map(), places: new Map() },
    }
    this.byName.set(key, made)
    ;(this.streams as FramedStream[]).push(made)
    return made
  }
}

/** A message that is whole lies where it was written; of anything else all that is known is the read that it came with. */
function take(stream: Stream, { t, message, wrong }: Omit<Taken, 'from' | 'to'>): void {
  stream.counts.set(wrong, (stream.counts.get(wrong) ?? 0) + 1)
  const place = wrong === '' ? stream.places.get(message) : stream.reads.at(-1)
  if (place) stream.taken.push({ t, message, wrong, from: place.from, to: place.to })
}

/** Those that have a byte in a span, of a list in ascending order whose members do not overlap. */
export function within<S extends Span>(list: readonly S[], { from, to }: Span): readonly S[] {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (list[middle].to <= from) low = middle + 1
    else high = middle
  }
  let end = low
  while (end < list.length && list[end].from < to) end++
  return list.slice(low, end)
}
