/**
 * Four bytes before each message say how long it is, in the network's order. The reader knows at once how much to wait for; a length
 * that no message has is all it takes to lose the thread, so it is an error and not waited for.
 */
import { read32, write32 } from '../bytes.ts'
import { decoded, malformed, type Decoded } from '../result.ts'
import type { Frame, Framer, FrameReader } from './framing.ts'

const PREFIX = 4

class LengthReader implements FrameReader {
  private readonly longest: number
  /** The prefix, and after it the message. */
  private readonly held: Uint8Array
  private used = 0
  private offset = 0
  private broken = false

  constructor(longest: number) {
    this.longest = longest
    this.held = new Uint8Array(PREFIX + longest)
  }

  push(bytes: Uint8Array): Decoded<Frame>[] {
    const frames: Decoded<Frame>[] = []
    for (let at = 0; at < bytes.length && !this.broken;) {
      const piece = bytes.subarray(at, at + this.wanted - this.used)
      this.held.set(piece, this.used)
      this.used += piece.length
      at += piece.length
      const frame = this.take()
      if (frame !== undefined) frames.push(frame)
    }
    return frames
  }

  /** How much has to be there before anything new can be said. */
  private get wanted(): number {
    return this.used < PREFIX ? PREFIX : PREFIX + read32(this.held, 0)
  }

  private take(): Decoded<Frame> | undefined {
    if (this.used < PREFIX) return undefined
    const { offset, wanted: length } = this
    if (length > PREFIX + this.longest) {
      this.broken = true
      return malformed('framing', 'too_long', offset)
    }
    if (this.used < length) return undefined
    this.used = 0
    this.offset += length
    return decoded({ message: this.held.slice(PREFIX, length), offset, length })
  }
}

export const lengthPrefixed = (longest: number): Framer => ({
  encode: (message) => {
    if (message.length > longest) return malformed('framing', 'too_long', longest)
    const bytes = new Uint8Array(PREFIX + message.length)
    write32(bytes, 0, message.length)
    bytes.set(message, PREFIX)
    return decoded(bytes)
  },
  reader: () => new LengthReader(longest),
})
