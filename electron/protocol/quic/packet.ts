/** One packet while it is filled: room, frames, and what of them would be sent again. */
import type { Level } from '../tls13/handshake.ts'
import { encodeFrame, frameLength } from '../wire/quic/encode-frame.ts'
import { FRAME_RULES, type Frame } from '../wire/quic/frames.ts'
import type { PacketNumberLength } from '../wire/quic/packet-number.ts'
import type { Carried } from './sent.ts'

export class PacketInMaking {
  readonly level: Level
  readonly number: number
  readonly numberLength: PacketNumberLength
  /** Bytes of header, packet number included, and of the AEAD's tag. */
  readonly overhead: number
  readonly frames: Frame[] = []
  readonly carried: Carried[] = []
  ackEliciting = false
  inFlight = false
  /** Bytes of frames. */
  length = 0
  private limit: number

  /** `room` is what is left of the datagram. */
  constructor(
    level: Level,
    number: number,
    numberLength: PacketNumberLength,
    overhead: number,
    room: number,
  ) {
    this.level = level
    this.number = number
    this.numberLength = numberLength
    this.overhead = overhead
    this.limit = room - overhead
  }

  /** Bytes of frames that still fit. */
  get room(): number {
    return this.limit - this.length
  }

  get size(): number {
    return this.overhead + this.length
  }

  get isEmpty(): boolean {
    return this.frames.length === 0
  }

  /** Adds a frame if it fits; returns whether it did. */
  add(frame: Frame, carried?: Carried): boolean {
    const length = frameLength(frame)
    if (length > this.room) return false
    this.frames.push(frame)
    if (carried !== undefined) this.carried.push(carried)
    this.length += length
    const rule = FRAME_RULES[frame.type]
    this.ackEliciting ||= rule.ackEliciting
    this.inFlight ||= rule.inFlight
    return true
  }

  /** Fills it with PADDING by so many bytes. */
  pad(length: number): void {
    if (length <= 0) return
    this.limit = Math.max(this.limit, this.length + length)
    this.add({ type: 'padding', length })
  }

  /** Writes the frames at `at` and returns the offset behind them. */
  write(into: Uint8Array, at: number): number {
    let next = at
    for (const frame of this.frames) next = encodeFrame(frame, into, next)
    return next
  }
}
