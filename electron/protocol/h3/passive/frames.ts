/** The frames of one stream, each told once its last byte is there, with its place. */
import type { Http3Violation } from '../errors.ts'
import { FrameReader } from '../frame-reader.ts'
import type { FrameType, Http3Frame } from '../frames.ts'

export interface PlacedFrame {
  readonly frame: Http3Frame
  /** Of its header. */
  readonly offset: number
  /** Of its payload. */
  readonly payloadAt: number
  readonly length: number
}

/** Who is told, in the order of the bytes. */
export interface FrameListener {
  onFrame(frame: PlacedFrame): void
  onContent(length: number): void
  onViolation(offset: number, violation: Http3Violation): void
}

export class PassiveFrames {
  private readonly reader: FrameReader
  private readonly listener: FrameListener
  /** Bytes that came, and where the frame begins that is next. */
  private position: number
  private next: number
  /** A frame of which the payload is still to come. */
  private open: PlacedFrame | undefined
  /** Something was wrong: what comes after it has no known meaning. */
  private isLost = false

  /** `start` is where the first frame begins in the stream. */
  constructor(
    start: number,
    longestSection: number,
    check: (type: FrameType) => Http3Violation | undefined,
    listener: FrameListener,
  ) {
    this.position = start
    this.next = start
    this.reader = new FrameReader(longestSection, check)
    this.listener = listener
  }

  /** All bytes so far belong to whole frames. */
  get isBetweenFrames(): boolean {
    return !this.isLost && this.position === this.next
  }

  /** A frame has begun that is not whole. */
  get isCutOff(): boolean {
    return !this.isLost && this.position !== this.next
  }

  /** Bytes that came, those before the first frame included. */
  get length(): number {
    return this.position
  }

  handleBytes(bytes: Uint8Array): void {
    this.position += bytes.length
    if (this.isLost) return
    this.reader.push(bytes)
    for (let step = this.reader.next(); step !== undefined; step = this.reader.next()) {
      if (step.type === 'content') {
        this.listener.onContent(step.bytes.length)
        continue
      }
      this.close()
      if (step.type === 'violation') {
        this.isLost = true
        return this.listener.onViolation(this.next, step.violation)
      }
      const { frame, payloadLength: length } = step
      const offset = this.next
      this.next += step.length
      this.open = { frame, offset, payloadAt: this.next - length, length }
      if (this.position >= this.next) this.closeUnlessContent(frame)
    }
    if (this.position >= this.next) this.close()
  }

  /** The content of DATA comes after the frame; the others are over. */
  private closeUnlessContent({ type }: Http3Frame): void {
    if (type !== 'data') this.close()
  }

  private close(): void {
    const { open } = this
    this.open = undefined
    if (open !== undefined) this.listener.onFrame(open)
  }
}
