/** One direction as frames (RFC 9113 3.4, 4.1): the preface, then header and payload over and over, cut anywhere. */
import { read32 } from '../bytes.ts'
import { Gather } from '../octets.ts'
import type { FrameHeader } from './events.ts'
import { DATA, FLAG_PADDED, SETTINGS } from './names.ts'

export const FRAME_HEADER = 9

/** What the client sends first (RFC 9113 3.4). */
export const PREFACE = Uint8Array.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', (char) => char.charCodeAt(0))

const NOTHING = new Uint8Array(0)

/** Octets of it up to and with the P of HTTP. */
const SECOND_P = 10

/** Who hears of what was read. Views are good during the call only. */
export interface FrameHandler {
  onPreface(offset: number): void
  /** The stream begins with something else. Reading goes on where a preface or SETTINGS begins. */
  onBadPreface(offset: number): void
  onSkipped(offset: number, length: number): void
  /** Any frame's header, before its payload. */
  onHeader(frame: FrameHeader): void
  /** Body octets of a DATA frame as they come, `offset` in the direction. */
  onData(frame: FrameHeader, offset: number, bytes: Uint8Array): void
  /** A DATA frame is whole; `padLength` -1: its padding is longer than the frame. */
  onDataEnd(frame: FrameHeader, dataLength: number, padLength: number): void
  /** Any other frame; `payload` undefined: it was longer than the limit. */
  onFrame(frame: FrameHeader, payload: Uint8Array | undefined): void
}

export class FrameReader {
  private readonly handler: FrameHandler
  private readonly maxLength: number
  private readonly held = new Gather()
  /** Octets taken so far: the offset of the next one. */
  private position = 0
  private state: 'preface' | 'hunt' | 'header' | 'pad' | 'data' | 'payload' | 'skip'
  private frame: FrameHeader | undefined
  /** Octets of the payload to come; in `data` those of the body only. */
  private left = 0
  private pad = 0
  private skippedFrom = -1
  /** Octets of a preface seen while looking for one. */
  private matched = 0

  constructor(handler: FrameHandler, hasPreface: boolean, maxLength: number) {
    this.handler = handler
    this.state = hasPreface ? 'preface' : 'header'
    this.maxLength = maxLength
  }

  /** Offset of the next octet; a frame that is not whole began before it. */
  get offset(): number {
    return this.position
  }

