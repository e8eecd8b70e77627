/**
 * Remote calls, and what the bytes of each were spent on. A call's bytes are those of all packets of its lane since the call that ended
 * before it: of the first, with what opened the connection. Of calls under way at the same time the sum is right, its parts are shared out.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

/** What bytes are spent on, in the order of layers. */
export const BYTE_PARTS = ['message', 'headers', 'framing', 'packets'] as const
export type BytePart = (typeof BYTE_PARTS)[number]

/**
 * `message`: request and answer; `headers`: header sections as they crossed, trailers included; `framing`: what else TCP carried, frames, TLS
 * and SETTINGS; `packets`: headers of IP and TCP, acknowledgments included.
 */
export type CallBytes = Readonly<Record<BytePart, number>>

export interface Call {
  readonly lane: string
  /** Number of the client's name, and of the call there, from 1. */
  readonly node: number
  readonly number: number
  readonly method: string
  readonly begun: number
  readonly requestSize: number
  /** NaN: not yet. */
  ended: number
  answerSize: number
  /** OK, or the code of gRPC by name; empty: not ended. */
  status: string
  error: string
  /** undefined: not ended. */
  bytes: CallBytes | undefined
}

export interface LaneCalls {
  /** In the order in which they began. */
  readonly calls: readonly Call[]
  /** In the order in which they ended. */
  readonly ended: readonly Call[]
}

interface Lane extends LaneCalls {
  readonly calls: Call[]
  readonly ended: Call[]
  readonly open: Map<string, Call>
  /** Since the last call ended: bytes of packets, those that TCP carried in them, and of header sections. */
  spent: { packets: number; carried: number; headers: number }
}

const EVENTS = [
  'rpc:call_started',
  'rpc:call_finished',
  'tcp:segment_sent',
  'udp:datagram_sent',
  'http:message_started',
] as const

const nothing = (): Lane['spent'] => ({ packets: 0, carried: 0, headers: 0 })

export class Calls {
  private readonly all = new Map<string, Lane>()
  private readonly cursor = new Cursor<(typeof EVENTS)[number]>(...EVENTS)

  /** Lanes that have packets; those without calls, too. */
  get lanes(): ReadonlyMap<string, LaneCalls> {
    return this.all
  }

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const lane = this.open(store.laneOf(table.node.data[row]))
      const { columns } = table
      switch (name) {
        case 'rpc:call_started':
          return start(lane, store, table, row)
        case 'rpc:call_finished':
          return end(lane, store, table, row)
        case 'http:message_started':
          lane.spent.headers += columns.length.data[row]
          return
        default:
          lane.spent.packets += columns.size.data[row]
          lane.spent.carried += columns.payload.data[row]
      }
    })
  }

  private open(id: string): Lane {
    let lane = this.all.get(id)
    if (lane === undefined)
      this.all.set(id, (lane = { calls: [], ended: [], open: new Map(), spent: nothing() }))
    return lane
  }
}

const keyOf = (table: EventTable, row: number): string =>
  `${table.node.data[row]} ${table.columns.call.data[row]}`

function start(lane: Lane, store: TraceStore, table: EventTable, row: number): void {
  const { columns } = table
  const node = table.node.data[row]
  const call: Call = {
    lane: store.laneOf(node),
    node,
    number: columns.call.data[row],
    method: store.text(columns.method.data[row]),
    begun: table.t.data[row],
    requestSize: columns.size.data[row],
    ...{ ended: NaN, answerSize: 0, status: '', error: '', bytes: undefined },
  }
  lane.calls.push(call)
  lane.open.set(keyOf(table, row), call)
}

function end(lane: Lane, store: TraceStore, table: EventTable, row: number): void {
  const { columns } = table
  const call = lane.open.get(keyOf(table, row))
  if (call === undefined) return
  call.ended = table.t.data[row]
  call.answerSize = columns.size.data[row]
  call.status = store.text(columns.status.data[row])
  call.error = store.text(columns.error.data[row])
  call.bytes = bytesOf(lane.spent, call.requestSize + call.answerSize)
  lane.open.delete(keyOf(table, row))
  lane.ended.push(call)
  lane.spent = nothing()
}

/** Shares the bytes out: what one part claims is not there for the next, so that they add up to those of the packets. */
function bytesOf({ packets, carried, headers }: Lane['spent'], sizes: number): CallBytes {
  const message = Math.min(sizes, carried)
  const own = Math.min(headers, carried - message)
  return { message, headers: own, framing: carried - message - own, packets: packets - carried }
}

export const sumOf = (bytes: CallBytes): number => BYTE_PARTS.reduce((sum, part) => sum + bytes[part], 0)

/** The mean of what some calls were spent on; undefined: there are none. */
export function meanOf(calls: readonly Call[]): CallBytes | undefined {
  const all = calls.flatMap(({ bytes }) => bytes ?? [])
  if (all.length === 0) return undefined
  const mean = (part: BytePart): number => all.reduce((sum, bytes) => sum + bytes[part], 0) / all.length
  return {
    message: mean('message'),
    headers: mean('headers'),
    framing: mean('framing'),
    packets: mean('packets'),
  }
}
