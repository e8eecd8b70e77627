/**
 * HTTP/3 as whoever sees the bytes of its streams reads it (RFC 9114, RFC 9204): takes the bytes of each stream in their order, and
 * the streams in any. Total: no bytes make it throw, and what it keeps is bounded.
 */
import { bySide, otherSide, type BySide, type Side } from '../../wire/side.ts'
import { violation } from '../errors.ts'
import type { Http3Settings } from '../settings.ts'
import type { StreamKind } from './events.ts'
import { MessageStream, type Tell } from './message-stream.ts'
import { Sections } from './sections.ts'
import { UniStream } from './uni-stream.ts'

/** Streams of one side that are kept in mind; the oldest gives way to a new one. */
const MOST_STREAMS = 4_096
/** Octets of field sections of one side that wait for the encoder stream. */
const MOST_HELD = 1_048_576

/** Bits of a stream id (RFC 9000 2.1). */
const isUnidirectional = (id: number): boolean => id % 4 >= 2
const initiatorOf = (id: number): Side => (id % 2 === 0 ? 'client' : 'server')

/** What one side sends. */
class Direction {
  private readonly from: Side
  private readonly tell: Tell
  readonly sections = new Sections()
  private readonly messages = new Map<number, MessageStream>()
  private readonly uni = new Map<number, UniStream>()
  /** Streams with field sections that wait, and how many octets of them. */
  private readonly waiting = new Map<MessageStream, number>()
  private held = 0
  private readonly onSettings: (settings: Http3Settings) => void
  private readonly seen = new Set<StreamKind>()

  constructor(from: Side, tell: Tell, onSettings: (settings: Http3Settings) => void) {
    this.from = from
    this.tell = tell
    this.onSettings = onSettings
  }

  handleUni(id: number, isFirst: boolean, bytes: Uint8Array, fin: boolean): void {
    const stream = this.uni.get(id) ?? (isFirst ? this.openUni(id) : undefined)
    stream?.handleBytes(bytes, fin)
    if (fin) this.uni.delete(id)
  }

  handleMessage(id: number, isFirst: boolean, bytes: Uint8Array, fin: boolean): void {
    const stream = this.messages.get(id) ?? (isFirst ? this.openMessage(id) : undefined)
    if (stream === undefined) return
    stream.handleBytes(bytes, fin)
    this.settle(stream)
  }

  handleReset(id: number): void {
    this.uni.get(id)?.handleClosed()
    this.uni.delete(id)
    const stream = this.messages.get(id)
    stream?.handleReset()
    if (stream !== undefined) this.settle(stream)
  }

  private openUni(id: number): UniStream {
    const { from, tell, sections, seen, onSettings } = this
    this.makeRoom(this.uni, 0)
    const onInsertions = (): void => this.advance()
    const stream = new UniStream(id, { from, tell, sections, seen, onSettings, onInsertions })
    this.uni.set(id, stream)
    return stream
  }

  private openMessage(id: number): MessageStream {
    this.makeRoom(this.messages, 0)
    const stream = new MessageStream(this.from, id, this.sections, this.tell)
    this.messages.set(id, stream)
    return stream
  }

  private makeRoom(streams: Map<number, unknown>, offset: number): void {
    if (streams.size < MOST_STREAMS) return
    for (const [id, stream] of streams) {
      streams.delete(id)
      if (stream instanceof MessageStream) this.drop(stream)
      return this.tell({ type: 'limit', from: this.from, id, offset, limit: 'streams' })
    }
  }

  /** Keeps a stream in mind as long as there is something to come of it. */
  private settle(stream: MessageStream): void {
    if (stream.isOver) this.messages.delete(stream.id)
    const { heldLength } = stream
    this.held += heldLength - (this.waiting.get(stream) ?? 0)
    if (stream.isWaiting) this.waiting.set(stream, heldLength)
    else this.waiting.delete(stream)
    for (const oldest of this.waiting.keys()) {
      if (this.held <= MOST_HELD) return
      oldest.giveUp()
      this.settle(oldest)
    }
  }

  private drop(stream: MessageStream): void {
    this.held -= this.waiting.get(stream) ?? 0
    this.waiting.delete(stream)
  }

  private advance(): void {
    for (const stream of [...this.waiting.keys()]) {
      stream.advance()
      this.settle(stream)
    }
  }
}

export class PassiveHttp3 {
  private readonly tell: Tell
  private readonly directions: BySide<Direction>

  constructor(tell: Tell) {
    this.tell = tell
    this.directions = bySide((from) => this.makeDirection(from))
  }

  /** The next bytes of what `from` sends on a stream, from `offset` on; `fin`: the last ones. Views that are good during the call. */
  handleStream(from: Side, id: number, offset: number, bytes: Uint8Array, fin: boolean): void {
    const direction = this.directions[from]
    if (isUnidirectional(id)) {
      if (initiatorOf(id) === from) direction.handleUni(id, offset === 0, bytes, fin)
    } else if (initiatorOf(id) === 'client') direction.handleMessage(id, offset === 0, bytes, fin)
    else if (offset === 0 && from === 'server') this.refuse(id)
  }

  /** RESET_STREAM of `from`. */
  handleReset(from: Side, id: number): void {
    this.directions[from].handleReset(id)
  }

  /** What the client has sent in 0-RTT was refused: all of it is void (RFC 9001 4.6.2). */
  restartClient(): void {
    this.directions.client = this.makeDirection('client')
  }

  private makeDirection(from: Side): Direction {
    return new Direction(from, this.tell, ({ qpackMaxTableCapacity }) => {
      this.directions[otherSide(from)].sections.decoderCapacity = qpackMaxTableCapacity
    })
  }

  private refuse(id: number): void {
    const problem = violation('H3_STREAM_CREATION_ERROR', '9114 6.1: the server opens a request stream')
    this.tell({
      type: 'problem',
      from: 'server',
      id,
      offset: 0,
      scope: 'connection',
      violation: problem,
    })
  }
}