  /** Whether the direction stands between two frames. */
  get between(): boolean {
    return this.state === 'header' && this.held.length === 0
  }

  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      const taken = this.take(bytes, at)
      at += taken
      this.position += taken
      this.settle()
    }
  }

  /** The direction ends; tells what was passed over last. */
  end(): void {
    if (this.state === 'hunt') this.tellSkipped(this.position)
  }

  /** Takes what the state can use of the octets from `at`, at least one. */
  private take(bytes: Uint8Array, at: number): number {
    switch (this.state) {
      case 'preface':
        return this.gather(bytes, at, PREFACE.length)
      case 'hunt':
        return this.hunt(bytes[at])
      case 'header':
        return this.takeHeader(bytes, at)
      case 'pad':
        this.startData(bytes[at])
        return 1
      case 'data':
        return this.passData(bytes, at)
      case 'payload':
        return this.takePayload(bytes, at)
      case 'skip': {
        const length = Math.min(bytes.length - at, this.left)
        this.left -= length
        return length
      }
    }
  }

  private gather(bytes: Uint8Array, at: number, wanted: number): number {
    const length = Math.min(wanted - this.held.length, bytes.length - at)
    this.held.add(bytes, at, at + length)
    return length
  }

  /** A header within one piece is not copied. */
  private takeHeader(bytes: Uint8Array, at: number): number {
    if (this.held.length > 0 || bytes.length - at < FRAME_HEADER) return this.gather(bytes, at, FRAME_HEADER)
    this.startFrame(bytes, at, this.position)
    return FRAME_HEADER
  }

  private passData(bytes: Uint8Array, at: number): number {
    const length = Math.min(bytes.length - at, this.left)
    this.left -= length
    this.handler.onData(this.frame!, this.position, bytes.subarray(at, at + length))
    return length
  }

  /** A payload within one piece is not copied. */
  private takePayload(bytes: Uint8Array, at: number): number {
    const frame = this.frame!
    if (this.held.length === 0 && bytes.length - at >= frame.length) {
      this.finish(bytes.subarray(at, at + frame.length))
      return frame.length
    }
    const taken = this.gather(bytes, at, frame.length)
    if (this.held.length === frame.length) {
      this.finish(this.held.bytes)
      this.held.clear()
    }
    return taken
  }

  private finish(payload: Uint8Array | undefined): void {
    this.state = 'header'
    this.handler.onFrame(this.frame!, payload)
  }

  /** Goes on from every state that has all it waits for. */
  private settle(): void {
    if (this.state === 'preface' && this.isDecided()) this.judgePreface()
    if (this.state === 'header' && this.held.length === FRAME_HEADER) {
      const header = this.held.bytes
      this.held.clear()
      this.startFrame(header, 0, this.position - FRAME_HEADER)
    }
    if (this.state === 'data' && this.left === 0) this.endData()
    if (this.state === 'skip' && this.left === 0) this.endSkip()
  }

  /** As many octets as it takes to tell that they are, or are not, the preface. */
  private isDecided(): boolean {
    const { bytes } = this.held
    const differs = bytes.some((octet, i) => octet !== PREFACE[i])
    return differs ? bytes.length >= FRAME_HEADER : bytes.length === PREFACE.length
  }

  private judgePreface(): void {
    const { bytes } = this.held
    const start = this.position - bytes.length
    if (bytes.length === PREFACE.length && bytes.every((octet, i) => octet === PREFACE[i])) {
      this.state = 'header'
      this.held.clear()
      this.handler.onPreface(start)
      return
    }
    this.handler.onBadPreface(start)
    const kept = bytes.slice()
    this.held.clear()
    // Without a preface, but with the SETTINGS that follow it: frames.
    this.state = isSettings(kept) ? 'header' : 'hunt'
    this.skippedFrom = start
    this.position = start
    this.push(kept)
  }

  /** Looks for a preface octet by octet. */
  private hunt(octet: number): number {
    // Of its octets after the first only the P of HTTP could be the start of another.
    if (octet !== PREFACE[this.matched])
      this.matched = this.matched === SECOND_P && octet === PREFACE[1] ? 1 : 0
    if (octet === PREFACE[this.matched]) this.matched++
    if (this.matched === PREFACE.length) {
      const start = this.position + 1 - PREFACE.length
      this.tellSkipped(start)
      this.state = 'header'
      this.handler.onPreface(start)
    }
    return 1
  }

  private tellSkipped(end: number): void {
    if (end > this.skippedFrom) this.handler.onSkipped(this.skippedFrom, end - this.skippedFrom)
  }

  /** Reads the frame header at `at`, which lies at `offset` of the direction. */
  private startFrame(bytes: Uint8Array, at: number, offset: number): void {
    const length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
    const streamId = read32(bytes, at + 5) & 0x7fff_ffff
    const frame = { type: bytes[at + 3], flags: bytes[at + 4], streamId, offset, length }
    this.frame = frame
    this.pad = 0
    this.left = length
    this.handler.onHeader(frame)
    if (frame.type === DATA) this.state = (frame.flags & FLAG_PADDED) !== 0 && length > 0 ? 'pad' : 'data'
    else if (length > this.maxLength) this.state = 'skip'
    else if (length > 0) this.state = 'payload'
    else this.finish(NOTHING)
  }

  private startData(pad: number): void {
    this.pad = pad
    this.left = this.frame!.length - 1 - pad
    this.state = 'data'
    if (this.left >= 0) return
    // RFC 9113 6.1: padding as long as the payload leaves nothing to be read.
    this.pad = -1
    this.left = this.frame!.length - 1
    this.state = 'skip'
  }

  private endData(): void {
    this.left = this.pad
    this.state = 'skip'
  }

  private endSkip(): void {
    const frame = this.frame!
    this.state = 'header'
    if (frame.type !== DATA) return this.handler.onFrame(frame, undefined)
    const padded = (frame.flags & FLAG_PADDED) !== 0 ? 1 : 0
    const tooShort = padded > frame.length
    const pad = tooShort ? -1 : this.pad
    this.handler.onDataEnd(frame, pad < 0 ? 0 : frame.length - padded - pad, pad)
  }
}

/** Whether octets begin like the SETTINGS frame that comes first. */
function isSettings(bytes: Uint8Array): boolean {
  const length = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2]
  return length % 6 === 0 && bytes[3] === SETTINGS && bytes[4] === 0 && read32(bytes, 5) === 0
}
