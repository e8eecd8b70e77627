/** Lines out of pieces (RFC 9112 2.2): ended by CRLF, or by LF alone, which is marked. */
import { Gather, octetText } from '../octets.ts'

export interface Line {
  readonly text: string
  readonly offset: number
  /** With its terminator. */
  readonly length: number
  readonly bareLf: boolean
  /** It was longer than the limit; its text is empty. */
  readonly tooLong: boolean
}

const LF = 10
const CR = 13

export class LineReader {
  /** The line that was completed last; whoever takes it sets it to undefined. */
  line: Line | undefined
  private readonly limit: number
  private readonly held = new Gather()
  /** Octets of the line so far. */
  private length = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** Octets of a line that is not whole. */
  get pending(): number {
    return this.length
  }

  /** Takes octets from `at`, which lies at `position` of the stream, up to the end of a line. Returns how many. */
  take(bytes: Uint8Array, at: number, position: number): number {
    const lf = bytes.indexOf(LF, at)
    const end = lf < 0 ? bytes.length : lf + 1
    const offset = position - this.length
    const inOnePiece = this.length === 0 && lf >= 0
    this.length += end - at
    const tooLong = this.length > this.limit
    if (inOnePiece) {
      this.line = this.cut(bytes, at, end, offset, tooLong)
    } else {
      if (!tooLong) this.held.add(bytes, at, end)
      if (lf >= 0) this.line = this.cut(this.held.bytes, 0, this.held.length, offset, tooLong)
    }
    if (lf >= 0) {
      this.length = 0
      this.held.clear()
    }
    return end - at
  }

  private cut(bytes: Uint8Array, from: number, end: number, offset: number, tooLong: boolean): Line {
    if (tooLong) return { text: '', offset, length: this.length, bareLf: false, tooLong }
    const bareLf = end - from < 2 || bytes[end - 2] !== CR
    const text = octetText(bytes, from, end - (bareLf ? 1 : 2))
    return { text, offset, length: this.length, bareLf, tooLong }
  }
}
