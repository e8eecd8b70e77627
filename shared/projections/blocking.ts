/**
 * Head-of-line blocking at the receiver (DESIGN 6.1): what each byte waits for after it has arrived.
 *
 * **Whose a byte is.** Of HTTP/2, frame header and payload belong to the frame's stream (RFC 9113 4.1); frames of stream
 * 0, the connection preface, and all that TLS adds (headers, nonces, tags, handshake) belong to none. Of HTTP/1.1, a
 * message belongs to its exchange, from the first byte of its header section to its last (RFC 9112 2.1). Each direction
 * of a connection is an account of its own.
 *
 * **What it waits for.** Let b be a byte of stream s, and
 * - a: when b came for the first time;
 * - o: when the last of those bytes of s came that stand before b, or b itself;
 * - f: when the last of all bytes of the connection came that stand before b in TCP's order, or b itself;
 * - d: when the last byte of b's TLS record came, too; without TLS d = f.
 *
 * Since each of these waits for all that the one before it waits for, a <= o <= f <= d, and b is *self-blocked* from a to
 * o, *cross-blocked* from o to f, *record-blocked* from f to d, and given to the application at d. Without loss or
 * reordering bytes come in order, so a = o = f, and self- and cross-blocking are exactly 0.
 *
 * **Who is to blame.** The byte whose arrival ended the wait (for o, f or d) names a hole: the packets that carried it
 * before and died, and the one that brought it. A byte that none of them lost was merely overtaken.
 *
 * **Of a stream.** It is in a condition while one of its bytes is; in two at once while different bytes wait for different
 * things (RFC 9000's independent streams would free the cross-blocked ones and leave the self-blocked ones). *Transferring*
 * is the time that the link took to transmit its bytes, as they came, as far as none was self- or cross-blocked meanwhile (a
 * record that fills up as it should is being transferred): each segment's share of it lies just before its arrival. A link
 * without a rate limit takes no time.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Arrivals } from './arrivals.ts'
import type { ByteStream } from './byte-stream.ts'
import { Cursor } from './cursor.ts'
import { HeldAccount, heldIn, type Held, type HeldCondition } from './held.ts'
import { HeldWalk } from './held-walk.ts'
import { lengthOf, union, without, type Interval } from './intervals.ts'
import { Layers } from './layers.ts'
import { Transmission } from './transmission.ts'

type BlockingEvent = 'tcp:segment_received' | 'link:packet_dequeued'
export type Condition = 'transferring' | HeldCondition

/** What became of the bytes of one stream in one direction. Times in microseconds of lab time. */
export interface StreamBlocking {
  /** The bytes that it is part of. */
  readonly within: ByteStream
  readonly lane: string
  /** Stream of HTTP/2, or in HTTP/1.1 the number of the request on its connection. */
  readonly stream: number
  /** Bytes that arrived; each counts once. */
  readonly bytes: number
  /** First arrival, and the last time that bytes were given to the application (the end of the trace while some wait). */
  readonly start: number
  readonly end: number
  readonly transferring: readonly Interval[]
  readonly held: readonly Held[]
  /** How long it was in each condition. */
  readonly time: Readonly<Record<Condition, number>>
  /** Byte-milliseconds held in each condition. */
  readonly byteMs: Readonly<Record<HeldCondition, number>>
}

/** Sums over streams; `any` is how long at least one of them was in each condition. */
export interface BlockingTotals {
  readonly streams: number
  readonly time: Readonly<Record<Condition, number>>
  readonly any: Readonly<Record<Condition, number>>
  readonly byteMs: Readonly<Record<HeldCondition, number>>
  /** How many streams were in each condition at all. */
  readonly affected: Readonly<Record<HeldCondition, number>>
}

/** Why bytes waited: the packets that carried the missing byte and died, and the one that brought it (0: none yet). */
export interface Blame {
  readonly lost: readonly number[]
  readonly brought: number
}

/** One direction of one connection at its receiver. */
interface Receiver {
  readonly arrivals: Arrivals
  readonly walk: HeldWalk
  /** By stream: what is known for good. */
  readonly accounts: Map<number, HeldAccount>
  /** By stream: what was last made of its account. */
  readonly results: Map<number, StreamBlocking>
}

export class Blocking {
  private readonly layers: Layers
  private readonly receivers = new Map<ByteStream, Receiver>()
  private readonly transmission = new Transmission()
  private readonly cursor = new Cursor<BlockingEvent>('tcp:segment_received', 'link:packet_dequeued')

  /** `layers` is kept up to date by this. */
  constructor(layers = new Layers()) {
    this.layers = layers
  }

  update(store: TraceStore): void {
    this.layers.update(store)
    this.cursor.read(store, (name, table, row) => this.onRow(store, name, table, row))
    for (const { walk, accounts } of this.receivers.values())
      walk.settle((stream, ...chunk) => accountOf(accounts, stream).add(...chunk))
  }

  private onRow(store: TraceStore, name: BlockingEvent, table: EventTable, row: number): void {
    if (name === 'link:packet_dequeued') this.transmission.onDequeued(store, table, row)
    else this.onReceived(store, table, row)
  }

