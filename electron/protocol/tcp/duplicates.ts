/**
 * D-SACK (RFC 2883): the first SACK block of an ACK may name what arrived twice. How one is told from other blocks, and what this end
 * has sent more than once, for only that says something of its own retransmissions (RFC 3708 3).
 */
import { RangeSet } from '../stream/ranges.ts'
import { before } from './sequence.ts'

/**
 * Whether the first block is a D-SACK (RFC 2883 4): it lies below the cumulative acknowledgment, or within the second block.
 * @param sack sequence numbers, flat
 */
export function isDuplicateReport(sack: readonly number[], acknowledgment: number): boolean {
  if (sack.length < 2) return false
  const [left, right] = sack
  if (!before(acknowledgment, right)) return true
  return sack.length >= 4 && !before(left, sack[2]) && !before(sack[3], right)
}

/** What was sent more than once, as far back as a duplicate may be reported. */
export class Resent {
  private readonly ranges = new RangeSet()

  add(left: number, right: number): void {
    this.ranges.add(left, right)
  }

  /** Octets of [left, right) that were sent again. */
  within(left: number, right: number): number {
    const { ranges } = this
    let octets = 0
    for (let i = ranges.indexAfter(left); i < ranges.size && ranges.left(i) < right; i++)
      octets += Math.min(right, ranges.right(i)) - Math.max(left, ranges.left(i))
    return octets
  }

  /** Nothing below `position` will be asked about. */
  forgetBelow(position: number): void {
    this.ranges.removeBelow(position)
  }
}
