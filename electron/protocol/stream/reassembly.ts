/**
 * Bytes that arrived out of order, each kept once, and the SACK blocks that tell of them (RFC 2018 4).
 * What it holds lies within the window that was advertised, so the receive buffer bounds it; views of
 * very small segments could still pin many packets, so their number is bounded, too.
 */
import { RangeSet } from './ranges.ts'

/** RFC 2018 3: so many blocks fit beside timestamps and without; a few more are remembered. */
const REMEMBERED = 6

export class Reassembly {
  private readonly ranges = new RangeSet()
  /** The pieces, sorted, without overlap. */
  private readonly positions: number[] = []
  private readonly pieces: Uint8Array[] = []
  /** A position in each of the ranges that were reported, the most recent first. */
  private recent: number[] = []
  /** Bytes held. */
  length = 0

  get isEmpty(): boolean {
    return this.pieces.length === 0
  }

  get pieceCount(): number {
    return this.pieces.length
  }

  /** Keeps what is new of a segment; returns how many bytes that is. */
  insert(position: number, payload: Uint8Array): number {
    if (payload.length === 0) return 0
    this.ranges.add(position, position + payload.length)
    this.recent.unshift(position)
    if (this.recent.length > REMEMBERED) this.recent.pop()
    const { added } = this.ranges
    let fresh = 0
    for (let i = 0; i < added.length; i += 2) {
      const piece = payload.subarray(added[i] - position, added[i + 1] - position)
      this.insertPiece(added[i], piece)
      fresh += piece.length
    }
    this.length += fresh
    return fresh
  }

  /** Puts the first part of [left, right) that is held already into `into`; false: none is. */
  firstOverlap(left: number, right: number, into: [number, number]): boolean {
    const i = this.ranges.indexAfter(left)
    if (i >= this.ranges.size || this.ranges.left(i) >= right) return false
    into[0] = Math.max(left, this.ranges.left(i))
    into[1] = Math.min(right, this.ranges.right(i))
    return true
  }

  /** Gives every piece that follows on `next` without a gap to `deliver`; returns where the next gap is. */
  drain(next: number, deliver: (piece: Uint8Array) => void): number {
    let taken = 0
    while (taken < this.pieces.length && this.positions[taken] <= next) {
      const piece = this.pieces[taken]
      const skip = next - this.positions[taken]
      if (skip < piece.length) {
        deliver(skip === 0 ? piece : piece.subarray(skip))
        next += piece.length - skip
      }
      this.length -= piece.length
      taken++
    }
    if (taken > 0) {
      this.positions.splice(0, taken)
      this.pieces.splice(0, taken)
    }
    this.ranges.removeBelow(next)
    return next
  }

  /**
   * Up to `limit` SACK blocks as positions, flat. First the one with the segment that came last, then those
   * reported before it, so that a lost ACK loses no information (RFC 2018 4).
   */
  blocks(limit: number): number[] {
    const blocks: number[] = []
    const reported: number[] = []
    for (const position of this.recent) {
      const i = this.ranges.indexOf(position)
      if (i < 0) continue
      const left = this.ranges.left(i)
      if (reported.includes(left)) continue
      reported.push(left)
      if (blocks.length < 2 * limit) blocks.push(left, this.ranges.right(i))
    }
    this.recent = reported
    return blocks
  }

  private insertPiece(position: number, piece: Uint8Array): void {
    const { positions } = this
    let at = positions.length
    if (at > 0 && positions[at - 1] > position) {
      let low = 0
      while (low < at) {
        const middle = (low + at) >>> 1
        if (positions[middle] < position) low = middle + 1
        else at = middle
      }
    }
    positions.splice(at, 0, position)
    this.pieces.splice(at, 0, piece)
  }
}
