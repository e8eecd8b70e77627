/**
 * Head-of-line blocking at the receiver of a QUIC connection (DESIGN 6.1), from the trace alone. Let b be a byte of stream s,
 * and
 * - a: when b came for the first time, in a packet that was read then or later;
 * - o: when the last of those bytes of s came that stand before b, or b itself;
 * - k: when all of these could be read, since a packet that comes before its keys waits for them;
 * - d: when its field section, or one before it in s, could be read, if that had to wait for the encoder stream (RFC 9204 2.1.2).
 *
 * b is *self-blocked* from a to o, *key-blocked* from o to k, *QPACK-blocked* from k to d (but not before its section was whole),
 * and given to the application at d.
 *
 * *Cross-blocked* is what a byte is as long as others are missing that stand before it in the order of delivery and are not of
 * its stream. That order is here the stream's own (RFC 9000 2.2): all that stand before b are of s and were waited for at o, and
 * so it lasts from o to o. Tests hold real endpoints to this: they give out each byte at d.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Arrivals, type Arrival } from './arrivals.ts'
import { Cursor } from './cursor.ts'
import { HeldAccount, type Held, type Moment, type Wait } from './held.ts'
import { QuicPackets, type QuicEnd, type QuicPacket, type QuicTransfer } from './quic-packets.ts'
import { isUnidirectional, spanOfFrame, type QuicStreams } from './quic-streams.ts'
import { resultOf, type Blame, type SentSide, type StreamBlocking } from './stream-blocking.ts'
import { Transmission } from './transmission.ts'

const EVENTS = [
  'link:packet_dequeued',
  'transport:packet_received',
  'http:section_blocked',
  'http:section_unblocked',
  'connectivity:connection_state_changed',
] as const
type QuicBlockingEvent = (typeof EVENTS)[number]

/** States in which an end gives nothing more to its application (RFC 9000 10.2). */
const OVER: ReadonlySet<string> = new Set(['closing', 'draining', 'closed'])
/** IPv4 and UDP, where no event tells how long the datagram is. */
const DATAGRAM_HEADERS = 28

/** A field section that could not be read when it was whole; it and all behind it wait. */
interface Section {
  /** Offset of its frame. */
  readonly from: number
  readonly since: number
  readonly until: Moment
}

const BEGINNING: Moment = { t: -Infinity, pkt: 0, offset: -1 }

/** One stream at its receiver. */
class ReceivedStream {
  readonly arrivals = new Arrivals()
  /** In the order of their offsets. */
  readonly sections: Section[] = []
  /** Offset behind the last section that was blocked. */
  behind = 0
  /** From when on nobody waits any more, since the stream was reset or the connection is over. */
  abandoned = Infinity
  private account: HeldAccount | undefined
  private result: StreamBlocking | undefined

  add(from: number, length: number, arrival: Arrival): void {
    this.arrivals.add({ from, to: from + length }, length, arrival)
    this.account = undefined
  }

  block(section: Section): void {
    this.sections.push(section)
    this.account = undefined
  }

  unblock(t: number, pkt: number): void {
    const last = this.sections.at(-1)
    if (last === undefined || last.until.t < Infinity) return
    this.sections[this.sections.length - 1] = { ...last, until: { ...last.until, t, pkt } }
    this.account = undefined
  }

  abandon(t: number): void {
    this.abandoned = Math.min(this.abandoned, t)
    this.account = undefined
  }

  /** The same object as before as long as nothing new is known and nothing waits. */
  resultAt(within: SentSide, lane: string, stream: number, now: number): StreamBlocking {
    if (this.account === undefined) {
      this.account = this.reckon()
      this.result = undefined
    }
    const { result, account } = this
    if (result !== undefined && account.held.every(({ to }) => to <= result.end)) return result
    return (this.result = resultOf(within, lane, stream, account, now))
  }

  /** Goes through the bytes in their order: o and k are the latest moments so far. */
  private reckon(): HeldAccount {
    const { arrivals } = this
    const account = new HeldAccount()
    let [own, read] = [BEGINNING, BEGINNING]
    let next = 0
    for (let piece = 0; piece < arrivals.length; piece++) {
      const [from, to] = [arrivals.from.data[piece], arrivals.to.data[piece]]
      const [t, ready, pkt] = [arrivals.t.data[piece], arrivals.ready.data[piece], arrivals.pkt.data[piece]]
      // A hole before it.
      if (from > next && own.t < Infinity) own = this.until({ t: Infinity, pkt: 0, offset: next })
      if (t > own.t) own = this.until({ t, pkt, offset: from })
      if (ready > read.t) read = this.until({ t: ready, pkt, offset: from })
      next = to
      if (t <= this.abandoned) this.addPiece(account, piece, own, read.t > own.t ? read : own)
    }
    return account
  }

