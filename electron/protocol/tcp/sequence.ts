/**
 * Sequence numbers (RFC 9293 3.4) wrap at 2^32; comparing them everywhere modulo 2^32 is where TCPs go wrong.
 * So inside a connection a byte is known by its *position*: an ordinary number that counts from the SYN (0,
 * the first data byte is 1) and never wraps. Only here, at the edge, positions and sequence numbers meet.
 */
export class SequenceSpace {
  /** ISS or IRS: the sequence number of the SYN. */
  readonly initial: number

  constructor(initial: number) {
    this.initial = initial >>> 0
  }

  /** The sequence number of a position. */
  toWire(position: number): number {
    return (this.initial + position) >>> 0
  }

  /** The position nearest to `near` that has this sequence number; negative for numbers before the SYN. */
  toPosition(sequence: number, near: number): number {
    return near + ((sequence - this.initial - near) | 0)
  }
}

/** a < b on a circle of 2^32, for numbers that have no connection yet, such as timestamps (RFC 7323 5.2). */
export const before = (a: number, b: number): boolean => ((a - b) | 0) < 0
