/**
 * Frames of one stream, which comes in any pieces. Content of DATA goes through as it comes, what is unknown is passed over; the
 * rest is collected, up to a limit. One step at a time, so that the owner can stop where it likes.
 */
import { Gather } from '../wire/octets.ts'
import { Cursor } from '../wire/quic/cursor.ts'
import { violation, type Http3Violation } from './errors.ts'
import { decodePayload, frameType, type FrameType, type Http3Frame } from './frames.ts'

export type FrameStep =
  /** A frame, and what it and its payload take on the wire; of DATA and of unknown ones the payload is still to come. */
  | {
      readonly type: 'frame'
      readonly frame: Http3Frame
      readonly length: number
      readonly payloadLength: number
    }
  | { readonly type: 'content'; readonly bytes: Uint8Array }
  | { readonly type: 'violation'; readonly violation: Http3Violation }

/** Octets of the payload of a frame that has no field section: SETTINGS with 200 settings, a priority of a thousand letters. */
const MOST_COLLECTED = 4_096
const NOTHING: Uint8Array = new Uint8Array(0)

interface Current {
  readonly type: FrameType
  /** Octets of header and payload. */
  readonly length: number
  readonly payloadLength: number
  /** Octets of payload still to come. */
  left: number
}

export class FrameReader {
  private input = NOTHING
  private at = 0
  private current: Current | undefined
  private readonly payload = new Gather()
  private readonly check: (type: FrameType) => Http3Violation | undefined
  private readonly longestSection: number

  /** `check` says whether a type may come now; it is asked before any of the payload is kept. */
  constructor(longestSection: number, check: (type: FrameType) => Http3Violation | undefined) {
    this.longestSection = longestSection
    this.check = check
  }

  /** The stream may end here (RFC 9114 7.1). */
  get isBetweenFrames(): boolean {
    return this.current === undefined && this.at === this.input.length
  }

  /** The next octets of the stream, once `next` has nothing more. */
  push(bytes: Uint8Array): void {
    const rest = this.input.subarray(this.at)
    this.at = 0
    if (rest.length === 0) {
      this.input = bytes
      return
    }
    this.input = new Uint8Array(rest.length + bytes.length)
    this.input.set(rest)
    this.input.set(bytes, rest.length)
  }

  /** What comes next; undefined: more octets are needed. */
  next(): FrameStep | undefined {
    for (;;) {
      const { current } = this
      const step = current === undefined ? this.begin() : this.goOn(current)
      if (step !== 'again') return step
    }
  }

  private begin(): FrameStep | 'again' | undefined {
    const cursor = new Cursor(this.input, this.at)
    const code = cursor.varint()
    const length = cursor.varint()
    if (cursor.failed) return undefined
    const type = frameType(code)
    const problem = this.check(type) ?? this.checkLength(type, length)
    if (problem !== undefined) return { type: 'violation', violation: problem }
    const whole = cursor.at - this.at + length
    this.at = cursor.at
    const lengths = { length: whole, payloadLength: length }
    this.current = { type, ...lengths, left: length }
    if (type === 'data') return { type: 'frame', frame: { type, length }, ...lengths }
    if (type === 'unknown') return { type: 'frame', frame: { type, code, length }, ...lengths }
    return 'again'
  }

  private checkLength(type: FrameType, length: number): Http3Violation | undefined {
    if (type === 'data' || type === 'unknown') return undefined
    const most = type === 'headers' || type === 'push_promise' ? this.longestSection : MOST_COLLECTED
    return length > most
      ? violation(
          'H3_EXCESSIVE_LOAD',
          `9114 10.5: ${type.toUpperCase()} of ${length} octets, of ${most} at most`,
        )
      : undefined
  }

  private goOn(current: Current): FrameStep | 'again' | undefined {
    const from = this.at
    const taken = Math.min(current.left, this.input.length - from)
    this.at += taken
    current.left -= taken
    if (current.left === 0) this.current = undefined
    const { type } = current
    if (type === 'data' && taken > 0) return { type: 'content', bytes: this.input.subarray(from, this.at) }
    if (type === 'data' || type === 'unknown' || type === 'http2')
      return current.left === 0 ? 'again' : undefined
    this.payload.add(this.input, from, this.at)
    if (current.left > 0) return undefined
    const frame = decodePayload(type, this.payload.bytes.slice())
    this.payload.clear()
    return 'reason' in frame
      ? { type: 'violation', violation: frame }
      : { type: 'frame', frame, length: current.length, payloadLength: current.payloadLength }
  }
}
