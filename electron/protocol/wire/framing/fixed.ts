/**
 * Every message takes as many bytes as the longest, filled up with zeros. A message that itself ends in a zero can't be told from
 * its filling, so it can't be written.
 */
import { decoded, malformed, type Decoded } from '../result.ts'
import type { Frame, Framer, FrameReader } from './framing.ts'

class FixedReader implements FrameReader {
  private readonly size: number
  private readonly held: Uint8Array
  private used = 0
  private offset = 0

  constructor(size: number) {
    this.size = size
    this.held = new Uint8Array(size)
  }

  push(bytes: Uint8Array): Decoded<Frame>[] {
    const frames: Decoded<Frame>[] = []
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + this.size - this.used)
      this.held.set(piece, this.used)
      this.used += piece.length
      at += piece.length
      if (this.used === this.size) frames.push(decoded(this.take()))
    }
    return frames
  }

  private take(): Frame {
    const { size: length, offset } = this
    this.used = 0
    this.offset += length
    return { message: withoutFilling(this.held), offset, length }
  }
}

/** A copy of what is left without the zeros at the end. */
function withoutFilling(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.slice(0, end)
}

export const fixed = (longest: number): Framer => ({
  encode: (message) => {
    if (message.length > longest) return malformed('framing', 'too_long', longest)
    if (message.at(-1) === 0) return malformed('framing', 'ends_like_filling', message.length - 1)
    const bytes = new Uint8Array(longest)
    bytes.set(message)
    return decoded(bytes)
  },
  reader: () => new FixedReader(longest),
})
