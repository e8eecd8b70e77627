/** Head-of-line blocking at the receiver of a TCP connection: a, o, f and d in the words of `blocking.ts`. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Arrivals } from './arrivals.ts'
import type { ByteStream } from './byte-stream.ts'
import { Cursor } from './cursor.ts'
import { HeldAccount, type Held } from './held.ts'
import { HeldWalk } from './held-walk.ts'
import type { Layers } from './layers.ts'
import { resultOf, type Blame, type StreamBlocking } from './stream-blocking.ts'
import { Transmission } from './transmission.ts'

type BlockingEvent = 'tcp:segment_received' | 'link:packet_dequeued'

/** One direction of one connection at its receiver. */
interface Receiver {
  readonly arrivals: Arrivals
  readonly walk: HeldWalk
  /** By stream: what is known for good. */
  readonly accounts: Map<number, HeldAccount>
  /** By stream: what was last made of its account. */
  readonly results: Map<number, StreamBlocking>
}

export class TcpBlocking {
  private readonly layers: Layers
  private readonly receivers = new Map<ByteStream, Receiver>()
  private readonly transmission = new Transmission()
  private readonly cursor = new Cursor<BlockingEvent>('tcp:segment_received', 'link:packet_dequeued')

  /** `layers` is up to date whenever this is brought up to date. */
  constructor(layers: Layers) {
    this.layers = layers
  }

  update(store: TraceStore): void {
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
    this.receiverOf(within).arrivals.add(this.layers.spanOf(store, sent), most, {
      t,
      begin,
      finish: t,
      ready: t,
      pkt,
    })
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
  blame(store: TraceStore, within: ByteStream, { until }: Held): Blame {
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