  private addPiece(account: HeldAccount, piece: number, own: Moment, read: Moment): void {
    const { arrivals, sections } = this
    const end = arrivals.to.data[piece]
    for (let at = arrivals.from.data[piece]; at < end;) {
      const behind = sections.filter(({ from }) => from <= at).at(-1)
      const to = Math.min(end, sections.find(({ from }) => from > at)?.from ?? end)
      const waits: Wait[] = [
        ['self', own],
        // None but its own stand before it in the order of delivery.
        ['cross', own],
        ['key', read],
      ]
      if (behind) waits.push(['qpack', { ...this.until(behind.until), since: behind.since }])
      account.add(arrivals.chunk(piece, at, to), ...waits)
      at = to
    }
  }

  private until(moment: Moment): Moment {
    return moment.t > this.abandoned ? { ...moment, t: this.abandoned } : moment
  }
}

export class QuicBlocking {
  private readonly quicStreams: QuicStreams
  /** By sender, then by stream. */
  private readonly senders = new Map<QuicEnd, Map<number, ReceivedStream>>()
  /** By flow: the connection that packets came of last. */
  private readonly latest = new Map<number, QuicTransfer>()
  private readonly transmission = new Transmission()
  private readonly cursor = new Cursor<QuicBlockingEvent>(...EVENTS)

  /** `quicStreams` is up to date whenever this is brought up to date. */
  constructor(quicStreams: QuicStreams) {
    this.quicStreams = quicStreams
  }