  private onReceived(store: TraceStore, table: EventTable, row: number): void {
    const most = table.columns.new_data.data[row]
    if (most === 0) return
    const pkt = table.pkt.data[row]
    const sent = store.sentRow(pkt)
    const within = sent < 0 ? undefined : this.layers.streamOfSegment(store, sent)
    if (within === undefined) return
    const t = table.t.data[row]
    const size = store.table('tcp:segment_sent').columns.size.data[sent]
    const begin = t - size * this.transmission.paceFrom(store, within.node)
    this.receiverOf(within).arrivals.add(this.layers.spanOf(store, sent), most, { t, begin, pkt })
  }

  private receiverOf(within: ByteStream): Receiver {
    let receiver = this.receivers.get(within)
    if (receiver === undefined) {
      const arrivals = new Arrivals()
      const walk = new HeldWalk(within, arrivals)
      receiver = { arrivals, walk, accounts: new Map(), results: new Map() }
      this.receivers.set(within, receiver)
    }
    return receiver
  }

  /**
   * All streams so far, by connection and number; what still waits is taken to wait until the end of the trace. A stream of
   * which nothing new is known is the same object as before.
   */
  streams(store: TraceStore): StreamBlocking[] {
    return [...this.receivers].flatMap(([within, receiver]) => this.streamsOf(store, within, receiver))
  }

  private streamsOf(store: TraceStore, within: ByteStream, receiver: Receiver): StreamBlocking[] {
    const { arrivals, walk, accounts, results } = receiver
    /** Streams of which some bytes are not settled, with these. */
    const open = new Map<number, HeldAccount>()
    new HeldWalk(within, arrivals, walk).finish((stream, ...chunk) => {
      let account = open.get(stream)
      if (account === undefined) open.set(stream, (account = new HeldAccount(accounts.get(stream))))
      account.add(...chunk)
    })
    const lane = store.laneOf(within.node)
    const numbers = [...new Set([...accounts.keys(), ...open.keys()])].sort((a, b) => a - b)
    return numbers.map((stream) => {
      const account = open.get(stream) ?? accounts.get(stream)!
      const before = results.get(stream)
      // All that is settled has come to its end: it changes with further bytes only.
      if (before?.bytes === account.bytes && !open.has(stream)) return before
      const result = resultOf(within, lane, stream, account, store.end)
      if (!open.has(stream)) results.set(stream, result)
      return result
    })
  }

  /** Who is to blame that bytes of a stream waited. */
  blame(store: TraceStore, { within }: StreamBlocking, { until }: Held): Blame {
    const segments = store.table('tcp:segment_sent')
    const carriers = within.segments.overlapping({ from: until.offset, to: until.offset + 1 })
    const pkts = carriers.map((row) => segments.pkt.data[row]).filter((pkt) => pkt !== until.pkt)
    return { lost: pkts.filter((pkt) => store.fate(pkt).kind === 'dropped'), brought: until.pkt }
  }
}

function accountOf(accounts: Map<number, HeldAccount>, stream: number): HeldAccount {
  let account = accounts.get(stream)
  if (account === undefined) accounts.set(stream, (account = new HeldAccount()))
  return account
}

const byCondition = (value: (condition: HeldCondition) => number): Record<HeldCondition, number> => ({
  self: value('self'),
  cross: value('cross'),
  record: value('record'),
})

function resultOf(
  within: ByteStream,
  lane: string,
  stream: number,
  account: HeldAccount,
  now: number,
): StreamBlocking {
  const { bytes, start, held } = account
  const blocked = union([...heldIn(held, 'self', now), ...heldIn(held, 'cross', now)])
  const transferring = without(account.arrivals.all, blocked)
  return {
    within,
    lane,
    stream,
    bytes,
    start,
    end: Math.min(account.end, now),
    transferring,
    held,
    time: {
      transferring: lengthOf(transferring),
      ...byCondition((condition) => account.time(condition, now)),
    },
    byteMs: byCondition((condition) => account.byteMs(condition, now)),
  }
}

/** How long at least one of the streams was in a condition. */
const anyTime = (streams: readonly StreamBlocking[], condition: HeldCondition, now: number): number =>
  lengthOf(union(streams.flatMap(({ held }) => heldIn(held, condition, now))))

/** The sums of some streams, such as those of one lane that the server sent. `now`: the end of the trace. */
export function totalOf(streams: readonly StreamBlocking[], now: number): BlockingTotals {
  const sum = (value: (one: StreamBlocking) => number): number =>
    streams.reduce((total, one) => total + value(one), 0)
  return {
    streams: streams.length,
    time: {
      transferring: sum(({ time }) => time.transferring),
      ...byCondition((condition) => sum(({ time }) => time[condition])),
    },
    any: {
      transferring: lengthOf(union(streams.flatMap(({ transferring }) => transferring))),
      ...byCondition((condition) => anyTime(streams, condition, now)),
    },
    byteMs: byCondition((condition) => sum(({ byteMs }) => byteMs[condition])),
    affected: byCondition((condition) => {
      const found = streams.filter(({ time }) => time[condition] > 0)
      return new Set(found.map(({ within, stream }) => `${within.flow} ${stream}`)).size
    }),
  }
}
