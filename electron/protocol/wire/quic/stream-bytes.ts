/**
 * The bytes of one direction of a stream as they are pieced together from frames, each once and in order, whatever pieces they come
 * in and however often (RFC 9000 2.2). Whoever comes first is believed: a receiver would do the same.
 */
interface Piece {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Takes the next bytes, which begin at `offset`; views that are good during the call. */
export type Deliver = (offset: number, bytes: Uint8Array) => void

export class StreamBytes {
  /** All before this was given. */
  next = 0
  /** Bytes that are kept until those before them come. */
  heldLength = 0
  private held: Piece[] = []
  private readonly mostHeld: number

  /** `mostHeld` bounds the bytes that are kept; what is beyond that is forgotten. */
  constructor(mostHeld: number) {
    this.mostHeld = mostHeld
  }

  /** Takes in the bytes of a frame. Returns how many of them had no place. */
  handle(offset: number, bytes: Uint8Array, deliver: Deliver): number {
    const end = offset + bytes.length
    if (end <= this.next) return 0
    if (offset > this.next) return this.hold(offset, bytes)
    const fresh = offset === this.next ? bytes : bytes.subarray(this.next - offset)
    const at = this.next
    this.next = end
    deliver(at, fresh)
    if (this.held.length > 0) this.release(deliver)
    return 0
  }

  /** Keeps a copy of the parts that are not there yet. */
  private hold(offset: number, bytes: Uint8Array): number {
    const end = offset + bytes.length
    let lost = 0
    let at = offset
    let i = this.indexAfter(offset)
    while (at < end) {
      const piece = this.held[i]
      const upTo = piece === undefined ? end : Math.min(end, piece.at)
      if (upTo > at) {
        if (this.heldLength + upTo - at > this.mostHeld) lost += upTo - at
        else {
          this.held.splice(i++, 0, { at, bytes: bytes.slice(at - offset, upTo - offset) })
          this.heldLength += upTo - at
        }
      }
      if (piece === undefined) break
      at = Math.max(upTo, piece.at + piece.bytes.length)
      i++
    }
    return lost
  }

  /** Index of the first piece that ends after `position`. */
  private indexAfter(position: number): number {
    let low = 0
    let high = this.held.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const { at, bytes } = this.held[middle]
      if (at + bytes.length > position) high = middle
      else low = middle + 1
    }
    return low
  }

  private release(deliver: Deliver): void {
    let taken = 0
    while (taken < this.held.length && this.held[taken].at <= this.next) {
      const { at, bytes } = this.held[taken++]
      this.heldLength -= bytes.length
      const skip = this.next - at
      if (skip >= bytes.length) continue
      const from = this.next
      this.next = at + bytes.length
      deliver(from, skip === 0 ? bytes : bytes.subarray(skip))
    }
    this.held.splice(0, taken)
  }
}