  update(store: TraceStore): void {
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      if (name === 'link:packet_dequeued') this.transmission.onDequeued(store, table, row)
      else if (name === 'transport:packet_received')
        this.onReceived(store, packets, packets.receivedInRow(row))
      else this.onTold(store, name, table, row)
    })
  }

  /** The streams that carry requests and responses. */
  exchanges(store: TraceStore): StreamBlocking[] {
    return this.results(store, (stream) => !isUnidirectional(stream))
  }

  /** Control streams and those of QPACK. */
  others(store: TraceStore): StreamBlocking[] {
    return this.results(store, isUnidirectional)
  }

  private results(store: TraceStore, isWanted: (stream: number) => boolean): StreamBlocking[] {
    return [...this.senders].flatMap(([sender, streams]) => {
      const within = this.quicStreams.ofEnd(sender)
      const numbers = [...streams.keys()].filter(isWanted).sort((a, b) => a - b)
      return numbers.flatMap((number) => {
        const stream = streams.get(number)!
        if (within === undefined || stream.arrivals.length === 0) return []
        return [stream.resultAt(within, sender.connection.lane, number, store.end)]
      })
    })
  }

  // --- what came --------------------------------------------------------------------------------------------

  private onReceived(store: TraceStore, packets: QuicPackets, packet: QuicPacket | undefined): void {
    if (packet === undefined) return
    this.latest.set(packet.end.connection.flow, packet.end.connection)
    const { arrived: t, received: ready, pkt } = packet
    const wire = this.onWire(store, packet, packets.ofPkt(pkt))
    const carried = packet.frames.flatMap((frame) => ('length' in frame ? [frame.length] : []))
    const all = carried.reduce((sum, length) => sum + length, 0)
    const pace = all === 0 ? 0 : (wire.to - wire.from) / all
    let begin = wire.from
    for (const frame of packet.frames) {
      if (frame.type === 'reset_stream') this.streamOf(packet.end, frame.id).abandon(ready)
      if (!('length' in frame)) continue
      const finish = begin + frame.length * pace
      if (frame.type === 'stream' && frame.length > 0)
        this.streamOf(packet.end, frame.id).add(frame.offset, frame.length, { t, begin, finish, ready, pkt })
      begin = finish
    }
  }

  /** When the link transmitted a packet, seen from its arrival: its part of the datagram. */
  private onWire(
    store: TraceStore,
    packet: QuicPacket,
    all: readonly QuicPacket[],
  ): { from: number; to: number } {
    const sizeOf = (list: readonly QuicPacket[]): number => list.reduce((sum, { size }) => sum + size, 0)
    const total = Math.max(1, sizeOf(all))
    const length = store.sizeOf(packet.pkt) || total + DATAGRAM_HEADERS
    const span = length * this.transmission.paceFrom(store, packet.end.node)
    const before = sizeOf(all.slice(0, all.indexOf(packet)))
    const from = packet.arrived - span
    return { from: from + (before / total) * span, to: from + ((before + packet.size) / total) * span }
  }

  private streamOf(sender: QuicEnd, stream: number): ReceivedStream {
    let streams = this.senders.get(sender)
    if (streams === undefined) this.senders.set(sender, (streams = new Map()))
    let received = streams.get(stream)
    if (received === undefined) streams.set(stream, (received = new ReceivedStream()))
    return received
  }

  /** What a receiver says of itself. */
  private onTold(
    store: TraceStore,
    name: Exclude<QuicBlockingEvent, 'link:packet_dequeued' | 'transport:packet_received'>,
    table: EventTable,
    row: number,
  ): void {
    const transfer = this.latest.get(table.flow.data[row])
    const sender = transfer?.ends.find(({ node }) => node !== table.node.data[row])
    if (sender === undefined) return
    const t = table.t.data[row]
    const value = (field: string): number => table.columns[field].data[row]
    if (name === 'connectivity:connection_state_changed') {
      if (OVER.has(store.text(value('to'))))
        for (const stream of this.senders.get(sender)?.values() ?? []) stream.abandon(t)
      return
    }
    const stream = this.streamOf(sender, value('stream'))
    if (name === 'http:section_unblocked') return stream.unblock(t, table.pkt.data[row])
    const from = this.sectionOf(store, sender, value('stream'), value('length'), stream)
    stream.block({ from, since: t, until: { t: Infinity, pkt: 0, offset: from } })
  }

  /**
   * Where the frame of a section of this length begins: the next one on the stream. Where nobody has looked on, all that the stream
   * has had since the last such section is taken to wait.
   */
  private sectionOf(
    store: TraceStore,
    sender: QuicEnd,
    id: number,
    length: number,
    stream: ReceivedStream,
  ): number {
    const table = store.table('http:frame')
    const rows = this.quicStreams.ofEnd(sender)?.streams.get(id)?.frames
    const row = rows
      ?.overlapping({ from: stream.behind, to: Infinity })
      .find(
        (one) =>
          store.text(table.columns.type.data[one]) === 'HEADERS' && table.columns.length.data[one] === length,
      )
    if (row === undefined) return stream.behind
    const { from, to } = spanOfFrame(table, row)
    stream.behind = to
    return from
  }

  // --- who is to blame --------------------------------------------------------------------------------------

  blame(store: TraceStore, within: SentSide, stream: number, { condition, until }: Held): Blame {
    const sender = [...this.senders.keys()].find((end) => this.quicStreams.ofEnd(end) === within)
    if (sender === undefined) return { lost: [], brought: until.pkt }
    if (condition === 'key') return this.blameForKeys(store, sender, until)
    if (condition === 'qpack') return this.blameForInstructions(store, sender, until)
    return this.blameFor(store, sender, stream, until.offset, until.pkt)
  }

  /** Whoever carried a byte of a stream and died. */
  private blameFor(
    store: TraceStore,
    sender: QuicEnd,
    stream: number,
    offset: number,
    brought: number,
  ): Blame {
    const table = store.table('transport:packet_sent')
    const carriers = this.quicStreams
      .ofEnd(sender)
      ?.streams.get(stream)
      ?.packets.overlapping({ from: offset, to: offset + 1 })
    return {
      lost: diedOf(
        store,
        (carriers ?? []).map((row) => table.pkt.data[row]),
        brought,
      ),
      brought,
    }
  }

  /** The keys came with the last bytes of the handshake that its receiver took in before. */
  private blameForKeys(store: TraceStore, sender: QuicEnd, until: Moment): Blame {
    const receiver = sender.connection.ends.find((end) => end !== sender)
    const key = receiver?.received
      .filter(({ received, frames }) => received <= until.t && frames.some(({ type }) => type === 'crypto'))
      .at(-1)
    if (key === undefined) return { lost: [], brought: 0 }
    const same = sender.sent.filter(
      ({ level, frames }) => level === key.level && sharesCrypto(frames, key.frames),
    )
    return {
      lost: diedOf(
        store,
        same.map(({ pkt }) => pkt),
        key.pkt,
      ),
      brought: key.pkt,
    }
  }

  /** The instructions came on the encoder stream, which is one of the unidirectional ones. */
  private blameForInstructions(store: TraceStore, sender: QuicEnd, until: Moment): Blame {
    const streams = this.quicStreams.ofEnd(sender)?.streams ?? new Map()
    const isEncoder = (id: number): boolean =>
      isUnidirectional(id) && ['qpack_encoder', ''].includes(streams.get(id)?.kind ?? '')
    if (until.pkt === 0) {
      for (const [id, received] of this.senders.get(sender) ?? [])
        if (isEncoder(id)) return this.blameFor(store, sender, id, received.arrivals.frontier, 0)
      return { lost: [], brought: 0 }
    }
    for (const { frames } of QuicPackets.of(store).ofPkt(until.pkt))
      for (const frame of frames)
        if (frame.type === 'stream' && isEncoder(frame.id))
          return this.blameFor(store, sender, frame.id, frame.offset, until.pkt)
    return { lost: [], brought: until.pkt }
  }
}

const diedOf = (store: TraceStore, pkts: readonly number[], brought: number): number[] => [
  ...new Set(pkts.filter((pkt) => pkt !== brought && store.fate(pkt).kind === 'dropped')),
]

/** Whether two packets of one level carry the same bytes of the handshake. */
function sharesCrypto(frames: QuicPacket['frames'], others: QuicPacket['frames']): boolean {
  return frames.some(
    (one) =>
      one.type === 'crypto' &&
      others.some(
        (other) =>
          other.type === 'crypto' &&
          one.offset < other.offset + other.length &&
          other.offset < one.offset + one.length,
      ),
  )
}
