/**
 * Which segments an acknowledgment covers. QUIC's acknowledgments name packet numbers, TCP's name bytes; qlog 0.3
 * knows the former only. Offsets are sequence numbers less the initial one, so they do not wrap within 2^31 of it.
 */

interface Unacknowledged {
  readonly number: number
  readonly start: number
  readonly end: number
}

/** Ranges of segment numbers, first and last of each. */
export type NumberRanges = [number, number][]

export class AckTracker {
  /** In the order of their numbers. */
  private waiting: Unacknowledged[] = []
  /** Whether that is the order of their offsets, too: it is until one is sent again. */
  private inOrder = true

  /** A segment that takes up sequence numbers went out (or came in). */
  add(number: number, start: number, end: number): void {
    if (end <= start) return
    const last = this.waiting.at(-1)
    if (last !== undefined && start < last.end) this.inOrder = false
    this.waiting.push({ number, start, end })
  }

  /** The segment that holds `offset`, the last sent if there are several. */
  numberOf(offset: number): number | undefined {
    return this.waiting.findLast(({ start, end }) => start <= offset && offset < end)?.number
  }

  /** The segments that are covered now and were not before: by the acknowledgment number or by a SACK block. */
  take(ack: number, sack: readonly (readonly [number, number])[]): NumberRanges {
    const ranges: NumberRanges = []
    const rest: Unacknowledged[] = []
    for (const [i, segment] of this.waiting.entries()) {
      const { start, end, number } = segment
      if (end <= ack || sack.some(([from, to]) => start >= from && end <= to)) {
        const last = ranges.at(-1)
        if (last !== undefined && last[1] + 1 === number) last[1] = number
        else ranges.push([number, number])
      } else if (this.inOrder && sack.length === 0) {
        // All that follow lie beyond, too.
        this.waiting.splice(0, i)
        return ranges
      } else rest.push(segment)
    }
    this.waiting = rest
    if (rest.length === 0) this.inOrder = true
    return ranges
  }
}
