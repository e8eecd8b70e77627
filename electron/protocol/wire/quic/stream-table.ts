/** The streams of one direction of a connection: their bytes in order, and their ends (RFC 9000 2, 3). */
import { StreamBytes } from './stream-bytes.ts'

/** The next bytes of a stream, or its end, or both; `bytes` are good during the call. */
export type OnStream = (id: number, offset: number, bytes: Uint8Array, fin: boolean) => void

/** Streams that are kept in mind, and numbers of ended ones beyond a gap. */
const MOST_STREAMS = 4_096
/** Bytes of one stream, and of all together, that wait for those before them. */
const MOST_HELD = 8_388_608
const MOST_HELD_TOGETHER = 33_554_432

const NOTHING = new Uint8Array(0)

interface Stream {
  readonly bytes: StreamBytes
  finalSize: number | undefined
}

/** The streams of one type that have ended, by their numbers: all below `from`, and some above. */
class Ended {
  private from = 0
  private readonly above = new Set<number>()

  has(number: number): boolean {
    return number < this.from || this.above.has(number)
  }

  add(number: number): void {
    this.above.add(number)
    // Those that never end must not make us remember all the others.
    if (this.above.size > MOST_STREAMS) this.from = Math.min(...this.above)
    while (this.above.delete(this.from)) this.from++
  }
}

export class StreamTable {
  private readonly streams = new Map<number, Stream>()
  private readonly ended = [new Ended(), new Ended(), new Ended(), new Ended()]
  /** Bytes that had no place, and streams that gave way. */
  lost = 0
  private held = 0

  /** A STREAM frame. */
  handleFrame(id: number, offset: number, data: Uint8Array, fin: boolean, tell: OnStream): void {
    const stream = this.streams.get(id) ?? this.open(id)
    if (stream === undefined) return
    const { bytes } = stream
    if (fin) stream.finalSize ??= offset + data.length
    const { finalSize } = stream
    const { next, heldLength } = bytes
    if (data.length > 0) {
      if (offset > next && this.held + data.length > MOST_HELD_TOGETHER) this.lost += data.length
      else
        this.lost += bytes.handle(offset, data, (at, piece) =>
          tell(id, at, piece, at + piece.length === finalSize),
        )
      this.held += bytes.heldLength - heldLength
    }
    if (finalSize === undefined || bytes.next < finalSize) return
    // A lone FIN.
    if (bytes.next === next) tell(id, bytes.next, NOTHING, true)
    this.end(id)
  }

  /** RESET_STREAM; returns whether the stream had not ended before. */
  handleReset(id: number): boolean {
    if (this.ended[id % 4].has(Math.floor(id / 4))) return false
    this.end(id)
    return true
  }

  private open(id: number): Stream | undefined {
    if (this.ended[id % 4].has(Math.floor(id / 4))) return undefined
    if (this.streams.size >= MOST_STREAMS)
      for (const oldest of this.streams.keys()) {
        this.lost++
        this.end(oldest)
        break
      }
    const stream = { bytes: new StreamBytes(MOST_HELD), finalSize: undefined }
    this.streams.set(id, stream)
    return stream
  }

  private end(id: number): void {
    this.held -= this.streams.get(id)?.bytes.heldLength ?? 0
    this.streams.delete(id)
    this.ended[id % 4].add(Math.floor(id / 4))
  }
}
