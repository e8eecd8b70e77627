/**
 * CR LF stands at the end of each message. Where a message itself holds CR, LF or the backslash, two characters stand for it, `\r`,
 * `\n` and `\\`, so that no CR or LF is ever anything but part of an end.
 */
import { decoded, malformed, type Decoded } from '../result.ts'
import type { Frame, Framer, FrameReader } from './framing.ts'

const CR = 0x0d
const LF = 0x0a
const ESCAPE = 0x5c

/** What stands after the escape for a byte, and the other way round. */
const ESCAPED = new Map([
  [CR, 'r'.charCodeAt(0)],
  [LF, 'n'.charCodeAt(0)],
  [ESCAPE, ESCAPE],
])
const MEANT = new Map([...ESCAPED].map(([byte, letter]) => [letter, byte]))

type State = 'text' | 'escape' | 'ending'

class DelimitedReader implements FrameReader {
  private readonly held: Uint8Array
  private used = 0
  private state: State = 'text'
  /** Of the next byte of the stream, and of the first one of this message. */
  private at = 0
  private start = 0
  private broken = false

  constructor(longest: number) {
    this.held = new Uint8Array(longest)
  }

  push(bytes: Uint8Array): Decoded<Frame>[] {
    const frames: Decoded<Frame>[] = []
    for (const byte of bytes) {
      if (this.broken) break
      const frame = this.handle(byte)
      this.at++
      if (frame !== undefined) frames.push(frame)
    }
    return frames
  }

  private handle(byte: number): Decoded<Frame> | undefined {
    switch (this.state) {
      case 'text':
        if (byte === LF) return this.fail('bare_line_feed')
        if (byte === CR) this.state = 'ending'
        else if (byte === ESCAPE) this.state = 'escape'
        else return this.keep(byte)
        return undefined
      case 'escape': {
        const meant = MEANT.get(byte)
        if (meant === undefined) return this.fail('bad_escape')
        this.state = 'text'
        return this.keep(meant)
      }
      case 'ending':
        return byte === LF ? this.take() : this.fail('bare_carriage_return')
    }
  }

  private keep(byte: number): Decoded<Frame> | undefined {
    if (this.used === this.held.length) return this.fail('too_long')
    this.held[this.used++] = byte
    return undefined
  }

  private take(): Decoded<Frame> {
    const { start: offset, used } = this
    this.state = 'text'
    this.used = 0
    this.start = this.at + 1
    return decoded({ message: this.held.slice(0, used), offset, length: this.start - offset })
  }

  private fail(reason: string): Decoded<Frame> {
    this.broken = true
    return malformed('framing', reason, this.at)
  }
}

export const delimited = (longest: number): Framer => ({
  encode: (message) => {
    if (message.length > longest) return malformed('framing', 'too_long', longest)
    const bytes: number[] = []
    for (const byte of message) {
      const letter = ESCAPED.get(byte)
      if (letter === undefined) bytes.push(byte)
      else bytes.push(ESCAPE, letter)
    }
    return decoded(Uint8Array.from([...bytes, CR, LF]))
  },
  reader: () => new DelimitedReader(longest),
})
