/**
 * What reads of a stream without framing really gave. Their reader takes each for a message and can't know better; this goes by the
 * lengths that the messages carry within, and so sees whether a read was one of them, more than one or only part of one.
 */
import { LEAST_MESSAGE, LENGTH_KNOWN, lengthIn } from './message.ts'

/** What is wrong with something that was taken for a message; empty: nothing. */
export type Wrong = '' | 'glued' | 'split' | 'damaged'

export class Boundaries {
  private readonly longest: number
  /** Of the stream so far, and of the message that it has come to. */
  private offset = 0
  private start = 0
  /** The first bytes of that message, and its length once they are all there. */
  private readonly head = new Uint8Array(LENGTH_KNOWN)
  private length = 0
  private lost = false

  /** @param longest bytes of the longest message that there can be */
  constructor(longest: number) {
    this.longest = longest
  }

  /** The next read: `glued` has bytes of more than one message, `split` some of one only; `damaged`: nobody knows any more. */
  judge(read: Uint8Array): Wrong {
    const beginsWell = this.start === this.offset
    let touched = 0
    for (const byte of read) if (this.endsWith(byte)) touched++
    if (this.lost) return 'damaged'
    const endsWell = this.start === this.offset
    if (!endsWell) touched++
    if (touched > 1) return 'glued'
    return beginsWell && endsWell ? '' : 'split'
  }

  /** Whether a message ends with the next byte of the stream. */
  private endsWith(byte: number): boolean {
    const place = this.offset - this.start
    this.offset++
    if (place < LENGTH_KNOWN) {
      this.head[place] = byte
      if (place < LENGTH_KNOWN - 1) return false
      this.length = lengthIn(this.head)
      if (this.length < LEAST_MESSAGE || this.length > this.longest) this.lost = true
      return false
    }
    if (this.lost || place + 1 < this.length) return false
    this.start = this.offset
    return true
  }
}
