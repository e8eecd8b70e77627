/**
 * Head-of-line blocking at the receiver (DESIGN 6.1): what each byte waits for after it has arrived. This is TCP, worked out in
 * `tcp-blocking.ts`; `quic-blocking.ts` says and does the same for QUIC, where the order of delivery is that of each stream.
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
import type { TraceStore } from '../trace/store.ts'
import { ByteStream } from './byte-stream.ts'
import { byCondition, HELD_CONDITIONS, heldIn, type Held, type HeldCondition } from './held.ts'
import { lengthOf, union } from './intervals.ts'
import { Layers } from './layers.ts'
import { QuicBlocking } from './quic-blocking.ts'
import { QuicStreams } from './quic-streams.ts'
import type { Blame, Condition, StreamBlocking } from './stream-blocking.ts'
import { TcpBlocking } from './tcp-blocking.ts'

export type { Blame, Condition, SentSide, StreamBlocking } from './stream-blocking.ts'

/** Sums over streams; `any` is how long at least one of them was in each condition. */
export interface BlockingTotals {
  readonly streams: number
  readonly time: Readonly<Record<Condition, number>>
  readonly any: Readonly<Record<Condition, number>>
  readonly byteMs: Readonly<Record<HeldCondition, number>>
  /** How many streams were in each condition at all. */
  readonly affected: Readonly<Record<HeldCondition, number>>
}

export class Blocking {
  private readonly layers: Layers
  private readonly quicStreams: QuicStreams
  private readonly tcp: TcpBlocking
  private readonly quic: QuicBlocking

  /** Both are kept up to date by this. */
  constructor(layers = new Layers(), quicStreams = new QuicStreams()) {
    this.layers = layers
    this.quicStreams = quicStreams
    this.tcp = new TcpBlocking(layers)
    this.quic = new QuicBlocking(quicStreams)
  }

  update(store: TraceStore): void {
    this.layers.update(store)
    this.quicStreams.update(store)
    this.tcp.update(store)
    this.quic.update(store)
  }

  /**
   * All streams so far that carry requests or responses, by connection and number; what still waits is taken to wait until
   * the end of the trace. A stream of which nothing new is known is the same object as before.
   */
  streams(store: TraceStore): StreamBlocking[] {
    return [...this.tcp.streams(store), ...this.quic.exchanges(store)]
  }

  /** The streams of QUIC that are of no request: control, and the instructions of QPACK. */
  others(store: TraceStore): StreamBlocking[] {
    return this.quic.others(store)
  }

  /**
   * What the bytes of a stream that were held at `t` waited for, the first condition that applies; where none were, what those of its
   * other direction did, if they did: a stream is a request and its response.
   */
  heldAt(
    store: TraceStore,
    stream: StreamBlocking,
    t: number,
  ): { stream: StreamBlocking; held: Held } | undefined {
    const { within } = stream
    const isOther = (one: StreamBlocking): boolean =>
      one.stream === stream.stream && one.within.flow === within.flow && one.within !== within
    const here = firstHeld(stream, t)
    if (here !== undefined) return { stream, held: here }
    const other = this.streams(store).find(isOther)
    const held = other && firstHeld(other, t)
    return other && held && { stream: other, held }
  }

  /** Who is to blame that bytes of a stream waited. */
  blame(store: TraceStore, { within, stream }: StreamBlocking, held: Held): Blame {
    return within instanceof ByteStream
      ? this.tcp.blame(store, within, held)
      : this.quic.blame(store, within, stream, held)
  }
}

/** Of several conditions at once the first in precedence, of several holes the one that was there first. */
function firstHeld({ held }: StreamBlocking, t: number): Held | undefined {
  const here = held.filter(({ from, to }) => from <= t && t < to)
  return HELD_CONDITIONS.map((condition) => here.find((one) => one.condition === condition)).find(Boolean)
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
