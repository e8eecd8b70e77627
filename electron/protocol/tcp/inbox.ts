/**
 * Bytes in order that the application has not read: a list of views of the packets that brought them. Small ones that
 * pile up are copied together, for each would keep a whole packet in memory: what waits here costs about what it is long.
 */
import { Fifo } from '../fifo.ts'

/** Pieces below this are copied together; a block holds many of them. */
const SMALL = 512
const BLOCK = 8_192

export class Inbox {
  private readonly pieces = new Fifo<Uint8Array>()
  private block = new Uint8Array(0)
  private used = 0
  /** Bytes that wait. */
  length = 0

  push(piece: Uint8Array): void {
    this.length += piece.length
    // An application that keeps up reads each piece before the next: then nothing is copied.
    if (piece.length >= SMALL || this.pieces.length === 0) this.pieces.push(piece)
    else this.join(piece)
  }

  /** The next bytes, `max` at most; undefined when there are none. */
  take(max: number): Uint8Array | undefined {
    let piece = this.pieces.first
    if (piece === undefined) return undefined
    if (piece.length > max) {
      this.pieces.replaceFirst(piece.subarray(max))
      piece = piece.subarray(0, max)
    } else {
      this.pieces.shift()
    }
    this.length -= piece.length
    return piece
  }

  /** Copies a small piece behind the last one, if that ends where the block is free. */
  private join(piece: Uint8Array): void {
    if (this.used + piece.length > this.block.length) {
      this.block = new Uint8Array(BLOCK)
      this.used = 0
    }
    const { block, used } = this
    block.set(piece, used)
    this.used += piece.length
    const last = this.pieces.last!
    if (last.buffer === block.buffer && last.byteOffset + last.length === used) {
      this.pieces.replaceLast(block.subarray(last.byteOffset, this.used))
    } else {
      this.pieces.push(block.subarray(used, this.used))
    }
  }
}
