/**
 * Flow control as the sender sees it: how far it may send on the connection and on each stream, how far it has sent, and when
 * it had to stop. Of QUIC these are the limits of RFC 9000 4, of HTTP/2 what is sent and the window that is left (RFC 9113 5.2).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TracedFrame } from '../trace/quic-frames.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { QuicPackets, type QuicPacket } from './quic-packets.ts'
import { Series } from './series.ts'

/** A time without credit; `to` is infinite while it lasts. */
export interface CreditGap {
  readonly from: number
  to: number
}

/** The credit of one stream, or of the connection; bytes over time. */
export class CreditAccount {
  /** Bytes that may be sent in all, as far as the sender has been told. */
  readonly limit = new Series()
  readonly sent = new Series()
  readonly gaps: CreditGap[] = []
  private mostSent = 0
  private mostAllowed = 0
  /** Its sender tells itself when it waits for credit; frames that say so come once for a limit, and not at once. */
  private isTold = false

  /** Bytes up to `offset` have been sent; returns how many of them were new. */
  send(t: number, offset: number): number {
    const fresh = Math.max(0, offset - this.mostSent)
    this.mostSent += fresh
    this.sent.step(t, this.mostSent)
    return fresh
  }

  /** So many more bytes were sent. */
  sendMore(t: number, bytes: number): void {
    this.send(t, this.mostSent + bytes)
  }

  /** A limit that is not above the old one says nothing (RFC 9000 4.1). */
  allow(t: number, limit: number): void {
    if (limit <= this.mostAllowed && this.limit.length > 0) return
    this.mostAllowed = limit
    this.limit.step(t, limit)
    if (!this.isTold) this.endGap(t)
  }

  /** What is left may be sent: the limit follows from it. */
  allowLeft(t: number, left: number): void {
    this.allow(t, this.mostSent + left)
  }

  beginGap(t: number): void {
    if (this.gaps.at(-1)?.to !== Infinity) this.gaps.push({ from: t, to: Infinity })
  }

  endGap(t: number): void {
    const last = this.gaps.at(-1)
    if (last?.to === Infinity) last.to = t
  }

  /** DATA_BLOCKED or the like left. */
  sayBlocked(t: number): void {
    if (!this.isTold) this.beginGap(t)
  }

  /** From now on its sender waits for this credit, or does not. */
  tell(t: number, waits: boolean): void {
    this.isTold = true
    if (waits) this.beginGap(t)
    else this.endGap(t)
  }

  /** Microseconds without credit up to `now`. */
  blockedTime(now: number): number {
    return this.gaps.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - from), 0)
  }
}

/** One direction of a connection. */
export class CreditDirection {
  readonly connection = new CreditAccount()
  /** In the order of their first byte or limit. */
  readonly streams = new Map<number, CreditAccount>()
  /** What the other end has declared at first, by its names in RFC 9000 18.2. */
  initial: Readonly<Record<string, unknown>> = {}

  stream(id: number, make: () => CreditAccount = () => new CreditAccount()): CreditAccount {
    let account = this.streams.get(id)
    if (!account) this.streams.set(id, (account = make()))
    return account
  }
}

const FIRST = 'initial_max_stream_data_'

export class Credit {
  /** By flow and sending node. */
  readonly ends = new EndMap<CreditDirection>(() => new CreditDirection())
  private readonly cursor = new Cursor(
    'transport:parameters_set',
    'transport:packet_sent',
    'transport:packet_received',
    'recovery:stall_changed',
    'http:frame',
  )

  update(store: TraceStore): void {
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      const node = table.node.data[row]
      switch (name) {
        case 'transport:parameters_set':
          return this.onParameters(store, table, row)
        case 'transport:packet_sent': {
          const packet = packets.inRow(row)
          return packet && this.onSent(packet)
        }
        case 'transport:packet_received': {
          const packet = packets.receivedInRow(row)
          return packet && this.onReceived(packet, node, table.t.data[row])
        }
        case 'recovery:stall_changed': {
          // The stall account and this one have to say the same (DESIGN 6.2).
          const waits = store.text(table.columns.cause.data[row]) === 'connection_credit'
          return this.ends.open(table.flow.data[row], node).connection.tell(table.t.data[row], waits)
        }
        case 'http:frame':
          return this.onHttp2(store, table, row)
      }
    })
  }

  private onParameters(store: TraceStore, table: EventTable, row: number): void {
    const { owner, parameters } = table.columns
    if (store.text(owner.data[row]) !== 'remote') return
    const end = this.ends.open(table.flow.data[row], table.node.data[row])
    end.initial = objectOf(store.text(parameters.data[row]))
    const first = end.initial.initial_max_data
    if (typeof first === 'number') end.connection.allow(table.t.data[row], first)
  }

  private onSent(packet: QuicPacket): void {
    for (const frame of packet.frames) this.onSentFrame(packet, frame)
  }

  private onSentFrame({ end, sent }: QuicPacket, frame: TracedFrame): void {
    const direction = this.ends.open(end.connection.flow, end.node)
    switch (frame.type) {
      case 'stream': {
        const account = openStream(direction, frame.id, end.side, sent)
        const fresh = account.send(sent, frame.offset + frame.length)
        if (fresh > 0) direction.connection.sendMore(sent, fresh)
        return
      }
      case 'data_blocked':
        return direction.connection.sayBlocked(sent)
      case 'stream_data_blocked':
        return openStream(direction, frame.id, end.side, sent).sayBlocked(sent)
    }
  }

  private onReceived(packet: QuicPacket, node: number, t: number): void {
    const side = packet.end.side === 'client' ? 'server' : 'client'
    for (const frame of packet.frames) {
      if (frame.type !== 'max_data' && frame.type !== 'max_stream_data') continue
      const direction = this.ends.open(packet.end.connection.flow, node)
      if (frame.type === 'max_data') direction.connection.allow(t, frame.maximum)
      else openStream(direction, frame.id, side, t).allow(t, frame.maximum)
    }
  }

  /** In HTTP/2 the sender knows its windows with each DATA frame; one that is used up is open again with the next. */
  private onHttp2(store: TraceStore, table: EventTable, row: number): void {
    const value = (field: string): number => table.columns[field].data[row]
    if (store.text(value('type')) !== 'DATA' || value('connection_window') < 0) return
    const t = table.t.data[row]
    const direction = this.ends.open(table.flow.data[row], table.node.data[row])
    const length = value('length')
    const ended = (value('flags') & END_STREAM) !== 0
    for (const [account, left, more] of [
      [direction.connection, value('connection_window'), true],
      [direction.stream(value('stream')), value('stream_window'), !ended],
    ] as const) {
      account.endGap(t)
      account.sendMore(t, length)
      if (left >= 0) account.allowLeft(t, left)
      if (left === 0 && more) account.beginGap(t)
    }
  }
}

const END_STREAM = 0x1

/** The account of a stream, with what the other end allows at first: it depends on who opens it, and on its directions. */
function openStream(
  direction: CreditDirection,
  id: number,
  sender: 'client' | 'server',
  t: number,
): CreditAccount {
  return direction.stream(id, () => {
    const account = new CreditAccount()
    const isOwn = (id & 1) === (sender === 'server' ? 1 : 0)
    // To the other end a stream that the sender opened is a remote one (RFC 9000 18.2).
    const name = (id & 2) !== 0 ? 'uni' : isOwn ? 'bidi_remote' : 'bidi_local'
    const first = direction.initial[FIRST + name]
    if (typeof first === 'number') account.allow(t, first)
    return account
  })
}

/** The object in a JSON text, empty when it is none. */
function objectOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
