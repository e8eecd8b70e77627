/** Bytes of QUIC streams: which were sent before, and how far each stream has come in order at its receiver. */

/** A STREAM frame without its data (RFC 9000 19.8). */
export interface StreamPiece {
  readonly id: number
  readonly offset: number
  readonly length: number
}

/** The least that a frame of this type has in the JSON of `transport:packet_sent`. */
const MARK = '"stream"'

const isPiece = (frame: unknown): frame is StreamPiece => {
  if (typeof frame !== 'object' || frame === null) return false
  const { type, id, offset, length } = frame as Readonly<Record<string, unknown>>
  return (
    type === 'stream' && typeof id === 'number' && typeof offset === 'number' && typeof length === 'number'
  )
}

/** The STREAM frames among the frames of a packet. Most packets that go back have none and are not taken apart. */
export function streamPieces(frames: string): StreamPiece[] {
  if (!frames.includes(MARK)) return []
  try {
    const list: unknown = JSON.parse(frames)
    return Array.isArray(list) ? list.filter(isPiece) : []
  } catch {
    return []
  }
}

/** A stream that both sides may write on (RFC 9000 2.1). */
export const isBidirectional = (id: number): boolean => Math.floor(id / 2) % 2 === 0

/** One direction of one stream at its receiver: offsets below `next` are all there. */
export class Reassembly {
  next = 0
  /** What came beyond `next`: disjoint, and never touching. */
  private ahead: { from: number; to: number }[] = []

  /** Takes bytes in. Returns how many of them are new, and how many bytes have become readable by it. */
  add(offset: number, length: number): { fresh: number; readable: number } {
    const from = Math.max(offset, this.next)
    const to = offset + length
    if (to <= from) return { fresh: 0, readable: 0 }
    const met = this.ahead.filter((range) => range.from <= to && range.to >= from)
    const known = met.reduce((sum, range) => sum + Math.min(range.to, to) - Math.max(range.from, from), 0)
    const joined = {
      from: Math.min(from, ...met.map((range) => range.from)),
      to: Math.max(to, ...met.map((range) => range.to)),
    }
    this.ahead = this.ahead.filter((range) => !met.includes(range))
    const before = this.next
    if (joined.from === before) this.next = joined.to
    else this.ahead.push(joined)
    return { fresh: to - from - known, readable: this.next - before }
  }
}

/** The longest pause between two moments of a row. */
export class Pauses {
  longest: number | null = null
  private last: number | null = null

  at(t: number): void {
    if (this.last !== null) this.longest = Math.max(this.longest ?? 0, t - this.last)
    this.last = t
  }
}
